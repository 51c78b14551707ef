//! Events that join the caller's own transaction.
//!
//! An event that is recorded ([`AuditProtocol::record`](crate::AuditProtocol::record)) is so
//! whatever becomes of the caller's work. One that is put into an outbox within a transaction is
//! recorded once that commits, exactly once and in the order of the transaction, and never if it is
//! rolled back:
//!
//! - [`PostgresOutbox`] and [`SqliteOutbox`] write events into the caller's transaction, or make
//!   the statement for any other driver. They need no open trail.
//! - [`Database::drain_outbox`] moves what was committed, on a thread of its own, in any process
//!   that has the trail open; `indelible serve` does, and `indelible outbox drain`.
//!
//! ```
//! use indelible::outbox::SqliteOutbox;
//! use indelible::{AuditAction, AuditEvent, AuditProtocol, Database, Query, Settings, TrailName};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let file = folder.path().join("bank.db");
//! # let url = format!("sqlite:{}", folder.path().join("trail.db").display());
//! # let mut settings = Settings::default();
//! # settings.state_dir = Some(folder.path().join("state"));
//! // The bank's own database, with an outbox in it.
//! let mut bank = indelible::outbox::rusqlite::Connection::open(&file)?;
//! bank.execute_batch(indelible::outbox::SQLITE_CREATE)?;
//! bank.execute_batch("CREATE TABLE account (id INTEGER PRIMARY KEY, cents INTEGER)")?;
//!
//! let outbox = SqliteOutbox::new(TrailName::standard());
//! let transaction = bank.transaction()?;
//! transaction.execute("INSERT INTO account (id, cents) VALUES (7, 0)", [])?;
//! let event = AuditEvent::new(AuditAction::custom("account_opened"), "account").resource_id("7");
//! let queued = outbox.record_in(&transaction, event)?;
//! transaction.commit()?;
//!
//! // Any process that has the trail open moves it there.
//! let database = Database::open(&url.parse()?, settings).await?;
//! let waiting = indelible::outbox::open(&format!("sqlite:{}", file.display()).parse()?)?;
//! assert_eq!(database.drain(waiting).pass().await?.recorded, 1);
//! let page = database.trail(TrailName::standard()).query(Query::new()).await?;
//! assert_eq!(page.entries[0].id, queued.id);
//! database.close().await?;
//! # Ok(())
//! # }
//! ```

use std::sync::Arc;

#[cfg(any(feature = "postgres", feature = "sqlite"))]
use indelible_core::door::Door;
use indelible_core::{AuditError, StoreError};

pub use indelible_core::outbox::{
    Drain, Draining, Moved, Outbox, Queued, Refused, Standing, Statement, Vitals, Watch,
};
#[cfg(feature = "postgres")]
pub use indelible_postgres::{
    PostgresOutbox, PostgresOutboxTable, outbox::CREATE as POSTGRES_CREATE,
    outbox::INSERT as POSTGRES_INSERT, tokio_postgres,
};
#[cfg(feature = "sqlite")]
pub use indelible_sqlite::{
    SqliteOutbox, SqliteOutboxTable, outbox::CREATE as SQLITE_CREATE,
    outbox::INSERT as SQLITE_INSERT, rusqlite,
};

use crate::database::Database;
use crate::error::ConnectError;
use crate::url::DatabaseUrl;

/// Opens the outbox in a database that need not hold any trail, for [`Database::drain`].
///
/// # Errors
/// [`ConnectError`] where it cannot be opened. A server is not asked yet.
pub fn open(url: &DatabaseUrl) -> Result<Arc<dyn Outbox>, ConnectError> {
    match url {
        DatabaseUrl::Memory => Err(none().into()),
        #[cfg(feature = "sqlite")]
        DatabaseUrl::Sqlite(path) => {
            if !path.exists() {
                return Err(ConnectError::NoOutbox(url.to_string()));
            }
            let options = indelible_sqlite::Options::default();
            Ok(Arc::new(SqliteOutboxTable::open(path, &options)?))
        }
        #[cfg(not(feature = "sqlite"))]
        DatabaseUrl::Sqlite(_) => Err(ConnectError::NotBuiltIn("sqlite".to_owned())),
        #[cfg(feature = "postgres")]
        DatabaseUrl::Postgres(address) => {
            let options = indelible_postgres::Options::default();
            Ok(Arc::new(PostgresOutboxTable::open(address, &options)?))
        }
    }
}

impl Database {
    /// The database's own outbox; `None` for `memory:`, where nobody has transactions to join.
    pub fn outbox(&self) -> Option<Arc<dyn Outbox>> {
        self.outbox.clone()
    }

    /// A drain of any outbox into this database's trails: [`Drain::pass`] moves what waits,
    /// [`Drain::start`] goes on by itself.
    pub fn drain(&self, outbox: Arc<dyn Outbox>) -> Drain {
        Drain::new(self.engine().clone(), outbox)
    }

    /// Starts to drain the database's own outbox, every
    /// [`Settings::outbox_interval`](crate::Settings::outbox_interval). Any number of processes may.
    /// Keep what this answers for as long as it is to go on, and stop it before the database is
    /// closed.
    ///
    /// # Errors
    /// [`AuditError::Store`] for `memory:`, which has no outbox, and where no thread can be had.
    pub fn drain_outbox(&self) -> Result<Draining, AuditError> {
        let outbox = self.outbox().ok_or_else(none)?;
        self.drain(outbox).start(self.outbox_interval)
    }

    /// What prepares an event as this database's settings say.
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    fn door(&self) -> Door {
        let ground = self.engine().ground();
        let (clock, entropy) = (ground.clock.clone(), ground.entropy.clone());
        Door::new(clock, entropy, ground.redactor.clone())
    }
}

fn none() -> StoreError {
    StoreError::Unsupported("a database in memory has no outbox".to_owned())
}

#[cfg(feature = "postgres")]
impl crate::PostgresAuditAdapter {
    /// The way of this trail's events into an outbox, with this database's redaction.
    pub fn outbox(&self) -> PostgresOutbox {
        PostgresOutbox::with_door(self.audit().name().clone(), self.database().door())
    }

    /// Puts an event into the outbox within the caller's transaction on this database: it is
    /// recorded after the commit, and never if there is none. See [`PostgresOutbox::record_in`].
    ///
    /// # Errors
    /// As there.
    pub async fn record_in<C>(
        &self,
        transaction: &C,
        event: crate::AuditEvent,
    ) -> Result<Queued, AuditError>
    where
        C: tokio_postgres::GenericClient + Sync,
    {
        self.outbox().record_in(transaction, event).await
    }
}

#[cfg(feature = "sqlite")]
impl crate::SqliteAuditAdapter {
    /// The way of this trail's events into an outbox, with this database's redaction.
    pub fn outbox(&self) -> SqliteOutbox {
        SqliteOutbox::with_door(self.audit().name().clone(), self.database().door())
    }

    /// Puts an event into the outbox within the caller's transaction on this file: it is recorded
    /// after the commit, and never if there is none. See [`SqliteOutbox::record_in`].
    ///
    /// # Errors
    /// As there.
    pub fn record_in(
        &self,
        transaction: &rusqlite::Connection,
        event: crate::AuditEvent,
    ) -> Result<Queued, AuditError> {
        self.outbox().record_in(transaction, event)
    }
}
