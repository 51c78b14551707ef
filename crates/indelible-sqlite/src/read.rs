//! Reading by name, seq, id, node and hour.

use std::ops::Range;

use indelible_core::entry::StoredEntry;
use indelible_core::store::{Head, Rollup, Span, StoreError};
use indelible_core::{Outcome, TrailName};
use indelible_merkle::Hash;
use rusqlite::{Connection, Params, Row, params};
use uuid::Uuid;

use crate::error::{corrupt, refused};
use crate::row::{self, SEQ_END, cell, place, seq_of, time};
use crate::sql;

/// A trail as the readers know it: its number, how many entries it has, and the first of them that
/// was not removed.
#[derive(Clone, Copy)]
pub(crate) struct Extent {
    pub(crate) trail: i64,
    pub(crate) size: u64,
    pub(crate) first_kept: u64,
}

pub(crate) fn extent(db: &Connection, trail: &TrailName) -> Result<Option<Extent>, StoreError> {
    Ok(each(db, sql::EXTENT, [trail.as_str()], extent_row)?.pop())
}

/// The extent of a trail by its number.
pub(crate) fn extent_of(db: &Connection, trail: i64) -> Result<Option<Extent>, StoreError> {
    Ok(each(db, sql::EXTENT_OF, [trail], extent_row)?.pop())
}

/// The extents of all trails.
pub(crate) fn extents(db: &Connection) -> Result<Vec<Extent>, StoreError> {
    each(db, sql::EXTENTS, [], extent_row)
}

fn extent_row(row: &Row<'_>) -> Result<Extent, StoreError> {
    Ok(Extent {
        trail: cell(row, 0, "a head", None)?,
        size: cell(row, 1, "a head", None)?,
        first_kept: cell(row, 2, "a head", None)?,
    })
}

pub(crate) fn heads(db: &Connection) -> Result<Vec<Head>, StoreError> {
    each(db, sql::HEADS, [], row::head)
}

pub(crate) fn head(db: &Connection, trail: &TrailName) -> Result<Option<Head>, StoreError> {
    Ok(each(db, sql::HEAD, [trail.as_str()], row::head)?.pop())
}

pub(crate) fn entries(
    db: &Connection,
    trail: &TrailName,
    range: Range<u64>,
) -> Result<Vec<StoredEntry>, StoreError> {
    let Some((first, last)) = places(db, trail, range)? else {
        return Ok(Vec::new());
    };
    each(db, sql::ENTRIES, [first, last], row::entry)
}

pub(crate) fn seqs(
    db: &Connection,
    trail: &TrailName,
    ids: &[Uuid],
) -> Result<Vec<Option<u64>>, StoreError> {
    let Some(Extent { trail, .. }) = extent(db, trail)? else {
        return Ok(vec![None; ids.len()]);
    };
    ids.iter()
        .map(|id| {
            let key = params![trail, id.as_bytes()];
            let found = each(db, sql::EVENT_ID_SEQ, key, |row| {
                cell(row, 0, "an id", None)
            });
            Ok(found?.pop())
        })
        .collect()
}

pub(crate) fn hashes(
    db: &Connection,
    trail: &TrailName,
    height: u8,
    range: Range<u64>,
) -> Result<Vec<(u64, Hash)>, StoreError> {
    if height == 0 {
        return leaves(db, trail, range);
    }
    let Some(Extent { trail, .. }) = extent(db, trail)? else {
        return Ok(Vec::new());
    };
    nodes(db, trail, height, range)
}

/// The leaf hashes of entries, after those kept of removed ones.
fn leaves(
    db: &Connection,
    trail: &TrailName,
    range: Range<u64>,
) -> Result<Vec<(u64, Hash)>, StoreError> {
    // One snapshot: an entry must not be removed between the two tables.
    let snapshot = db.unchecked_transaction().map_err(refused)?;
    let Some((first, last)) = places(&snapshot, trail, range.clone())? else {
        return Ok(Vec::new());
    };
    let mut hashes = match extent(&snapshot, trail)? {
        Some(at) if range.start < at.first_kept => nodes(&snapshot, at.trail, 0, range)?,
        _ => Vec::new(),
    };
    let sql = "SELECT place, leaf_hash FROM entry WHERE place BETWEEN ?1 AND ?2 ORDER BY place";
    hashes.extend(each(&snapshot, sql, [first, last], |row| {
        let seq = seq_of(cell(row, 0, "a place", None)?);
        Ok((seq, hash(row, 1, Some(seq))?))
    })?);
    Ok(hashes)
}

fn nodes(
    db: &Connection,
    trail: i64,
    height: u8,
    range: Range<u64>,
) -> Result<Vec<(u64, Hash)>, StoreError> {
    let sql = "\
SELECT idx, hash FROM node WHERE trail = ?1 AND height = ?2 AND idx >= ?3 AND idx < ?4 \
ORDER BY idx";
    let (start, end) = (signed(range.start), signed(range.end));
    each(db, sql, params![trail, height, start, end], |row| {
        Ok((cell(row, 0, "a node", None)?, hash(row, 1, None)?))
    })
}

pub(crate) fn spans(
    db: &Connection,
    trail: &TrailName,
    height: u8,
    range: Range<u64>,
) -> Result<Vec<Span>, StoreError> {
    let Some(Extent { trail, .. }) = extent(db, trail)? else {
        return Ok(Vec::new());
    };
    let sql = "\
SELECT height, idx, earliest, latest FROM span \
WHERE trail = ?1 AND height = ?2 AND idx >= ?3 AND idx < ?4 ORDER BY idx";
    each(
        db,
        sql,
        params![trail, height, signed(range.start), signed(range.end)],
        span,
    )
}

pub(crate) fn rollups(
    db: &Connection,
    trail: &TrailName,
    hours: Range<i64>,
) -> Result<Vec<Rollup>, StoreError> {
    let Some(Extent { trail, .. }) = extent(db, trail)? else {
        return Ok(Vec::new());
    };
    let sql = "\
SELECT hour, action, outcome, count FROM rollup WHERE trail = ?1 AND hour >= ?2 AND hour < ?3 \
ORDER BY hour, action, outcome";
    each(db, sql, params![trail, hours.start, hours.end], rollup)
}

/// The columns `height, idx, earliest, latest`.
pub(crate) fn span(row: &Row<'_>) -> Result<Span, StoreError> {
    let what = "the times of a block";
    let height: u8 = cell(row, 0, what, None)?;
    let index: u64 = cell(row, 1, what, None)?;
    let seq = first_seq(height, index);
    Ok(Span {
        height,
        index,
        earliest: time(row, 2, what, seq)?,
        latest: time(row, 3, what, seq)?,
    })
}

/// The first seq under a node, where such a node can be.
pub(crate) fn first_seq(height: u8, index: u64) -> Option<u64> {
    1_u64.checked_shl(height.into())?.checked_mul(index)
}

/// The columns `hour, action, outcome, count`.
pub(crate) fn rollup(row: &Row<'_>) -> Result<Rollup, StoreError> {
    let what = "a rollup";
    let outcome = row.get_ref(2).map_err(refused)?;
    let outcome = outcome.as_str().map_err(|e| corrupt(what, None, e))?;
    Ok(Rollup {
        hour: cell(row, 0, what, None)?,
        action: cell(row, 1, what, None)?,
        outcome: outcome
            .parse::<Outcome>()
            .map_err(|e| corrupt(what, None, e))?,
        count: cell(row, 3, what, None)?,
    })
}

/// A hash in a column.
pub(crate) fn hash(row: &Row<'_>, column: usize, seq: Option<u64>) -> Result<Hash, StoreError> {
    cell(row, column, "a hash", seq).map(Hash::from_bytes)
}

/// Runs a statement and reads every row.
pub(crate) fn each<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = db.prepare_cached(sql).map_err(refused)?;
    let mut rows = statement.query(params).map_err(refused)?;
    let mut all = Vec::new();
    while let Some(row) = rows.next().map_err(refused)? {
        all.push(read(row)?);
    }
    Ok(all)
}

/// A bound of a range as SQLite compares it: nothing stands beyond the largest integer.
pub(crate) fn signed(bound: u64) -> i64 {
    i64::try_from(bound).unwrap_or(i64::MAX)
}

/// The first and last place of a range of seqs, both inclusive; `None` where nothing can stand.
fn places(
    db: &Connection,
    trail: &TrailName,
    range: Range<u64>,
) -> Result<Option<(i64, i64)>, StoreError> {
    let end = range.end.min(SEQ_END);
    if range.start >= end {
        return Ok(None);
    }
    Ok(extent(db, trail)?.map(|at| (place(at.trail, range.start), place(at.trail, end - 1))))
}
