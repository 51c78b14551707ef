//! What is handed over beside the statement on a control, as sheets: reviews, findings, and who
//! looked at the trail.

use indelible_core::Timestamp;

use crate::period::Period;
use crate::render::{RenderError, written};
use crate::report::Report;
use crate::review::{FindingState, Ledger, SignOff, UNCHECKED};

const REVIEWS: [&str; 20] = [
    "kind",
    "entry",
    "recorded_at",
    "reviewer",
    "day",
    "period_start",
    "period_end",
    "first_sequence",
    "as_of",
    "root",
    "entries",
    "rule_set",
    "rule_set_version",
    "rule_set_digest",
    "frequency",
    "findings",
    "findings_open",
    "whole",
    "comment",
    "problem",
];

const FINDINGS: [&str; 15] = [
    "finding",
    "rule",
    "severity",
    "why",
    "raised_at",
    "raised_by",
    "entries",
    "owner",
    "disposition",
    "closed_at",
    "closed_by",
    "comment",
    "evidence",
    "seconds_to_close",
    "reopened",
];

const ACCESSES: [&str; 6] = ["user_id", "action", "entries", "times", "first", "last"];

/// The sign-offs of a period, with those that count for nothing and why, and the days that are on
/// record as missed: `kind` is `sign_off`, `invalid` or `missed`.
///
/// # Errors
/// [`RenderError`].
pub fn reviews_sheet(ledger: &Ledger, period: &Period) -> Result<String, RenderError> {
    let of_period = |it: &&SignOff| it.period.from <= period.to && it.period.to >= period.from;
    let mut rows: Vec<(u64, [String; 20])> = Vec::new();
    for it in ledger.sign_offs.iter().filter(of_period) {
        rows.push((it.seq, sign_off(it)));
    }
    for it in ledger.invalid.iter().filter(|it| period.contains(it.at)) {
        let mut row = empty("invalid", it.seq);
        row[2] = it.at.to_string();
        row[3] = or_nothing(&it.reviewer);
        row[19].clone_from(&it.problem);
        rows.push((it.seq, row));
    }
    let of_period = |day: &str| Timestamp::start_of_day(day).is_ok_and(|day| period.contains(day));
    for it in ledger.missed.iter().filter(|it| of_period(&it.day)) {
        let mut row = empty("missed", it.seq);
        row[4].clone_from(&it.day);
        rows.push((it.seq, row));
    }
    rows.sort_by_key(|(seq, _)| *seq);
    Ok(written(&REVIEWS, rows.into_iter().map(|(_, row)| row))?)
}

fn empty(kind: &str, seq: u64) -> [String; 20] {
    let mut row: [String; 20] = Default::default();
    row[0] = kind.to_owned();
    row[1] = seq.to_string();
    row
}

fn sign_off(it: &SignOff) -> [String; 20] {
    [
        "sign_off".to_owned(),
        it.seq.to_string(),
        it.signed_at.to_string(),
        or_nothing(&it.reviewer),
        String::new(),
        it.period.from.to_string(),
        it.period.to.to_string(),
        it.from.to_string(),
        it.as_of.to_string(),
        it.root.clone(),
        it.entries.to_string(),
        it.rules.name.clone(),
        it.rules.version.clone(),
        it.rules.sha256.clone(),
        it.frequency.clone(),
        it.findings.to_string(),
        it.findings_open.to_string(),
        it.whole.to_string(),
        or_nothing(&it.comment),
        match it.is_checked {
            true => String::new(),
            false => UNCHECKED.to_owned(),
        },
    ]
}

/// The findings that were open at some time of a period, by when they were raised and closed.
///
/// # Errors
/// [`RenderError`].
pub fn findings_sheet(ledger: &Ledger, period: &Period) -> Result<String, RenderError> {
    let ended_before = |it: &FindingState| {
        let closure = it.closure.as_ref();
        closure.is_some_and(|closure| closure.at < period.from)
    };
    let findings = ledger.findings.values();
    let findings = findings.filter(|it| it.raised_at <= period.to && !ended_before(it));
    let row = |it: &FindingState| {
        let closure = it.closure.as_ref();
        [
            it.id.clone(),
            it.rule.clone(),
            it.severity.clone(),
            or_nothing(&it.why),
            it.raised_at.to_string(),
            or_nothing(&it.raised_by),
            it.entries.to_string(),
            or_nothing(&it.owner),
            closure
                .map_or("open", |it| it.disposition.as_str())
                .to_owned(),
            or_nothing(&closure.map(|it| it.at)),
            or_nothing(&closure.and_then(|it| it.by.clone())),
            or_nothing(&closure.map(|it| it.comment.clone())),
            or_nothing(&closure.and_then(|it| it.evidence.clone())),
            or_nothing(&it.seconds_to_close()),
            it.reopened.to_string(),
        ]
    };
    Ok(written(&FINDINGS, findings.map(row))?)
}

/// Who looked at the trail in the period of a report, exported it or reported on it; where readers
/// are beyond the list, a last row says how many entries are of them.
///
/// # Errors
/// [`RenderError`].
pub fn accesses_sheet(report: &Report) -> Result<String, RenderError> {
    let accesses = &report.log_access;
    let mut rows: Vec<[String; 6]> = Vec::new();
    for it in &accesses.readers {
        rows.push([
            or_nothing(&it.user_id),
            it.action.clone(),
            it.entries.to_string(),
            it.times.to_string(),
            it.first.to_string(),
            it.last.to_string(),
        ]);
    }
    if accesses.entries_unlisted > 0 {
        let mut row: [String; 6] = Default::default();
        row[1] = "(beyond the list)".to_owned();
        row[2] = accesses.entries_unlisted.to_string();
        rows.push(row);
    }
    Ok(written(&ACCESSES, rows)?)
}

fn or_nothing<T: ToString>(value: &Option<T>) -> String {
    value.as_ref().map(T::to_string).unwrap_or_default()
}
