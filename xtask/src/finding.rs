//! One thing that a check has to say.

use std::fmt;

/// How much a finding weighs: an error fails the run, a warning is only printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Printed, and nothing more.
    Warning,
    /// Fails the run.
    Error,
}

/// A breach of a rule: where, what, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Whether it fails the run.
    pub weight: Weight,
    /// Path below the workspace root, with `/` between its parts.
    pub path: String,
    /// Line in that file, from 1; the whole file is line 1.
    pub line: usize,
    what: String,
    remedy: String,
}

impl Finding {
    /// An error at a line (from 1) of a file.
    pub fn error(
        path: &str,
        line: usize,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let (path, what, remedy) = (path.to_owned(), what.into(), remedy.into());
        Self {
            weight: Weight::Error,
            path,
            line,
            what,
            remedy,
        }
    }

    /// The same finding, only printed.
    pub fn into_warning(mut self) -> Self {
        self.weight = Weight::Warning;
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.weight == Weight::Warning {
            out.write_str("warning: ")?;
        }
        write!(
            out,
            "{}:{}: {}: {}",
            self.path, self.line, self.what, self.remedy
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_one_line_with_place_fact_and_remedy() {
        let finding = Finding::error("a/b.rs", 7, "x is here", "take it out");
        assert_eq!(finding.to_string(), "a/b.rs:7: x is here: take it out");
        let warning = finding.into_warning().to_string();
        assert_eq!(warning, "warning: a/b.rs:7: x is here: take it out");
    }
}
