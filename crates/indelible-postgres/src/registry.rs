//! Operational state: JSON by kind and key, with compare-and-swap.

use async_trait::async_trait;
use futures_util::future::join;
use indelible_core::store::StoreError;
use indelible_core::{Registry, Versioned};
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::connection::{Lent, Param};
use crate::error::{self, backend, corrupt, refused};
use crate::sql;
use crate::store::PostgresStore;

/// How often a write is begun anew when the connection turns out to be broken before it was sent.
const TRIES_MAX: u32 = 3;

const GET: &str = "SELECT version, value FROM indelible.op_registry WHERE kind = $1 AND key = $2";
const LIST: &str = "\
SELECT version, value, key FROM indelible.op_registry WHERE kind = $1 ORDER BY key";
const EXISTS: &str = "SELECT 1 FROM indelible.op_registry WHERE kind = $1 AND key = $2";
const INSERT: &str = "\
INSERT INTO indelible.op_registry (kind, key, version, value) VALUES ($1, $2, 1, $3) \
ON CONFLICT (kind, key) DO NOTHING";
const UPDATE: &str = "\
UPDATE indelible.op_registry SET version = version + 1, value = $3 \
WHERE kind = $1 AND key = $2 AND version = $4";
const DELETE: &str = "\
DELETE FROM indelible.op_registry WHERE kind = $1 AND key = $2 AND version = $3";

#[async_trait]
impl Registry for PostgresStore {
    async fn get(&self, kind: &str, key: &str) -> Result<Option<Versioned>, StoreError> {
        let lent = self.connections.lend().await?;
        let rows = lent.rows(GET, &place(&kind, &key)).await?;
        rows.first().map(versioned).transpose()
    }

    async fn list(&self, kind: &str) -> Result<Vec<(String, Versioned)>, StoreError> {
        let lent = self.connections.lend().await?;
        let params: [Param<'_>; 1] = [(&kind, Type::TEXT)];
        let rows = lent.rows(LIST, &params).await?;
        let rows = rows.iter().map(|row| {
            let key = row.try_get(2).map_err(|e| corrupt(WHAT, None, e))?;
            Ok((key, versioned(row)?))
        });
        rows.collect()
    }

    async fn put(
        &self,
        kind: &str,
        key: &str,
        expected: Option<u64>,
        value: Option<&Value>,
    ) -> Result<Option<u64>, StoreError> {
        self.writable()?;
        let value = value
            .map(serde_json::to_string)
            .transpose()
            .map_err(backend)?;
        // A version beyond 63 bits stands nowhere.
        let Ok(there) = expected.map(i64::try_from).transpose() else {
            return Ok(None);
        };
        let [kind, key] = place(&kind, &key);
        let Some(value) = value else {
            let Some(there) = there else {
                let lent = self.connections.lend().await?;
                let rows = lent.rows(EXISTS, &[kind, key]).await?;
                return Ok(rows.is_empty().then_some(0));
            };
            let done = write(self, DELETE, &[kind, key, (&there, Type::INT8)]).await?;
            return Ok(done.then_some(0));
        };
        let value: Param<'_> = (&value, Type::TEXT);
        let done = match there {
            None => write(self, INSERT, &[kind, key, value]).await?,
            Some(there) => write(self, UPDATE, &[kind, key, value, (&there, Type::INT8)]).await?,
        };
        Ok(done.then(|| expected.unwrap_or(0) + 1))
    }
}

const WHAT: &str = "op_registry";

fn place<'a>(kind: &'a &str, key: &'a &str) -> [Param<'a>; 2] {
    [(kind, Type::TEXT), (key, Type::TEXT)]
}

/// Runs one statement durably; answers whether it changed a row.
async fn write(store: &PostgresStore, sql: &str, params: &[Param<'_>]) -> Result<bool, StoreError> {
    let lent = begun(store).await?;
    // Both travel together. Where the first is refused the second rolls back.
    let statement = lent.execute(sql, params);
    let (changed, committed) = join(statement, lent.batch(sql::COMMIT)).await;
    let doubt = match (changed, committed) {
        (Ok(Ok(changed)), Ok(Ok(()))) => return Ok(changed > 0),
        (Ok(Err(error)), Ok(Ok(()))) => return Err(refused(error)),
        (Ok(Err(error)), _) | (_, Ok(Err(error))) => error::unknown(error),
        (Err(silence), _) | (_, Err(silence)) => error::unknown(silence),
    };
    lent.abandon();
    Err(doubt)
}

/// A connection with a transaction begun, which shows that it is alive: what is sent next and not
/// answered is in doubt.
async fn begun(store: &PostgresStore) -> Result<Lent, StoreError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let lent = store.connections.lend().await?;
        match lent.batch(&store.begin).await {
            Ok(Ok(())) => return Ok(lent),
            Ok(Err(error)) => {
                lent.abandon();
                if tries >= TRIES_MAX || !error::is_broken(&error) {
                    return Err(refused(error));
                }
            }
            Err(silence) => {
                lent.abandon();
                return Err(silence);
            }
        }
    }
}

/// The columns `version, value`.
fn versioned(row: &Row) -> Result<Versioned, StoreError> {
    let odd = |e: tokio_postgres::Error| corrupt(WHAT, None, e);
    let version: i64 = row.try_get(0).map_err(odd)?;
    let value: &str = row.try_get(1).map_err(odd)?;
    Ok(Versioned {
        version: u64::try_from(version).map_err(|e| corrupt(WHAT, None, e))?,
        value: serde_json::from_str(value).map_err(|e| corrupt(WHAT, None, e))?,
    })
}
