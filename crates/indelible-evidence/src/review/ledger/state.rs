//! How findings and sign-offs stand, after the entries one by one.

use std::collections::BTreeMap;
use std::fmt;

use indelible_core::Timestamp;
use serde::Serialize;

use super::{ASSIGNED, STARTED, Said, SignOff};
use crate::period::Day;

/// What came of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// It is not what the rule took it for.
    FalsePositive,
    /// It is, and it was meant to be.
    Benign,
    /// It is, and somebody bears the risk.
    Accepted,
    /// It was mended.
    Remediated,
    /// It became an incident, which is followed elsewhere.
    Escalated,
}

impl Disposition {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::FalsePositive,
        Self::Benign,
        Self::Accepted,
        Self::Remediated,
        Self::Escalated,
    ];

    /// Its name in entries.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FalsePositive => "false_positive",
            Self::Benign => "benign",
            Self::Accepted => "accepted",
            Self::Remediated => "remediated",
            Self::Escalated => "escalated",
        }
    }

    /// What a name stands for.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == name)
    }
}

impl fmt::Display for Disposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How a finding was closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Closure {
    /// The entry that says so.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// By whom; `None` where that was erased.
    pub by: Option<String>,
    /// What came of it.
    pub disposition: Disposition,
    /// Why.
    pub comment: String,
    /// What shows it: a ticket, an incident, a file.
    pub evidence: Option<String>,
}

/// A finding that is on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FindingState {
    /// Its id.
    pub id: String,
    /// The rule; `manual` where a reviewer raised it by hand.
    pub rule: String,
    /// How bad it is.
    pub severity: String,
    /// What it is about.
    pub why: Option<String>,
    /// The entry that raised it first.
    pub raised_seq: u64,
    /// When.
    pub raised_at: Timestamp,
    /// By whom; `None` where that was erased.
    pub raised_by: Option<String>,
    /// How many entries it rests on, as was last said.
    pub entries: u64,
    /// Which, the first of them.
    pub seqs: Vec<u64>,
    /// Who has to see to it.
    pub owner: Option<String>,
    /// How it was closed; `None` while it is open.
    pub closure: Option<Closure>,
    /// How often it was opened again because more came to it.
    pub reopened: u64,
}

impl FindingState {
    /// Whether it waits for somebody.
    pub fn is_open(&self) -> bool {
        self.closure.is_none()
    }

    /// How long it was open, in whole seconds; `None` while it is.
    pub fn seconds_to_close(&self) -> Option<i64> {
        let closed = self.closure.as_ref()?.at;
        Some((closed.as_micros() - self.raised_at.as_micros()) / 1_000_000)
    }
}

/// A day that was put on record as missed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MissedDay {
    /// The entry that says so.
    pub seq: u64,
    /// The day.
    pub day: String,
}

/// From which day on is reviewed, where that was put on record before anything was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReviewStart {
    /// The entry that says so.
    pub seq: u64,
    /// When it was recorded.
    pub at: Timestamp,
    /// By whom; `None` where that was erased.
    pub by: Option<String>,
    /// The day.
    pub day: Day,
    /// Why no day before it is reviewed.
    pub why: String,
}

/// An entry that looks like a decision and counts for nothing, because what it says is not so, or
/// somebody else recorded it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InvalidSignOff {
    /// Its place in the trail.
    pub seq: u64,
    /// When it was recorded.
    pub at: Timestamp,
    /// Who signed, as it says.
    pub reviewer: Option<String>,
    /// What is not so.
    pub problem: String,
}

/// The most sign-offs that are held: the newest.
const SIGN_OFFS_MAX: usize = 20_000;
/// The most findings; closed ones go first.
const FINDINGS_MAX: usize = 20_000;
/// The longest name of a finding, in bytes.
const FINDING_ID_BYTES_MAX: usize = 128;
/// The most of anything else.
const OTHERS_MAX: usize = 10_000;

/// What was decided in reviews of a trail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Ledger {
    /// The first entry that is there: those before it were removed by retention, and what they
    /// decided with them.
    pub first_kept: u64,
    /// The sign-offs that count, in the order of the trail.
    pub sign_offs: Vec<SignOff>,
    /// Those that do not.
    pub invalid: Vec<InvalidSignOff>,
    /// From which day on is reviewed, where that is on record.
    pub start: Option<ReviewStart>,
    /// The findings by their ids.
    pub findings: BTreeMap<String, FindingState>,
    /// The days on record as missed.
    pub missed: Vec<MissedDay>,
    /// Entries with the actions of reviews that say nothing that could be read so: their details
    /// were erased, or something else recorded them.
    pub not_understood: Vec<u64>,
    /// Entries beyond what is held at once, of which nothing is known here.
    pub beyond: u64,
}

impl Ledger {
    /// Up to where everything was signed off: where the next review begins.
    pub fn reviewed_to(&self) -> u64 {
        // Each begins where the one before ended, and what was removed nobody reviews any more.
        let signed = self.sign_offs.last().map_or(0, |last| last.as_of);
        signed.max(self.first_kept)
    }

    /// The end of the time that was signed off last.
    pub fn signed_to(&self) -> Option<Timestamp> {
        self.sign_offs.iter().map(|it| it.period.to).max()
    }

    /// Findings that wait for somebody.
    pub fn open(&self) -> impl Iterator<Item = &FindingState> {
        self.findings.values().filter(|finding| finding.is_open())
    }

    /// The sign-offs with other rules than the one before.
    pub fn rule_changes(&self) -> impl Iterator<Item = (&SignOff, &SignOff)> {
        let pairs = self.sign_offs.iter().zip(self.sign_offs.iter().skip(1));
        pairs.filter(|(before, after)| before.rules.sha256 != after.rules.sha256)
    }

    /// Why an entry does not count as a sign-off; `None` where it does.
    pub fn problem_of(&self, seq: u64) -> Option<String> {
        if self.sign_offs.iter().any(|it| it.seq == seq) {
            return None;
        }
        let invalid = self.invalid.iter().find(|it| it.seq == seq);
        let problem = invalid.map(|it| it.problem.clone());
        Some(problem.unwrap_or_else(|| "it does not say what a sign-off says".to_owned()))
    }

    /// Takes the next sign-off.
    pub(super) fn signed(&mut self, sign_off: SignOff) {
        if self.sign_offs.len() >= SIGN_OFFS_MAX {
            self.sign_offs.drain(..SIGN_OFFS_MAX / 2);
            self.beyond += SIGN_OFFS_MAX as u64 / 2;
        }
        self.sign_offs.push(sign_off);
    }

    /// Takes the next one that counts for nothing, and what is wrong with it.
    pub(super) fn unsigned(&mut self, sign_off: SignOff, problem: String) {
        let (seq, at) = (sign_off.seq, sign_off.signed_at);
        self.refused(seq, at, (sign_off.reviewer, problem));
    }

    /// Takes an entry that counts for nothing, and why.
    pub(super) fn refused(
        &mut self,
        seq: u64,
        at: Timestamp,
        (reviewer, problem): (Option<String>, String),
    ) {
        let invalid = InvalidSignOff {
            seq,
            at,
            reviewer,
            problem,
        };
        hold(&mut self.invalid, invalid, &mut self.beyond);
    }

    /// Takes the next entry that is no sign-off.
    pub(super) fn add(&mut self, said: Said) {
        let seq = said.seq;
        let understood = match said.action.as_str() {
            "audit_review_missed" => said.text("day").map(|day| {
                hold(&mut self.missed, MissedDay { seq, day }, &mut self.beyond);
            }),
            STARTED => self.started(&said),
            "audit_finding_raised" => self.raised(&said),
            ASSIGNED => self.assigned(&said),
            "audit_finding_resolved" => self.resolved(said),
            _ => None,
        };
        if understood.is_none() {
            hold(&mut self.not_understood, seq, &mut self.beyond);
        }
    }

    /// A beginning counts before anything was reviewed or missed: later it would make what was
    /// missed go away.
    fn started(&mut self, said: &Said) -> Option<()> {
        let day = Timestamp::start_of_day(&said.text("day")?).ok()?;
        let why = said.text("why")?;
        let is_first = self.start.is_none() && self.sign_offs.is_empty() && self.missed.is_empty();
        if !is_first || day > said.at {
            let problem = "it names a first day, and something was reviewed, missed or named before, \
                           or the day had not come";
            self.refused(said.seq, said.at, (said.by.clone(), problem.to_owned()));
            return Some(());
        }
        self.start = Some(ReviewStart {
            seq: said.seq,
            at: said.at,
            by: said.by.clone(),
            day: Day::of(day),
            why,
        });
        Some(())
    }

    fn raised(&mut self, said: &Said) -> Option<()> {
        let id = said.text("finding_id").filter(|id| is_finding_id(id))?;
        let (entries, seqs) = (said.number("entries")?, said.numbers("sample_records"));
        if let Some(known) = self.findings.get_mut(&id) {
            known.reopened += u64::from(!known.is_open());
            known.closure = None;
            known.entries = entries;
            known.seqs = seqs;
            return Some(());
        }
        let finding = FindingState {
            id: id.clone(),
            rule: said.text("rule")?,
            severity: said.text("severity")?,
            why: said.text("why"),
            raised_seq: said.seq,
            raised_at: said.at,
            raised_by: said.by.clone(),
            entries,
            seqs,
            owner: said.text("assigned_to"),
            closure: None,
            reopened: 0,
        };
        if self.findings.len() >= FINDINGS_MAX {
            let before = self.findings.len();
            self.findings.retain(|_, finding| finding.is_open());
            self.beyond += (before - self.findings.len()) as u64;
        }
        match self.findings.len() < FINDINGS_MAX {
            true => drop(self.findings.insert(id, finding)),
            false => self.beyond += 1,
        }
        Some(())
    }

    fn assigned(&mut self, said: &Said) -> Option<()> {
        let owner = said.text("assigned_to")?;
        let known = self.findings.get_mut(&said.text("finding_id")?)?;
        known.owner = Some(owner);
        Some(())
    }

    fn resolved(&mut self, said: Said) -> Option<()> {
        let disposition = Disposition::named(&said.text("disposition")?)?;
        let comment = said.text("comment")?;
        let evidence = said.text("evidence");
        let known = self.findings.get_mut(&said.text("finding_id")?)?;
        known.closure = Some(Closure {
            seq: said.seq,
            at: said.at,
            by: said.by,
            disposition,
            comment,
            evidence,
        });
        Some(())
    }
}

/// Adds to a list that is bounded.
fn hold<T>(list: &mut Vec<T>, item: T, beyond: &mut u64) {
    match list.len() < OTHERS_MAX {
        true => list.push(item),
        false => *beyond += 1,
    }
}

/// Whether a finding may be called so: what a rule's name and a number come to, which stands in URLs.
fn is_finding_id(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let has_name = id.bytes().any(|byte| byte.is_ascii_alphanumeric());
    id.len() <= FINDING_ID_BYTES_MAX && has_name && id.bytes().all(plain)
}
