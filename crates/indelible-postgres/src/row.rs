//! Rows of the log as values of the port, and the port's times as PostgreSQL's.

use bytes::{BufMut, BytesMut};
use indelible_core::entry::{Erasure, StoredEntry};
use indelible_core::part::{Part, PerPart, SALT_BYTES};
use indelible_core::store::{Head, StoreError};
use indelible_core::{Outcome, Timestamp};
use indelible_merkle::{Frontier, Hash};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};

use crate::error::corrupt;

/// Microseconds from 1970-01-01 to 2000-01-01, where PostgreSQL begins to count.
const EPOCH_MICROS: i64 = 946_684_800_000_000;
/// Days from 1970-01-01 to 2000-01-01.
const EPOCH_DAYS: i64 = 10_957;

type Refusal = Box<dyn std::error::Error + Send + Sync>;

/// A `timestamptz`, exact to the microsecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(pub(crate) Timestamp);

/// A `timestamptz` to compare with, in microseconds since 1970; it may lie beyond the years of
/// [`Timestamp`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Bound(pub(crate) i64);

/// A `date`: days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day(pub(crate) i64);

impl ToSql for Moment {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Refusal> {
        // Years 0 to 9999 lie far inside what 64 bits hold.
        out.put_i64(self.0.as_micros() - EPOCH_MICROS);
        Ok(IsNull::No)
    }

    accepts!(TIMESTAMPTZ);
    to_sql_checked!();
}

impl<'a> FromSql<'a> for Moment {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Refusal> {
        let since = i64::from_be_bytes(raw.try_into()?);
        // The two infinities stand at the ends. Beyond the years 0 to 9999 a time is nothing that
        // was ever recorded, and would read as the nearest one that was.
        let micros = since.checked_add(EPOCH_MICROS);
        let time = micros.map(Timestamp::from_micros);
        match time {
            Some(time) if Some(time.as_micros()) == micros => Ok(Self(time)),
            _ => Err(format!("{since} µs since 2000 is out of the range of times").into()),
        }
    }

    accepts!(TIMESTAMPTZ);
}

impl ToSql for Bound {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Refusal> {
        out.put_i64(self.0.saturating_sub(EPOCH_MICROS));
        Ok(IsNull::No)
    }

    accepts!(TIMESTAMPTZ);
    to_sql_checked!();
}

impl ToSql for Day {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Refusal> {
        out.put_i32(i32::try_from(self.0 - EPOCH_DAYS)?);
        Ok(IsNull::No)
    }

    accepts!(DATE);
    to_sql_checked!();
}

impl<'a> FromSql<'a> for Day {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Refusal> {
        let since = i32::from_be_bytes(raw.try_into()?);
        Ok(Self(i64::from(since) + EPOCH_DAYS))
    }

    accepts!(DATE);
}

/// The columns that [`entry`] reads.
pub(crate) const ENTRY_COLUMNS: &str = "\
e.seq, e.id, e.action, e.outcome, e.resource_type, e.tags, e.occurred_at, e.created_at, e.erases, \
e.actor_hash, e.target_hash, e.details_hash, e.leaf_hash, \
e.actor_salt, e.actor, e.target_salt, e.target, e.details_salt, e.details";

/// A cell as what it should be; `what` and `seq` say whose it is where it is something else.
pub(crate) fn cell<'a, T: FromSql<'a>>(
    row: &'a Row,
    column: usize,
    what: &str,
    seq: Option<u64>,
) -> Result<T, StoreError> {
    row.try_get(column)
        .map_err(|error| corrupt(what, seq, reason(&error)))
}

/// A number that is never negative.
pub(crate) fn number<T: TryFrom<i64>>(
    row: &Row,
    column: usize,
    what: &str,
    seq: Option<u64>,
) -> Result<T, StoreError> {
    let number: i64 = cell(row, column, what, seq)?;
    let beyond = |_| corrupt(what, seq, format!("{number} is out of range"));
    T::try_from(number).map_err(beyond)
}

/// Bytes of a set length in a cell.
pub(crate) fn array<const N: usize>(
    row: &Row,
    column: usize,
    what: &str,
    seq: Option<u64>,
) -> Result<[u8; N], StoreError> {
    let bytes: &[u8] = cell(row, column, what, seq)?;
    let length = |_| corrupt(what, seq, format!("{} bytes instead of {N}", bytes.len()));
    bytes.try_into().map_err(length)
}

/// The columns of `sql::HEAD_LOCK`.
pub(crate) fn head(row: &Row) -> Result<Head, StoreError> {
    let what = "a head";
    let bad = |problem: String| corrupt(what, None, problem);
    let name: &str = cell(row, 0, what, None)?;
    let size: u64 = number(row, 1, what, None)?;
    let frontier: &[u8] = cell(row, 3, what, None)?;
    let key: &str = cell(row, 4, what, None)?;
    let incarnation: i32 = cell(row, 5, what, None)?;
    Ok(Head {
        trail: name.parse().map_err(|e| bad(format!("{e}")))?,
        size,
        root: Hash::from_bytes(array(row, 2, what, None)?),
        frontier: Frontier::from_bytes(size, frontier).map_err(|e| bad(e.to_string()))?,
        key: key.parse().map_err(|e| bad(format!("{e}")))?,
        incarnation: u32::try_from(incarnation).map_err(|e| bad(e.to_string()))?,
        incarnation_start: number(row, 6, what, None)?,
        mac: array(row, 7, what, None)?,
    })
}

/// The columns of [`ENTRY_COLUMNS`].
pub(crate) fn entry(row: &Row) -> Result<StoredEntry, StoreError> {
    let seq = number(row, 0, "a seq", None)?;
    let cell = Cells { row, seq };
    Ok(StoredEntry {
        seq,
        id: cell.get(1)?,
        action: cell.get(2)?,
        outcome: cell
            .get::<&str>(3)?
            .parse::<Outcome>()
            .map_err(|e| cell.bad(3, e))?,
        resource_type: cell.get(4)?,
        tags: split_tags(cell.get(5)?),
        occurred_at: cell.get::<Moment>(6)?.0,
        created_at: cell.get::<Moment>(7)?.0,
        erases: cell.erases(8)?,
        part_hashes: PerPart {
            actor: cell.hash(9)?,
            target: cell.hash(10)?,
            details: cell.hash(11)?,
        },
        leaf_hash: cell.hash(12)?.ok_or_else(|| cell.bad(12, "it is NULL"))?,
        parts: PerPart {
            actor: cell.part(13)?,
            target: cell.part(15)?,
            details: cell.part(17)?,
        },
    })
}

/// The tags of a column that holds them with a space between.
fn split_tags(text: &str) -> Vec<String> {
    match text {
        "" => Vec::new(),
        text => text.split(' ').map(str::to_owned).collect(),
    }
}

/// The cells of one row of one entry: every problem names the entry and the column.
struct Cells<'a> {
    row: &'a Row,
    seq: u64,
}

impl<'a> Cells<'a> {
    fn get<T: FromSql<'a>>(&self, column: usize) -> Result<T, StoreError> {
        self.row
            .try_get(column)
            .map_err(|error| self.bad(column, reason(&error)))
    }

    fn bad(&self, column: usize, problem: impl ToString) -> StoreError {
        let name = self.row.columns().get(column);
        let name = name.map_or("a column", |column| column.name());
        corrupt(name, Some(self.seq), problem)
    }

    fn array<const N: usize>(&self, column: usize) -> Result<Option<[u8; N]>, StoreError> {
        let Some(bytes) = self.get::<Option<&[u8]>>(column)? else {
            return Ok(None);
        };
        let length = |_| self.bad(column, format!("{} bytes instead of {N}", bytes.len()));
        bytes.try_into().map(Some).map_err(length)
    }

    fn hash(&self, column: usize) -> Result<Option<Hash>, StoreError> {
        Ok(self.array(column)?.map(Hash::from_bytes))
    }

    /// A part's salt and, in the next column, its body.
    fn part(&self, column: usize) -> Result<Option<Part>, StoreError> {
        let body: Option<Vec<u8>> = self.get(column + 1)?;
        match (self.array::<SALT_BYTES>(column)?, body) {
            (None, None) => Ok(None),
            (Some(salt), Some(body)) => Ok(Some(Part { salt, body })),
            _ => Err(self.bad(column + 1, "salt and body are not there together")),
        }
    }

    fn erases(&self, column: usize) -> Result<Vec<Erasure>, StoreError> {
        let Some(text) = self.get::<Option<&str>>(column)? else {
            return Ok(Vec::new());
        };
        let erases: Vec<Erasure> = serde_json::from_str(text).map_err(|e| self.bad(column, e))?;
        // One spelling only, as everywhere: another one would be an unseen change.
        let spelling = serde_json::to_string(&erases).map_err(|e| self.bad(column, e))?;
        if erases.is_empty() || spelling != text {
            return Err(self.bad(column, "it is not in canonical form"));
        }
        Ok(erases)
    }
}

/// What is wrong with a cell, without the driver's "error deserializing column".
fn reason(error: &tokio_postgres::Error) -> String {
    let source = std::error::Error::source(error);
    source.map_or_else(|| error.to_string(), ToString::to_string)
}
