//! Whether what is recorded can be read back.

use indelible_core::{
    AuditAction, AuditError, AuditEvent, AuditProtocol, Clock, Delivery, Query, Receipt,
    SystemClock, SystemEntropy, uuid_v7,
};
use uuid::Uuid;

/// Why a trail did not pass [`self_check`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SelfCheckError {
    /// The event was not recorded.
    #[error("the trail did not take the event of the self-check: {0}")]
    Record(#[source] AuditError),
    /// The trail cannot be asked.
    #[error("the trail took the event {id} of the self-check and cannot be asked for it: {source}")]
    Query {
        /// The event.
        id: Uuid,
        /// What the trail answered.
        source: AuditError,
    },
    /// The event was taken, and did not reach the trail.
    #[error("the event {id} of the self-check is {delivery:?} and not in the trail")]
    NotRecorded {
        /// The event.
        id: Uuid,
        /// Where it is instead.
        delivery: Delivery,
    },
    /// The event was recorded somewhere else than where queries look.
    #[error(
        "the event {0} of the self-check was recorded and is not found: what records and what \
         queries are not the same trail"
    )]
    NotFound(Uuid),
}

/// Records an event, `audit_self_checked`, and reads it back: that a program is wired to a trail
/// that keeps what it is given is known at its start, and not from an empty trail at an audit.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let audit = indelible::connect_protocol("memory:").await?;
/// let receipt = indelible::self_check(&*audit).await?;
/// assert_eq!(receipt.seq, Some(0));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`SelfCheckError`].
pub async fn self_check(audit: &dyn AuditProtocol) -> Result<Receipt, SelfCheckError> {
    let id = uuid_v7(SystemClock::new().now(), &SystemEntropy);
    let correlation_id = id.to_string();
    let event = AuditEvent::new(AuditAction::custom("audit_self_checked"), "audit_log")
        .id(id)
        .correlation_id(&correlation_id);
    let receipt = audit.record(event).await.map_err(SelfCheckError::Record)?;
    let delivery = receipt.delivery;
    if !matches!(delivery, Delivery::Recorded | Delivery::Duplicate) {
        return Err(SelfCheckError::NotRecorded { id, delivery });
    }
    let query = Query::new().correlation_id(&correlation_id).limit(2);
    let page = match audit.query(query).await {
        Ok(page) => page,
        Err(source) => return Err(SelfCheckError::Query { id, source }),
    };
    if page.entries.iter().any(|entry| entry.id == id) {
        Ok(receipt)
    } else {
        Err(SelfCheckError::NotFound(id))
    }
}
