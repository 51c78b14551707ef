//! Reading by name, seq, id, node and hour.

use std::collections::HashMap;
use std::ops::Range;

use futures_util::future::join3;
use indelible_core::entry::StoredEntry;
use indelible_core::store::{Head, Rollup, Span, StoreError};
use indelible_core::{Outcome, TrailName};
use indelible_merkle::Hash;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::connection::{Lent, Param};
use crate::error::{corrupt, refused};
use crate::placement::Stretch;
use crate::retention;
use crate::row::{self, Bound, ENTRY_COLUMNS, Moment, array, cell, number};
use crate::store::PostgresStore;

macro_rules! head_rows {
    ($tail:literal) => {
        concat!(
            "SELECT trail_id, size, root, frontier, key, incarnation, incarnation_start, mac \
             FROM indelible.head ",
            $tail
        )
    };
}

pub(crate) async fn heads(lent: &Lent) -> Result<Vec<Head>, StoreError> {
    let sql = head_rows!("ORDER BY trail_id");
    each(lent.rows(sql, &[]).await?, row::head)
}

pub(crate) async fn head(lent: &Lent, trail: &TrailName) -> Result<Option<Head>, StoreError> {
    let sql = head_rows!("WHERE trail_id = $1");
    let found = lent.rows(sql, &[(&trail.as_str(), Type::TEXT)]).await?;
    found.first().map(row::head).transpose()
}

/// The number of entries of a trail, 0 where it has no head.
pub(crate) async fn size(lent: &Lent, trail: &TrailName) -> Result<u64, StoreError> {
    let sql = "SELECT size FROM indelible.head WHERE trail_id = $1";
    let found = lent.rows(sql, &[(&trail.as_str(), Type::TEXT)]).await?;
    let size = found.first().map(|row| number(row, 0, "a head", None));
    size.transpose().map(Option::unwrap_or_default)
}

pub(crate) async fn entries(
    store: &PostgresStore,
    trail: &TrailName,
    range: Range<u64>,
) -> Result<Vec<StoredEntry>, StoreError> {
    let lent = store.connections.lend().await?;
    let mut entries = Vec::new();
    for place in places(store, &lent, trail, range).await? {
        let sql = place.select(ENTRY_COLUMNS, "ORDER BY e.seq, e.created_at");
        let found = lent.rows(&sql, &place.params()).await?;
        entries.reserve(found.len());
        for row in &found {
            entries.push(row::entry(row)?);
        }
    }
    Ok(entries)
}

pub(crate) async fn seqs(
    lent: &Lent,
    trail: &TrailName,
    ids: &[Uuid],
) -> Result<Vec<Option<u64>>, StoreError> {
    let sql = "\
SELECT id, seq FROM indelible.event_id WHERE trail_id = $1 AND id = ANY ($2)";
    let params: [Param<'_>; 2] = [(&trail.as_str(), Type::TEXT), (&ids, Type::UUID_ARRAY)];
    let mut known = HashMap::new();
    for row in lent.rows(sql, &params).await? {
        let seq = number(&row, 1, "an id", None)?;
        let id: Uuid = cell(&row, 0, "an id", Some(seq))?;
        known.insert(id, seq);
    }
    Ok(ids.iter().map(|id| known.get(id).copied()).collect())
}

pub(crate) async fn hashes(
    store: &PostgresStore,
    trail: &TrailName,
    height: u8,
    range: Range<u64>,
) -> Result<Vec<(u64, Hash)>, StoreError> {
    let lent = store.connections.lend().await?;
    if height > 0 {
        return nodes(&lent, trail, height, range).await;
    }
    let mut leaves = Vec::new();
    if range.start < retention::first_kept(&lent, trail).await? {
        leaves = nodes(&lent, trail, 0, range.clone()).await?;
    }
    for place in places(store, &lent, trail, range).await? {
        let sql = place.select("e.seq, e.leaf_hash", "ORDER BY e.seq, e.created_at");
        for row in lent.rows(&sql, &place.params()).await? {
            let seq = number(&row, 0, "a seq", None)?;
            let hash = array(&row, 1, "leaf_hash", Some(seq))?;
            leaves.push((seq, Hash::from_bytes(hash)));
        }
    }
    Ok(leaves)
}

async fn nodes(
    lent: &Lent,
    trail: &TrailName,
    height: u8,
    range: Range<u64>,
) -> Result<Vec<(u64, Hash)>, StoreError> {
    let sql = "\
SELECT idx, hash FROM indelible.node \
WHERE trail_id = $1 AND height = $2 AND idx >= $3 AND idx < $4 ORDER BY idx";
    each(blocks(lent, sql, trail, height, range).await?, |row| {
        let index = number(row, 0, "a node", None)?;
        let hash = array(row, 1, "a node", first_seq(height, index))?;
        Ok((index, Hash::from_bytes(hash)))
    })
}

pub(crate) async fn spans(
    lent: &Lent,
    trail: &TrailName,
    height: u8,
    range: Range<u64>,
) -> Result<Vec<Span>, StoreError> {
    let sql = "\
SELECT height, idx, earliest, latest FROM indelible.span \
WHERE trail_id = $1 AND height = $2 AND idx >= $3 AND idx < $4 ORDER BY idx";
    each(blocks(lent, sql, trail, height, range).await?, span)
}

pub(crate) async fn rollups(
    lent: &Lent,
    trail: &TrailName,
    hours: Range<i64>,
) -> Result<Vec<Rollup>, StoreError> {
    let sql = "\
SELECT hour, action, outcome, count FROM indelible.rollup \
WHERE trail_id = $1 AND hour >= $2 AND hour < $3";
    let params: [Param<'_>; 3] = [
        (&trail.as_str(), Type::TEXT),
        (&hours.start, Type::INT8),
        (&hours.end, Type::INT8),
    ];
    each(lent.rows(sql, &params).await?, rollup)
}

/// The columns `height, idx, earliest, latest`.
pub(crate) fn span(row: &Row) -> Result<Span, StoreError> {
    let what = "the times of a block";
    let height = small(row, 0, what)?;
    let index = number(row, 1, what, None)?;
    let seq = first_seq(height, index);
    Ok(Span {
        height,
        index,
        earliest: cell::<Moment>(row, 2, what, seq)?.0,
        latest: cell::<Moment>(row, 3, what, seq)?.0,
    })
}

/// The columns `hour, action, outcome, count`.
pub(crate) fn rollup(row: &Row) -> Result<Rollup, StoreError> {
    let what = "a rollup";
    let outcome: &str = cell(row, 2, what, None)?;
    Ok(Rollup {
        hour: cell(row, 0, what, None)?,
        action: cell(row, 1, what, None)?,
        outcome: outcome
            .parse::<Outcome>()
            .map_err(|e| corrupt(what, None, e))?,
        count: number(row, 3, what, None)?,
    })
}

/// A height.
pub(crate) fn small(row: &Row, column: usize, what: &str) -> Result<u8, StoreError> {
    let number: i16 = cell(row, column, what, None)?;
    u8::try_from(number).map_err(|e| corrupt(what, None, e))
}

/// The first seq under a node, where such a node can be.
pub(crate) fn first_seq(height: u8, index: u64) -> Option<u64> {
    1_u64.checked_shl(height.into())?.checked_mul(index)
}

/// Reads every row.
pub(crate) fn each<T>(
    rows: Vec<Row>,
    read: impl Fn(&Row) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    rows.iter().map(read).collect()
}

/// A bound of a range as PostgreSQL compares it: nothing stands beyond the largest integer.
pub(crate) fn signed(bound: u64) -> i64 {
    i64::try_from(bound).unwrap_or(i64::MAX)
}

/// The rows of a statement that follows an index and ends early. A planner whose statistics are old
/// or missing would rather gather and sort all rows that it takes to be few; here it cannot. The
/// settings end with their transaction, and all travels at once.
pub(crate) async fn by_index(
    lent: &Lent,
    sql: &str,
    params: &[Param<'_>],
) -> Result<Vec<Row>, StoreError> {
    let (begun, rows, ended) = join3(
        lent.batch(BY_INDEX_BEGIN),
        lent.rows(sql, params),
        lent.batch("COMMIT"),
    )
    .await;
    // The first that failed is the reason of the others.
    begun?.map_err(refused)?;
    let rows = rows?;
    ended?.map_err(refused)?;
    Ok(rows)
}

/// What begins the transaction of [`by_index`].
const BY_INDEX_BEGIN: &str = "\
BEGIN READ ONLY; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; \
SET LOCAL enable_sort = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; \
SET LOCAL enable_material = off; SET LOCAL max_parallel_workers_per_gather = 0; \
SET LOCAL jit = off";

/// Seqs to read and, where it is known, the partitions they lie in.
#[derive(Clone)]
pub(crate) struct Place {
    trail: String,
    pub(crate) first: i64,
    pub(crate) end: i64,
    created: Option<(Bound, Bound)>,
}

impl Place {
    pub(crate) fn of(trail: &TrailName, stretch: &Stretch) -> Self {
        Self {
            trail: trail.as_str().to_owned(),
            first: signed(stretch.seqs.start),
            end: signed(stretch.seqs.end),
            created: Some((stretch.from, stretch.to)),
        }
    }

    /// Only the seqs from `first` to before `end` of it.
    pub(crate) fn window(&self, first: i64, end: i64) -> Self {
        Self {
            first,
            end,
            ..self.clone()
        }
    }

    /// Seqs in whatever partition.
    pub(crate) fn anywhere(trail: &TrailName, seqs: Range<u64>) -> Self {
        Self {
            trail: trail.as_str().to_owned(),
            first: signed(seqs.start),
            end: signed(seqs.end),
            created: None,
        }
    }

    /// A statement that reads the rows here; its values are [`Self::params`].
    pub(crate) fn select(&self, columns: &str, tail: &str) -> String {
        let created = match self.created {
            Some(_) => "AND e.created_at >= $4 AND e.created_at < $5 ",
            None => "",
        };
        format!(
            "SELECT {columns} FROM indelible.entry AS e \
             WHERE e.trail_id = $1 AND e.seq >= $2 AND e.seq < $3 {created}{tail}"
        )
    }

    pub(crate) fn params(&self) -> Vec<Param<'_>> {
        let mut params: Vec<Param<'_>> = vec![
            (&self.trail, Type::TEXT),
            (&self.first, Type::INT8),
            (&self.end, Type::INT8),
        ];
        if let Some((from, to)) = &self.created {
            params.push((from, Type::TIMESTAMPTZ));
            params.push((to, Type::TIMESTAMPTZ));
        }
        params
    }
}

/// Where the entries of `range` lie, by seq. Those of the trail lie where its placement says; rows
/// beyond its end, which verification must see, lie anywhere.
pub(crate) async fn places(
    store: &PostgresStore,
    lent: &Lent,
    trail: &TrailName,
    range: Range<u64>,
) -> Result<Vec<Place>, StoreError> {
    if range.is_empty() {
        return Ok(Vec::new());
    }
    let size = size(lent, trail).await?;
    let stretches = store
        .placements
        .of(lent, trail, range.clone(), size)
        .await?;
    let mut places: Vec<_> = stretches
        .iter()
        .map(|stretch| Place::of(trail, stretch))
        .collect();
    if range.end > size {
        places.push(Place::anywhere(trail, range.start.max(size)..range.end));
    }
    Ok(places)
}

async fn blocks(
    lent: &Lent,
    sql: &str,
    trail: &TrailName,
    height: u8,
    range: Range<u64>,
) -> Result<Vec<Row>, StoreError> {
    let (start, end) = (signed(range.start), signed(range.end));
    let params: [Param<'_>; 4] = [
        (&trail.as_str(), Type::TEXT),
        (&i16::from(height), Type::INT2),
        (&start, Type::INT8),
        (&end, Type::INT8),
    ];
    lent.rows(sql, &params).await
}
