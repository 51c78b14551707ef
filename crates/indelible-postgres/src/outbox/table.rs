//! The drain's side: reading the rows of an outbox and taking them out.
//!
//! Each statement is a transaction of its own: no lock is held between reading and taking out.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use indelible_core::outbox::{
    EVENT_BYTES_MAX, NAME_CHARS_MAX, Outbox, READ_BYTES_MAX, Refused, Row, Settled, Settlement,
    Standing,
};
use indelible_core::store::StoreError;
use indelible_core::{Timestamp, TrailName};
use tokio_postgres::types::{FromSql, Type};

use super::settle::settle;
use super::standing::standing;
use crate::address::Address;
use crate::connection::Connections;
use crate::error::corrupt;
use crate::open::Options;
use crate::row::Moment;
use crate::store::PostgresStore;

/// $1 trails to pass over, $2 rows at most, $3 bytes of an event at most, $4 bytes of events before
/// the last, $5 characters of a trail's name.
const WAITING: &str = "\
SELECT position, left(trail, $5), \
CASE WHEN bytes <= $3 THEN convert_to(event, 'UTF8') END, queued_at \
FROM (SELECT w.*, sum(least(bytes, $3)) OVER (ORDER BY position) AS total \
FROM (SELECT position, trail, event, octet_length(event) AS bytes, queued_at \
FROM indelible.op_outbox WHERE refused IS NULL AND trail <> ALL ($1) \
ORDER BY position LIMIT $2) AS w) AS summed \
WHERE total - least(bytes, $3) <= $4 ORDER BY position";

/// Events are read as UTF-8, and a database of another encoding cannot say them all.
const ENCODING: &str = "SELECT current_setting('server_encoding')";

/// $1 rows at most, $2 characters of a trail's name.
const REFUSED: &str = "\
SELECT position, left(trail, $2), queued_at, refused FROM indelible.op_outbox \
WHERE refused IS NOT NULL ORDER BY position LIMIT $1";

const WHAT: &str = "op_outbox";

/// Characters of a trail's name that are read.
const NAME_CHARS: i32 = NAME_CHARS_MAX as i32;

/// The outbox of a database that holds no trails, or of one whose trails are not opened here.
pub struct PostgresOutboxTable {
    connections: Connections,
    /// Whether the database's encoding is known to be UTF-8.
    is_utf8: AtomicBool,
}

impl PostgresOutboxTable {
    /// The outbox at `address`, whose table [`super::CREATE`] has made. Nothing is asked yet.
    ///
    /// # Errors
    /// `Unavailable` where no connection can be set up.
    pub fn open(address: &Address, options: &Options) -> Result<Self, StoreError> {
        let connections = Connections::new(address, options)?;
        let is_utf8 = AtomicBool::new(false);
        Ok(Self {
            connections,
            is_utf8,
        })
    }

    /// Refuses a database in which not every event can be told.
    async fn check_encoding(&self) -> Result<(), StoreError> {
        if self.is_utf8.load(Ordering::Relaxed) {
            return Ok(());
        }
        let rows = self.connections.lend().await?.rows(ENCODING, &[]).await?;
        let encoding: &str = rows.first().map_or(Ok("unknown"), |row| cell(row, 0))?;
        if encoding != "UTF8" {
            return Err(StoreError::Unsupported(format!(
                "the database with the outbox has the encoding {encoding}; an outbox needs UTF8, \
                 so that it can hold every event"
            )));
        }
        self.is_utf8.store(true, Ordering::Relaxed);
        Ok(())
    }
}

#[async_trait]
impl Outbox for PostgresOutboxTable {
    async fn waiting(
        &self,
        passed_over: &[TrailName],
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.check_encoding().await?;
        waiting(&self.connections, passed_over, limit).await
    }

    async fn settle(&self, settlement: &Settlement) -> Result<Settled, StoreError> {
        settle(&self.connections, settlement).await
    }

    async fn standing(&self) -> Result<Standing, StoreError> {
        standing(&self.connections).await
    }

    async fn refused(&self, limit: usize) -> Result<Vec<Refused>, StoreError> {
        refused_rows(&self.connections, limit).await
    }
}

#[async_trait]
impl Outbox for PostgresStore {
    async fn waiting(
        &self,
        passed_over: &[TrailName],
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        waiting(&self.connections, passed_over, limit).await
    }

    async fn settle(&self, settlement: &Settlement) -> Result<Settled, StoreError> {
        self.writable()?;
        settle(&self.connections, settlement).await
    }

    async fn standing(&self) -> Result<Standing, StoreError> {
        standing(&self.connections).await
    }

    async fn refused(&self, limit: usize) -> Result<Vec<Refused>, StoreError> {
        refused_rows(&self.connections, limit).await
    }
}

async fn waiting(
    connections: &Connections,
    passed_over: &[TrailName],
    limit: usize,
) -> Result<Vec<Row>, StoreError> {
    let passed_over: Vec<&str> = passed_over.iter().map(TrailName::as_str).collect();
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let bytes_max = i32::try_from(EVENT_BYTES_MAX).unwrap_or(i32::MAX);
    let read_bytes_max = i64::try_from(READ_BYTES_MAX).unwrap_or(i64::MAX);
    let lent = connections.lend().await?;
    let rows = lent
        .rows(
            WAITING,
            &[
                (&passed_over, Type::TEXT_ARRAY),
                (&limit, Type::INT8),
                (&bytes_max, Type::INT4),
                (&read_bytes_max, Type::INT8),
                (&NAME_CHARS, Type::INT4),
            ],
        )
        .await?;
    let row = |row: &tokio_postgres::Row| {
        Ok(Row {
            position: cell(row, 0)?,
            trail: cell(row, 1)?,
            event: cell(row, 2)?,
            queued_at: moment(row, 3),
        })
    };
    rows.iter().map(row).collect()
}

async fn refused_rows(connections: &Connections, limit: usize) -> Result<Vec<Refused>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let lent = connections.lend().await?;
    let rows = lent
        .rows(REFUSED, &[(&limit, Type::INT8), (&NAME_CHARS, Type::INT4)])
        .await?;
    let row = |row: &tokio_postgres::Row| {
        Ok(Refused {
            position: cell(row, 0)?,
            trail: cell::<&str>(row, 1)?.parse().ok(),
            queued_at: moment(row, 2),
            reason: cell(row, 3)?,
        })
    };
    rows.iter().map(row).collect()
}

/// A time that another program may have written: one beyond the years of a timestamp is as good as
/// none.
pub(super) fn moment(row: &tokio_postgres::Row, column: usize) -> Option<Timestamp> {
    let moment = row.try_get::<_, Option<Moment>>(column);
    moment.ok().flatten().map(|moment| moment.0)
}

pub(super) fn cell<'a, T: FromSql<'a>>(
    row: &'a tokio_postgres::Row,
    column: usize,
) -> Result<T, StoreError> {
    row.try_get(column).map_err(|e| corrupt(WHAT, None, e))
}
