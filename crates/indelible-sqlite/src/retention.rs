//! Removing entries from the front of a trail, a few at a time between commits.
//!
//! What goes is read before, by a connection that only reads: the writing thread, for which
//! commits wait, only deletes.

use std::collections::BTreeMap;
use std::ops::Range;

use indelible_core::TrailName;
use indelible_core::entry::StoredEntry;
use indelible_core::store::{StoreError, next_first_kept};
use indelible_merkle::Hash;
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use crate::append::{all, one};
use crate::error::{SqliteError, corrupt, refused, unavailable};
use crate::read;
use crate::row::place;
use crate::sql;
use crate::store::SqliteStore;
use crate::writer::{Done, Task};

/// Entries that are removed in one transaction, for which a commit waits: more of them at once go
/// faster, and a commit in a hundred takes more than twice its time.
const STEP_ENTRIES: u64 = 32;

/// One step of a trail towards its first kept entry.
pub(crate) struct Trim {
    trail: i64,
    /// What goes: from the first kept entry before to the one after.
    range: Range<u64>,
    /// With the seq of each.
    ids: Vec<(Uuid, u64)>,
    /// Of the block that is divided, by seq.
    leaves: Vec<(u64, Hash)>,
    /// By hour, action and outcome.
    counts: BTreeMap<(i64, String, &'static str), i64>,
}

/// What there is to do for a trail.
enum Ahead {
    /// Nothing: its first kept entry is the one that was asked for, or its end.
    Nothing(u64),
    Step(Trim),
}

impl Trim {
    /// How much of a transaction it is.
    pub(crate) fn entries(&self) -> usize {
        self.ids.len()
    }

    fn of(trail: i64, range: Range<u64>, entries: &[StoredEntry]) -> Self {
        let mut counts = BTreeMap::new();
        for entry in entries {
            let hour = entry.occurred_at.hour();
            let key = (hour, entry.action.to_string(), entry.outcome.as_str());
            *counts.entry(key).or_default() += 1;
        }
        let block = divided(range.end);
        let kept = entries.iter().filter(|entry| entry.seq >= block);
        Self {
            trail,
            range,
            ids: entries.iter().map(|entry| (entry.id, entry.seq)).collect(),
            leaves: kept.map(|entry| (entry.seq, entry.leaf_hash)).collect(),
            counts,
        }
    }
}

/// The beginning of the block that a place divides.
fn divided(place: u64) -> u64 {
    place >> 8 << 8
}

/// The seq of the first entry that was not removed.
pub(crate) fn first_kept(db: &Connection, trail: &TrailName) -> Result<u64, StoreError> {
    Ok(read::extent(db, trail)?.map_or(0, |extent| extent.first_kept))
}

/// Reads what the next step takes away.
fn ahead(db: &Connection, trail: &TrailName, first_kept: u64) -> Result<Ahead, StoreError> {
    // Another process may take the same step between two questions.
    let moment = db.unchecked_transaction().map_err(refused)?;
    let Some(extent) = read::extent(&moment, trail)? else {
        return Ok(Ahead::Nothing(0));
    };
    let now = extent.first_kept;
    let next = next_first_kept(now, first_kept, extent.size, STEP_ENTRIES);
    if next == now {
        return Ok(Ahead::Nothing(now));
    }
    let entries = read::entries(&moment, trail, now..next)?;
    drop(moment);
    let mut wanted = now..next;
    let missing = wanted.find(|seq| entries.get((seq - now) as usize).map(|e| e.seq) != Some(*seq));
    match missing {
        Some(seq) => Err(corrupt("the log", Some(seq), "the entry is missing")),
        None => Ok(Ahead::Step(Trim::of(extent.trail, now..next, &entries))),
    }
}

/// Takes a step within a transaction; answers the first kept entry after it.
pub(crate) fn trim(db: &Connection, step: &Trim) -> rusqlite::Result<u64> {
    let (trail, Range { start, end }) = (step.trail, step.range.clone());
    db.prepare_cached(sql::KEPT_BEGIN)?.execute([trail])?;
    let raised =
        db.prepare_cached(sql::KEPT_RAISE)?
            .execute(params![trail, end, step.entries(), start])?;
    if raised == 0 {
        // Another process was faster.
        let mut extent = db.prepare_cached(sql::EXTENT_OF)?;
        return extent.query_row([trail], |row| row.get(2));
    }
    leaves(db, step)?;
    counts(db, step)?;
    let mut delete = db.prepare_cached(sql::EVENT_ID_DELETE)?;
    for (id, seq) in &step.ids {
        delete.execute(params![trail, id.as_bytes(), seq])?;
    }
    let places = [place(trail, start), place(trail, end - 1)];
    db.prepare_cached(sql::PARTS_DELETE)?.execute(places)?;
    let deleted = db.prepare_cached(sql::ENTRIES_DELETE)?.execute(places)?;
    all("entry", deleted, step.entries())?;
    db.prepare_cached(sql::SPANS_DELETE)?
        .execute(params![trail, end])?;
    Ok(end)
}

/// Keeps the leaf hashes of the block that is divided, and lets go of those of the one before.
fn leaves(db: &Connection, step: &Trim) -> rusqlite::Result<()> {
    let trail = step.trail;
    db.prepare_cached(sql::LEAVES_DELETE)?
        .execute(params![trail, divided(step.range.end)])?;
    let mut insert = db.prepare_cached(sql::NODE_INSERT)?;
    for (seq, hash) in &step.leaves {
        one(
            "node",
            insert.execute(params![trail, 0, seq, hash.as_bytes()])?,
        )?;
    }
    Ok(())
}

/// Lowers the counts by what went.
fn counts(db: &Connection, step: &Trim) -> rusqlite::Result<()> {
    let trail = step.trail;
    for ((hour, action, outcome), count) in &step.counts {
        let key = params![trail, hour, action, outcome];
        let there: Option<i64> = db
            .prepare_cached(sql::ROLLUP_COUNT)?
            .query_row(key, |row| row.get(0))
            .optional()?;
        match there {
            // A count that is wrong already stays wrong, and verification tells.
            None => {}
            Some(there) if there <= *count => {
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

impl SqliteStore {
    /// One step of `Removal::trim`.
    pub(crate) async fn trim_step(
        &self,
        trail: &TrailName,
        first_kept: u64,
    ) -> Result<u64, StoreError> {
        let writer = self.writer()?;
        let trail = trail.clone();
        let ahead = self
            .readers
            .read(move |db, _| ahead(db, &trail, first_kept));
        let step = match ahead.await? {
            Ahead::Nothing(first_kept) => return Ok(first_kept),
            Ahead::Step(step) => step,
        };
        match writer.done(Task::Trim(step)).await? {
            Done::Trimmed(first_kept) => {
                self.index.trimmed();
                Ok(first_kept)
            }
            _ => Err(unavailable(SqliteError::Closed)),
        }
    }
}
