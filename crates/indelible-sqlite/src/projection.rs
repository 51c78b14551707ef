//! The rows of the projections, page by page in the order of their keys.

use indelible_core::TrailName;
use indelible_core::store::{Projected, ProjectionKind, StoreError};
use indelible_merkle::NodeId;
use rusqlite::types::Value;
use rusqlite::{Connection, params};
use uuid::Uuid;

use crate::error::backend;
use crate::read::{self, Extent, each, signed};
use crate::row::cell;

/// Less than every key, those that no orderly row has included: integers, texts and blobs.
const BEFORE_ALL: Value = Value::Real(f64::NEG_INFINITY);

pub(crate) fn page(
    db: &Connection,
    trail: &TrailName,
    kind: ProjectionKind,
    after: Option<&Projected>,
    limit: usize,
) -> Result<Vec<Projected>, StoreError> {
    let Some(Extent { trail, .. }) = read::extent(db, trail)? else {
        return Ok(Vec::new());
    };
    let limit = signed(limit as u64);
    let integer = |number: u64| Value::Integer(signed(number));
    match (kind, after) {
        (ProjectionKind::Id, None) => ids(db, trail, &BEFORE_ALL, limit),
        (ProjectionKind::Id, Some(Projected::Id { id, .. })) => {
            ids(db, trail, &Value::Blob(id.as_bytes().to_vec()), limit)
        }
        (ProjectionKind::Node, None) => nodes(db, trail, [BEFORE_ALL, BEFORE_ALL], limit),
        (ProjectionKind::Node, Some(Projected::Node { node, .. })) => {
            let key = [integer(node.height.into()), integer(node.index)];
            nodes(db, trail, key, limit)
        }
        (ProjectionKind::Span, None) => spans(db, trail, [BEFORE_ALL, BEFORE_ALL], limit),
        (ProjectionKind::Span, Some(Projected::Span(span))) => {
            let key = [integer(span.height.into()), integer(span.index)];
            spans(db, trail, key, limit)
        }
        (ProjectionKind::Rollup, None) => rollups(db, trail, (&BEFORE_ALL, "", ""), limit),
        (ProjectionKind::Rollup, Some(Projected::Rollup(row))) => {
            let hour = Value::Integer(row.hour);
            let key = (&hour, &*row.action, row.outcome.as_str());
            rollups(db, trail, key, limit)
        }
        // The rows of the index are read from the index.
        (ProjectionKind::Term, None) => Ok(Vec::new()),
        (kind, Some(other)) => Err(stranger(kind, other)),
    }
}

/// A row that is none of a projection.
pub(crate) fn stranger(kind: ProjectionKind, other: &Projected) -> StoreError {
    backend(format!("{other:?} is no row of the projection {kind:?}"))
}

fn ids(
    db: &Connection,
    trail: i64,
    after: &Value,
    limit: i64,
) -> Result<Vec<Projected>, StoreError> {
    let sql = "\
SELECT id, seq FROM event_id WHERE trail = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
    each(db, sql, params![trail, after, limit], |row| {
        let seq = cell(row, 1, "an id", None)?;
        let id: [u8; 16] = cell(row, 0, "an id", Some(seq))?;
        Ok(Projected::Id {
            id: Uuid::from_bytes(id),
            seq,
        })
    })
}

fn nodes(
    db: &Connection,
    trail: i64,
    [height, index]: [Value; 2],
    limit: i64,
) -> Result<Vec<Projected>, StoreError> {
    let sql = "\
SELECT height, idx, hash FROM node WHERE trail = ?1 AND (height, idx) > (?2, ?3) \
ORDER BY height, idx LIMIT ?4";
    each(db, sql, params![trail, height, index, limit], |row| {
        let node = NodeId {
            height: cell(row, 0, "a node", None)?,
            index: cell(row, 1, "a node", None)?,
        };
        Ok(Projected::Node {
            node,
            hash: read::hash(row, 2, read::first_seq(node.height, node.index))?,
        })
    })
}

fn spans(
    db: &Connection,
    trail: i64,
    [height, index]: [Value; 2],
    limit: i64,
) -> Result<Vec<Projected>, StoreError> {
    let sql = "\
SELECT height, idx, earliest, latest FROM span WHERE trail = ?1 AND (height, idx) > (?2, ?3) \
ORDER BY height, idx LIMIT ?4";
    each(db, sql, params![trail, height, index, limit], |row| {
        read::span(row).map(Projected::Span)
    })
}

fn rollups(
    db: &Connection,
    trail: i64,
    (hour, action, outcome): (&Value, &str, &str),
    limit: i64,
) -> Result<Vec<Projected>, StoreError> {
    let sql = "\
SELECT hour, action, outcome, count FROM rollup \
WHERE trail = ?1 AND (hour, action, outcome) > (?2, ?3, ?4) \
ORDER BY hour, action, outcome LIMIT ?5";
    each(
        db,
        sql,
        params![trail, hour, action, outcome, limit],
        |row| read::rollup(row).map(Projected::Rollup),
    )
}
