//! What retention would take away.

use std::time::Duration;

use indelible_merkle::Hash;

use super::ranges::Ranges;
use super::{RetentionPolicy, in_force, proved};
use crate::engine::audit::Audit;
use crate::engine::hold::{self, InForce};
use crate::engine::own::is_keeping;
use crate::entry::{Erasure, StoredEntry};
use crate::error::AuditError;
use crate::part::{PartKind, PerPart};
use crate::time::Timestamp;

/// What retention would take away, and what stays nevertheless.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RetentionPlan {
    /// The size of the trail that was looked at.
    pub as_of: u64,
    /// The policy; without one nothing goes.
    pub policy: Option<RetentionPolicy>,
    /// The seq of the first entry that is there.
    pub first_kept: u64,
    /// The entries that go whole.
    pub expired: Option<Expired>,
    /// Entries that are old enough to go and stay, behind the first that may not go, and why.
    pub kept_back: Option<KeptBack>,
    /// The entries of which parts go.
    pub entries: u64,
    /// How many parts go, by kind.
    pub parts: PerPart<u64>,
    pub(super) ranges: Ranges,
}

impl RetentionPlan {
    /// The parts that go of entries that stay: ranges by seq that do not overlap.
    pub fn erasures(&self) -> Vec<Erasure> {
        self.ranges.erasures().collect()
    }
}

/// Entries that go whole: all from the first one that is there on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expired {
    /// The first of them.
    pub first: u64,
    /// The last of them.
    pub last: u64,
    /// When the oldest was recorded.
    pub oldest: Timestamp,
    /// When the newest was recorded.
    pub newest: Timestamp,
    /// The root of the tree over all entries up to the last one that goes.
    pub root: Hash,
}

/// Why entries that are old enough stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptBack {
    /// The first of them.
    pub seq: u64,
    /// How many are old enough, it included.
    pub entries: u64,
    /// The hold that keeps the first; where there is none, its minimum is not over.
    pub hold: Option<String>,
}

impl Expired {
    /// How many entries go.
    pub fn count(&self) -> u64 {
        self.last - self.first + 1
    }
}

/// Entries that are read at once.
const CHUNK_ENTRIES: u64 = 1024;
/// How often a trail is looked at of which entries go meanwhile.
const TRIES_MAX: u32 = 3;

/// A policy as of one moment.
struct Due<'a> {
    policy: &'a RetentionPolicy,
    now: Timestamp,
}

impl Due<'_> {
    fn is_older(&self, entry: &StoredEntry, days: u32) -> bool {
        let age = Duration::from_secs(u64::from(days) * 24 * 60 * 60);
        entry.created_at <= self.now.earlier(age)
    }

    /// Whether an entry is old enough to go whole.
    fn is_expired(&self, entry: &StoredEntry) -> bool {
        let maximum = self.policy.maximum_days;
        maximum.is_some_and(|days| self.is_older(entry, days))
    }

    fn is_protected(&self, entry: &StoredEntry) -> bool {
        let minimum = self.policy.minimum_days;
        minimum.is_some_and(|days| !self.is_older(entry, days))
    }

    /// The parts of an entry that go although it stays, sorted by name. Those of what the trail says
    /// of its own keeping go with the entry only.
    fn parts(&self, entry: &StoredEntry) -> Vec<PartKind> {
        if self.is_protected(entry) || is_keeping(&entry.action) {
            return Vec::new();
        }
        let classes = self.policy.classes.iter();
        let due: Vec<_> = classes
            .filter(|class| class.is_of(&entry.action) && self.is_older(entry, class.after_days))
            .collect();
        let goes = |kind: &PartKind| {
            entry.parts.get(*kind).is_some() && due.iter().any(|class| class.parts.contains(kind))
        };
        PartKind::ALL.into_iter().filter(goes).collect()
    }

    /// Whether neither it nor, by the clock, anything after it is due.
    fn is_too_young(&self, entry: &StoredEntry) -> bool {
        let classes = self.policy.classes.iter().map(|class| class.after_days);
        let least = classes.chain(self.policy.maximum_days).min();
        least.is_none_or(|days| !self.is_older(entry, days))
    }
}

/// Whether an entry is old enough to go whole.
pub(super) fn is_expired(policy: &RetentionPolicy, now: Timestamp, entry: &StoredEntry) -> bool {
    Due { policy, now }.is_expired(entry)
}

/// The plan of a trail of which nothing goes while it is looked at. What went in between looks as if
/// it were missing, or as if it were still there.
pub(super) async fn plan(
    audit: &Audit,
    now: Timestamp,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<RetentionPlan, AuditError> {
    let store = &audit.engine.shared.ground.store;
    for _ in 0..TRIES_MAX {
        let first_kept = store.first_kept(&audit.trail).await?;
        let planned = plan_from(audit, now, first_kept, progress).await;
        match store.first_kept(&audit.trail).await {
            Ok(there) if there != first_kept => {}
            Ok(_) => return planned,
            Err(error) => return planned.and(Err(error.into())),
        }
    }
    Err(AuditError::Removing(audit.trail.clone()))
}

async fn plan_from(
    audit: &Audit,
    now: Timestamp,
    first_kept: u64,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<RetentionPlan, AuditError> {
    let store = &audit.engine.shared.ground.store;
    let size = audit.head().await?.map_or(0, |head| head.size);
    let mut plan = RetentionPlan {
        as_of: size,
        policy: in_force(audit).await?,
        first_kept,
        ..RetentionPlan::default()
    };
    let Some(policy) = plan.policy.clone() else {
        return Ok(plan);
    };
    let due = Due {
        policy: &policy,
        now,
    };
    let mut holds = hold::in_force(audit).await?;
    let mut first = first_kept;
    'trail: while first < size {
        let end = size.min(first + CHUNK_ENTRIES);
        let entries = store.entries(&audit.trail, first..end).await?;
        holds.look_at(&entries).await?;
        for entry in entries {
            if due.is_too_young(&entry) {
                break 'trail;
            }
            look(&mut plan, &due, &holds, &entry)?;
        }
        first = end;
        progress(first, size);
    }
    if let Some(expired) = &mut plan.expired {
        expired.root = proved::root_before(audit, first_kept, expired.last + 1).await?;
    }
    Ok(plan)
}

/// Decides on one entry after all before it.
fn look(
    plan: &mut RetentionPlan,
    due: &Due<'_>,
    holds: &InForce,
    entry: &StoredEntry,
) -> Result<(), AuditError> {
    let hold = holds.of(entry)?;
    // What goes whole is what stands before the first that stays.
    let all_went = plan.first_kept + plan.expired.as_ref().map_or(0, Expired::count) == entry.seq;
    if due.is_expired(entry) {
        if let Some(kept) = &mut plan.kept_back {
            kept.entries += 1;
        } else if all_went && hold.is_none() && !due.is_protected(entry) {
            let (seq, time) = (entry.seq, entry.created_at);
            let expired = plan.expired.get_or_insert(Expired {
                first: seq,
                last: seq,
                oldest: time,
                newest: time,
                root: Hash::EMPTY_ROOT,
            });
            expired.last = seq;
            expired.oldest = expired.oldest.min(time);
            expired.newest = expired.newest.max(time);
            return Ok(());
        } else if all_went {
            plan.kept_back = Some(KeptBack {
                seq: entry.seq,
                entries: 1,
                hold: hold.map(str::to_owned),
            });
        }
    }
    let parts = due.parts(entry);
    if hold.is_none() && !parts.is_empty() {
        plan.entries += 1;
        for kind in &parts {
            *plan.parts.get_mut(*kind) += 1;
        }
        plan.ranges.add(entry.seq, &parts);
    }
    Ok(())
}
