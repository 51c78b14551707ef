//! The drain's side: reading the rows of an outbox and taking them out.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use indelible_core::outbox::{
    EVENT_BYTES_MAX, NAME_CHARS_MAX, Outbox, READ_BYTES_MAX, Refused, Row, Settled, Settlement,
    Standing,
};
use indelible_core::store::StoreError;
use indelible_core::{Timestamp, TrailName};
use rusqlite::{Connection, TransactionBehavior};
use tokio::task::spawn_blocking;

use super::standing::standing;
use crate::connection;
use crate::error::{SqliteError, backend, is_constraint, refused, unavailable};
use crate::open::Options;
use crate::store::SqliteStore;
use crate::writer::{Done, Task};

/// ?1 a JSON array of trails to pass over, ?2 rows at most, ?3 bytes of an event at most, ?4 bytes
/// of events before the last, ?5 characters of a trail's name.
const WAITING: &str = "\
SELECT position, substr(trail, 1, ?5), CASE WHEN bytes <= ?3 THEN event END, queued_at \
FROM (SELECT *, sum(min(bytes, ?3)) OVER (ORDER BY position) AS total \
FROM (SELECT position, trail, event, octet_length(event) AS bytes, queued_at \
FROM op_outbox WHERE refused IS NULL AND trail NOT IN (SELECT value FROM json_each(?1)) \
ORDER BY position LIMIT ?2)) \
WHERE total - min(bytes, ?3) <= ?4 ORDER BY position";

/// ?1 position.
const TAKE_OUT: &str = "DELETE FROM op_outbox WHERE position = ?1";

/// ?1 position, ?2 reason.
const REFUSE: &str = "UPDATE op_outbox SET refused = ?2 WHERE position = ?1 AND refused IS NULL";

/// ?1 position.
const STILL_WAITS: &str = "SELECT 1 FROM op_outbox WHERE position = ?1 AND refused IS NULL";

/// ?1 rows at most, ?2 characters of a trail's name.
const REFUSED: &str = "\
SELECT position, substr(trail, 1, ?2), queued_at, refused FROM op_outbox \
WHERE refused IS NOT NULL ORDER BY position LIMIT ?1";

/// The outbox in a database of the application's own.
pub struct SqliteOutboxTable {
    db: Arc<Mutex<Connection>>,
}

impl SqliteOutboxTable {
    /// The outbox in the file at `path`, whose table [`super::CREATE`] has made. Of `options` the
    /// busy timeout is regarded. The file's journal stays as it is.
    ///
    /// # Errors
    /// `Unavailable` where there is no such file or it cannot be opened.
    pub fn open(path: impl AsRef<Path>, options: &Options) -> Result<Self, StoreError> {
        let path = std::path::absolute(path.as_ref()).map_err(unavailable)?;
        if !path.try_exists().map_err(unavailable)? {
            return Err(unavailable(SqliteError::Absent(path)));
        }
        let db = connection::visiting(&path, options.busy_timeout)?;
        Ok(Self {
            db: Arc::new(Mutex::new(db)),
        })
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let db = Arc::clone(&self.db);
        let work = move || work(&mut db.lock().unwrap_or_else(PoisonError::into_inner));
        spawn_blocking(work).await.map_err(backend)?
    }
}

#[async_trait]
impl Outbox for SqliteOutboxTable {
    async fn waiting(
        &self,
        passed_over: &[TrailName],
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let passed_over = names(passed_over)?;
        self.with(move |db| waiting(db, &passed_over, limit)).await
    }

    async fn settle(&self, settlement: &Settlement) -> Result<Settled, StoreError> {
        let settlement = settlement.clone();
        self.with(move |db| {
            // The lock is taken at once: see `sql::BEGIN`.
            let transaction = db
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .map_err(refused)?;
            let settled = settle(&transaction, &settlement).map_err(refused)?;
            transaction.commit().map_err(refused)?;
            Ok(settled)
        })
        .await
    }

    async fn standing(&self) -> Result<Standing, StoreError> {
        self.with(|db| standing(db)).await
    }

    async fn refused(&self, limit: usize) -> Result<Vec<Refused>, StoreError> {
        self.with(move |db| refused_rows(db, limit)).await
    }
}

#[async_trait]
impl Outbox for SqliteStore {
    async fn waiting(
        &self,
        passed_over: &[TrailName],
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let passed_over = names(passed_over)?;
        let read = move |db: &Connection| waiting(db, &passed_over, limit);
        self.readers.read(move |db, _| read(db)).await
    }

    async fn settle(&self, settlement: &Settlement) -> Result<Settled, StoreError> {
        let task = Task::Settle(settlement.clone());
        match self.writer()?.done(task).await? {
            Done::Settled(settled) => Ok(settled),
            _ => Err(unavailable(SqliteError::Closed)),
        }
    }

    async fn standing(&self) -> Result<Standing, StoreError> {
        self.readers.read(|db, _| standing(db)).await
    }

    async fn refused(&self, limit: usize) -> Result<Vec<Refused>, StoreError> {
        self.readers
            .read(move |db, _| refused_rows(db, limit))
            .await
    }
}

/// Takes rows out and marks others, within a transaction. One writes at a time: no row is held.
///
/// A row that a trigger or constraint guards stays as it is, and the others are settled: SQLite
/// undoes the one statement.
pub(crate) fn settle(db: &Connection, settlement: &Settlement) -> rusqlite::Result<Settled> {
    let mut settled = Settled::default();
    let mut take_out = db.prepare_cached(TAKE_OUT)?;
    for position in &settlement.moved {
        let changed = take_out.execute([position]);
        settled.moved += of_row(db, *position, changed, &mut settled)?;
    }
    let mut refuse = db.prepare_cached(REFUSE)?;
    for (position, reason) in &settlement.refused {
        let changed = refuse.execute((position, reason));
        settled.refused += of_row(db, *position, changed, &mut settled)?;
    }
    Ok(settled)
}

/// The rows that a statement changed: none, and counted, where that row alone is to blame.
fn of_row(
    db: &Connection,
    position: i64,
    changed: rusqlite::Result<usize>,
    settled: &mut Settled,
) -> rusqlite::Result<u64> {
    match changed {
        // Another drain may have settled it, and a trigger may have passed over the statement.
        Ok(0) => {
            let mut waits = db.prepare_cached(STILL_WAITS)?;
            if waits.exists([position])? {
                settled.fail(|| "a trigger keeps it, without an error".to_owned());
            }
            Ok(0)
        }
        Ok(rows) => Ok(rows as u64),
        // A trigger may also have ended the whole transaction.
        Err(error) if is_constraint(&error) && !db.is_autocommit() => {
            settled.fail(|| error.to_string());
            Ok(0)
        }
        Err(error) => Err(error),
    }
}

fn names(trails: &[TrailName]) -> Result<String, StoreError> {
    let names: Vec<&str> = trails.iter().map(TrailName::as_str).collect();
    serde_json::to_string(&names).map_err(backend)
}

fn waiting(db: &Connection, passed_over: &str, limit: usize) -> Result<Vec<Row>, StoreError> {
    let mut statement = db.prepare_cached(WAITING).map_err(refused)?;
    let row = |row: &rusqlite::Row<'_>| {
        Ok(Row {
            position: row.get(0)?,
            trail: text(row, 1)?,
            event: row.get_ref(2)?.as_bytes_or_null()?.map(<[u8]>::to_vec),
            queued_at: text(row, 3)?.parse::<Timestamp>().ok(),
        })
    };
    let rows = statement
        .query_map(
            (
                passed_over,
                limit,
                EVENT_BYTES_MAX,
                READ_BYTES_MAX,
                NAME_CHARS_MAX,
            ),
            row,
        )
        .map_err(refused)?;
    rows.collect::<Result<_, _>>().map_err(refused)
}

fn refused_rows(db: &Connection, limit: usize) -> Result<Vec<Refused>, StoreError> {
    let mut statement = db.prepare_cached(REFUSED).map_err(refused)?;
    let row = |row: &rusqlite::Row<'_>| {
        Ok(Refused {
            position: row.get(0)?,
            trail: text(row, 1)?.parse().ok(),
            queued_at: text(row, 2)?.parse::<Timestamp>().ok(),
            reason: text(row, 3)?,
        })
    };
    let rows = statement
        .query_map([limit, NAME_CHARS_MAX], row)
        .map_err(refused)?;
    rows.collect::<Result<_, _>>().map_err(refused)
}

/// A text that another program wrote, whatever bytes are in it.
fn text(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<String> {
    Ok(lossy(row.get_ref(column)?.as_bytes()?))
}

pub(super) fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
