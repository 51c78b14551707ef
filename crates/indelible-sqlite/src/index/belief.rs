//! Whether the index is of the log beside it, and what erasures changed there since.

use std::ops::Range;

use indelible_core::store::StoreError;
use rusqlite::{Connection, OptionalExtension, params};

use super::cover::united;
use super::record::{Alteration, Covered};
use crate::error::refused;
use crate::read::Extent;
use crate::row::place;

/// Whether the log has what the index covers; the entries that were changed since, by erasures.
pub(super) fn believed(
    log: &Connection,
    extent: Extent,
    covered: &Covered,
) -> Result<Option<Vec<Range<u64>>>, StoreError> {
    if !covered.is_within(extent) {
        return Ok(None);
    }
    if leaf(log, extent.trail, covered.end() - 1)?.as_ref() != Some(&covered.leaf)
        || log_token(log)? != covered.log
    {
        return Ok(None);
    }
    altered(log, extent.trail, covered.altered.as_ref())
}

/// Which database a log is of.
pub(super) fn log_token(log: &Connection) -> Result<String, StoreError> {
    let mut get = log
        .prepare_cached("SELECT lower(hex(token)) FROM op_log")
        .map_err(refused)?;
    get.query_row([], |row| row.get(0)).map_err(refused)
}

/// The leaf hash of an entry, in hexadecimal digits.
pub(super) fn leaf(log: &Connection, trail: i64, seq: u64) -> Result<Option<String>, StoreError> {
    let mut get = log
        .prepare_cached("SELECT lower(hex(leaf_hash)) FROM entry WHERE place = ?1")
        .map_err(refused)?;
    get.query_row([place(trail, seq)], |row| row.get(0))
        .optional()
        .map_err(refused)
}

/// The entries that erasures changed after one of them; `None` where the log does not know that
/// one.
fn altered(
    log: &Connection,
    trail: i64,
    since: Option<&Alteration>,
) -> Result<Option<Vec<Range<u64>>>, StoreError> {
    let mut get = log
        .prepare_cached(
            "SELECT ordinal, lower(hex(token)), first, last FROM op_alteration \
             WHERE trail = ?1 AND ordinal >= ?2 ORDER BY ordinal, first",
        )
        .map_err(refused)?;
    let begin = since.map_or(1, |since| since.ordinal);
    let mut rows = get.query(params![trail, begin]).map_err(refused)?;
    let (mut ranges, mut is_known) = (Vec::new(), since.is_none());
    let mut is_first = true;
    while let Some(row) = rows.next().map_err(refused)? {
        let ordinal: u64 = row.get(0).map_err(refused)?;
        if std::mem::take(&mut is_first) && ordinal != begin {
            return Ok(None);
        }
        if let Some(since) = since
            && ordinal == since.ordinal
        {
            let token: String = row.get(1).map_err(refused)?;
            if token != since.token {
                return Ok(None);
            }
            is_known = true;
            continue;
        }
        let (first, last): (u64, u64) =
            (row.get(2).map_err(refused)?, row.get(3).map_err(refused)?);
        ranges.push(first..last.saturating_add(1));
    }
    Ok(is_known.then(|| united(ranges)))
}

/// The last change of a trail by an erasure, as the log has it.
pub(super) fn last_alteration(
    log: &Connection,
    trail: i64,
) -> Result<Option<Alteration>, StoreError> {
    let mut get = log
        .prepare_cached(
            "SELECT ordinal, lower(hex(token)) FROM op_alteration WHERE trail = ?1 \
             ORDER BY ordinal DESC LIMIT 1",
        )
        .map_err(refused)?;
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Alteration {
            ordinal: row.get(0)?,
            token: row.get(1)?,
        })
    };
    get.query_row([trail], read).optional().map_err(refused)
}
