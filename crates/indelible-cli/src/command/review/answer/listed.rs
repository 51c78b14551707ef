//! Days and what came of them.

use indelible::Timestamp;
use indelible_evidence::Day;
use indelible_evidence::review::{
    DayLine, DayState, InvalidSignOff, Ledger, ReviewStart, RuleSet, RulesUsed, SignOff, UNCHECKED,
};
use serde::Serialize;

use crate::answer::{Answer, Layout, Sheet, cell, json_lines};

/// Days and their reviews, and the sign-offs.
#[derive(Debug, Serialize)]
pub struct DayLines {
    missed: usize,
    /// Missed days before those that were asked for.
    missed_before: usize,
    /// Days beyond what is looked at.
    left_out: i64,
    /// The first day that has to be reviewed.
    start: Day,
    /// Who said so, where somebody did.
    started: Option<ReviewStart>,
    days: Vec<DayLine>,
    sign_offs: Vec<SignOff>,
    findings_open: usize,
    /// Sign-offs with other rules than the one before.
    rule_changes: Vec<RuleChange>,
    /// Whether the rules at hand are those of the last sign-off.
    rules_in_force: bool,
    /// What looks like a decision and counts for nothing.
    invalid: Vec<InvalidSignOff>,
}

/// A sign-off with other rules than the one before.
#[derive(Debug, Serialize)]
struct RuleChange {
    seq: u64,
    signed_at: Timestamp,
    reviewer: Option<String>,
    before: RulesUsed,
    after: RulesUsed,
}

/// What of the days was looked at.
pub struct Looked {
    pub start: Day,
    pub missed_before: usize,
    pub left_out: i64,
}

impl DayLines {
    pub fn of(days: Vec<DayLine>, ledger: &Ledger, (looked, rules): (Looked, &RuleSet)) -> Self {
        let change = |(before, after): (&SignOff, &SignOff)| RuleChange {
            seq: after.seq,
            signed_at: after.signed_at,
            reviewer: after.reviewer.clone(),
            before: before.rules.clone(),
            after: after.rules.clone(),
        };
        let last = ledger.sign_offs.last();
        let named = |seq: u64| days.iter().any(|day| day.sign_off == Some(seq));
        let sign_offs = ledger.sign_offs.iter().filter(|it| named(it.seq));
        Self {
            missed: days
                .iter()
                .filter(|it| it.state == DayState::Missed)
                .count(),
            sign_offs: sign_offs.cloned().collect(),
            findings_open: ledger.open().count(),
            missed_before: looked.missed_before,
            left_out: looked.left_out,
            start: looked.start,
            started: ledger.start.clone(),
            rule_changes: ledger.rule_changes().map(change).collect(),
            rules_in_force: last.is_none_or(|last| last.rules.sha256 == rules.sha256),
            invalid: ledger.invalid.clone(),
            days,
        }
    }

    /// The missed days among those that were asked for.
    pub fn missed(&self) -> usize {
        self.missed
    }

    /// What has to be said beside the days.
    fn remarks(&self) -> Vec<String> {
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

impl Answer for DayLines {
    fn layout(&self) -> Layout {
        let line = format!(
            "{} days, {} missed; {} findings open",
            self.days.len(),
            self.missed,
            self.findings_open
        );
        // When a day is due follows from the day; people look at what came of it.
        let mut sheet = self.sheet();
        sheet.columns.retain(|name| *name != "due_at");
        for row in &mut sheet.rows {
            row.remove(2);
        }
        let mut parts = vec![Layout::Table(sheet), Layout::Line(line)];
        parts.extend(self.remarks().into_iter().map(Layout::Line));
        Layout::Parts(parts)
    }

    fn sheet(&self) -> Sheet {
        let row = |it: &DayLine| {
            let sign_off = self
                .sign_offs
                .iter()
                .find(|other| Some(other.seq) == it.sign_off);
            vec![
                it.day.to_string(),
                it.state.to_string(),
                it.due_at.to_string(),
                cell::<Timestamp>(&it.signed_at),
                cell(&it.reviewer),
                cell(&sign_off.map(|it| it.entries)),
                cell(&sign_off.map(|it| it.findings)),
                cell(&it.sign_off),
                cell(&it.missed_seq),
            ]
        };
        Sheet {
            columns: vec![
                "day",
                "state",
                "due_at",
                "signed_at",
                "reviewer",
                "entries",
                "findings",
                "entry",
                "missed_entry",
            ],
            rows: self.days.iter().map(row).collect(),
        }
    }

    fn lines(&self) -> serde_json::Result<Vec<String>> {
        json_lines(&self.days)
    }
}
