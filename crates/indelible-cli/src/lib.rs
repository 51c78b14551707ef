//! The command line of the Indelible audit trail: the binary `indelible` without its `main`.
//!
//! Each command is one file below `command/`: its arguments, then what it does. What all share
//! stands beside it, in the order of the way of a call:
//!
//! | module | what it knows |
//! |---|---|
//! | `arguments` | what may stand on the command line |
//! | `environment`, `settings` | defaults < `indelible.toml` < environment < flags |
//! | `session` | opening and closing the database |
//! | `answer`, `output` | one answer, printed as table, JSON, NDJSON or CSV |
//! | `failure` | what went wrong and the exit status that says so |
//!
//! Nothing here decides what a trail holds or proves: that is `indelible-core`'s.

mod failure;
mod text;

mod answer;
mod output;

mod arguments;
mod environment;
mod settings;
mod usage;

mod destination;
mod filters;
mod identifier;
mod input;
mod pages;
mod progress;
mod session;

mod command;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use arguments::Arguments;
use environment::Environment;
use failure::{Failure, Status};
use output::Output;
use session::Session;
use usage::harmless;

/// Runs one call of the command line, `arguments` beginning with the program's name, and answers
/// its exit status: 0 fine, 1 failure, 2 usage, 3 verification failed, 4 not found.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    ExitCode::from(status(arguments))
}

/// As [`run`], for a caller that ends the process in its own way.
pub fn status(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let status = match Arguments::try_parse_from(&arguments) {
        Ok(arguments) => perform(arguments).unwrap_or_else(|failure| failure.report()),
        Err(error) => failure::report_usage(&harmless(error, &arguments)),
    };
    status as u8
}

/// The whole of the command line as clap knows it, for help and completions.
pub fn interface() -> clap::Command {
    Arguments::command()
}

fn perform(arguments: Arguments) -> Result<Status, Failure> {
    let output = Output::of_process(arguments.global.output);
    let environment = Environment::of_process();
    let mut runtime = if arguments.command.is_server() {
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    let runtime = runtime.enable_all().build();
    let runtime = runtime.map_err(Failure::new)?;
    let session = Session::new(arguments.global, environment, output);
    runtime.block_on(arguments.command.run(&session))
}
