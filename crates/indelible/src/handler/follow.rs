//! The handler at the end of a broadcast channel.

use std::any::Any;
use std::sync::atomic::Ordering;

use indelible_core::{AuditAction, AuditEvent};
use serde_json::json;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::{AuditEventHandler, EventType, HandlerCounts};

impl AuditEventHandler {
    /// Records what comes through `receiver`, one after the other, until all senders are gone, and
    /// answers the counts. Spawn it, and wait for it at the end of the program.
    ///
    /// What fails, a mapping that panics too, is counted and logged; the next event is recorded all
    /// the same. A handle that
    /// spools ([`crate::Database::delivering`]) keeps what the trail cannot take. Where the
    /// handler falls behind and the channel drops events, their number is recorded as
    /// `audit_write_failed` with the policy `channel_lagged`, as soon as the trail takes it.
    pub async fn follow<T>(&self, mut receiver: Receiver<T>) -> HandlerCounts
    where
        T: Any + Clone + Send + Sync,
    {
        let mut loss = None;
        loop {
            match receiver.recv().await {
                // Counted and logged by `handle` itself.
                Ok(event) => drop(self.handle(&event).await),
                Err(RecvError::Lagged(count)) => {
                    self.counts.lost.fetch_add(count, Ordering::Relaxed);
                    let event_type = EventType::of::<T>();
                    tracing::error!(%event_type, count, "a channel dropped domain events");
                    loss = Some(loss.unwrap_or(0) + count);
                }
                Err(RecvError::Closed) => break,
            }
            loss = self.tell::<T>(loss).await;
        }
        self.tell::<T>(loss).await;
        self.counts()
    }

    /// Records that `loss` domain events were lost; answers what is left to be told.
    async fn tell<T: Any>(&self, loss: Option<u64>) -> Option<u64> {
        let lost = loss?;
        let event = AuditEvent::new(AuditAction::AUDIT_WRITE_FAILED, "audit_log").context(json!({
            "failed_action": EventType::of::<T>().name(),
            "error_code": "lagged",
            "policy": "channel_lagged",
            "lost_count": lost,
        }));
        match self.audit.record(event).await {
            Ok(_) => None,
            Err(error) => {
                tracing::error!(lost, %error, "the loss of domain events was not recorded");
                loss
            }
        }
    }
}
