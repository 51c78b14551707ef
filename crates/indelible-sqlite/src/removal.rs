//! Taking content away: erasure in steps between commits, and files without what was erased.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use indelible_core::TrailName;
use indelible_core::entry::{Erasure, StoredEntry};
use indelible_core::part::PartKind;
use indelible_core::store::{Purged, Removal, Store, StoreError};
use rusqlite::{Connection, params};

use crate::append::one;
use crate::connection;
use crate::error::{SqliteError, refused, unavailable};
use crate::read;
use crate::row::place;
use crate::sql;
use crate::store::SqliteStore;
use crate::wal::Wal;
use crate::writer::{Done, Task};

/// Entries that are blanked in one transaction: a few milliseconds, for which a commit waits.
const STEP_ENTRIES: u64 = 128;

/// Stretches of one trail that are blanked in one transaction.
pub(crate) struct Step {
    trail: TrailName,
    stretches: Vec<Erasure>,
}

#[async_trait]
impl Removal for SqliteStore {
    async fn erase(&self, trail: &TrailName, erasures: &[Erasure]) -> Result<u64, StoreError> {
        let Some(head) = self.head(trail).await? else {
            return Ok(0);
        };
        let mut gone = 0;
        for step in steps(trail, erasures, head.size) {
            match self.writer()?.done(Task::Erase(step)).await? {
                Done::Erased(parts) => gone += parts,
                _ => return Err(unavailable(SqliteError::Closed)),
            }
        }
        Ok(gone)
    }

    async fn purge(&self, _: &TrailName, _: &[Erasure]) -> Result<Purged, StoreError> {
        let writer = self.writer()?;
        // The index first: what it shows by then the log may forget.
        self.index.purge().await?;
        writer.purge().await?;
        Ok(Purged::default())
    }

    async fn trim(&self, trail: &TrailName, first_kept: u64) -> Result<u64, StoreError> {
        self.trim_step(trail, first_kept).await
    }
}

impl Step {
    /// How much of a transaction it is.
    pub(crate) fn entries(&self) -> usize {
        let entries = self.stretches.iter().map(|s| s.last - s.first + 1);
        entries.sum::<u64>() as usize
    }

    /// The parts that are to go, by seq.
    fn wanted(&self) -> BTreeMap<u64, BTreeSet<PartKind>> {
        let mut wanted: BTreeMap<u64, BTreeSet<PartKind>> = BTreeMap::new();
        for stretch in &self.stretches {
            for seq in stretch.first..=stretch.last {
                wanted.entry(seq).or_default().extend(&stretch.parts);
            }
        }
        wanted
    }
}

/// Cuts erasures into steps of a bounded number of entries, none beyond the trail's `size`.
fn steps(trail: &TrailName, erasures: &[Erasure], size: u64) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut room = 0;
    for erasure in erasures.iter().filter(|erasure| !erasure.parts.is_empty()) {
        let mut first = erasure.first;
        let end = erasure.last.saturating_add(1).min(size);
        while first < end {
            if room == 0 {
                steps.push(Step {
                    trail: trail.clone(),
                    stretches: Vec::new(),
                });
                room = STEP_ENTRIES;
            }
            let last = first.saturating_add(room).min(end) - 1;
            let parts = erasure.parts.clone();
            if let Some(step) = steps.last_mut() {
                step.stretches.push(Erasure { first, last, parts });
            }
            room -= last - first + 1;
            first = last + 1;
        }
    }
    steps
}

/// What is to be done to one entry.
struct Blanking {
    seq: u64,
    parts: Vec<PartKind>,
}

/// Blanks the parts of a step within a transaction; answers how many were there. Nothing was
/// written where the answer is an error of the port.
pub(crate) fn blank(db: &Connection, step: &Step) -> rusqlite::Result<Result<u64, StoreError>> {
    // All is read before anything is written.
    let read = || {
        let Some(extent) = read::extent(db, &step.trail)? else {
            return Ok((0, Vec::new()));
        };
        let (mut blankings, mut wanted) = (Vec::new(), step.wanted());
        for stretch in &step.stretches {
            let range = stretch.first..stretch.last + 1;
            for entry in read::entries(db, &step.trail, range)? {
                // Once, however many stretches name it.
                if let Some(parts) = wanted.remove(&entry.seq) {
                    blankings.extend(blanking(&entry, &parts));
                }
            }
        }
        Ok((extent.trail, blankings))
    };
    let (trail, blankings) = match read() {
        Ok(read) => read,
        Err(error) => return Ok(Err(error)),
    };
    let mut gone = 0;
    for blanking in &blankings {
        gone += write(db, trail, blanking)?;
    }
    altered(db, trail, &blankings)?;
    Ok(Ok(gone))
}

fn blanking(entry: &StoredEntry, wanted: &BTreeSet<PartKind>) -> Option<Blanking> {
    let is_there = |kind: &PartKind| wanted.contains(kind) && entry.parts.get(*kind).is_some();
    let parts: Vec<_> = PartKind::ALL.into_iter().filter(is_there).collect();
    let seq = entry.seq;
    (!parts.is_empty()).then_some(Blanking { seq, parts })
}

fn write(db: &Connection, trail: i64, blanking: &Blanking) -> rusqlite::Result<u64> {
    for kind in &blanking.parts {
        let sql = match kind {
            PartKind::Actor => sql::ACTOR_ERASE,
            PartKind::Target => sql::TARGET_ERASE,
            PartKind::Details => sql::DETAILS_ERASE,
        };
        let changed = db
            .prepare_cached(sql)?
            .execute([place(trail, blanking.seq)])?;
        one("part", changed)?;
    }
    Ok(blanking.parts.len() as u64)
}

/// Says, with the change itself, of which entries an index says something that is not so any more.
fn altered(db: &Connection, trail: i64, blankings: &[Blanking]) -> rusqlite::Result<()> {
    if blankings.is_empty() {
        return Ok(());
    }
    let mut next = db.prepare_cached(sql::ALTERATION_NEXT)?;
    let (ordinal, token): (u64, [u8; 16]) =
        next.query_row([trail], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut seqs: Vec<u64> = blankings.iter().map(|blanking| blanking.seq).collect();
    seqs.sort_unstable();
    let mut insert = db.prepare_cached(sql::ALTERATION_INSERT)?;
    for run in seqs.chunk_by(|seq, next| seq + 1 == *next) {
        let (first, last) = (run[0], run[run.len() - 1]);
        insert.execute(params![trail, ordinal, first, last, token])?;
    }
    Ok(())
}

/// Writes the database anew, without what was erased, and empties the write-ahead log.
///
/// Freed bytes are overwritten anyway (`secure_delete`); what a page keeps of rows that were moved
/// about in it goes with the page.
pub(crate) fn purge(db: &Connection, wal: &Wal) -> Result<(), StoreError> {
    empty_log(db, wal)?;
    db.execute(sql::ALTERATIONS_FORGET, []).map_err(refused)?;
    connection::vacuum(db)?;
    empty_log(db, wal)
}

fn empty_log(db: &Connection, wal: &Wal) -> Result<(), StoreError> {
    match wal.empty(db).map_err(refused)? {
        true => Ok(()),
        false => Err(unavailable(SqliteError::Read)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn erasure(first: u64, last: u64) -> Erasure {
        let parts = vec![PartKind::Actor];
        Erasure { first, last, parts }
    }

    #[test]
    fn steps_hold_every_entry_once_and_few_at_a_time() {
        let trail = TrailName::standard();
        let erasures = [
            erasure(0, 0),
            erasure(5, 400),
            erasure(402, 402),
            erasure(900, u64::MAX),
            erasure(2000, 3000),
        ];
        let steps = steps(&trail, &erasures, 1000);
        let all = steps.iter().flat_map(|step| {
            assert!((1..=STEP_ENTRIES).contains(&(step.entries() as u64)));
            step.stretches.iter().flat_map(|s| s.first..=s.last)
        });
        let expected = [0..=0, 5..=400, 402..=402, 900..=999].into_iter().flatten();
        assert!(all.eq(expected));
        assert_eq!(steps.len(), 499_usize.div_ceil(128));
    }
}
