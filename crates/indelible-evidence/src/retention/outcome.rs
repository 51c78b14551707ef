//! What retention took away, or would take away.

use indelible_core::engine::{Retained, RetentionPlan, RetentionPolicy};
use indelible_core::part::PerPart;
use indelible_core::{Timestamp, TrailName};
use serde::Serialize;

/// What went, or would go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The trail.
    pub trail: TrailName,
    /// Whether nothing was done.
    pub dry_run: bool,
    /// The size of the trail that was looked at.
    pub as_of: u64,
    /// The policy; without one nothing goes.
    pub policy: Option<RetentionPolicy>,
    /// The seq of the first entry that is there.
    pub first_kept: u64,
    /// The entries that go whole.
    pub expired: Option<Gone>,
    /// Entries that are old enough and stay.
    pub kept_back: Option<Stays>,
    /// The entries of which parts go.
    pub part_entries: u64,
    /// How many parts go.
    pub parts: Parts,
    /// Where the trail says what went.
    pub recorded: Vec<u64>,
    /// The entries that went, those of earlier runs that were cut short included.
    pub removed: u64,
    /// Why the bytes of parts are still in the database's files.
    pub unpurged: Option<String>,
    /// Whether something that was recorded as removed stays, because it was held since.
    pub held_back: bool,
}

/// Entries that go whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gone {
    /// The first of them.
    pub first: u64,
    /// The last of them.
    pub last: u64,
    /// How many.
    pub count: u64,
    /// When the oldest was recorded.
    pub oldest: Timestamp,
    /// When the newest was recorded.
    pub newest: Timestamp,
    /// The root of the tree over all entries up to the last one that goes.
    pub root: String,
}

/// Entries that are old enough and stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stays {
    /// The first of them.
    pub seq: u64,
    /// How many, it included.
    pub entries: u64,
    /// The hold that keeps the first; where there is none, its minimum is not over.
    pub hold: Option<String>,
}

/// Parts of entries that stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Parts {
    /// Who acted.
    pub actor: u64,
    /// What was acted upon.
    pub target: u64,
    /// The rest.
    pub details: u64,
}

impl Outcome {
    /// What a plan says, and what was done of it.
    pub fn of(trail: TrailName, plan: RetentionPlan, done: Option<Retained>) -> Self {
        let PerPart {
            actor,
            target,
            details,
        } = plan.parts;
        let dry_run = done.is_none();
        let done = done.unwrap_or_else(|| Retained {
            first_kept: plan.first_kept,
            ..Retained::default()
        });
        Self {
            trail,
            dry_run,
            as_of: plan.as_of,
            policy: plan.policy,
            first_kept: done.first_kept,
            expired: plan.expired.map(|expired| Gone {
                first: expired.first,
                last: expired.last,
                count: expired.count(),
                oldest: expired.oldest,
                newest: expired.newest,
                root: expired.root.to_string(),
            }),
            kept_back: plan.kept_back.map(|kept| Stays {
                seq: kept.seq,
                entries: kept.entries,
                hold: kept.hold,
            }),
            part_entries: plan.entries,
            parts: Parts {
                actor,
                target,
                details,
            },
            recorded: done.recorded,
            removed: done.entries,
            unpurged: done.unpurged,
            held_back: done.is_held_back,
        }
    }

    /// Whether nothing goes.
    pub fn is_nothing(&self) -> bool {
        self.expired.is_none() && self.part_entries == 0
    }

    /// The entries that go, in a sentence.
    pub fn gone(&self) -> String {
        let would = if self.dry_run { "would go" } else { "went" };
        match &self.expired {
            None => "none".to_owned(),
            Some(gone) => format!(
                "{} {would}, #{} to #{}, recorded {} to {}",
                gone.count, gone.first, gone.last, gone.oldest, gone.newest
            ),
        }
    }

    /// What is kept back and why, where something is.
    pub fn stays(&self) -> String {
        let Some(kept) = &self.kept_back else {
            return String::new();
        };
        let why = match &kept.hold {
            Some(hold) => format!("#{} is held by {hold}", kept.seq),
            None => format!("the minimum of #{} is not over", kept.seq),
        };
        format!("{} that are old enough: {why}", kept.entries)
    }

    /// The parts that go, where some do.
    pub fn blanked(&self) -> String {
        let Parts {
            actor,
            target,
            details,
        } = self.parts;
        if self.part_entries == 0 {
            return String::new();
        }
        let would = if self.dry_run { "would go" } else { "went" };
        format!(
            "{actor} actor, {target} target, {details} details {would} of {} entries that stay",
            self.part_entries
        )
    }
}
