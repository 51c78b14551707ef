//! Events that join a caller's own transaction, in a table of its database.
//!
//! [`PostgresOutbox`] is the caller's side: it redacts and inserts. The drain's side is
//! [`PostgresStore`](crate::PostgresStore) for the trail's own database and
//! [`PostgresOutboxTable`] for any other. What goes between the two is in
//! `docs/formats/outbox.md`.

mod settle;
mod standing;
mod table;

use std::sync::Arc;

use indelible_core::door::Door;
use indelible_core::outbox::{Enclosed, Queued, Statement};
use indelible_core::redact::Redactor;
use indelible_core::{AuditError, AuditEvent, SystemClock, SystemEntropy, TrailName};
use tokio_postgres::GenericClient;
use tokio_postgres::types::Type;

pub use table::PostgresOutboxTable;

use crate::error::refused;

/// Makes schema and table of an outbox in a database that holds no trails. Does nothing where they
/// are there; where there are trails, `indelible migrate up` has made them. The database's encoding
/// must be UTF8. Nothing is granted: a sender needs USAGE on the schema and INSERT (trail, event),
/// a drain USAGE, SELECT, DELETE and UPDATE (refused).
pub const CREATE: &str = concat!(
    "CREATE SCHEMA IF NOT EXISTS indelible;\n\n",
    include_str!("../migrations/0005_outbox.sql")
);

/// $1 trail, $2 event. Asks for no more than the privilege to insert these two columns.
pub const INSERT: &str = "INSERT INTO indelible.op_outbox (trail, event) VALUES ($1, $2)";

/// $1 trail, $2 events, in their order.
const INSERT_ALL: &str = "\
INSERT INTO indelible.op_outbox (trail, event) \
SELECT $1, u.event FROM unnest($2::text[]) WITH ORDINALITY AS u (event, place) ORDER BY u.place";

/// Events that travel in one statement.
const EVENTS_AT_ONCE: usize = 1024;

/// The way of one trail's events into an outbox. Clones are cheap.
///
/// ```no_run
/// use indelible_core::{AuditAction, AuditEvent, TrailName};
/// use indelible_postgres::{PostgresOutbox, tokio_postgres};
///
/// # async fn transfer(client: &mut tokio_postgres::Client) -> Result<(), Box<dyn std::error::Error>> {
/// let outbox = PostgresOutbox::new(TrailName::standard());
/// let transaction = client.transaction().await?;
/// transaction.execute("UPDATE account SET cents = cents - 100 WHERE id = 7", &[]).await?;
/// let event = AuditEvent::new(AuditAction::custom("transfer_made"), "account").resource_id("7");
/// let queued = outbox.record_in(&transaction, event).await?;
/// transaction.commit().await?;
/// println!("entry {} is on its way", queued.id);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PostgresOutbox {
    trail: TrailName,
    door: Door,
}

impl PostgresOutbox {
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

    /// Writes an event into the outbox within the caller's transaction: it is recorded after the
    /// commit, and never if there is none. Secrets are masked first, in this process.
    ///
    /// # Errors
    /// [`AuditError::Invalid`] where the event's structure is ill-formed, and nothing was asked of
    /// the database. [`AuditError::Store`] where the insert failed: PostgreSQL then takes nothing more
    /// in this transaction.
    pub async fn record_in<C>(
        &self,
        transaction: &C,
        event: AuditEvent,
    ) -> Result<Queued, AuditError>
    where
        C: GenericClient + Sync,
    {
        let Statement {
            sql,
            parameters: [trail, event],
            queued,
        } = self.statement(event)?;
        let inserted = transaction
            .execute_typed(sql, &[(&trail, Type::TEXT), (&event, Type::TEXT)])
            .await;
        inserted.map_err(refused)?;
        Ok(queued)
    }

    /// As [`Self::record_in`], for many events in their order and few round trips. Where one of
    /// them is ill-formed none is inserted.
    ///
    /// # Errors
    /// As [`Self::record_in`]; after an error of the database some may be inserted.
    pub async fn record_all_in<C>(
        &self,
        transaction: &C,
        events: impl IntoIterator<Item = AuditEvent> + Send,
    ) -> Result<Vec<Queued>, AuditError>
    where
        C: GenericClient + Sync,
    {
        let mut texts = Vec::new();
        let mut all = Vec::new();
        for event in events {
            let Enclosed { queued, event } = Enclosed::new(&self.door, &self.trail, event)?;
            texts.push(event);
            all.push(queued);
        }
        let trail = self.trail.as_str();
        for texts in texts.chunks(EVENTS_AT_ONCE) {
            let inserted = transaction
                .execute_typed(
                    INSERT_ALL,
                    &[(&trail, Type::TEXT), (&texts, Type::TEXT_ARRAY)],
                )
                .await;
            inserted.map_err(refused)?;
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
