//! An application that keeps its data with sqlx, in PostgreSQL or SQLite, and its trail with
//! Indelible beside it. A record is on disk when `record` returns, whatever becomes of the
//! application's own transaction; an event that is to share its fate joins it as one statement
//! more, which is recorded once the transaction has committed.
//!
//! Indelible's own feature `sqlite` is left out here: it brings a SQLite of its own, as sqlx does,
//! and one program can link only one. `postgres`, `client` and `spool` go together with any.

use std::sync::Arc;

use indelible::outbox::PostgresOutbox;
use indelible::{AuditAction, AuditError, AuditEvent, AuditProtocol, BeginAttempt, TrailName};
use serde_json::json;
use sqlx::{PgPool, Postgres, Transaction};

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
    /// The commit failed: whether money moved is not known, and the attempt stays unresolved.
    Commit(sqlx::Error),
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

    /// Moves money. The attempt is on record before anything is tried, and its outcome after,
    /// where it is known.
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
        let transaction = match self.move_money(from, to, cents).await {
            Ok(transaction) => transaction,
            Err(error) => {
                attempt.failed("database_refused").await?;
                return Err(error.into());
            }
        };
        // An error here may hide a success: the attempt is dropped, and nobody is told an outcome.
        transaction.commit().await.map_err(TransferError::Commit)?;
        attempt.succeeded().await?;
        Ok(())
    }

    /// Closes an account: the event is part of the transaction, and is recorded if that commits.
    /// An account with money in it is not closed, and no event says that it was.
    ///
    /// # Errors
    /// [`TransferError`].
    pub async fn close(&self, user: &str, account: &str) -> Result<bool, TransferError> {
        let mut transaction = self.pool.begin().await?;
        let event = AuditEvent::new(AuditAction::DATA_DELETED, "account")
            .user_id(user)
            .resource_id(account);
        let statement = PostgresOutbox::new(TrailName::standard()).statement(event)?;
        let [trail, event] = &statement.parameters;
        sqlx::query(statement.sql)
            .bind(trail)
            .bind(event)
            .execute(&mut *transaction)
            .await?;
        let closed = sqlx::query("DELETE FROM account WHERE id = $1 AND cents = 0")
            .bind(account)
            .execute(&mut *transaction)
            .await?;
        let is_closed = closed.rows_affected() == 1;
        if is_closed {
            transaction.commit().await?;
        } else {
            transaction.rollback().await?;
        }
        Ok(is_closed)
    }

    /// The transaction that moves money once it commits.
    async fn move_money(
        &self,
        from: &str,
        to: &str,
        cents: i64,
    ) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
        for (account, change) in [(to, cents), (from, -cents)] {
            sqlx::query("UPDATE account SET cents = cents + $1 WHERE id = $2")
                .bind(change)
                .bind(account)
                .execute(&mut *transaction)
                .await?;
        }
        Ok(transaction)
    }
}
