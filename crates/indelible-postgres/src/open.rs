//! Opening a database: checking what is there. Nothing of the schema is changed.

use std::time::Duration;

use indelible_core::store::StoreError;
use tokio_postgres::types::Type;

use crate::address::Address;
use crate::append::{self, Unsettled};
use crate::condition;
use crate::connection::{Connections, Lent};
use crate::error::corrupt;
use crate::migration::{self, Migrated, MigrationStatus};
use crate::partition::Partitions;
use crate::placement::Placements;
use crate::store::PostgresStore;

/// The oldest release of PostgreSQL that is supported.
const SERVER_MIN: i32 = 130_000;

/// How a database is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Whether to refuse every write.
    pub read_only: bool,
    /// Connections at most, for reading and writing together; at least 2.
    pub connections: u32,
    /// How long making a connection may take.
    pub connect_timeout: Duration,
    /// How long a statement may take, and how long a free connection is waited for.
    pub statement_timeout: Duration,
    /// How long another writer of the same trail is waited for.
    pub lock_timeout: Duration,
    /// After how long without a word from the client the server gives a transaction up.
    pub idle_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            read_only: false,
            connections: 10,
            connect_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(15),
            idle_timeout: Duration::from_secs(10),
        }
    }
}

impl PostgresStore {
    /// Opens a database for reading and writing.
    ///
    /// # Errors
    /// As [`Self::open_with`].
    pub async fn open(address: &Address) -> Result<Self, StoreError> {
        Self::open_with(address, &Options::default()).await
    }

    /// Opens a database.
    ///
    /// # Errors
    /// - `Unavailable` when the server is not reached, refuses the credentials or has no such
    ///   database.
    /// - `Unsupported` when the database lacks migrations, has newer or other ones than this
    ///   program, or the server is older than PostgreSQL 13.
    /// - `Corrupt`, for writing, when guards are missing or altered or a foreign trigger is there.
    pub async fn open_with(address: &Address, options: &Options) -> Result<Self, StoreError> {
        let connections = Connections::new(address, options)?;
        let lent = connections.lend().await?;
        check_version(&lent).await?;
        complete(&migration::status(&lent).await?)?;
        if !options.read_only {
            condition::guarded(&lent).await?;
        }
        let synchronous_commit: String =
            one(&lent, "SELECT current_setting('synchronous_commit')").await?;
        drop(lent);
        let store = Self {
            address: address.clone(),
            connections,
            begin: append::begin(options, &synchronous_commit),
            read_only: options.read_only,
            placements: Placements::default(),
            partitions: Partitions::default(),
            unsettled: Unsettled::default(),
        };
        if !options.read_only {
            store.partitions.make_ahead(&store).await?;
        }
        Ok(store)
    }

    /// What of the schema's history a database has, without changing it.
    ///
    /// # Errors
    /// As [`Self::open_with`], except that a database may lack migrations.
    pub async fn migrations(
        address: &Address,
        options: &Options,
    ) -> Result<Vec<MigrationStatus>, StoreError> {
        let connections = Connections::new(address, options)?;
        migration::status(&connections.lend().await?).await
    }

    /// Brings the schema up to date, in one transaction; several may try at once.
    ///
    /// # Errors
    /// As [`Self::migrations`], and what the database refuses; then nothing was applied.
    pub async fn migrate(address: &Address, options: &Options) -> Result<Migrated, StoreError> {
        let connections = Connections::new(address, options)?;
        let lent = connections.lend().await?;
        check_version(&lent).await?;
        migration::apply(&lent, options).await
    }

    /// Where the database is.
    pub fn address(&self) -> &Address {
        &self.address
    }
}

async fn check_version(lent: &Lent) -> Result<(), StoreError> {
    let sql = "SELECT current_setting('server_version_num')::integer";
    let version: i32 = one(lent, sql).await?;
    match version >= SERVER_MIN {
        true => Ok(()),
        false => Err(StoreError::Unsupported(format!(
            "the server is PostgreSQL {}; 13 is the oldest to use",
            version / 10_000
        ))),
    }
}

/// The one value that a statement answers.
pub(crate) async fn one<T>(lent: &Lent, sql: &str) -> Result<T, StoreError>
where
    T: for<'a> tokio_postgres::types::FromSql<'a>,
{
    let none: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 0] = [];
    let rows = lent.rows(sql, &none).await?;
    let row = rows
        .first()
        .ok_or_else(|| corrupt("the database", None, "it answers nothing"))?;
    row.try_get(0).map_err(|e| corrupt("the database", None, e))
}

fn complete(migrations: &[MigrationStatus]) -> Result<(), StoreError> {
    match migrations.iter().find(|migration| !migration.applied) {
        None => Ok(()),
        Some(migration) => Err(StoreError::Unsupported(format!(
            "the database lacks migration {migration}; `indelible migrate up` applies it"
        ))),
    }
}
