//! Operational state: JSON by kind and key, with compare-and-swap.

use async_trait::async_trait;
use indelible_core::store::StoreError;
use indelible_core::{Registry, Versioned};
use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::Value;

use crate::error::{SqliteError, backend, corrupt, refused, unavailable};
use crate::store::SqliteStore;
use crate::writer::{Done, Task};

/// One write, packed for the writing thread.
pub(crate) struct Put {
    kind: String,
    key: String,
    expected: Option<u64>,
    /// JSON text; `None` removes the row.
    value: Option<String>,
}

impl Put {
    /// A write of JSON text, or the removal of the row.
    pub(crate) fn new(kind: &str, key: &str, expected: Option<u64>, value: Option<String>) -> Self {
        Self {
            kind: kind.to_owned(),
            key: key.to_owned(),
            expected,
            value,
        }
    }
}

#[async_trait]
impl Registry for SqliteStore {
    async fn get(&self, kind: &str, key: &str) -> Result<Option<Versioned>, StoreError> {
        let key = [kind.to_owned(), key.to_owned()];
        let read = move |db: &Connection| {
            let sql = "SELECT version, value FROM op_registry WHERE kind = ?1 AND key = ?2";
            let mut statement = db.prepare_cached(sql).map_err(refused)?;
            let mut rows = statement.query(key).map_err(refused)?;
            rows.next()
                .map_err(refused)?
                .map(|row| versioned(row, 0))
                .transpose()
        };
        self.readers.read(move |db, _| read(db)).await
    }

    async fn list(&self, kind: &str) -> Result<Vec<(String, Versioned)>, StoreError> {
        let kind = kind.to_owned();
        let read = move |db: &Connection| {
            let sql = "SELECT key, version, value FROM op_registry WHERE kind = ?1 ORDER BY key";
            let mut statement = db.prepare_cached(sql).map_err(refused)?;
            let mut rows = statement.query([kind]).map_err(refused)?;
            let mut list = Vec::new();
            while let Some(row) = rows.next().map_err(refused)? {
                list.push((row.get(0).map_err(refused)?, versioned(row, 1)?));
            }
            Ok(list)
        };
        self.readers.read(move |db, _| read(db)).await
    }

    async fn put(
        &self,
        kind: &str,
        key: &str,
        expected: Option<u64>,
        value: Option<&Value>,
    ) -> Result<Option<u64>, StoreError> {
        let value = value
            .map(serde_json::to_string)
            .transpose()
            .map_err(backend)?;
        let put = Put::new(kind, key, expected, value);
        match self.writer()?.done(Task::Put(put)).await? {
            Done::Version(version) => Ok(version),
            _ => Err(unavailable(SqliteError::Closed)),
        }
    }
}

/// Writes inside a transaction; answers as [`Registry::put`].
pub(crate) fn write(db: &Connection, put: &Put) -> rusqlite::Result<Option<u64>> {
    let Put {
        kind,
        key,
        expected,
        value,
    } = put;
    let there: Option<u64> = db
        .prepare_cached("SELECT version FROM op_registry WHERE kind = ?1 AND key = ?2")?
        .query_row([kind, key], |row| row.get(0))
        .optional()?;
    if there != *expected {
        return Ok(None);
    }
    let Some(value) = value else {
        db.prepare_cached("DELETE FROM op_registry WHERE kind = ?1 AND key = ?2")?
            .execute([kind, key])?;
        return Ok(Some(0));
    };
    let version = there.unwrap_or(0) + 1;
    let sql = "\
INSERT INTO op_registry (kind, key, version, value) VALUES (?1, ?2, ?3, ?4) \
ON CONFLICT (kind, key) DO UPDATE SET version = excluded.version, value = excluded.value";
    db.prepare_cached(sql)?
        .execute((kind, key, version, value))?;
    Ok(Some(version))
}

/// The columns `version, value` from `first` on.
fn versioned(row: &Row<'_>, first: usize) -> Result<Versioned, StoreError> {
    let value = row.get_ref(first + 1).map_err(refused)?;
    let value = value
        .as_str()
        .map_err(|e| corrupt("op_registry", None, e))?;
    Ok(Versioned {
        version: row.get(first).map_err(refused)?,
        value: serde_json::from_str(value).map_err(|e| corrupt("op_registry", None, e))?,
    })
}
