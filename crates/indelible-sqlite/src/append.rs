//! Writing one commit inside a transaction that the writer has begun.

mod batch;

use indelible_core::part::{PerPart, SALT_BYTES};
use indelible_core::store::{Head, Parent};
use indelible_merkle::Hash;
use rusqlite::types::{ToSqlOutput, Type, ValueRef};
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

pub(crate) use batch::Batch;
use batch::{EntryRow, Slice};

use crate::error::SqliteError;
use crate::row::{self, place};
use crate::sql;

/// What became of a batch that broke no constraint.
pub(crate) enum Written {
    /// All its rows are in the transaction.
    Whole,
    /// None is: the head is another one than its parent.
    Behind,
}

/// Writes a batch if the head is still its parent.
///
/// An error leaves rows behind: the transaction, or the savepoint before, must be rolled back.
/// Ids that the trail has already show as a broken constraint, see [`duplicates`].
pub(crate) fn write(db: &Connection, batch: &Batch) -> rusqlite::Result<Written> {
    let found = db
        .prepare_cached(sql::HEAD_PARENT)?
        .query_row([batch.trail.as_str()], |row| {
            let root = Hash::from_bytes(row.get(2)?);
            let parent = Parent {
                size: row.get(1)?,
                root,
                incarnation: row.get(3)?,
            };
            Ok((row.get::<_, i64>(0)?, parent))
        })
        .optional()?;
    if found.map(|(_, parent)| parent) != batch.parent {
        return Ok(Written::Behind);
    }
    if !batch.follows_parent() {
        let unfit = SqliteError::Unfit("its entries do not follow its parent");
        return Err(rusqlite::Error::ToSqlConversionFailure(Box::new(unfit)));
    }
    let trail = head(db, batch, found)?;
    entries(db, batch, trail)?;
    for (node, hash) in &batch.nodes {
        let mut insert = db.prepare_cached(sql::NODE_INSERT)?;
        let changed = insert.execute(params![trail, node.height, node.index, hash.as_bytes()])?;
        one("node", changed)?;
    }
    for span in &batch.spans {
        let (earliest, latest) = (span.earliest.as_micros(), span.latest.as_micros());
        let mut insert = db.prepare_cached(sql::SPAN_INSERT)?;
        let changed = insert.execute(params![trail, span.height, span.index, earliest, latest])?;
        one("span", changed)?;
    }
    for row in &batch.rollups {
        let values = params![trail, row.hour, row.action, row.outcome.as_str(), row.count];
        if db.prepare_cached(sql::ROLLUP_UPDATE)?.execute(values)? == 0 {
            let changed = db.prepare_cached(sql::ROLLUP_INSERT)?.execute(values)?;
            one("rollup", changed)?;
        }
    }
    Ok(Written::Whole)
}

/// The head of a batch's trail as it is now.
pub(crate) fn head_now(db: &Connection, batch: &Batch) -> rusqlite::Result<Option<Head>> {
    let mut head = db.prepare_cached(sql::HEAD)?;
    let found = head.query_row([batch.trail.as_str()], |row| {
        let damaged = |error| rusqlite::Error::FromSqlConversionFailure(0, Type::Blob, error);
        row::head(row).map_err(|error| damaged(Box::new(error)))
    });
    found.optional()
}

/// The ids of a batch that stand in its trail already.
pub(crate) fn duplicates(db: &Connection, batch: &Batch) -> rusqlite::Result<Vec<(Uuid, u64)>> {
    let trail: Option<i64> = db
        .prepare_cached(sql::HEAD_PARENT)?
        .query_row([batch.trail.as_str()], |row| row.get(0))
        .optional()?;
    let Some(trail) = trail else {
        return Ok(Vec::new());
    };
    let mut seq = db.prepare_cached(sql::EVENT_ID_SEQ)?;
    let mut found = Vec::new();
    for row in &batch.entries {
        let there = seq
            .query_row(params![trail, row.id], |row| row.get(0))
            .optional()?;
        found.extend(there.map(|seq: u64| (Uuid::from_bytes(row.id), seq)));
    }
    Ok(found)
}

fn head(db: &Connection, batch: &Batch, found: Option<(i64, Parent)>) -> rusqlite::Result<i64> {
    let head = &batch.head;
    let Some((trail, parent)) = found else {
        let changed = db.prepare_cached(sql::HEAD_INSERT)?.execute(params![
            batch.trail.as_str(),
            head.size,
            head.root.as_bytes(),
            head.frontier,
            head.key,
            head.incarnation,
            head.incarnation_start,
            head.mac,
        ])?;
        one("head", changed)?;
        return Ok(db.last_insert_rowid());
    };
    let changed = db.prepare_cached(sql::HEAD_UPDATE)?.execute(params![
        trail,
        head.size,
        head.root.as_bytes(),
        head.frontier,
        head.key,
        head.incarnation,
        head.incarnation_start,
        head.mac,
        parent.size,
    ])?;
    one("head", changed)?;
    Ok(trail)
}

fn entries(db: &Connection, batch: &Batch, trail: i64) -> rusqlite::Result<()> {
    // Table by table rather than entry by entry: each tree stays in the processor's cache.
    let mut insert = db.prepare_cached(sql::ENTRY_INSERT)?;
    for row in &batch.entries {
        let changed = insert.execute(params![
            place(trail, row.seq),
            row.id,
            text(batch.at(row.action)),
            row.outcome.as_str(),
            text(batch.at(row.resource_type)),
            text(batch.at(row.tags)),
            row.occurred_at,
            row.created_at,
            row.erases.map(|erases| text(batch.at(erases))),
            row.part_hashes.actor.as_ref().map(Hash::as_bytes),
            row.part_hashes.target.as_ref().map(Hash::as_bytes),
            row.part_hashes.details.as_ref().map(Hash::as_bytes),
            row.leaf_hash.as_bytes(),
        ])?;
        one("entry", changed)?;
    }
    let mut insert = db.prepare_cached(sql::PART_INSERT)?;
    for row in &batch.entries {
        if has_parts(row) {
            let PerPart {
                actor,
                target,
                details,
            } = &row.parts;
            let changed = insert.execute(params![
                place(trail, row.seq),
                salt(actor),
                body(batch, actor),
                salt(target),
                body(batch, target),
                salt(details),
                body(batch, details),
            ])?;
            one("part", changed)?;
        }
    }
    let mut insert = db.prepare_cached(sql::EVENT_ID_INSERT)?;
    for row in &batch.entries {
        let changed = insert.execute(params![trail, row.id, row.seq])?;
        one("event_id", changed)?;
    }
    Ok(())
}

/// Checks that a statement wrote its one row: a foreign trigger can make it write none and say
/// nothing, and a receipt would be given for what is not there.
pub(crate) fn one(table: &'static str, changed: usize) -> rusqlite::Result<()> {
    all(table, changed, 1)
}

/// As [`one`], for a statement that has so many rows to change.
pub(crate) fn all(table: &'static str, changed: usize, rows: usize) -> rusqlite::Result<()> {
    if changed == rows {
        return Ok(());
    }
    let ignored = SqliteError::Ignored(table);
    Err(rusqlite::Error::ToSqlConversionFailure(Box::new(ignored)))
}

fn has_parts(row: &EntryRow) -> bool {
    row.parts.actor.is_some() || row.parts.target.is_some() || row.parts.details.is_some()
}

fn salt(part: &Option<([u8; SALT_BYTES], Slice)>) -> Option<&[u8; SALT_BYTES]> {
    part.as_ref().map(|(salt, _)| salt)
}

fn body<'a>(batch: &'a Batch, part: &Option<([u8; SALT_BYTES], Slice)>) -> Option<ToSqlOutput<'a>> {
    part.as_ref().map(|(_, body)| blob(batch.at(*body)))
}

/// Bytes that came from a `str`, bound without checking them again.
fn text(bytes: &[u8]) -> ToSqlOutput<'_> {
    ToSqlOutput::Borrowed(ValueRef::Text(bytes))
}

fn blob(bytes: &[u8]) -> ToSqlOutput<'_> {
    ToSqlOutput::Borrowed(ValueRef::Blob(bytes))
}
