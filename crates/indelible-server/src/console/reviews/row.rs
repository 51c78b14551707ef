//! Findings, flags and days as pages show them.

use indelible_core::{Timestamp, TrailName};
use indelible_evidence::review::{
    DayLine, DayState, Disposition, FindingLine, Flag, RuleCount, RulesUsed, Severity, Shown,
};

use crate::console::href;
use crate::console::moment::Moment;

/// The most days that one page lists.
pub const DAYS_SHOWN_MAX: usize = 31;
/// The most remarks beside them.
pub const REMARKS_MAX: usize = 12;
/// The most entries of a finding that a page links to.
const SEQS_SHOWN_MAX: usize = 6;
/// The longest text of somebody's that is shown whole, in characters.
const TEXT_MAX: usize = 120;

/// An entry and its page.
pub type Link = (u64, String);

/// What a rule flags.
pub struct Flagged {
    pub id: String,
    pub severity: Severity,
    pub why: String,
    pub group: Vec<(&'static str, String)>,
    pub entries: u64,
    pub first: Moment,
    pub last: Moment,
    pub seqs: Vec<Link>,
    pub is_more: bool,
    pub state: String,
    /// Whether less of it is on record, or nothing.
    pub is_news: bool,
}

/// A finding on record.
pub struct Finding {
    pub id: String,
    pub severity: Option<Severity>,
    pub severity_text: String,
    pub why: String,
    pub entries: u64,
    pub seqs: Vec<Link>,
    pub is_more: bool,
    pub raised: Moment,
    pub raised_seq: u64,
    pub raised_url: String,
    pub raised_by: Option<String>,
    pub owner: Option<String>,
    pub closed_seq: Option<u64>,
    pub closure: Option<Closed>,
    /// Its part of the URLs that decide about it.
    pub path: String,
}

/// What came of a finding.
pub struct Closed {
    pub disposition: Disposition,
    pub at: Moment,
    pub url: String,
    pub by: Option<String>,
    pub comment: String,
    pub evidence: Option<String>,
}

/// A day and its review.
pub struct Day {
    pub day: String,
    pub state: &'static str,
    pub class: &'static str,
    pub due: Moment,
    pub signed: Option<(Moment, Link)>,
    pub reviewer: Option<String>,
    pub missed: Option<Link>,
}

/// What a rule came to.
pub struct Count {
    pub rule: String,
    pub severity: Severity,
    pub why: String,
    pub matched: u64,
    pub findings: u64,
    pub undecidable: u64,
}

/// The class that colours how bad something is; its word stands beside it.
pub const fn class(severity: &Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "failed",
        Severity::Medium => "attempted",
        Severity::Low => "",
    }
}

/// What came of a finding, in words.
pub const fn words(disposition: &Disposition) -> &'static str {
    match disposition {
        Disposition::FalsePositive => "false positive: not what the rule took it for",
        Disposition::Benign => "benign: it is, and was meant to be",
        Disposition::Accepted => "accepted: somebody bears the risk",
        Disposition::Remediated => "remediated: it was mended",
        Disposition::Escalated => "escalated: followed elsewhere as an incident",
    }
}

/// The rules of a review, by name.
pub fn rules(used: &RulesUsed) -> String {
    format!("{} {}", used.name, used.version)
}

/// The rules that met something.
pub fn counts(all: &[RuleCount]) -> Vec<Count> {
    let met = |it: &&RuleCount| it.matched + it.erased + it.findings > 0;
    let count = |it: &RuleCount| Count {
        rule: it.rule.clone(),
        severity: it.severity,
        why: cut(&it.why),
        matched: it.matched,
        findings: it.findings,
        undecidable: it.erased + it.without_number,
    };
    all.iter().filter(met).map(count).collect()
}

impl Flagged {
    /// A flag of what is shown.
    pub fn of(
        (flag, is_news): (&Flag, bool),
        shown: &Shown,
        trail: &TrailName,
        now: Timestamp,
    ) -> Self {
        let counts = shown.review.counts.iter();
        let why = counts.filter(|it| it.rule == flag.rule).map(|it| &it.why);
        let value = |value: &Option<String>| value.as_deref().map_or("none".to_owned(), cut);
        Self {
            why: why.map(|why| cut(why)).next().unwrap_or_default(),
            group: flag
                .group
                .iter()
                .map(|(name, it)| (*name, value(it)))
                .collect(),
            entries: flag.entries,
            first: Moment::of(flag.first, now),
            last: Moment::of(flag.last, now),
            seqs: links(&flag.seqs, trail),
            is_more: flag.entries > SEQS_SHOWN_MAX as u64,
            state: cut(&shown.state(flag)),
            is_news,
            severity: flag.severity,
            id: flag.id.clone(),
        }
    }
}

impl Finding {
    /// A finding of this trail.
    pub fn of(line: FindingLine, trail: &TrailName, now: Timestamp) -> Self {
        let it = line.finding;
        let closure = it.closure.as_ref();
        let path: String = form_urlencoded::byte_serialize(it.id.as_bytes()).collect();
        Self {
            severity: Severity::named(&it.severity),
            severity_text: cut(&it.severity),
            why: it.why.as_deref().map(cut).unwrap_or_default(),
            entries: it.entries,
            seqs: links(&it.seqs, trail),
            is_more: it.entries > SEQS_SHOWN_MAX as u64,
            raised: Moment::of(it.raised_at, now),
            raised_seq: it.raised_seq,
            raised_url: href::entry(trail, it.raised_seq),
            raised_by: it.raised_by.as_deref().map(cut),
            owner: it.owner.as_deref().map(cut),
            closed_seq: closure.map(|it| it.seq),
            closure: closure.map(|it| Closed {
                disposition: it.disposition,
                at: Moment::of(it.at, now),
                url: href::entry(trail, it.seq),
                by: it.by.as_deref().map(cut),
                comment: cut(&it.comment),
                evidence: it.evidence.as_deref().map(cut),
            }),
            path: path.replace('+', "%20"),
            id: it.id,
        }
    }

    /// The class that colours it.
    pub fn class(&self) -> &'static str {
        self.severity.as_ref().map_or("", class)
    }
}

impl Day {
    /// A day of this trail.
    pub fn of(line: &DayLine, trail: &TrailName, now: Timestamp) -> Self {
        let link = |seq: u64| (seq, href::entry(trail, seq));
        let signed = line.signed_at.zip(line.sign_off);
        Self {
            day: line.day.to_string(),
            state: line.state.as_str(),
            class: match line.state {
                DayState::Reviewed => "succeeded",
                DayState::Late => "attempted",
                DayState::Missed => "failed",
                DayState::Due => "",
            },
            due: Moment::of(line.due_at, now),
            signed: signed.map(|(at, seq)| (Moment::of(at, now), link(seq))),
            reviewer: line.reviewer.as_deref().map(cut),
            missed: line.missed_seq.map(link),
        }
    }
}

fn links(seqs: &[u64], trail: &TrailName) -> Vec<Link> {
    let seqs = seqs.iter().take(SEQS_SHOWN_MAX);
    seqs.map(|seq| (*seq, href::entry(trail, *seq))).collect()
}

/// A text of somebody's, cut where it would fill the page.
pub fn cut(text: &str) -> String {
    match text.char_indices().nth(TEXT_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
