//! Events that join a caller's own transaction, in a table of its database.
//!
//! [`SqliteOutbox`] is the caller's side: it redacts and inserts. The drain's side is
//! [`SqliteStore`](crate::SqliteStore) where the table is in the trail's own file, and
//! [`SqliteOutboxTable`] where it is in one of the application's own. What goes between the two is
//! in `docs/formats/outbox.md`.
//!
//! # One writer at a time
//!
//! SQLite lets one connection write to a file. The caller's side writes through the caller's own
//! connection and asks for no other lock; the drain's side holds the lock for the one statement
//! that takes rows out, and none while it reads (in the write-ahead log) or records. So in the
//! trail's own file a transaction of the application delays the trail's writer, as any other
//! writer does, for as long as the busy timeout, after which the drain tries again later. What
//! must not be done within such a transaction is to wait for the trail: `record` on the same file
//! waits for the lock that its caller holds. `record_in` is what such a caller wants.

mod standing;
mod table;

use std::sync::Arc;

use indelible_core::door::Door;
use indelible_core::outbox::{Enclosed, Queued, Statement};
use indelible_core::redact::Redactor;
use indelible_core::{AuditError, AuditEvent, SystemClock, SystemEntropy, TrailName};
use rusqlite::Connection;

pub use table::SqliteOutboxTable;
pub(crate) use table::settle;

use crate::error::refused;

/// Makes the table of an outbox in a database of the application's own. Does nothing where it is
/// there; the trail's own file has it.
pub const CREATE: &str = include_str!("../migrations/0004_outbox.sql");

/// ?1 trail, ?2 event.
pub const INSERT: &str = "INSERT INTO op_outbox (trail, event) VALUES (?1, ?2)";

/// The way of one trail's events into an outbox. Clones are cheap.
///
/// ```
/// use indelible_core::{AuditAction, AuditEvent, TrailName};
/// use indelible_sqlite::{SqliteOutbox, outbox, rusqlite};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut db = rusqlite::Connection::open_in_memory()?;
/// db.execute_batch(outbox::CREATE)?;
/// db.execute_batch("CREATE TABLE account (id INTEGER PRIMARY KEY, cents INTEGER)")?;
///
/// let outbox = SqliteOutbox::new(TrailName::standard());
/// let transaction = db.transaction()?;
/// transaction.execute("UPDATE account SET cents = cents - 100 WHERE id = 7", [])?;
/// let event = AuditEvent::new(AuditAction::custom("transfer_made"), "account").resource_id("7");
/// let queued = outbox.record_in(&transaction, event)?;
/// transaction.commit()?;
/// println!("entry {} is on its way", queued.id);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SqliteOutbox {
    trail: TrailName,
    door: Door,
}

impl SqliteOutbox {
    /// With the standard redaction and the system's clock.
    pub fn new(trail: TrailName) -> Self {
        let redactor = Arc::new(Redactor::default_mask());
        let clock = Arc::new(SystemClock::new());
        Self::with_door(trail, Door::new(clock, Arc::new(SystemEntropy), redactor))
    }

    /// With redaction and clock of `door`.
    pub fn with_door(trail: TrailName, door: Door) -> Self {
        Self { trail, door }
    }

    /// Writes an event into the outbox within the caller's transaction (`Transaction` is a
    /// `Connection`): it is recorded after the commit, and never if there is none. Secrets are
    /// masked first, in this process. Outside of a transaction the insert is one of its own.
    ///
    /// # Errors
    /// [`AuditError::Invalid`] where the event's structure is ill-formed, [`AuditError::Store`]
    /// where the insert failed.
    pub fn record_in(
        &self,
        transaction: &Connection,
        event: AuditEvent,
    ) -> Result<Queued, AuditError> {
        let Statement {
            sql,
            parameters,
            queued,
        } = self.statement(event)?;
        let mut insert = transaction.prepare_cached(sql).map_err(refused)?;
        insert.execute(parameters).map_err(refused)?;
        Ok(queued)
    }

    /// As [`Self::record_in`], for many events in their order. Where one of them is ill-formed
    /// none is inserted.
    ///
    /// # Errors
    /// As [`Self::record_in`]; after an error of the database some may be inserted.
    pub fn record_all_in(
        &self,
        transaction: &Connection,
        events: impl IntoIterator<Item = AuditEvent>,
    ) -> Result<Vec<Queued>, AuditError> {
        let enclosed = events
            .into_iter()
            .map(|event| Enclosed::new(&self.door, &self.trail, event));
        let enclosed: Vec<_> = enclosed.collect::<Result<_, _>>()?;
        let mut insert = transaction.prepare_cached(INSERT).map_err(refused)?;
        let mut all = Vec::with_capacity(enclosed.len());
        for Enclosed { queued, event } in enclosed {
            insert
                .execute([self.trail.as_str(), &event])
                .map_err(refused)?;
            all.push(queued);
        }
        Ok(all)
    }

    /// The same as a statement with parameters, for any other driver. Secrets are masked in it.
    ///
    /// # Errors
    /// [`AuditError::Invalid`] where the event's structure is ill-formed.
    pub fn statement(&self, event: AuditEvent) -> Result<Statement, AuditError> {
        Ok(Enclosed::new(&self.door, &self.trail, event)?.statement(INSERT))
    }
}
