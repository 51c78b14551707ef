//! What was decided in reviews, read from the entries that say so. There is no other record of it.

mod state;

use indelible_core::engine::Audit;
use indelible_core::entry::StoredEntry;
use indelible_core::part::PartKind;
use indelible_core::{AuditError, Query, Timestamp};
use serde::Serialize;
use serde_json::Value;

use super::reading::{RulesUsed, unreadable};
use crate::period::Period;

pub use state::{Closure, Disposition, FindingState, Ledger, MissedDay};

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
    /// The rules that were used.
    pub rules: RulesUsed,
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
}

/// Entries that are read at once.
const RUN_ENTRIES: i64 = 1_000;
/// The action that says that a finding has an owner. The catalogue has none for it.
pub const ASSIGNED: &str = "audit_finding_assigned";
/// The actions of reviews, as queries name them.
const ACTIONS: [&str; 3] = ["audit_review_*", "audit_finding_*", ASSIGNED];

/// Reads what was decided in reviews of a trail.
///
/// # Errors
/// [`AuditError::Store`], also where an entry is not as it was recorded.
pub async fn ledger(audit: &Audit) -> Result<Ledger, AuditError> {
    let Some(head) = audit.head().await? else {
        return Ok(Ledger::default());
    };
    let mut entries = Vec::new();
    for action in ACTIONS {
        let query = Query::new().action(action).as_of(head.size);
        let query = query.limit(RUN_ENTRIES);
        let mut next = Some(0);
        while let Some(seq) = next {
            let run = audit.stored_from(&query, seq).await?;
            for entry in &run.entries {
                audit.check_entry(entry)?;
                entries.push(Said::of(entry)?);
            }
            next = run.next;
        }
    }
    entries.sort_by_key(|said| said.seq);
    let mut ledger = Ledger::default();
    for said in entries {
        ledger.add(said);
    }
    Ok(ledger)
}

/// What an entry of a review says.
pub(super) struct Said {
    pub seq: u64,
    pub action: String,
    pub at: Timestamp,
    pub by: Option<String>,
    context: Value,
}

impl Said {
    fn of(entry: &StoredEntry) -> Result<Self, AuditError> {
        let body = |kind| entry.body(kind).map_err(unreadable);
        let actor = body(PartKind::Actor)?.unwrap_or_default();
        let details = body(PartKind::Details)?.unwrap_or_default();
        let by = actor.get("user_id").and_then(Value::as_str);
        Ok(Self {
            seq: entry.seq,
            action: entry.action.clone(),
            at: entry.created_at,
            by: by.map(str::to_owned),
            context: details.get("context").cloned().unwrap_or_default(),
        })
    }

    pub fn text(&self, name: &str) -> Option<String> {
        self.context.get(name)?.as_str().map(str::to_owned)
    }

    pub fn number(&self, name: &str) -> Option<u64> {
        self.context.get(name)?.as_u64()
    }

    pub fn time(&self, name: &str) -> Option<Timestamp> {
        self.text(name)?.parse().ok()
    }

    pub fn flag(&self, name: &str) -> Option<bool> {
        self.context.get(name)?.as_bool()
    }

    pub fn numbers(&self, name: &str) -> Vec<u64> {
        let list = self.context.get(name).and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(Value::as_u64)
            .collect()
    }
}

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
            rules: RulesUsed {
                name: said.text("rule_set")?,
                version: said.text("rule_set_version")?,
                sha256: said.text("rule_set_digest")?,
            },
            entries: said.number("records_in_scope")?,
            findings: said.number("findings_count")?,
            findings_open: said.number("findings_open")?,
            whole: said.flag("whole")?,
            scope: said.text("scope"),
            comment: said.text("comment"),
        };
        let is_possible = sign_off.from <= sign_off.as_of
            && sign_off.as_of <= sign_off.seq
            && sign_off.period.from <= sign_off.period.to;
        is_possible.then_some(sign_off)
    }
}
