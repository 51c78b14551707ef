//! The adapters by name: the same engine over each store.

use async_trait::async_trait;
use indelible_core::engine::Audit;
use indelible_core::{AuditError, AuditEvent, AuditProtocol, Page, Query, Receipt, TrailName};

use crate::database::{Database, Settings};
use crate::error::ConnectError;
use crate::url::DatabaseUrl;

macro_rules! adapter {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name {
            database: Database,
            audit: Audit,
        }

        impl $name {
            /// The same database's handle on another trail.
            #[must_use]
            pub fn trail(&self, name: TrailName) -> Self {
                Self { audit: self.database.trail(name), database: self.database.clone() }
            }

            /// The database, with all its trails.
            pub fn database(&self) -> &Database {
                &self.database
            }

            /// The trail's handle, which can also prove.
            pub fn audit(&self) -> &Audit {
                &self.audit
            }

            /// Takes no more events, waits for those taken, and releases the database.
            ///
            /// # Errors
            /// The first failure met.
            pub async fn close(&self) -> Result<(), AuditError> {
                self.database.close().await
            }

            async fn open(url: DatabaseUrl, settings: Settings) -> Result<Self, ConnectError> {
                let database = Database::open(&url, settings).await?;
                Ok(Self { audit: database.trail(TrailName::standard()), database })
            }
        }

        #[async_trait]
        impl AuditProtocol for $name {
            async fn record(&self, event: AuditEvent) -> Result<Receipt, AuditError> {
                self.audit.record(event).await
            }

            async fn query(&self, query: Query) -> Result<Page, AuditError> {
                self.audit.query(query).await
            }
        }
    };
}

adapter! {
    /// The trail `default` of a database in this process, for tests and trials. The feature
    /// `testing` has assertions for it.
    ///
    /// ```
    /// use indelible::{AuditAction, AuditEvent, AuditProtocol, MemoryAuditAdapter, Query};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let audit = MemoryAuditAdapter::new().await?;
    /// let event = AuditEvent::new(AuditAction::DATA_DELETED, "account").resource_id("acc-1");
    /// assert_eq!(audit.record(event).await?.seq, Some(0));
    /// let page = audit.query(Query::new().resource_id("acc-1")).await?;
    /// assert!(page.iter().all(|entry| entry.action == "data_deleted"));
    /// # Ok(())
    /// # }
    /// ```
    MemoryAuditAdapter
}

impl MemoryAuditAdapter {
    /// A new, empty database.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn new() -> Result<Self, ConnectError> {
        Self::open(DatabaseUrl::Memory, Settings::default()).await
    }
}

#[cfg(feature = "sqlite")]
adapter! {
    /// The trail `default` of a database in one file.
    ///
    /// ```no_run
    /// use indelible::{Settings, SqliteAuditAdapter};
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let settings = Settings::from_environment()?;
    /// let audit = SqliteAuditAdapter::at("/var/lib/bank/audit.db", settings).await?;
    /// # Ok(())
    /// # }
    /// ```
    SqliteAuditAdapter
}

#[cfg(feature = "sqlite")]
impl SqliteAuditAdapter {
    /// Opens the database at `path`, made where it is missing. The state directory is kept as
    /// `settings` say.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn at(
        path: impl Into<std::path::PathBuf>,
        settings: Settings,
    ) -> Result<Self, ConnectError> {
        Self::open(DatabaseUrl::Sqlite(path.into()), settings).await
    }
}

#[cfg(feature = "postgres")]
adapter! {
    /// The trail `default` of a PostgreSQL database.
    ///
    /// ```no_run
    /// use indelible::{PostgresAuditAdapter, Settings};
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let address = "postgres://app@db.example/audit".parse()?;
    /// let audit = PostgresAuditAdapter::at(address, Settings::from_environment()?).await?;
    /// # Ok(())
    /// # }
    /// ```
    PostgresAuditAdapter
}

#[cfg(feature = "postgres")]
impl PostgresAuditAdapter {
    /// Opens the database at `address`, whose schema `indelible migrate up` has made. The state
    /// directory is kept as `settings` say.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn at(
        address: indelible_postgres::Address,
        settings: Settings,
    ) -> Result<Self, ConnectError> {
        Self::open(DatabaseUrl::Postgres(Box::new(address)), settings).await
    }
}
