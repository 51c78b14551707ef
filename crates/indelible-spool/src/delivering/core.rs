//! What the handles of one trail and their drain share.

use std::sync::atomic::AtomicBool;

use indelible_core::door::Door;
use indelible_core::{AuditError, AuditEvent, Delivery, Receipt, TrailName};
use tokio::sync::Notify;

use crate::ledger::Depth;
use crate::line::Waiting;
use crate::losses::Losses;
use crate::mode::WhenFull;
use crate::options::Options;
use crate::spool::Spool;
use crate::vitals::Pulse;
use crate::writer::Refusal;

use super::inner::Inner;

/// What handles and drain share.
pub(crate) struct Core {
    pub inner: Inner,
    pub options: Options,
    pub spool: Option<Spool>,
    pub losses: Losses,
    pub pulse: Pulse,
    /// Something waits to be delivered.
    pub wake: Notify,
    /// The trail has just taken something.
    pub up: Notify,
    /// Nothing waits any more, or the trail takes nothing any more.
    pub turned: Notify,
    /// Whether the trail took what was last delivered to it from the spool.
    pub is_taking: AtomicBool,
    pub trail: TrailName,
    pub door: Door,
    pub closed: AtomicBool,
}

impl Core {
    pub fn depth(&self) -> Depth {
        self.spool.as_ref().map(Spool::depth).unwrap_or_default()
    }

    pub fn recorded(&self) {
        self.pulse.recorded.one();
        // Whoever waits for the trail need not wait on.
        self.up.notify_one();
    }

    pub fn noted(&self, answer: Result<Receipt, AuditError>) -> Result<Receipt, AuditError> {
        if answer.is_ok() {
            self.recorded();
        }
        answer
    }

    pub fn lost(&self, policy: &str, action: &str, error: &AuditError) {
        let now = self.options.clock.now();
        self.losses.add(policy, action, error, now);
        self.wake.notify_one();
    }

    /// Keeps the list of losses on disk, where it changed.
    pub fn keep_losses(&self) {
        let Some(spool) = &self.spool else {
            return;
        };
        if let Some(losses) = self.losses.changed()
            && spool.keep_losses(&losses).is_err()
        {
            self.losses.unkept();
        }
    }

    pub async fn put(&self, spool: &Spool, event: &AuditEvent) -> Result<(), Refusal> {
        let waiting = Waiting {
            event: event.clone(),
            since: self.options.clock.now(),
        };
        spool.append(&waiting).await?;
        self.pulse.spooled.one();
        self.wake.notify_one();
        Ok(())
    }

    /// Neither trail nor spool took the event.
    pub fn overflow(
        &self,
        spool: &Spool,
        event: &AuditEvent,
        refusal: Refusal,
    ) -> Result<Receipt, AuditError> {
        let (error, policy) = match refusal {
            Refusal::Full(bytes) => {
                let place = spool.path().display().to_string();
                let error = AuditError::SpoolFull { place, bytes };
                (error, self.options.when_full)
            }
            Refusal::Io(error) => {
                let problem = error.to_string();
                (AuditError::Unspooled { problem }, self.options.when_full)
            }
        };
        let (id, action) = (event.id.unwrap_or_default(), event.action.as_str());
        self.pulse.overflowed.one();
        self.lost(policy.as_str(), action, &error);
        tracing::error!(%id, action, %error, policy = policy.as_str(), "an event was not kept");
        match policy {
            WhenFull::Refuse => Err(error),
            WhenFull::DropNewest => Ok(self.receipt(id, Delivery::Dropped)),
        }
    }

    pub fn receipt(&self, id: uuid::Uuid, delivery: Delivery) -> Receipt {
        Receipt {
            trail: self.trail.clone(),
            id,
            seq: None,
            created_at: None,
            leaf_hash: None,
            tree_size: None,
            delivery,
            content_checked: None,
        }
    }
}
