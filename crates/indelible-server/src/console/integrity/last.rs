//! What the last verification of a trail came to, as a page shows it.

use indelible_core::verify::TrailReport;
use indelible_core::{Timestamp, TrailName};

use super::finding::{Group, groups};
use crate::console::moment::Moment;
use crate::console::page::grouped;
use crate::verification::{By, Came, Last, Noted};

/// The last verification of a trail.
pub struct Verified {
    /// What it came to.
    pub outcome: Outcome,
    /// The same as a sentence.
    pub verdict: String,
    /// What is known of it, where there was one.
    pub facts: Option<Facts>,
    /// What fails the trail, by kind.
    pub failures: Vec<Group>,
    /// What is worth knowing, by kind.
    pub warnings: Vec<Group>,
    /// How many findings are not listed.
    pub unlisted: Option<String>,
}

/// What a verification came to, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// As it was recorded.
    Good,
    /// The same, with warnings, or of a part of the trail.
    Warned,
    /// Not as it was recorded.
    Failed,
    /// Nothing is known.
    Unknown,
}

/// When, by whom, how long, and how much.
pub struct Facts {
    /// When it began.
    pub begun: Moment,
    /// How long it took.
    pub took: String,
    /// Who asked for it.
    pub by: String,
    /// Which entries were read.
    pub coverage: String,
    /// What came since.
    pub since: String,
}

impl Outcome {
    /// The class that colours it.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Warned => "note",
            Self::Failed => "bad",
            Self::Unknown => "",
        }
    }

    /// What stands for it beside its words.
    pub const fn glyph(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Warned => "!",
            Self::Failed => "✗",
            Self::Unknown => "?",
        }
    }

    /// Its words where there is room for few.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Good => "as recorded",
            Self::Warned => "as recorded, with warnings",
            Self::Failed => "NOT as recorded",
            Self::Unknown => "not verified",
        }
    }

    /// What is noted of a trail, in one word.
    pub fn of(noted: &Noted) -> Self {
        match noted {
            Noted::Nothing | Noted::Unreadable => Self::Unknown,
            Noted::Last(last) => match &last.came {
                Came::Unable(_) => Self::Unknown,
                Came::Report(report) if !report.ok => Self::Failed,
                Came::Report(report) if report.findings_total > 0 || !report.complete => {
                    Self::Warned
                }
                Came::Report(_) => Self::Good,
            },
        }
    }
}

impl Verified {
    /// What is noted of a trail that has `size` entries, at `now`.
    pub fn of(noted: Noted, trail: &TrailName, size: Option<u64>, now: Timestamp) -> Self {
        let outcome = Outcome::of(&noted);
        let nothing = |verdict: &str| Self {
            outcome,
            verdict: verdict.to_owned(),
            facts: None,
            failures: Vec::new(),
            warnings: Vec::new(),
            unlisted: None,
        };
        let last = match noted {
            Noted::Nothing => return nothing("This server has not verified the trail yet."),
            Noted::Unreadable => {
                return nothing(
                    "What stands in the database as the last verification was not written by this \
                     installation, or by a later version of it. It is not shown; verify the trail \
                     again.",
                );
            }
            Noted::Last(last) => last,
        };
        let report = match &last.came {
            Came::Report(report) => report,
            Came::Unable(why) => {
                let verdict = format!("The last verification could not be done: {why}.");
                let facts = Facts::of(&last, None, size, now);
                return Self {
                    facts: Some(facts),
                    ..nothing(&verdict)
                };
            }
        };
        let (failures, warnings) = groups(trail, &report.findings);
        let listed = report.findings.len() as u64;
        let unlisted = report.findings_total.saturating_sub(listed);
        Self {
            verdict: sentence(outcome, report),
            facts: Some(Facts::of(&last, Some(report), size, now)),
            failures,
            warnings,
            unlisted: (unlisted > 0).then(|| grouped(unlisted)),
            outcome,
        }
    }
}

impl Verified {
    /// The findings as a page shows them: what they are called, their class, and they.
    pub fn sections(&self) -> [(&'static str, &'static str, &[Group]); 2] {
        [
            ("What was found", "bad", &self.failures),
            ("Warnings", "note", &self.warnings),
        ]
    }
}

fn sentence(outcome: Outcome, report: &TrailReport) -> String {
    let size = grouped(report.size);
    match outcome {
        Outcome::Failed if report.findings_total == 1 => {
            "The trail is NOT as it was recorded: 1 finding.".to_owned()
        }
        Outcome::Failed => {
            let findings = grouped(report.findings_total);
            format!("The trail is NOT as it was recorded: {findings} findings.")
        }
        Outcome::Warned if report.findings_total > 0 => {
            format!("The {size} entries are as they were recorded; there are warnings.")
        }
        Outcome::Warned => "What was looked at is as it was recorded.".to_owned(),
        Outcome::Good | Outcome::Unknown => {
            format!("All {size} entries are as they were recorded.")
        }
    }
}

impl Facts {
    fn of(last: &Last, report: Option<&TrailReport>, size: Option<u64>, now: Timestamp) -> Self {
        Self {
            begun: Moment::of(last.begun_at, now),
            took: took(last.took_micros),
            by: match &last.by {
                By::Schedule => "the server, on its schedule".to_owned(),
                By::Key { id, name } => format!("{name} (key {id})"),
            },
            coverage: report.map_or_else(|| "nothing".to_owned(), coverage),
            since: report.map_or_else(String::new, |report| since(report.size, size)),
        }
    }
}

/// A span of time in words.
pub fn took(micros: u64) -> String {
    match micros {
        0..1_000_000 => format!("{} ms", micros.div_ceil(1000)),
        1_000_000..120_000_000 => format!("{:.1} s", micros as f64 / 1e6),
        _ => format!("{} min", micros / 60_000_000),
    }
}

fn coverage(report: &TrailReport) -> String {
    let (checked, from) = (report.entries_checked, report.checked_from);
    let of = format!("{} of {} entries", grouped(checked), grouped(report.size));
    let compared = match report.checkpoints_compared {
        0 => String::new(),
        1 => "; compared with 1 checkpoint kept outside the database".to_owned(),
        count => format!("; compared with {count} checkpoints kept outside the database"),
    };
    let whole = match (report.complete, from) {
        (true, _) => "complete: every entry, in every table".to_owned(),
        (false, 0) => "not complete: rows are missing or cannot be read".to_owned(),
        (false, from) => format!("not complete: from entry {} on", grouped(from)),
    };
    format!("{of}, {whole}{compared}")
}

fn since(verified: u64, size: Option<u64>) -> String {
    match size.map(|size| size.checked_sub(verified)) {
        Some(Some(0)) => "no entry has come since".to_owned(),
        Some(Some(1)) => "1 entry has come since".to_owned(),
        Some(Some(newer)) => format!("{} entries have come since", grouped(newer)),
        Some(None) => "the trail has FEWER entries now than it had then".to_owned(),
        None => "the trail is not there any more".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_of_time_reads_well() {
        for (micros, text) in [
            (0, "0 ms"),
            (1, "1 ms"),
            (999_000, "999 ms"),
            (1_500_000, "1.5 s"),
            (119_900_000, "119.9 s"),
            (3_600_000_000, "60 min"),
        ] {
            assert_eq!(took(micros), text);
        }
    }

    #[test]
    fn what_came_since_is_told_and_a_trail_that_shrank_is_told_loudly() {
        for (verified, size, text) in [
            (5, Some(5), "no entry has come since"),
            (5, Some(6), "1 entry has come since"),
            (5, Some(1005), "1\u{202f}000 entries have come since"),
            (
                5,
                Some(4),
                "the trail has FEWER entries now than it had then",
            ),
            (5, None, "the trail is not there any more"),
        ] {
            assert_eq!(since(verified, size), text);
        }
    }
}
