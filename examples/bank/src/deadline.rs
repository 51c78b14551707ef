//! How long the bank waits for its trail.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use indelible::{AuditError, AuditEvent, AuditProtocol, Page, Query, Receipt};

/// A trail that answers in time, if only that it did not: no answer of the bank waits for a store
/// that hangs. A record that was given up may still come; the event was handed over.
pub struct Deadline {
    audit: Arc<dyn AuditProtocol>,
    longest: Duration,
}

impl Deadline {
    /// `audit`, each of whose answers is waited for for `longest` at most.
    pub fn new(audit: Arc<dyn AuditProtocol>, longest: Duration) -> Self {
        Self { audit, longest }
    }

    async fn within<T>(
        &self,
        answer: impl Future<Output = Result<T, AuditError>> + Send,
    ) -> Result<T, AuditError> {
        let millis = u64::try_from(self.longest.as_millis()).unwrap_or(u64::MAX);
        match tokio::time::timeout(self.longest, answer).await {
            Ok(answer) => answer,
            Err(_) => Err(AuditError::Unanswered { millis }),
        }
    }
}

#[async_trait]
impl AuditProtocol for Deadline {
    async fn record(&self, event: AuditEvent) -> Result<Receipt, AuditError> {
        self.within(self.audit.record(event)).await
    }

    async fn query(&self, query: Query) -> Result<Page, AuditError> {
        self.within(self.audit.query(query)).await
    }
}
