//! Rows of the log as values of the port.

use indelible_core::entry::{Erasure, StoredEntry};
use indelible_core::part::{Part, PerPart, SALT_BYTES};
use indelible_core::store::{Head, Indexed, StoreError};
use indelible_core::{Outcome, Timestamp};
use indelible_merkle::{Frontier, Hash};
use rusqlite::Row;
use rusqlite::types::{FromSql, ValueRef};
use uuid::Uuid;

use crate::error::{corrupt, is_conversion, refused};

/// Bits of a place that hold the seq.
const SEQ_BITS: u32 = 40;

/// One more than the largest seq that a place can hold.
pub(crate) const SEQ_END: u64 = 1 << SEQ_BITS;

/// The key of an entry: the trail's number above, the seq below. `seq` is under [`SEQ_END`].
pub(crate) fn place(trail: i64, seq: u64) -> i64 {
    debug_assert!(seq < SEQ_END, "checked when the commit was packed");
    trail << SEQ_BITS | seq.cast_signed()
}

/// The seq in a place.
pub(crate) fn seq_of(place: i64) -> u64 {
    place.cast_unsigned() & (SEQ_END - 1)
}

/// A cell as what it should be; `what` and `seq` say whose it is where it is something else.
pub(crate) fn cell<T: FromSql>(
    row: &Row<'_>,
    column: usize,
    what: &str,
    seq: Option<u64>,
) -> Result<T, StoreError> {
    row.get(column).map_err(|error| {
        if is_conversion(&error) {
            corrupt(what, seq, error)
        } else {
            refused(error)
        }
    })
}

/// Microseconds since 1970 in a cell. Beyond the years 0 to 9999 they are nothing that was ever
/// recorded, and would read as the nearest time that was.
pub(crate) fn time(
    row: &Row<'_>,
    column: usize,
    what: &str,
    seq: Option<u64>,
) -> Result<Timestamp, StoreError> {
    let micros = cell(row, column, what, seq)?;
    let time = Timestamp::from_micros(micros);
    if time.as_micros() == micros {
        return Ok(time);
    }
    let problem = format!("{micros} µs since 1970 is out of the range of times");
    Err(corrupt(what, seq, problem))
}

/// The columns of `sql::ENTRIES`.
pub(crate) fn entry(row: &Row<'_>) -> Result<StoredEntry, StoreError> {
    let seq = seq_of(cell(row, 0, "a place", None)?);
    let cell = Cells { row, seq };
    let part_hashes = PerPart {
        actor: cell.hash(9)?,
        target: cell.hash(10)?,
        details: cell.hash(11)?,
    };
    let parts = PerPart {
        actor: cell.part(13)?,
        target: cell.part(15)?,
        details: cell.part(17)?,
    };
    Ok(StoredEntry {
        seq,
        id: Uuid::from_bytes(cell.array(1)?.ok_or_else(|| cell.bad(1, "it is NULL"))?),
        action: cell.text(2)?.to_owned(),
        outcome: cell
            .text(3)?
            .parse::<Outcome>()
            .map_err(|e| cell.bad(3, e))?,
        resource_type: cell.text(4)?.to_owned(),
        tags: tags(cell.text(5)?).map(str::to_owned).collect(),
        occurred_at: cell.time(6)?,
        created_at: cell.time(7)?,
        erases: cell.erases(8)?,
        part_hashes,
        leaf_hash: cell.hash(12)?.ok_or_else(|| cell.bad(12, "it is NULL"))?,
        parts,
    })
}

/// The columns of `sql::INDEXED`.
pub(crate) fn indexed<'r>(row: &'r Row<'r>) -> Result<OfIndex<'r>, StoreError> {
    let seq = seq_of(cell(row, 0, "a place", None)?);
    let cell = Cells { row, seq };
    let indexed = Indexed {
        action: cell.text(1)?,
        outcome: cell.text(2)?,
        resource_type: cell.text(3)?,
        tags: tags(cell.text(4)?),
    };
    Ok((seq, indexed))
}

/// The seq of an entry, and what of its skeleton is indexed.
type OfIndex<'r> = (u64, Indexed<'r, Tags<'r>>);

/// The columns of `sql::BODIES`, of the entry at `seq`.
pub(crate) fn bodies<'r>(
    row: &'r Row<'r>,
    seq: u64,
) -> Result<PerPart<Option<&'r [u8]>>, StoreError> {
    let cell = Cells { row, seq };
    Ok(PerPart {
        actor: cell.blob(1)?,
        target: cell.blob(2)?,
        details: cell.blob(3)?,
    })
}

/// The columns `name, size, root, frontier, key, incarnation, incarnation_start, mac` of
/// `head`.
pub(crate) fn head(row: &Row<'_>) -> Result<Head, StoreError> {
    let bad = |problem: String| corrupt("a head", None, problem);
    let what = "a head";
    let name: String = cell(row, 0, what, None)?;
    let size: u64 = cell(row, 1, what, None)?;
    let root: [u8; Hash::LEN] = cell(row, 2, what, None)?;
    let frontier = row.get_ref(3).map_err(refused)?;
    let frontier = frontier.as_blob().map_err(|e| bad(e.to_string()))?;
    let key: String = cell(row, 4, what, None)?;
    Ok(Head {
        trail: name.parse().map_err(|e| bad(format!("{e}")))?,
        size,
        root: Hash::from_bytes(root),
        frontier: Frontier::from_bytes(size, frontier).map_err(|e| bad(e.to_string()))?,
        key: key.parse().map_err(|e| bad(format!("{e}")))?,
        incarnation: cell(row, 5, what, None)?,
        incarnation_start: cell(row, 6, what, None)?,
        mac: cell(row, 7, what, None)?,
    })
}

/// The tags of a column that holds them with a space between.
fn tags(text: &str) -> Tags<'_> {
    // Nothing would be split into one tag without letters.
    (!text.is_empty())
        .then(|| text.split(' '))
        .into_iter()
        .flatten()
}

type Tags<'r> = std::iter::Flatten<std::option::IntoIter<std::str::Split<'r, char>>>;

/// The cells of one row of one entry: every problem names the entry and the column.
struct Cells<'a> {
    row: &'a Row<'a>,
    seq: u64,
}

impl<'a> Cells<'a> {
    fn get(&self, column: usize) -> Result<ValueRef<'a>, StoreError> {
        self.row.get_ref(column).map_err(refused)
    }

    fn bad(&self, column: usize, problem: impl ToString) -> StoreError {
        let name = self.row.as_ref().column_name(column).unwrap_or("a column");
        corrupt(name, Some(self.seq), problem)
    }

    fn text(&self, column: usize) -> Result<&'a str, StoreError> {
        self.get(column)?.as_str().map_err(|e| self.bad(column, e))
    }

    fn time(&self, column: usize) -> Result<Timestamp, StoreError> {
        time(self.row, column, "a time", Some(self.seq)).or_else(|_| {
            // Its name is looked up where it is told, and not for every row.
            let name = self.row.as_ref().column_name(column).unwrap_or("a time");
            time(self.row, column, name, Some(self.seq))
        })
    }

    fn blob(&self, column: usize) -> Result<Option<&'a [u8]>, StoreError> {
        self.get(column)?
            .as_blob_or_null()
            .map_err(|e| self.bad(column, e))
    }

    fn array<const N: usize>(&self, column: usize) -> Result<Option<[u8; N]>, StoreError> {
        let Some(bytes) = self.blob(column)? else {
            return Ok(None);
        };
        let length = || self.bad(column, format!("{} bytes instead of {N}", bytes.len()));
        bytes.try_into().map(Some).map_err(|_| length())
    }

    fn hash(&self, column: usize) -> Result<Option<Hash>, StoreError> {
        Ok(self.array(column)?.map(Hash::from_bytes))
    }

    /// A part's salt and, in the next column, its body.
    fn part(&self, column: usize) -> Result<Option<Part>, StoreError> {
        match (self.array::<SALT_BYTES>(column)?, self.blob(column + 1)?) {
            (None, None) => Ok(None),
            (Some(salt), Some(body)) => Ok(Some(Part {
                salt,
                body: body.to_vec(),
            })),
            _ => Err(self.bad(column + 1, "salt and body are not there together")),
        }
    }

    fn erases(&self, column: usize) -> Result<Vec<Erasure>, StoreError> {
        let text = self
            .get(column)?
            .as_str_or_null()
            .map_err(|e| self.bad(column, e))?;
        let Some(text) = text else {
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
