//! What reviews answer, the same on the command line and over HTTP: their JSON is their `Serialize`.

use std::collections::BTreeMap;

use indelible_core::{AuditEvent, Timestamp};
use serde::Serialize;
use serde_json::Value;

use super::asked::DaysSeen;
use super::days::{DayLine, DayState};
use super::decide::Reviewed;
use super::flag::Flag;
use super::ledger::{
    Disposition, FindingState, InvalidSignOff, Ledger, ReviewStart, SignOff, UNCHECKED,
};
use super::pass::RuleCount;
use super::reading::{Review, RulesUsed};
use super::rules::RuleSet;
use crate::period::Day;

/// What was recorded.
#[derive(Debug, Serialize)]
pub struct Done {
    /// The entries, in the order in which they were recorded.
    pub recorded: Vec<DoneLine>,
}

/// An entry that decides something about a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DoneLine {
    /// The finding.
    pub finding: String,
    /// What became of it.
    pub done: &'static str,
    /// The entry's place in the trail.
    pub seq: u64,
}

/// A sign-off that was recorded.
#[derive(Debug, Serialize)]
pub struct Signed {
    /// Its place in the trail.
    pub seq: u64,
    /// What it says.
    pub said: Value,
    /// Findings that were put on record with it.
    pub raised: Vec<DoneLine>,
}

impl Signed {
    /// The sign-off of this event.
    pub fn of(event: &AuditEvent, seq: u64, raised: Vec<DoneLine>) -> Self {
        Self {
            seq,
            said: event.context.clone().unwrap_or_default(),
            raised,
        }
    }
}

/// Findings on record.
#[derive(Debug, Serialize)]
pub struct FindingLines {
    /// They, by their ids.
    pub findings: Vec<FindingLine>,
}

/// A finding on record.
#[derive(Debug, Serialize)]
pub struct FindingLine {
    /// How it stands.
    #[serde(flatten)]
    pub finding: FindingState,
    /// Whether it waits for somebody.
    pub open: bool,
    /// How long it was open; `None` while it is.
    pub seconds_to_close: Option<i64>,
}

impl FindingLines {
    /// All findings, or those alone that are open.
    pub fn of(ledger: Ledger, open: bool) -> Self {
        let line = |finding: FindingState| FindingLine {
            open: finding.is_open(),
            seconds_to_close: finding.seconds_to_close(),
            finding,
        };
        let findings = ledger.findings.into_values();
        let findings = findings.filter(|it| !open || it.is_open());
        Self {
            findings: findings.map(line).collect(),
        }
    }
}

/// Days and their reviews, and the sign-offs.
#[derive(Debug, Serialize)]
pub struct DayLines {
    /// How many of the days were missed.
    pub missed: usize,
    /// Missed days before those that were asked for.
    pub missed_before: usize,
    /// Days beyond what is looked at.
    pub left_out: i64,
    /// The first day that has to be reviewed.
    pub start: Day,
    /// Who said so, where somebody did.
    pub started: Option<ReviewStart>,
    /// The days.
    pub days: Vec<DayLine>,
    /// The sign-offs that these days were signed off with.
    pub sign_offs: Vec<SignOff>,
    /// How many findings are open.
    pub findings_open: usize,
    /// Sign-offs with other rules than the one before.
    pub rule_changes: Vec<RuleChange>,
    /// Whether the rules at hand are those of the last sign-off.
    pub rules_in_force: bool,
    /// What looks like a decision and counts for nothing.
    pub invalid: Vec<InvalidSignOff>,
}

/// A sign-off with other rules than the one before.
#[derive(Debug, Serialize)]
pub struct RuleChange {
    /// Its place in the trail.
    pub seq: u64,
    /// When it was recorded.
    pub signed_at: Timestamp,
    /// Who signed; `None` where that was erased.
    pub reviewer: Option<String>,
    /// The rules before.
    pub before: RulesUsed,
    /// Its rules.
    pub after: RulesUsed,
}

impl DayLines {
    /// Missed ones of these days that are not on record as such.
    pub fn unrecorded(&self) -> impl Iterator<Item = &DayLine> {
        let days = self.days.iter();
        days.filter(|line| line.is_unrecorded(self.start))
    }

    /// These days, by rules that are at hand.
    pub fn of(seen: DaysSeen, ledger: &Ledger, rules: &RuleSet) -> Self {
        let change = |(before, after): (&SignOff, &SignOff)| RuleChange {
            seq: after.seq,
            signed_at: after.signed_at,
            reviewer: after.reviewer.clone(),
            before: before.rules.clone(),
            after: after.rules.clone(),
        };
        let (start, missed_before, left_out) =
            (seen.start(), seen.missed_before(), seen.left_out());
        let days = seen.listed();
        let last = ledger.sign_offs.last();
        let named = |seq: u64| days.iter().any(|day| day.sign_off == Some(seq));
        let sign_offs = ledger.sign_offs.iter().filter(|it| named(it.seq));
        let missed = days.iter().filter(|it| it.state == DayState::Missed);
        Self {
            missed: missed.count(),
            sign_offs: sign_offs.cloned().collect(),
            findings_open: ledger.open().count(),
            missed_before,
            left_out,
            start,
            started: ledger.start.clone(),
            rule_changes: ledger.rule_changes().map(change).collect(),
            rules_in_force: last.is_none_or(|last| last.rules.sha256 == rules.sha256),
            invalid: ledger.invalid.clone(),
            days,
        }
    }

    /// What has to be said beside the days.
    pub fn remarks(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(start) = &self.started {
            let by = start.by.as_deref().unwrap_or("somebody who was erased");
            let (day, seq, why) = (start.day, start.seq, &start.why);
            lines.push(format!(
                "reviewed since {day}, says {by} in entry {seq}: {why}"
            ));
        }
        if self.missed_before > 0 {
            lines.push(format!("{} more were missed before", self.missed_before));
        }
        if self.left_out > 0 {
            lines.push(format!("{} older days were not looked at", self.left_out));
        }
        for it in &self.rule_changes {
            let (before, after) = (&it.before, &it.after);
            lines.push(format!(
                "other rules since entry {}: {} {} ({}), before {} {} ({})",
                it.seq,
                after.name,
                after.version,
                after.sha256,
                before.name,
                before.version,
                before.sha256
            ));
        }
        if !self.rules_in_force {
            lines.push("the rules at hand are not those of the last sign-off".to_owned());
        }
        let unchecked = self.sign_offs.iter().filter(|it| !it.is_checked);
        lines.extend(unchecked.map(|it| format!("the sign-off of entry {}: {UNCHECKED}", it.seq)));
        let invalid = self.invalid.iter();
        lines.extend(
            invalid.map(|it| format!("entry {} counts for nothing: {}", it.seq, it.problem)),
        );
        lines
    }
}

/// A review as it is shown.
#[derive(Debug, Serialize)]
pub struct Shown {
    /// What is new, and what rules flag in it.
    #[serde(flatten)]
    pub review: Review,
    /// Whether the rules could look at all that they ask for.
    pub whole: bool,
    /// How the findings that are on record stand, by their ids.
    pub standing: BTreeMap<String, Standing>,
    /// Findings of earlier reviews that are still open.
    pub open_before: Vec<String>,
    /// The entry of the last sign-off.
    pub last_sign_off: Option<u64>,
}

/// How a finding stands that is on record.
#[derive(Debug, Serialize)]
pub struct Standing {
    /// The entry that raised it.
    pub raised_seq: u64,
    /// Who has to see to it.
    pub owner: Option<String>,
    /// What came of it; `None` while it is open.
    pub disposition: Option<Disposition>,
}

impl Shown {
    /// What was reviewed, and how things stand.
    pub fn of(reviewed: Reviewed) -> Self {
        let Reviewed { review, ledger } = reviewed;
        let flagged = |id: &str| review.findings.iter().any(|flag| flag.id == id);
        let stands = |it: &FindingState| Standing {
            raised_seq: it.raised_seq,
            owner: it.owner.clone(),
            disposition: it.closure.as_ref().map(|it| it.disposition),
        };
        let known = ledger.findings.iter().filter(|(id, _)| flagged(id));
        let before = ledger.open().filter(|it| !flagged(&it.id));
        Self {
            whole: review.is_whole(),
            standing: known.map(|(id, it)| (id.clone(), stands(it))).collect(),
            open_before: before.map(|it| it.id.clone()).collect(),
            last_sign_off: ledger.sign_offs.last().map(|it| it.seq),
            review,
        }
    }
    /// How what is flagged stands.
    pub fn state(&self, flag: &Flag) -> String {
        match self.standing.get(&flag.id) {
            None => "not on record yet".to_owned(),
            Some(standing) => match (standing.disposition, &standing.owner) {
                (Some(disposition), _) => disposition.to_string(),
                (None, Some(owner)) => format!("open, with {owner}"),
                (None, None) => "open".to_owned(),
            },
        }
    }

    /// What is new, in a sentence.
    pub fn summary(&self) -> String {
        let review = &self.review;
        let since = match self.last_sign_off {
            Some(seq) => format!("since the sign-off of entry {seq}"),
            None => "and nothing was signed off yet".to_owned(),
        };
        format!(
            "{} new entries in trail {}, {} to before {}, {since}",
            review.entries, review.trail, review.from, review.as_of
        )
    }

    /// What a reader has to know of what could not be looked at.
    pub fn limits(&self) -> Vec<String> {
        let review = &self.review;
        let sum = |of: fn(&RuleCount) -> u64| review.counts.iter().map(of).sum::<u64>();
        let told = [
            (
                sum(|it| it.erased),
                "matches cannot be told, because what decides was erased",
            ),
            (
                sum(|it| it.without_number),
                "entries lack the number that a rule adds up",
            ),
            (
                sum(|it| it.uncounted),
                "matches are in no window, because too many are open at once",
            ),
            (sum(|it| it.unlisted), "findings are not listed"),
            (review.too_late, "entries came later than `late` allows for"),
            (
                self.open_before.len() as u64,
                "findings of earlier reviews are open",
            ),
        ];
        let told = told.into_iter().filter(|(count, _)| *count > 0);
        told.map(|(count, what)| format!("{count} {what}"))
            .collect()
    }
}
