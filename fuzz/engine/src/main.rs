//! `fuzz --list` names the targets; `fuzz TARGET` feeds one with what libFuzzer makes up.
//!
//! `fuzz_all` in `scripts/environment` builds this with coverage counters and says in the
//! environment what libFuzzer is to do.

use std::process::ExitCode;

use indelible_fuzz::{TARGETS, find};

fn main() -> ExitCode {
    let name = std::env::args().nth(1).unwrap_or_default();
    if name == "--list" {
        TARGETS
            .iter()
            .for_each(|target| println!("{}", target.name));
        return ExitCode::SUCCESS;
    }
    match find(&name) {
        Some(target) => {
            feed(target.run);
            ExitCode::SUCCESS
        }
        None => {
            eprintln!("fuzz: `{name}` is no target; --list names them");
            ExitCode::from(2)
        }
    }
}

fn feed(run: fn(&[u8])) {
    bolero::check!().for_each(|input: &[u8]| run(input));
}
