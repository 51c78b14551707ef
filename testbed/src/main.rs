//! `testbed run -- COMMAND…`: one throwaway PostgreSQL cluster around a command.

mod run;

use std::process::ExitCode;

const USAGE: &str = "\
usage: testbed run -- COMMAND [ARGUMENT]…

Starts a throwaway PostgreSQL cluster, runs the command with INDELIBLE_TEST_POSTGRES set to the
URL of its superuser, and ends as the command did. The cluster is stopped and removed.
";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    match arguments.as_slice() {
        [run, dashes, command @ ..] if run == "run" && dashes == "--" && !command.is_empty() => {
            run::run(command).unwrap_or_else(|error| {
                eprintln!("testbed: {error:#}");
                ExitCode::FAILURE
            })
        }
        _ => {
            eprint!("{USAGE}");
            ExitCode::from(2)
        }
    }
}
