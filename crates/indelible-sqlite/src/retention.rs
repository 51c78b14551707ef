//! Removing entries from the front of a trail, a block at a time between commits.

use std::collections::BTreeMap;

use indelible_core::TrailName;
use indelible_core::entry::StoredEntry;
use indelible_core::store::{StoreError, next_first_kept};
use rusqlite::{Connection, OptionalExtension, params};

use crate::append::one;
use crate::error::corrupt;
use crate::read;
use crate::row::place;
use crate::sql;

/// Entries that are removed in one transaction: a few milliseconds, for which a commit waits.
const STEP_ENTRIES: u64 = 256;

/// One step of a trail towards its first kept entry.
pub(crate) struct Trim {
    pub(crate) trail: TrailName,
    pub(crate) first_kept: u64,
}

impl Trim {
    /// How much of a transaction it is.
    pub(crate) fn entries(&self) -> usize {
        STEP_ENTRIES as usize
    }
}

/// The seq of the first entry that was not removed.
pub(crate) fn first_kept(db: &Connection, trail: &TrailName) -> Result<u64, StoreError> {
    Ok(read::extent(db, trail)?.map_or(0, |extent| extent.first_kept))
}

/// Takes a step within a transaction; answers the first kept entry after it. Nothing was written
/// where the answer is an error of the port.
pub(crate) fn trim(db: &Connection, step: &Trim) -> rusqlite::Result<Result<u64, StoreError>> {
    let Some(extent) = (match read::extent(db, &step.trail) {
        Ok(extent) => extent,
        Err(error) => return Ok(Err(error)),
    }) else {
        return Ok(Ok(0));
    };
    let now = extent.first_kept;
    let next = next_first_kept(now, step.first_kept, extent.size, STEP_ENTRIES);
    if next == now {
        return Ok(Ok(now));
    }
    // All is read before anything is written.
    let entries = read::entries(db, &step.trail, now..next);
    let entries = match entries.and_then(|entries| whole(entries, next)) {
        Ok(entries) => entries,
        Err(error) => return Ok(Err(error)),
    };
    let trail = extent.trail;
    db.prepare_cached(sql::KEPT_BEGIN)?.execute([trail])?;
    let owed = entries.len() as u64;
    let changed = db
        .prepare_cached(sql::KEPT_RAISE)?
        .execute(params![trail, next, owed, now])?;
    one("kept", changed)?;
    leaves(db, trail, &entries, next)?;
    counts(db, trail, &entries)?;
    let mut delete = db.prepare_cached(sql::EVENT_ID_DELETE)?;
    for entry in &entries {
        delete.execute(params![trail, entry.id.as_bytes(), entry.seq])?;
    }
    let (first, last) = (place(trail, now), place(trail, next - 1));
    for sql in [sql::PARTS_DELETE, sql::ENTRIES_DELETE] {
        db.prepare_cached(sql)?.execute([first, last])?;
    }
    db.prepare_cached(sql::SPANS_DELETE)?
        .execute(params![trail, next])?;
    Ok(Ok(next))
}

/// The entries, gap-free up to `next`.
fn whole(entries: Vec<StoredEntry>, next: u64) -> Result<Vec<StoredEntry>, StoreError> {
    let first = next - entries.len() as u64;
    if let Some((_, seq)) = entries.iter().zip(first..).find(|(e, seq)| e.seq != *seq) {
        return Err(corrupt("the log", Some(seq), "the entry is missing"));
    }
    Ok(entries)
}

/// Keeps the leaf hashes of the block that is divided, and lets go of those of the one before.
fn leaves(db: &Connection, trail: i64, entries: &[StoredEntry], next: u64) -> rusqlite::Result<()> {
    let block = next >> 8 << 8;
    db.prepare_cached(sql::LEAVES_DELETE)?
        .execute(params![trail, block])?;
    let mut insert = db.prepare_cached(sql::NODE_INSERT)?;
    for entry in entries.iter().filter(|entry| entry.seq >= block) {
        let hash = entry.leaf_hash.as_bytes();
        one("node", insert.execute(params![trail, 0, entry.seq, hash])?)?;
    }
    Ok(())
}

/// Lowers the counts by what went.
fn counts(db: &Connection, trail: i64, entries: &[StoredEntry]) -> rusqlite::Result<()> {
    let mut counts: BTreeMap<(i64, &str, &str), i64> = BTreeMap::new();
    for entry in entries {
        let hour = entry.occurred_at.hour();
        let key = (hour, &*entry.action, entry.outcome.as_str());
        *counts.entry(key).or_default() += 1;
    }
    for ((hour, action, outcome), count) in counts {
        let key = params![trail, hour, action, outcome];
        let there: Option<i64> = db
            .prepare_cached(sql::ROLLUP_COUNT)?
            .query_row(key, |row| row.get(0))
            .optional()?;
        match there {
            // A count that is wrong already stays wrong, and verification tells.
            None => {}
            Some(there) if there <= count => {
                db.prepare_cached(sql::ROLLUP_DELETE)?.execute(key)?;
            }
            Some(_) => {
                let values = params![trail, hour, action, outcome, -count];
                db.prepare_cached(sql::ROLLUP_UPDATE)?.execute(values)?;
            }
        }
    }
    Ok(())
}

impl crate::store::SqliteStore {
    /// One step of `Removal::trim`.
    pub(crate) async fn trim_step(
        &self,
        trail: &TrailName,
        first_kept: u64,
    ) -> Result<u64, StoreError> {
        use crate::writer::{Done, Task};
        let trail = trail.clone();
        let step = Trim { trail, first_kept };
        match self.writer()?.done(Task::Trim(step)).await? {
            Done::Trimmed(first_kept) => {
                self.index.trimmed();
                Ok(first_kept)
            }
            _ => Err(crate::error::unavailable(crate::error::SqliteError::Closed)),
        }
    }
}
