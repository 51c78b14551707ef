//! Counts by hour, action and outcome.
//!
//! Counts go on changing while they are read, so that a difference is believed only for hours
//! that no later entry has touched.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::difference::each_stored;
use super::digest::Rows;
use super::reading::Trail;
use super::report::{FindingKind, Findings};
use crate::entry::StoredEntry;
use crate::outcome::Outcome;
use crate::store::{Projected, ProjectionKind, Rollup, StoreError};
use crate::time::{MICROS_PER_HOUR, Timestamp};

/// The events of each bucket of hours, added up.
#[derive(Clone)]
pub(super) struct Counts {
    sums: Vec<u128>,
    rows: Rows,
}

/// Buckets of hours: every so many hours share one.
const BUCKETS: usize = 4096;
/// Buckets that are looked at row by row.
const DETAILED_MAX: usize = 16;
/// Actions and outcomes with a surplus that are kept.
const SURPLUS_MAX: usize = 64;
/// How often counts are read again while the trail grows.
const ATTEMPTS: u32 = 3;

impl Counts {
    pub fn new(rows: Rows) -> Self {
        Self {
            sums: vec![0; BUCKETS],
            rows,
        }
    }

    pub fn add(&mut self, entry: &StoredEntry) {
        let hour = entry.occurred_at.hour();
        let sum = &mut self.sums[bucket(hour)];
        *sum = sum.wrapping_add(self.rows.rollup(hour, &entry.action, entry.outcome));
    }

    fn add_row(&mut self, row: &Rollup) {
        let hash = self.rows.rollup(row.hour, &row.action, row.outcome);
        let sum = &mut self.sums[bucket(row.hour)];
        *sum = sum.wrapping_add(hash.wrapping_mul(u128::from(row.count)));
    }
}

fn bucket(hour: i64) -> usize {
    hour.rem_euclid(BUCKETS as i64) as usize
}

/// Actions and outcomes of which more is counted than is there: what entries had that were altered.
pub(super) type Surplus = Vec<(String, Outcome)>;

/// Compares the stored counts with those of a range of entries up to the head, which `expected`
/// has added up.
pub(super) async fn compare(
    trail: Trail<'_>,
    range: Range<u64>,
    expected: Counts,
    findings: &mut Findings,
) -> Result<Surplus, StoreError> {
    let size = range.end;
    for _ in 0..ATTEMPTS {
        let mut stored = Counts::new(expected.rows.clone());
        if !each_row(trail, &mut |row| stored.add_row(&row), findings).await? {
            return Ok(Surplus::new());
        }
        let mut open: BTreeSet<usize> = (0..BUCKETS)
            .filter(|b| expected.sums[*b] != stored.sums[*b])
            .collect();
        if open.is_empty() {
            return Ok(Surplus::new());
        }
        let (mut grown, mut touched) = (expected.clone(), BTreeSet::new());
        let grown_size = grown_size(trail, size).await?;
        trail
            .each_entry(size..grown_size, &mut |entry| {
                grown.add(&entry);
                let bucket = bucket(entry.occurred_at.hour());
                touched.insert(bucket);
                // The row was read at some moment in between.
                if grown.sums[bucket] == stored.sums[bucket] {
                    open.remove(&bucket);
                }
            })
            .await?;
        let certain: BTreeSet<usize> = open.difference(&touched).copied().collect();
        if !certain.is_empty() {
            return name(trail, range, certain, findings).await;
        }
        if open.is_empty() {
            return Ok(Surplus::new());
        }
    }
    let detail = "the trail grew while its counts were read; those of the latest hours were not \
                  compared"
        .to_owned();
    findings.push(None, FindingKind::RollupUnchecked, detail);
    Ok(Surplus::new())
}

type Key = (i64, String, Outcome);

/// Names the rows that differ in the first few of the buckets that do.
async fn name(
    trail: Trail<'_>,
    Range { start, end: size }: Range<u64>,
    buckets: BTreeSet<usize>,
    findings: &mut Findings,
) -> Result<Surplus, StoreError> {
    let mut surplus = Surplus::new();
    let detailed: BTreeSet<usize> = buckets.iter().copied().take(DETAILED_MAX).collect();
    let wanted = |hour| detailed.contains(&bucket(hour));
    let mut stored: BTreeMap<Key, u64> = BTreeMap::new();
    let mut twice = Vec::new();
    let read = |row: Rollup| {
        if wanted(row.hour) && stored.insert(key(&row), row.count).is_some() {
            twice.push(key(&row));
        }
    };
    let mut read = read;
    if !each_row(trail, &mut read, findings).await? {
        return Ok(surplus);
    }
    // The count when verification began, and that of now: what is stored lies between.
    let mut counts: BTreeMap<Key, (u64, u64)> = BTreeMap::new();
    let grown_size = grown_size(trail, size).await?;
    trail
        .each_entry(start..grown_size, &mut |entry| {
            let hour = entry.occurred_at.hour();
            if wanted(hour) {
                let key = (hour, entry.action.clone(), entry.outcome);
                let (least, most) = counts.entry(key).or_default();
                *least += u64::from(entry.seq < size);
                *most += 1;
            }
        })
        .await?;
    for (key, (least, most)) in &counts {
        match stored.remove(key) {
            Some(count) if (*least..=*most).contains(&count) => {}
            Some(count) => {
                if count > *most {
                    surplus.push((key.1.clone(), key.2));
                }
                let detail = format!("{}: {count} are stored, {least} were recorded", words(key));
                findings.push(None, FindingKind::RollupDiffers, detail);
            }
            None if *least > 0 => {
                let detail = format!("{}: the count of {least} is missing", words(key));
                findings.push(None, FindingKind::RollupMissing, detail);
            }
            None => {}
        }
    }
    for key in stored.keys().chain(&twice) {
        surplus.push((key.1.clone(), key.2));
        let detail = format!("{}: a count of nothing that was recorded", words(key));
        findings.push(None, FindingKind::RollupExtra, detail);
    }
    if buckets.len() > detailed.len() {
        let further = buckets.len() - detailed.len();
        let detail = format!("counts of {further} further hours or groups of hours differ");
        findings.push(None, FindingKind::RollupDiffers, detail);
    }
    surplus.truncate(SURPLUS_MAX);
    Ok(surplus)
}

fn key(row: &Rollup) -> Key {
    (row.hour, row.action.clone(), row.outcome)
}

fn words((hour, action, outcome): &Key) -> String {
    let start = Timestamp::from_micros(hour.saturating_mul(MICROS_PER_HOUR));
    format!("the hour of {start}, {action}, {outcome}")
}

/// Calls `each` with every stored row; false, with a finding, where they cannot be read.
async fn each_row(
    trail: Trail<'_>,
    each: &mut (dyn FnMut(Rollup) + Send),
    findings: &mut Findings,
) -> Result<bool, StoreError> {
    let mut only = |row| {
        if let Projected::Rollup(row) = row {
            each(row);
        }
    };
    each_stored(trail, ProjectionKind::Rollup, &mut only, findings).await
}

async fn grown_size(trail: Trail<'_>, size: u64) -> Result<u64, StoreError> {
    Ok(trail
        .store
        .head(trail.name)
        .await?
        .map_or(size, |head| head.size.max(size)))
}
