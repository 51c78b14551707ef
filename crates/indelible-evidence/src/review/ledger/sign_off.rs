//! What a sign-off says.

use std::time::Duration;

use indelible_core::Timestamp;
use serde::Serialize;

use super::Said;
use crate::period::Period;
use crate::review::reading::RulesUsed;
use crate::scope::Declaration;

/// A sign-off that was never recorded anew or changed: an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignOff {
    /// Its place in the trail.
    pub seq: u64,
    /// When it was recorded, by the engine's clock.
    pub signed_at: Timestamp,
    /// Who signed; `None` where that was erased.
    pub reviewer: Option<String>,
    /// The time that is signed off.
    pub period: Period,
    /// The first entry that was reviewed.
    pub from: u64,
    /// The tree size up to which entries were reviewed.
    pub as_of: u64,
    /// The root of the tree of that size, as it was signed.
    pub root: String,
    /// The rules that were used.
    pub rules: RulesUsed,
    /// How often is reviewed, by these rules.
    pub frequency: String,
    /// Who stands for how often, and why.
    pub declared: Option<Declaration>,
    /// How long after its end a day has to be signed off, by these rules, in seconds.
    pub due_seconds: u64,
    /// How many entries were reviewed.
    pub entries: u64,
    /// How many findings there were.
    pub findings: u64,
    /// How many findings were open when it was signed.
    pub findings_open: u64,
    /// Whether the rules could look at all that they were to look at.
    pub whole: bool,
    /// What was reviewed, in words.
    pub scope: Option<String>,
    /// What the reviewer had to say.
    pub comment: Option<String>,
    /// Whether what it says was compared with the trail; false where it cannot be any more, because
    /// the entries after those that were reviewed were removed by retention. Then it counts for the
    /// time before the first entry that is there alone.
    pub is_checked: bool,
}

/// What is said of a sign-off that is not checked.
pub const UNCHECKED: &str = "it cannot be checked any more: retention removed the entries that \
                             it is about";

impl SignOff {
    /// `None` for an entry that does not say what a sign-off says, or something that cannot be.
    pub(super) fn of(said: &Said) -> Option<Self> {
        let period = Period {
            from: said.time("period_start")?,
            // Nobody has reviewed what had not come yet.
            to: said.time("period_end")?.min(said.at),
        };
        let sign_off = Self {
            seq: said.seq,
            signed_at: said.at,
            reviewer: said.by.clone(),
            period,
            from: said.number("first_sequence")?,
            as_of: said.number("as_of")?,
            root: said.text("root")?,
            rules: RulesUsed {
                name: said.text("rule_set")?,
                version: said.text("rule_set_version")?,
                sha256: said.text("rule_set_digest")?,
            },
            frequency: said.text("frequency")?,
            declared: said.declaration("frequency_declared"),
            due_seconds: said.number("due_seconds")?,
            entries: said.number("records_in_scope")?,
            findings: said.number("findings_count")?,
            findings_open: said.number("findings_open")?,
            whole: said.flag("whole")?,
            scope: said.text("scope"),
            comment: said.text("comment"),
            is_checked: true,
        };
        let is_possible = sign_off.from <= sign_off.as_of
            && sign_off.as_of <= sign_off.seq
            && sign_off.period.from <= sign_off.period.to;
        is_possible.then_some(sign_off)
    }

    /// Takes what cannot be checked to say nothing of the time of the entries that are there, of
    /// which the first was recorded at an instant.
    pub(super) fn uncheck(&mut self, first: Option<Timestamp>) {
        self.is_checked = false;
        if let Some(first) = first {
            let before = Timestamp::from_micros(first.as_micros() - 1);
            self.period.to = self.period.to.min(before);
            self.period.from = self.period.from.min(before);
        }
    }

    /// How long after its end a day has to be signed off, by its rules.
    pub fn wait(&self) -> Duration {
        Duration::from_secs(self.due_seconds)
    }
}
