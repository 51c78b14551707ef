//! What is reported of one control.

use indelible_core::Timestamp;
use serde::Serialize;

use crate::controls::Strength;
use crate::framework::ControlId;
use crate::gather::{Sampled, Silence};
use crate::scope::Declaration;
use crate::state::State;

/// One control in the period.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ControlReport {
    /// The control, with framework and version.
    pub control: ControlId,
    /// What it asks, in words of our own.
    pub paraphrase: String,
    /// How far its number was checked.
    pub verification: String,
    /// What can be said of it.
    pub state: State,
    /// Why, in a sentence.
    pub reason: String,
    /// Who declared it not applicable, when and why.
    pub not_applicable: Option<Declaration>,
    /// Entries of the period that are of an action that may be evidence.
    pub records: u64,
    /// Of these direct evidence.
    pub direct: u64,
    /// Supporting evidence, and not direct.
    pub supporting: u64,
    /// Those that may be more than they are counted for, if only what their condition asks had
    /// been recorded. An entry may be both supporting and undecidable.
    pub undecidable: u64,
    /// Those whose condition does not hold.
    pub not_met: u64,
    /// Of all these, those that are counted as they are because the operator declared something,
    /// and not by what was recorded; none of them is direct evidence.
    pub by_declaration: u64,
    /// What the state rests on that the operator declared, by its name in the scope file.
    pub declarations: Vec<&'static str>,
    /// The earliest evidence.
    pub first_seen: Option<Timestamp>,
    /// The latest evidence.
    pub last_seen: Option<Timestamp>,
    /// Of the evidence, entries with a value that was cut.
    pub truncated: u64,
    /// Of the evidence, entries with a value that was redacted.
    pub redacted: u64,
    /// Of the evidence, entries of which a part was erased.
    pub erased: u64,
    /// Attempts without an outcome in time, of the workflows that the control's actions belong to.
    pub unresolved_attempts: u64,
    /// What was not recorded with the undecidable entries, by term.
    pub unknown_terms: Vec<TermCount>,
    /// The mapping, with counts.
    pub actions: Vec<ActionEvidence>,
    /// Days without evidence in a row, the longest first.
    pub silences: Vec<Silence>,
    /// How many such runs of days there are.
    pub silences_count: u64,
    /// What shows that recording was alive.
    pub liveness: Liveness,
    /// The requirements on the audit system that cite the control.
    pub system_requirements: Vec<String>,
    /// Entries drawn by the auditor's seed.
    pub sample: Vec<Sampled>,
}

/// A term and of how many entries it cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TermCount {
    /// The term.
    pub term: String,
    /// The entries.
    pub entries: u64,
}

/// One row of the mapping, with what the period has for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActionEvidence {
    /// The action of the catalogue, or `*` for every entry.
    pub action: String,
    /// What an entry of it is.
    pub strength: Strength,
    /// When.
    pub condition: String,
    /// Entries of which the condition holds.
    pub holds: u64,
    /// Of which it cannot be told.
    pub unknown: u64,
    /// Of which it does not hold.
    pub fails: u64,
    /// Of those that hold or fail, those that do by declaration.
    pub declared: u64,
    /// When it was last seen before the period; looked up where the period has no entry of it.
    pub last_seen_before: Option<Timestamp>,
}

/// What shows that recording was alive in the period: signs of life are entries of the same source,
/// self-checks, declared heartbeats and starts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Liveness {
    /// Entries of the same source: of actions of the same categories of the catalogue; of all,
    /// where every entry may be evidence.
    pub source_entries: u64,
    /// Days of the period with such entries.
    pub source_days: u64,
    /// Heartbeats and self-checks in this trail.
    pub self_checks: u64,
    /// Starts of recording, of this trail or the installation.
    pub starts: u64,
    /// Hours of the period with a sign of life.
    pub hours_with_signs: u64,
    /// The most hours in a row without one, from the beginning of the period to its end or to when
    /// the report was made.
    pub silent_hours: u64,
    /// How many are let pass: a week, or a quarter of a shorter period.
    pub silent_hours_max: u64,
}

impl Liveness {
    /// Whether there are signs of life all through, early and late.
    pub fn is_alive(&self) -> bool {
        self.hours_with_signs > 0 && self.silent_hours <= self.silent_hours_max
    }
}
