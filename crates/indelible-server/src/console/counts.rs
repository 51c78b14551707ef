//! The counts of a trail by hour, action and outcome, held between pages as long as the trail
//! stands still, and for [`COUNTS_TIME`] where it grows.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex as Lock, PoisonError};
use std::time::Duration;

use indelible_core::engine::Audit;
use indelible_core::store::Rollup;
use indelible_core::{AuditError, Entry, Outcome, Timestamp, TrailName};
use tokio::sync::Mutex;

use crate::limits::{COUNTED_ACTIONS_MAX, COUNTS_ROWS_MAX, COUNTS_TIME, TRAILS_COUNTED_MAX};

/// The counts of trails, as they were read last.
#[derive(Default)]
pub struct Counted(Lock<HashMap<TrailName, Arc<Place>>>);

/// The counts of one trail. Whoever reads them holds it, so that they are read once.
type Place = Mutex<Option<(Duration, Arc<Counts>)>>;

/// The counts of a trail at a size.
pub struct Counts {
    size: u64,
    /// The first hour that is counted; what is earlier was left out, where it is not the first of
    /// all.
    pub since: i64,
    /// Those of all actions together, by hour.
    all: Vec<Row>,
    /// Those of each action, by hour.
    of_action: BTreeMap<String, Vec<Row>>,
    /// The actions that occur most, by name: as many as a page names.
    frequent: Vec<String>,
}

/// One count.
#[derive(Clone)]
pub struct Row {
    /// Hours since 1970.
    pub hour: i64,
    /// How it ended.
    pub outcome: Outcome,
    /// How many.
    pub count: u64,
}

impl Counted {
    /// The counts of a trail as it is now, or was [`COUNTS_TIME`] ago.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn of(&self, audit: &Audit) -> Result<Arc<Counts>, AuditError> {
        let place = self.place(audit.name());
        let mut kept = place.lock().await;
        let elapsed = audit.engine().ground().clock.elapsed();
        let is_of_now = |at: &Duration| elapsed.saturating_sub(*at) < COUNTS_TIME;
        if let Some((_, counts)) = kept.as_ref().filter(|(at, _)| is_of_now(at)) {
            return Ok(counts.clone());
        }
        let size = audit.head().await?.map_or(0, |head| head.size);
        if let Some((at, counts)) = kept.as_mut().filter(|(_, counts)| counts.size == size) {
            *at = elapsed;
            return Ok(counts.clone());
        }
        let counts = Arc::new(Counts::read(audit, size).await?);
        *kept = Some((elapsed, counts.clone()));
        Ok(counts)
    }

    fn place(&self, trail: &TrailName) -> Arc<Place> {
        // Every change is one insertion, or an empty map.
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= TRAILS_COUNTED_MAX && !places.contains_key(trail) {
            places.clear();
        }
        places.entry(trail.clone()).or_default().clone()
    }
}

impl Counts {
    /// Reads the counts of a trail from now backwards, ever longer stretches at once, until there
    /// are more than are held.
    async fn read(audit: &Audit, size: u64) -> Result<Self, AuditError> {
        let mut end = Timestamp::MAX.hour() + 1;
        let mut since = if size <= COUNTS_ROWS_MAX {
            // No trail has more counts than entries.
            Timestamp::MIN.hour()
        } else {
            audit.engine().ground().clock.now().hour() - HOURS_AT_FIRST
        };
        let (mut found, mut stretch) = (Vec::new(), HOURS_AT_FIRST);
        loop {
            let mut rows = audit.summary(since..end).await?;
            rows.append(&mut found);
            found = rows;
            if since <= Timestamp::MIN.hour() || found.len() as u64 > COUNTS_ROWS_MAX {
                break;
            }
            (end, stretch) = (since, stretch * 2);
            since = (since - stretch).max(Timestamp::MIN.hour());
        }
        Ok(Self::new(size, since, found))
    }

    /// The counts of some entries.
    pub fn of(entries: &[Entry]) -> Self {
        let one = |entry: &Entry| Rollup {
            hour: entry.occurred_at.hour(),
            action: entry.action.clone(),
            outcome: entry.outcome,
            count: 1,
        };
        let rows = entries.iter().map(one).collect();
        Self::new(0, Timestamp::MIN.hour(), rows)
    }

    fn new(size: u64, since: i64, found: Vec<Rollup>) -> Self {
        let mut of_action: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        let mut all = Vec::with_capacity(found.len());
        for rollup in found {
            let row = Row {
                hour: rollup.hour,
                outcome: rollup.outcome,
                count: rollup.count,
            };
            all.push(row.clone());
            of_action.entry(rollup.action).or_default().push(row);
        }
        for rows in of_action.values_mut() {
            rows.sort_by_key(|row| row.hour);
        }
        all.sort_by_key(|row| (row.hour, row.outcome as u8));
        all.dedup_by(|row, kept| {
            let is_same = (row.hour, row.outcome) == (kept.hour, kept.outcome);
            if is_same {
                kept.count = kept.count.saturating_add(row.count);
            }
            is_same
        });
        Self {
            size,
            since,
            frequent: frequent(&of_action),
            all,
            of_action,
        }
    }

    /// The first and the last hour in which there is something.
    pub fn hours(&self) -> Option<(i64, i64)> {
        Some((self.all.first()?.hour, self.all.last()?.hour))
    }

    /// The rows of these hours that are of one of the actions, or of all together.
    pub fn within<'c>(
        &'c self,
        hours: &Range<i64>,
        actions: Option<&[String]>,
    ) -> impl Iterator<Item = &'c Row> {
        let within = |rows: &'c Vec<Row>| {
            let begin = rows.partition_point(|row| row.hour < hours.start);
            let end = rows.partition_point(|row| row.hour < hours.end);
            &rows[begin..end.max(begin)]
        };
        let chosen: Vec<&'c [Row]> = match actions {
            None => vec![within(&self.all)],
            Some(wanted) => {
                let of = wanted.iter().collect::<BTreeSet<_>>().into_iter();
                of.filter_map(|action| self.of_action.get(action))
                    .map(within)
                    .collect()
            }
        };
        chosen.into_iter().flatten()
    }

    /// The actions that occur most, by name: as many as a page names.
    pub fn frequent_actions(&self) -> &[String] {
        &self.frequent
    }
}

fn frequent(of_action: &BTreeMap<String, Vec<Row>>) -> Vec<String> {
    let sum = |rows: &Vec<Row>| -> u64 {
        rows.iter()
            .fold(0, |sum, row| sum.saturating_add(row.count))
    };
    let counted = of_action.iter().map(|(action, rows)| (sum(rows), action));
    let mut counted: Vec<_> = counted.collect();
    counted.sort_by_key(|(count, _)| Reverse(*count));
    counted.truncate(COUNTED_ACTIONS_MAX);
    let mut named: Vec<_> = counted.into_iter().map(|(_, name)| name.clone()).collect();
    named.sort();
    named
}

/// The hours that are read at first of a large trail: a month.
const HOURS_AT_FIRST: i64 = 31 * 24;
