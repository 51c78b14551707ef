//! The first line: what was asked, of what, and what the pack is to prove.

use std::fmt;

use serde_json::{Value, json};

use super::line::Members;
use super::question;
use super::reason::{Judged, Reason, malformed};
use super::skeleton::time;
use crate::filter::Filter;
use crate::part::PartKind;
use crate::query::Query;
use crate::time::Timestamp;
use crate::trail::TrailName;

const FORMAT: &str = "indelible-pack/1";

/// The entries that a pack is about: from seq `first` to seq `size` − 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackRange {
    /// The size of the first head; 0 where there is none.
    pub first: u64,
    /// The size of the last head.
    pub size: u64,
}

/// Which entries of the range have a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// All of them, so that none can be left out unnoticed.
    Complete,
    /// Those that match.
    Selection,
}

impl Coverage {
    /// The one that costs least: where nothing is asked, every entry has a line anyway.
    pub fn of(query: &Query) -> Self {
        let as_of = query.as_of;
        match *query
            == (Query {
                as_of,
                ..Query::new()
            }) {
            true => Self::Complete,
            false => Self::Selection,
        }
    }

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Selection => "selection",
        }
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What the first line says.
#[derive(Debug, Clone)]
pub(crate) struct Manifest {
    pub trail: TrailName,
    pub origin: String,
    pub range: PackRange,
    pub coverage: Coverage,
    pub question: Filter,
    /// Sorted.
    pub without: Vec<PartKind>,
    pub created: Timestamp,
    pub asked_by: Option<String>,
    pub software: String,
}

impl Manifest {
    /// What the pack is to prove.
    pub fn proved(&self) -> Vec<&'static str> {
        let is_complete = self.coverage == Coverage::Complete;
        let claims = [
            ("history", self.range.first > 0),
            ("inclusion", true),
            ("skeletons", is_complete),
            ("completeness", is_complete && !self.question.asks_parts()),
        ];
        let proved = claims.into_iter().filter(|(_, holds)| *holds);
        proved.map(|(claim, _)| claim).collect()
    }

    /// What it is not to prove.
    pub fn not_proved(&self) -> Vec<&'static str> {
        let mut open = vec!["completeness", "circumstances", "later"];
        open.retain(|claim| !self.proved().contains(claim));
        open
    }

    pub fn to_value(&self) -> Value {
        let mut line = json!({
            "format": FORMAT,
            "trail": self.trail,
            "origin": self.origin,
            "range": {"first": self.range.first, "size": self.range.size},
            "coverage": self.coverage.as_str(),
            "question": question::to_value(&self.question),
            "without": self.without,
            "proved": self.proved(),
            "not_proved": self.not_proved(),
            "created": self.created,
            "software": self.software,
        });
        if let Some(asked_by) = &self.asked_by {
            line["asked_by"] = json!(asked_by);
        }
        line
    }

    pub(super) fn read(mut line: Members) -> Judged<Self> {
        if line.text("format")? != FORMAT {
            return Err(Reason::Version.because(format_args!("it is no {FORMAT}")));
        }
        let Ok(trail) = line.text("trail")?.parse::<TrailName>() else {
            return malformed("`trail` can name no trail");
        };
        let mut range = line.object("range")?;
        let (first, size) = (range.number("first")?, range.number("size")?);
        range.end()?;
        if first > size || size == 0 {
            return malformed("the range has no end");
        }
        let coverage = match &*line.text("coverage")? {
            "complete" => Coverage::Complete,
            "selection" => Coverage::Selection,
            _ => return malformed("`coverage` is neither complete nor selection"),
        };
        let Some(created) = time(&line.text("created")?) else {
            return malformed("`created` is no time");
        };
        let (proved, not_proved) = (line.texts("proved")?, line.texts("not_proved")?);
        let asked_by = match line.has("asked_by") {
            true => Some(line.text("asked_by")?),
            false => None,
        };
        let manifest = Self {
            trail,
            origin: line.text("origin")?,
            range: PackRange { first, size },
            coverage,
            question: question::read(line.object("question")?)?,
            without: without(line.texts("without")?)?,
            created,
            asked_by,
            software: line.text("software")?,
        };
        line.end()?;
        if manifest.origin.split('/').nth(1) != Some(manifest.trail.as_str()) {
            let (trail, origin) = (&manifest.trail, &manifest.origin);
            let problem = format_args!("{origin} is no origin of the trail {trail}");
            return Err(Reason::WrongTrail.because(problem));
        }
        // Which claims follow is checked last, as the format says.
        if proved != manifest.proved() || not_proved != manifest.not_proved() {
            return malformed("it claims to prove what does not follow from the rest");
        }
        Ok(manifest)
    }
}

/// Names of parts, sorted and each once.
fn without(names: Vec<String>) -> Judged<Vec<PartKind>> {
    let parts: Result<Vec<PartKind>, _> = names.iter().map(|name| name.parse()).collect();
    match parts {
        Ok(parts) if names.is_sorted_by(|a, b| a < b) => Ok(parts),
        _ => malformed("`without` is no sorted list of parts"),
    }
}
