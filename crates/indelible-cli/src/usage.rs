//! What is said of a wrong call.

use std::ffi::OsString;

use clap::{CommandFactory, Parser};

use crate::arguments::Arguments;
use crate::text::visible;

/// The same error of arguments that do not steer a terminal: it repeats them as they are, between
/// line ends and colours of its own.
pub fn harmless(error: clap::Error, arguments: &[OsString]) -> clap::Error {
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
