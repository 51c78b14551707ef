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
use text::visible;

/// Runs one call of the command line, `arguments` beginning with the program's name, and answers
/// its exit status: 0 fine, 1 failure, 2 usage, 3 verification failed, 4 not found.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let status = match Arguments::try_parse_from(&arguments) {
        Ok(arguments) => perform(arguments).unwrap_or_else(|failure| failure.report()),
        Err(error) => failure::report_usage(&harmless(error, &arguments)),
    };
    ExitCode::from(status as u8)
}

/// The same error of arguments that do not steer a terminal: it repeats them as they are, between
/// line ends and colours of its own.
fn harmless(error: clap::Error, arguments: &[OsString]) -> clap::Error {
    let shown = |argument: &OsString| OsString::from(&*visible(&argument.to_string_lossy()));
    match Arguments::try_parse_from(arguments.iter().map(shown)) {
        Err(again) if again.kind() == error.kind() => again,
        _ if !error.use_stderr() => error,
        // What is wrong with the call is what was made visible.
        _ => {
            let text = error.render().to_string();
            let text = text.trim_end().trim_start_matches("error: ");
            Arguments::command().error(error.kind(), visible(text))
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn said(arguments: &[&str]) -> String {
        let line = ["indelible"].iter().chain(arguments).map(OsString::from);
        let line: Vec<OsString> = line.collect();
        let error = Arguments::try_parse_from(&line).expect_err("a wrong call");
        harmless(error, &line).render().to_string()
    }

    #[test]
    fn a_wrong_call_is_repeated_without_what_steers() {
        let hostile = "x\x1b[2J\r\nforged\u{9b}1m\u{202e}";
        let shown = "x\\u{1b}[2J\\r\\nforged\\u{9b}1m\\u{202e}";
        for arguments in [
            &[hostile][..],
            &["query", "--trail", hostile],
            &["query", "--output", hostile],
            &["query", &format!("--{hostile}")],
            &["show", "1", hostile],
        ] {
            let said = said(arguments);
            assert!(said.contains(shown), "{said:?}");
            assert!(
                !said.contains(['\x1b', '\r', '\u{9b}', '\u{202e}']),
                "{said:?}"
            );
            assert!(!said.contains("\nforged"), "{said:?}");
        }
    }

    #[test]
    fn help_and_versions_are_as_they_are() {
        let said = said(&["query", "--help"]);
        assert!(said.contains("\nUsage: indelible query"), "{said}");
        assert!(said.lines().count() > 10, "{said}");
    }
}
