//! What the records of a period are for one control.

use std::collections::{BTreeMap, BTreeSet};

use indelible_core::Timestamp;
use indelible_core::entry::StoredEntry;

use super::quality::Marks;
use super::sample::{Draw, Sampled};
use crate::condition::Truth;
use crate::controls::Strength;
use crate::period::Day;

/// Counts of one row of the mapping.
#[derive(Debug, Clone, Default)]
pub(super) struct RowCount {
    pub holds: u64,
    pub unknown: u64,
    pub fails: u64,
    /// Of those that hold or fail, those that do so by declaration.
    pub declared: u64,
}

/// What a row's condition is for an entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judged {
    pub truth: Truth,
    /// Whether the record by itself says it, or only what the operator declared.
    pub declared: bool,
}

impl RowCount {
    /// Counts an entry.
    pub fn add(&mut self, judged: Judged) {
        *match judged.truth {
            Truth::True => &mut self.holds,
            Truth::Unknown => &mut self.unknown,
            Truth::False => &mut self.fails,
        } += 1;
        self.declared += u64::from(judged.declared);
    }
}

impl RowCount {
    /// Whether no entry of the period is of the row's action.
    pub fn is_empty(&self) -> bool {
        self.holds + self.unknown + self.fails == 0
    }
}

/// What one entry is for one control: its rows taken together.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Verdict {
    direct: bool,
    supporting: bool,
    /// Evidence by what the operator declared alone, which is supporting at most.
    declared: bool,
    unknown_direct: bool,
    unknown_supporting: bool,
    /// No evidence by what the operator declared alone.
    declared_not: bool,
}

/// Counts of one control.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub records: u64,
    pub direct: u64,
    pub supporting: u64,
    pub undecidable: u64,
    pub not_met: u64,
    /// Entries that are counted as they are by declaration alone.
    pub by_declaration: u64,
    pub declarations: BTreeSet<&'static str>,
    pub first: Option<Timestamp>,
    pub last: Option<Timestamp>,
    pub days: BTreeSet<Day>,
    pub unknown_terms: BTreeMap<String, u64>,
    pub truncated: u64,
    pub redacted: u64,
    pub erased: u64,
    direct_draw: Draw,
    supporting_draw: Draw,
}

impl Verdict {
    pub fn add(&mut self, strength: Strength, judged: Judged) {
        let place = match (strength, judged.truth) {
            (_, Truth::False) if judged.declared => &mut self.declared_not,
            (_, Truth::False) => return,
            (_, Truth::True) if judged.declared => &mut self.declared,
            (Strength::Direct, Truth::True) => &mut self.direct,
            (Strength::Direct, Truth::Unknown) => &mut self.unknown_direct,
            (Strength::Supporting, Truth::True) => &mut self.supporting,
            (Strength::Supporting, Truth::Unknown) => &mut self.unknown_supporting,
        };
        *place = true;
    }

    fn is_evidence(self) -> bool {
        self.direct || self.supporting || self.declared
    }

    /// Whether it is what it is by declaration alone.
    pub fn is_declared(self) -> bool {
        let by_itself = self.direct || self.supporting;
        match self.declared {
            true => !by_itself,
            false => self.declared_not && !by_itself && !self.is_undecidable(),
        }
    }

    /// Whether it would be more, if only what is unknown were known.
    pub fn is_undecidable(self) -> bool {
        let may_be_direct = self.unknown_direct && !self.direct;
        may_be_direct || (self.unknown_supporting && !self.is_evidence())
    }
}

impl Tally {
    /// Counts an entry.
    pub fn add(&mut self, entry: &StoredEntry, verdict: Verdict, marks: Marks) {
        self.records += 1;
        self.undecidable += u64::from(verdict.is_undecidable());
        self.by_declaration += u64::from(verdict.is_declared());
        if !verdict.is_evidence() {
            self.not_met += u64::from(!verdict.is_undecidable());
            return;
        }
        // Direct evidence is not counted as supporting too.
        let count = match verdict.direct {
            true => &mut self.direct,
            false => &mut self.supporting,
        };
        *count += 1;
        let time = entry.occurred_at;
        self.first = Some(self.first.map_or(time, |first| first.min(time)));
        self.last = Some(self.last.map_or(time, |last| last.max(time)));
        self.days.insert(Day::of(time));
        self.truncated += u64::from(marks.truncated);
        self.redacted += u64::from(marks.redacted);
        self.erased += u64::from(marks.erased);
    }

    /// Offers an entry to the sample, of this place in the order of the seed.
    pub fn offer(&mut self, entry: &StoredEntry, verdict: Verdict, rank: [u8; 32], size: usize) {
        if verdict.direct {
            self.direct_draw.offer(rank, entry, size);
        } else if verdict.is_evidence() && self.direct == 0 {
            self.supporting_draw.offer(rank, entry, size);
        }
    }

    /// What was drawn: of direct evidence where there is some, else of supporting evidence.
    pub fn into_sample(self) -> Vec<Sampled> {
        match self.direct {
            0 => self.supporting_draw.into_sample(),
            _ => self.direct_draw.into_sample(),
        }
    }
}
