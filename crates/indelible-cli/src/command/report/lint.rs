//! `indelible report lint`

use std::path::PathBuf;

use clap::Args;
use indelible_evidence::{Finding, lint};
use serde::Serialize;

use super::FILE_BYTES_MAX;
use crate::answer::{Answer, Layout, Sheet, json_lines};
use crate::failure::{Failure, Status};
use crate::input;
use crate::session::Session;

/// Looks for control ids in a mapping of your own that mean something else than they seem to
///
/// The same number may stand for another control in another version of its framework. This finds
/// numbers that mean something else (collision), that are of an older version (stale), without a
/// version (unversioned), unknown, or there twice. Nothing is renumbered: what is meant has to be
/// looked at. The exit status is 0 where nothing was found, else 1.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  indelible report lint our-mapping.csv

The file is CSV with a header: `control` (PCI-DSS-4.0.1:10.2.1.4), or `framework` and `control_id`;
beside them `action`, `strength` and `condition`, where it has them.")]
pub struct Lint {
    /// The mapping, or - for standard input
    file: PathBuf,
}

impl Lint {
    pub fn run(self, session: &Session) -> Result<Status, Failure> {
        let name = self.file.display();
        let bytes = input::read(&self.file, FILE_BYTES_MAX)?;
        let text = String::from_utf8(bytes);
        let text = text.map_err(|_| Failure::usage(format!("{name}: not UTF-8")))?;
        let findings = lint(&text).map_err(|error| Failure::usage(format!("{name}: {error}")))?;
        let status = match findings.is_empty() {
            true => Status::Fine,
            false => Status::Failed,
        };
        session.output.print(&Findings { findings })?;
        Ok(status)
    }
}

#[derive(Serialize)]
struct Findings {
    findings: Vec<Finding>,
}

impl Answer for Findings {
    fn layout(&self) -> Layout {
        match self.findings.is_empty() {
            true => Layout::Line("nothing found".to_owned()),
            false => Layout::Table(self.sheet()),
        }
    }

    fn sheet(&self) -> Sheet {
        let row = |it: &Finding| {
            vec![
                it.line.to_string(),
                it.kind.to_string(),
                it.control.clone(),
                it.problem.clone(),
            ]
        };
        Sheet {
            columns: vec!["line", "kind", "control", "problem"],
            rows: self.findings.iter().map(row).collect(),
        }
    }

    fn lines(&self) -> serde_json::Result<Vec<String>> {
        json_lines(&self.findings)
    }
}
