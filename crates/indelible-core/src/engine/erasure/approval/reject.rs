//! Rejecting an order that waits.

use serde_json::{Value, json};
use uuid::Uuid;

use super::Signatory;
use super::expiry::expire_of;
use super::waiting::Found;
use crate::engine::audit::Audit;
use crate::engine::erasure::{REASON_BYTES_MAX, REFUSED, RESOURCE};
use crate::error::AuditError;
use crate::event::AuditEvent;
use crate::query::QueryError;

/// An erasure that was rejected.
#[derive(Debug, Clone)]
pub struct ErasureRejected {
    /// Its id.
    pub id: Uuid,
    /// What stands for the persons in the trail; nothing where it could not be read.
    pub subject_refs: Vec<String>,
}

impl Audit {
    /// Rejects an erasure that waits, or withdraws it: nothing goes, and who was meant is
    /// forgotten. One that cannot be read can be rejected, too.
    ///
    /// # Errors
    /// [`AuditError::Order`] where nothing of this id waits, [`AuditError::Query`] where no reason is
    /// given.
    pub async fn reject_erasure(
        &self,
        id: Uuid,
        who: Signatory<'_>,
        reason: &str,
    ) -> Result<ErasureRejected, AuditError> {
        who.check()?;
        let length = reason.len();
        if reason.trim().is_empty() || length > REASON_BYTES_MAX {
            let problem = format!("say why, in up to {REASON_BYTES_MAX} bytes that name nobody");
            return Err(QueryError::new("reason", problem).into());
        }
        self.check_may_write().await?;
        expire_of(self).await?;
        let request = match self.found(id).await? {
            Some(Found::Readable(request)) => request,
            Some(Found::Unreadable) => {
                let more = json!({
                    "erasure_request": id,
                    "exception": "unreadable",
                    "rejected_because": reason,
                });
                return self.forget_unreadable(id, Some(who.by), more).await;
            }
            None => return Err(self.gone(id).await),
        };
        let exception = match request.is_by(&who) {
            true => "withdrawn",
            false => "rejected",
        };
        if !self.take(id)? {
            return Err(self.gone(id).await);
        }
        let more = json!({
            "erasure_request": id,
            "exception": exception,
            "requested_by": request.order.by,
            "rejected_because": reason,
        });
        let (order, refs) = (&request.order, &request.subject_refs);
        let recorded = self.record_refusal(order, refs, Some(who.by), more).await;
        if recorded.is_err() {
            self.give_back(&request)?;
        }
        recorded.map(|()| ErasureRejected {
            id,
            subject_refs: request.subject_refs,
        })
    }

    /// Takes an order away that nobody can read, and puts that on record.
    pub(super) async fn forget_unreadable(
        &self,
        id: Uuid,
        by: Option<&str>,
        more: Value,
    ) -> Result<ErasureRejected, AuditError> {
        let mut event = AuditEvent::new(REFUSED, RESOURCE).context(more);
        event.user_id = by.map(str::to_owned);
        // First, so that it is on record once. It could not be put back as it was, nor is it carried
        // out.
        if !self.take(id)? {
            return Err(self.gone(id).await);
        }
        self.record_own(event, Vec::new()).await?;
        Ok(ErasureRejected {
            id,
            subject_refs: Vec::new(),
        })
    }
}
