//! An application that keeps its data with sqlx, in PostgreSQL or SQLite, and its trail with
//! Indelible beside it. The two share nothing: a record is on disk when `record` returns, whatever
//! becomes of the application's own transaction.
//!
//! Indelible's own feature `sqlite` is left out here: it brings a SQLite of its own, as sqlx does,
//! and one program can link only one. `postgres`, `client` and `spool` go together with any.

use std::sync::Arc;

use indelible::{AuditAction, AuditError, AuditEvent, AuditProtocol, BeginAttempt};
use serde_json::json;
use sqlx::PgPool;

/// Accounts with a balance that may not fall below zero.
pub struct Accounts {
    pool: PgPool,
    audit: Arc<dyn AuditProtocol>,
}

/// Why no money moved.
#[derive(Debug)]
pub enum TransferError {
    /// The database refused; its transaction is rolled back.
    Database(sqlx::Error),
    /// The trail did not take the attempt: nothing was tried.
    Audit(AuditError),
}

impl From<sqlx::Error> for TransferError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<AuditError> for TransferError {
    fn from(error: AuditError) -> Self {
        Self::Audit(error)
    }
}

impl Accounts {
    /// Makes the table where it is missing.
    ///
    /// # Errors
    /// What the database says.
    pub async fn open(pool: PgPool, audit: Arc<dyn AuditProtocol>) -> Result<Self, sqlx::Error> {
        let table = "CREATE TABLE IF NOT EXISTS account \
                     (id text PRIMARY KEY, cents bigint NOT NULL CHECK (cents >= 0))";
        sqlx::query(table).execute(&pool).await?;
        Ok(Self { pool, audit })
    }

    /// Moves money. The attempt is on record before anything is tried, and its outcome after.
    ///
    /// # Errors
    /// [`TransferError`].
    pub async fn transfer(
        &self,
        user: &str,
        from: &str,
        to: &str,
        cents: i64,
    ) -> Result<(), TransferError> {
        let event = AuditEvent::new(AuditAction::custom("money_transferred"), "account")
            .user_id(user)
            .resource_id(from)
            .context(json!({"to": to, "cents": cents}));
        let attempt = self.audit.attempt(event).await?;
        match self.move_money(from, to, cents).await {
            Ok(()) => {
                attempt.succeeded().await?;
                Ok(())
            }
            Err(error) => {
                attempt.failed("database_refused").await?;
                Err(error.into())
            }
        }
    }

    async fn move_money(&self, from: &str, to: &str, cents: i64) -> Result<(), sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
        for (account, change) in [(to, cents), (from, -cents)] {
            sqlx::query("UPDATE account SET cents = cents + $1 WHERE id = $2")
                .bind(change)
                .bind(account)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await
    }
}
