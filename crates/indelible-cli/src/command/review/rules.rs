//! `indelible review rules`

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use indelible_evidence::review::STANDARD;

use super::answer::RuleLines;
use super::place::rules_of;
use crate::failure::{Failure, Status};
use crate::session::Session;

/// Prints the rules that ship, as a file to copy, or looks at a file of your own
///
/// What a file of rules holds: docs/guide/reviews.md. Of a file each rule is listed, or the first
/// thing that is wrong is named with its line.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible review rules > reviews.toml
  indelible review rules reviews.toml")]
pub struct Rules {
    /// A file of rules, or - for standard input
    file: Option<PathBuf>,
}

impl Rules {
    pub fn run(self, session: &Session) -> Result<Status, Failure> {
        match &self.file {
            None => {
                let mut out = session.output.writer();
                out.write_all(STANDARD.as_bytes())?;
                out.flush()?;
            }
            Some(path) => session.output.print(&RuleLines::of(&rules_of(path)?))?,
        }
        Ok(Status::Fine)
    }
}
