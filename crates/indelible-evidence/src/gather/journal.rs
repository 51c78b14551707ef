//! What the trail says of itself: who read it, when recording began and ended, what was reviewed.

use std::collections::BTreeMap;

use indelible_core::engine::OWN_CODE;
use indelible_core::entry::StoredEntry;
use indelible_core::part::PartKind;
use indelible_core::{Timestamp, TrailName};
use serde::Serialize;
use serde_json::{Map, Value};

use super::days::Days;
use super::quality::is_late;
use crate::review::{ASSIGNED, Ledger, STARTED, UNCHECKED};

/// The most events of one list.
pub const JOURNAL_MAX: usize = 1_000;
/// The most readers that are listed.
pub const READERS_MAX: usize = 1_000;

/// The most characters of a fact in a list.
const FACT_CHARS_MAX: usize = 200;
/// The most facts of an entry in a list.
const FACTS_MAX: usize = 50;

/// Actions of reading, exporting and reporting.
const ACCESS: &[&str] = &[
    "audit_log_access_denied",
    "audit_log_accessed",
    "audit_log_export_failed",
    "audit_log_exported",
    "audit_report_generated",
];

/// Actions of the life of the log.
pub(super) const LIFECYCLE: &[&str] = &[
    "audit_archive_restored",
    "audit_clock_drift_detected",
    "audit_config_changed",
    "audit_integrity_failed",
    "audit_integrity_verified",
    "audit_legal_hold_placed",
    "audit_legal_hold_released",
    "audit_log_archived",
    "audit_paused",
    "audit_records_expired",
    "audit_resumed",
    "audit_retention_policy_changed",
    "audit_started",
    "audit_stopped",
    "audit_subject_erased",
    "audit_write_failed",
];

/// Actions of reviews.
const REVIEWS: &[&str] = &[
    "access_review_completed",
    "audit_finding_raised",
    "audit_finding_resolved",
    "audit_review_completed",
    "audit_review_missed",
    ASSIGNED,
    STARTED,
];

/// Accesses to the log by one reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogAccess {
    /// Who; `null` where it was erased or not said.
    pub user_id: Option<String>,
    /// What was done.
    pub action: String,
    /// Entries that say so.
    pub entries: u64,
    /// How often, repeats that were summed up included.
    pub times: u64,
    /// The first of the entries.
    pub first: Timestamp,
    /// The last.
    pub last: Timestamp,
}

/// Something that the trail says of itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JournalEntry {
    /// The trail that says it.
    pub trail: TrailName,
    /// Its position there.
    pub seq: u64,
    /// What.
    pub action: String,
    /// When.
    pub occurred_at: Timestamp,
    /// The facts that go with it.
    pub facts: Map<String, Value>,
    /// Why it counts for nothing, or cannot be checked any more; `null` where nothing is wrong with it.
    pub problem: Option<String>,
}

/// A list that is cut, and how many there are.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Listed<T> {
    /// How many there are.
    pub count: u64,
    /// The first of them.
    pub list: Vec<T>,
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self {
            count: 0,
            list: Vec::new(),
        }
    }
}

impl<T> Listed<T> {
    fn push(&mut self, item: T) {
        self.count += 1;
        if self.list.len() < JOURNAL_MAX {
            self.list.push(item);
        }
    }
}

#[derive(Default)]
pub(super) struct Journal {
    access: BTreeMap<(String, Option<String>), LogAccess>,
    more_readers: u64,
    pub lifecycle: Listed<JournalEntry>,
    pub reviews: Listed<JournalEntry>,
    pub starts: u64,
    pub self_checks: u64,
    /// When there were starts, self-checks and heartbeats.
    pub signs: Days,
    /// What is wrong with entries of reviews.
    problems: BTreeMap<u64, String>,
}

impl Journal {
    pub fn of(ledger: &Ledger) -> Self {
        let invalid = ledger.invalid.iter();
        let invalid = invalid.map(|it| (it.seq, it.problem.clone()));
        let unchecked = ledger.sign_offs.iter().filter(|it| !it.is_checked);
        Self {
            problems: unchecked
                .map(|it| (it.seq, UNCHECKED.to_owned()))
                .chain(invalid)
                .collect(),
            ..Self::default()
        }
    }

    /// Takes an entry of the period.
    pub fn add(&mut self, trail: &TrailName, entry: &StoredEntry) {
        let action = entry.action.as_str();
        if ACCESS.contains(&action) {
            self.accessed(entry);
        }
        if LIFECYCLE.contains(&action) {
            self.lived(trail, entry);
        }
        if REVIEWS.contains(&action) {
            self.reviews.push(JournalEntry {
                problem: self.problems.remove(&entry.seq),
                ..item(trail, entry)
            });
        }
        if action == "audit_self_checked" {
            self.beat(entry);
        }
    }

    /// Takes a self-check or a heartbeat.
    pub fn beat(&mut self, entry: &StoredEntry) {
        if !is_late(entry) {
            self.self_checks += 1;
            self.signs.add(entry.occurred_at, true);
        }
    }

    /// Takes an entry of the life of the log.
    fn lived(&mut self, trail: &TrailName, entry: &StoredEntry) {
        self.started(entry);
        self.lifecycle.push(item(trail, entry));
    }

    /// Whoever stops was alive and is not any more: a start alone is a sign of life.
    pub fn started(&mut self, entry: &StoredEntry) {
        if entry.action == "audit_started" && !is_late(entry) {
            self.starts += 1;
            self.signs.add(entry.occurred_at, true);
        }
    }

    /// Takes what another trail says: how much, and the first of it.
    pub fn told(&mut self, count: u64, list: impl IntoIterator<Item = JournalEntry>) {
        self.lifecycle.count += count;
        let room = JOURNAL_MAX.saturating_sub(self.lifecycle.list.len());
        self.lifecycle.list.extend(list.into_iter().take(room));
    }

    fn accessed(&mut self, entry: &StoredEntry) {
        let user_id = member(entry, PartKind::Actor, "user_id");
        let user_id = user_id.and_then(|user| user.as_str().map(str::to_owned));
        let context = member(entry, PartKind::Details, "context");
        let repeats = context.as_ref().and_then(|context| context.get("repeats"));
        let counted = |name| repeats.and_then(|it| it.get(name)).and_then(Value::as_u64);
        let times = counted("count")
            .or_else(|| counted("count_at_most"))
            .unwrap_or(1);
        let place = (entry.action.clone(), user_id.clone());
        if self.access.len() >= READERS_MAX && !self.access.contains_key(&place) {
            self.more_readers += 1;
            return;
        }
        let access = self.access.entry(place).or_insert_with(|| LogAccess {
            user_id,
            action: entry.action.clone(),
            entries: 0,
            times: 0,
            first: entry.occurred_at,
            last: entry.occurred_at,
        });
        access.entries += 1;
        access.times += times;
        access.first = access.first.min(entry.occurred_at);
        access.last = access.last.max(entry.occurred_at);
    }

    /// The accesses, and how many entries are of readers beyond the list.
    pub fn access(&mut self) -> (Vec<LogAccess>, u64) {
        let access = std::mem::take(&mut self.access);
        (access.into_values().collect(), self.more_readers)
    }
}

pub(super) fn item(trail: &TrailName, entry: &StoredEntry) -> JournalEntry {
    let facts = match member(entry, PartKind::Details, "context") {
        Some(Value::Object(facts)) => facts
            .into_iter()
            .filter(|(name, _)| name != OWN_CODE)
            .filter_map(short)
            .take(FACTS_MAX)
            .collect(),
        _ => Map::new(),
    };
    JournalEntry {
        trail: trail.clone(),
        seq: entry.seq,
        action: entry.action.clone(),
        occurred_at: entry.occurred_at,
        facts,
        problem: None,
    }
}

/// A fact that is worth a line: no list, no object, and of a text its beginning.
fn short((name, value): (String, Value)) -> Option<(String, Value)> {
    let value = match value {
        Value::String(text) if text.chars().count() > FACT_CHARS_MAX => {
            let begin: String = text.chars().take(FACT_CHARS_MAX).collect();
            format!("{begin}…").into()
        }
        Value::Array(_) | Value::Object(_) => return None,
        value => value,
    };
    Some((name, value))
}

pub(super) fn member(entry: &StoredEntry, kind: PartKind, name: &str) -> Option<Value> {
    match entry.body(kind) {
        Ok(Some(Value::Object(mut body))) => body.remove(name),
        _ => None,
    }
}
