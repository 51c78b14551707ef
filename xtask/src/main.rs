//! Checks of the house rules that no compiler holds: `cargo xtask tidy`.
//!
//! It reads `cargo metadata` and the files that git knows, changes nothing, and prints one line
//! per finding: where, what, and what to do. What is allowed stands as data in [`house`].

mod bans;
mod documents;
mod edges;
mod file;
mod finding;
mod house;
mod literals;
mod machine;
mod manifests;
mod mirror;
mod mounts;
mod names;
mod sizes;
mod sql;
mod tidy;
mod words;
mod workspace;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let ran = match arguments
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        ["tidy"] => tidy::run(),
        _ => {
            eprintln!("usage: cargo xtask tidy");
            return ExitCode::from(2);
        }
    };
    match ran {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
