//! Stores that no other test sees.

#[cfg(feature = "sqlite")]
use std::ops::Deref;

use indelible_core::engine::Audit;
use indelible_core::{Entropy, SystemEntropy, TrailName};

#[cfg(feature = "sqlite")]
use crate::adapter::SqliteAuditAdapter;
use crate::database::Database;
#[cfg(feature = "sqlite")]
use crate::database::Settings;
use crate::error::ConnectError;

/// A SQLite database with its state directory in a folder of its own, which goes with it.
#[cfg(feature = "sqlite")]
pub struct IsolatedSqlite {
    audit: SqliteAuditAdapter,
    folder: tempfile::TempDir,
}

#[cfg(feature = "sqlite")]
impl IsolatedSqlite {
    /// A new, empty database.
    ///
    /// # Errors
    /// [`ConnectError`] where it cannot be made.
    pub async fn new() -> Result<Self, ConnectError> {
        let folder = tempfile::tempdir().map_err(ConnectError::Folder)?;
        let settings = Settings {
            state_home: Some(folder.path().join("state")),
            ..Settings::default()
        };
        let data = folder.path().join("data");
        std::fs::create_dir(&data).map_err(ConnectError::Folder)?;
        let audit = SqliteAuditAdapter::at(data.join("audit.db"), settings).await?;
        Ok(Self { audit, folder })
    }

    /// The folder, which holds `data/audit.db` and `state`.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}

#[cfg(feature = "sqlite")]
impl Deref for IsolatedSqlite {
    type Target = SqliteAuditAdapter;

    fn deref(&self) -> &SqliteAuditAdapter {
        &self.audit
    }
}

/// A trail of a new name in a database that tests share, such as one PostgreSQL for the whole
/// run: no other test records there or reads it.
pub fn isolated_trail(database: &Database) -> Audit {
    let mut bytes = [0; 16];
    SystemEntropy.fill(&mut bytes);
    let name = format!("test-{:032x}", u128::from_be_bytes(bytes));
    let name: TrailName = name.parse().expect("37 letters, digits and a hyphen");
    database.trail(name)
}
