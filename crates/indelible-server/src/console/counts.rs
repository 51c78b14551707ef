//! The counts of a trail by hour, action and outcome, held between pages as long as the trail
//! stands still.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use indelible_core::engine::Audit;
use indelible_core::store::Rollup;
use indelible_core::{AuditError, Entry, Timestamp, TrailName};

use crate::limits::TRAILS_COUNTED_MAX;

/// The counts of trails, as they were read last.
#[derive(Default)]
pub struct Counted(Mutex<HashMap<TrailName, Arc<Counts>>>);

/// The counts of a trail at a size.
pub struct Counts {
    size: u64,
    /// By hour.
    pub rows: Vec<Rollup>,
    /// The actions that were ever recorded.
    pub actions: BTreeSet<String>,
}

impl Counted {
    /// The counts of a trail that has `size` entries, or had lately.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn of(&self, audit: &Audit, size: u64) -> Result<Arc<Counts>, AuditError> {
        // Every change is one assignment.
        let kept = |counts: &Mutex<HashMap<_, _>>| {
            let counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
            counts.get(audit.name()).cloned()
        };
        if let Some(counts) = kept(&self.0).filter(|counts: &Arc<Counts>| counts.size == size) {
            return Ok(counts);
        }
        let all = Timestamp::MIN.hour()..Timestamp::MAX.hour() + 1;
        let mut rows = audit.summary(all).await?;
        rows.sort_by_key(|row| row.hour);
        let counts = Arc::new(Counts {
            size,
            actions: rows.iter().map(|row| row.action.clone()).collect(),
            rows,
        });
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= TRAILS_COUNTED_MAX && !kept.contains_key(audit.name()) {
            kept.clear();
        }
        kept.insert(audit.name().clone(), counts.clone());
        Ok(counts)
    }
}

impl Counts {
    /// The counts of some entries.
    pub fn of(entries: &[Entry]) -> Self {
        let mut rows: Vec<Rollup> = entries.iter().map(one).collect();
        rows.sort_by_key(|row| row.hour);
        Self {
            size: 0,
            actions: BTreeSet::new(),
            rows,
        }
    }

    /// The rows of these hours.
    pub fn within(&self, hours: &std::ops::Range<i64>) -> &[Rollup] {
        let begin = self.rows.partition_point(|row| row.hour < hours.start);
        let end = self.rows.partition_point(|row| row.hour < hours.end);
        &self.rows[begin..end.max(begin)]
    }
}

fn one(entry: &Entry) -> Rollup {
    Rollup {
        hour: entry.occurred_at.hour(),
        action: entry.action.clone(),
        outcome: entry.outcome,
        count: 1,
    }
}
