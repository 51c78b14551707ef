//! What was decided in reviews, read from the entries that say so. There is no other record of it.

#[cfg(test)]
mod bounds;
mod checked;
mod sign_off;
mod state;

use std::collections::VecDeque;

use indelible_core::engine::{Audit, Author};
use indelible_core::entry::StoredEntry;
use indelible_core::part::PartKind;
use indelible_core::{AuditError, Query, Timestamp};
use serde_json::Value;

use super::reading::unreadable;
use crate::scope::Declaration;
use checked::{Verdict, judged};

pub use sign_off::{SignOff, UNCHECKED};
pub use state::{
    Closure, Disposition, FindingState, InvalidSignOff, Ledger, MissedDay, ReviewStart,
};

/// Entries that are read at once: each may have a context of 64 KiB.
const RUN_ENTRIES: i64 = 100;
/// The longest text that is kept of an entry, in characters.
const TEXT_CHARS_MAX: usize = 2_000;
/// The most entries of a finding that are named.
const SEQS_MAX: usize = 1_000;
/// The action that says that a finding has an owner. The catalogue has none for it.
pub const ASSIGNED: &str = "audit_finding_assigned";
/// The action that says from which day on is reviewed.
pub const STARTED: &str = "audit_review_started";
/// The actions of reviews, as queries name them.
const ACTIONS: [&str; 4] = ["audit_review_*", "audit_finding_*", ASSIGNED, STARTED];

/// What is said of an entry that looks like a decision and carries no code of this installation.
const FOREIGN: &str = "somebody else recorded it: it carries no code of this installation";

/// The same where it cannot be told.
const UNTOLD: &str = "it cannot be told who recorded it: the secret for own-records is not at hand";
/// The actions by which something is decided.
const DECIDING: [&str; 6] = [
    "audit_finding_raised",
    ASSIGNED,
    "audit_finding_resolved",
    "audit_review_completed",
    "audit_review_missed",
    STARTED,
];

/// Reads what was decided in reviews of a trail. An entry decides where Indelible itself recorded it:
/// who may record may record one that looks like it. A sign-off counts where what it says of the
/// trail is so. Where retention removed what would
/// show it, it counts for the time of what was removed alone.
///
/// # Errors
/// [`AuditError::Store`], also where an entry is not as it was recorded.
pub async fn ledger(audit: &Audit) -> Result<Ledger, AuditError> {
    match audit.head().await? {
        Some(head) => ledger_at(audit, head.size).await,
        None => Ok(Ledger::default()),
    }
}

/// The same, of the trail as it was with this many entries.
///
/// # Errors
/// As [`ledger`].
pub async fn ledger_at(audit: &Audit, as_of: u64) -> Result<Ledger, AuditError> {
    let mut streams = ACTIONS.map(|action| Stream::of(action, as_of));
    let (own, first_kept) = (audit.own_records().await?, audit.first_kept().await?);
    let mut tree = audit.tree();
    let mut ledger = Ledger {
        first_kept,
        ..Ledger::default()
    };
    let first = match first_kept {
        0 => None,
        seq => audit.entry_at(seq).await?,
    };
    loop {
        for stream in &mut streams {
            stream.fill(audit).await?;
        }
        let ahead = streams.iter_mut().filter(|stream| !stream.run.is_empty());
        let Some(next) = ahead.min_by_key(|stream| stream.run.front().map(|entry| entry.seq))
        else {
            return Ok(ledger);
        };
        let Some(entry) = next.run.pop_front() else {
            continue;
        };
        let author = own.author(&entry);
        match author {
            // What decides stands in the tree: bytes that fit together anybody can make who owns the
            // database and has seen an entry of before.
            Author::Own => tree.check(&entry).await?,
            Author::Other | Author::Unknown => audit.check_entry(&entry)?,
        }
        let said = Said::of(&entry)?;
        if let Some(problem) = foreign(author, &said) {
            ledger.refused(said.seq, said.at, (said.by, problem.to_owned()));
            continue;
        }
        match SignOff::of(&said) {
            Some(mut sign_off) if said.action == "audit_review_completed" => {
                let reviewed_to = ledger.sign_offs.last().map_or(0, |last| last.as_of);
                match judged(audit, &sign_off, reviewed_to).await? {
                    Verdict::Holds => ledger.signed(sign_off),
                    Verdict::Unchecked => {
                        sign_off.uncheck(first.as_ref().map(|entry| entry.created_at));
                        ledger.signed(sign_off);
                    }
                    Verdict::Wrong(problem) => ledger.unsigned(sign_off, problem),
                }
            }
            _ => ledger.add(said),
        }
    }
}

/// Why an entry decides nothing, whatever it says, by who recorded it.
fn foreign(author: Author, said: &Said) -> Option<&'static str> {
    match author {
        _ if !DECIDING.contains(&&*said.action) => None,
        Author::Own => None,
        Author::Other => Some(FOREIGN),
        // What was erased says nothing that could be understood.
        Author::Unknown if said.context.is_null() => None,
        Author::Unknown => Some(UNTOLD),
    }
}

/// The entries of one action, some at a time and in the order of the trail: all contexts at once
/// would not be bounded.
struct Stream {
    query: Query,
    next: Option<u64>,
    run: VecDeque<StoredEntry>,
}

impl Stream {
    fn of(action: &str, as_of: u64) -> Self {
        let query = Query::new().action(action).as_of(as_of);
        Self {
            query: query.limit(RUN_ENTRIES),
            next: Some(0),
            run: VecDeque::new(),
        }
    }

    async fn fill(&mut self, audit: &Audit) -> Result<(), AuditError> {
        while self.run.is_empty()
            && let Some(seq) = self.next
        {
            let run = audit.stored_from(&self.query, seq).await?;
            self.next = run.next;
            self.run.extend(run.entries);
        }
        Ok(())
    }
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
        let text = self.context.get(name)?.as_str()?;
        Some(text.chars().take(TEXT_CHARS_MAX).collect())
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

    pub fn declaration(&self, name: &str) -> Option<Declaration> {
        let said = self.context.get(name)?;
        let text = |name: &str| {
            let text = said.get(name)?.as_str()?;
            Some(text.chars().take(TEXT_CHARS_MAX).collect())
        };
        Some(Declaration {
            by: text("by")?,
            on: text("on")?,
            why: text("why")?,
        })
    }

    pub fn numbers(&self, name: &str) -> Vec<u64> {
        let list = self.context.get(name).and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(Value::as_u64)
            .take(SEQS_MAX)
            .collect()
    }
}
