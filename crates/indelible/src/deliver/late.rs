//! A trail whose database was away when the program began.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use indelible_core::engine::Audit;
use indelible_core::{
    AuditError, AuditEvent, AuditProtocol, Page, Query, Receipt, RecordInOrder, StoreError,
    TrailName,
};
use tokio::sync::OnceCell;

use crate::database::{Database, Settings};
use crate::error::ConnectError;
use crate::url::DatabaseUrl;

/// A trail whose database is opened by the first call that can.
pub(crate) struct Late {
    url: DatabaseUrl,
    settings: Settings,
    trail: TrailName,
    opened: OnceCell<(Database, Audit)>,
    /// When opening failed last, as time passes, and how.
    failed: Mutex<Option<(Duration, AuditError)>>,
    is_closed: AtomicBool,
}

impl Late {
    pub fn new(url: DatabaseUrl, settings: Settings, trail: TrailName) -> Self {
        Self {
            url,
            settings,
            trail,
            opened: OnceCell::new(),
            failed: Mutex::new(None),
            is_closed: AtomicBool::new(false),
        }
    }

    /// Opens the database no more, and closes it where it was.
    pub async fn close(&self) -> Result<(), AuditError> {
        self.is_closed.store(true, Ordering::SeqCst);
        match self.opened.get() {
            Some((database, _)) => database.close().await,
            None => Ok(()),
        }
    }

    async fn audit(&self) -> Result<&Audit, AuditError> {
        let asked = self.settings.clock.elapsed();
        let (_, audit) = self.opened.get_or_try_init(|| self.open(asked)).await?;
        if self.is_closed.load(Ordering::SeqCst) {
            return Err(AuditError::Closed);
        }
        Ok(audit)
    }

    /// Opens the database for somebody who has waited since `asked`. A failure answers for all who
    /// waited when it came: a host that takes every connection and says nothing must not be
    /// waited for by each of them in turn.
    async fn open(&self, asked: Duration) -> Result<(Database, Audit), AuditError> {
        if self.is_closed.load(Ordering::SeqCst) {
            return Err(AuditError::Closed);
        }
        if let Some(error) = self.failure_since(asked) {
            return Err(error);
        }
        match Database::open(&self.url, self.settings.clone()).await {
            Ok(database) if self.is_closed.load(Ordering::SeqCst) => {
                database.close().await?;
                Err(AuditError::Closed)
            }
            Ok(database) => {
                let audit = database.trail(self.trail.clone());
                Ok((database, audit))
            }
            Err(error) => {
                let error = audit_error(error);
                let now = self.settings.clock.elapsed();
                *self.last_failure() = Some((now, error.clone()));
                Err(error)
            }
        }
    }

    fn failure_since(&self, asked: Duration) -> Option<AuditError> {
        let failed = self.last_failure();
        let (at, error) = failed.as_ref()?;
        (*at > asked).then(|| error.clone())
    }

    fn last_failure(&self) -> std::sync::MutexGuard<'_, Option<(Duration, AuditError)>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn audit_error(error: ConnectError) -> AuditError {
    match error {
        ConnectError::Audit(error) => error,
        ConnectError::Store(error) => error.into(),
        error => {
            let source = error.into();
            StoreError::Backend { source }.into()
        }
    }
}

#[async_trait]
impl AuditProtocol for Late {
    async fn record(&self, event: AuditEvent) -> Result<Receipt, AuditError> {
        self.audit().await?.record(event).await
    }

    async fn query(&self, query: Query) -> Result<Page, AuditError> {
        self.audit().await?.query(query).await
    }
}

#[async_trait]
impl RecordInOrder for Late {
    async fn record_in_order(&self, events: Vec<AuditEvent>) -> Vec<Result<Receipt, AuditError>> {
        match self.audit().await {
            Ok(audit) => audit.record_in_order(events).await,
            Err(error) => events.iter().map(|_| Err(error.clone())).collect(),
        }
    }
}
