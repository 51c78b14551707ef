//! What is said of a report that was made.

use std::fmt;
use std::path::Path;

use indelible_evidence::{Report, State};
use serde::Serialize;

use crate::answer::{Answer, Layout, Sheet, cell};

/// A report that was made.
#[derive(Debug, Serialize)]
pub struct Made {
    framework: &'static str,
    entries: u64,
    as_of: u64,
    /// The controls of each state.
    states: Vec<(State, u64)>,
    /// Where it was written; nothing for standard output.
    file: Option<String>,
    /// The entry that says that it was made.
    recorded_seq: Option<u64>,
    /// What the framework presupposes and nobody declared.
    undeclared: Option<&'static str>,
}

impl Made {
    pub fn new(report: &Report, file: Option<&Path>, recorded_seq: Option<u64>) -> Self {
        let presupposed = report.scope.presupposes.filter(|it| it.declared.is_none());
        Self {
            framework: report.framework.name,
            entries: report.completeness.entries,
            as_of: report.completeness.as_of,
            states: report
                .states
                .iter()
                .map(|it| (it.state, it.controls))
                .collect(),
            file: file.map(|path| path.display().to_string()),
            recorded_seq,
            undeclared: presupposed.map(|it| it.area.title()),
        }
    }
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} entries of the period",
            self.framework, self.entries
        )?;
        write!(f, ", as of size {}", self.as_of)?;
        for (state, controls) in self.states.iter().filter(|(_, controls)| *controls > 0) {
            write!(f, ", {controls} {}", state.title())?;
        }
        if let Some(file) = &self.file {
            write!(f, "; written to {file}")?;
        }
        match self.recorded_seq {
            Some(seq) => write!(f, "; recorded as entry {seq}")?,
            None => write!(f, "; not recorded")?,
        }
        if let Some(what) = self.undeclared {
            write!(f, "; nobody declared that {what} is in scope (--scope)")?;
        }
        Ok(())
    }
}

impl Answer for Made {
    fn layout(&self) -> Layout {
        Layout::Line(self.to_string())
    }

    fn sheet(&self) -> Sheet {
        let mut fields = vec![
            ("framework", self.framework.to_owned()),
            ("entries", self.entries.to_string()),
            ("as_of", self.as_of.to_string()),
        ];
        let states = self.states.iter();
        fields.extend(states.map(|(state, controls)| (state.as_str(), controls.to_string())));
        fields.push(("file", cell(&self.file)));
        fields.push(("recorded_seq", cell(&self.recorded_seq)));
        Sheet::of_fields(fields)
    }
}
