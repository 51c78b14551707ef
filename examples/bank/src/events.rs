//! The bank's domain events, and what becomes of them in the trail.

use std::any::Any;
use std::sync::Arc;

use indelible::axum::RequestContext;
use indelible::core::{SystemEntropy, uuid_v7};
use indelible::{
    AuditAction, AuditEvent, AuditEventHandler, AuditProtocol, EventMappings, EventType, Timestamp,
};
use serde_json::json;
use uuid::Uuid;

/// A user has another password.
#[derive(Debug, Clone)]
pub struct UserPasswordChanged {
    /// The event's id, by which it is recorded once however often it is delivered.
    pub event_id: Uuid,
    /// Whose password.
    pub user_id: String,
    /// Who wanted it.
    pub initiated_by: &'static str,
    /// By which way.
    pub method: &'static str,
    /// The request that it happened in.
    pub request: RequestContext,
}

/// An id for an event of this moment.
pub fn event_id(now: Timestamp) -> Uuid {
    uuid_v7(now, &SystemEntropy)
}

/// Every type of domain event there is. A test asks whether each is mapped.
pub fn all() -> Vec<EventType> {
    vec![EventType::of::<UserPasswordChanged>()]
}

/// What each type becomes in the trail.
pub fn mappings() -> EventMappings {
    EventMappings::new().on(|event: &UserPasswordChanged| {
        let recorded = AuditEvent::new(AuditAction::USER_PASSWORD_CHANGED, "user")
            .id(event.event_id)
            .user_id(&event.user_id)
            .resource_id(&event.user_id)
            .context(json!({
                "initiated_by": event.initiated_by,
                "method": event.method,
                "event_id": event.event_id,
            }));
        // Address, user agent and correlation id.
        event.request.fill(recorded)
    })
}

/// The bank's bus: it calls its subscribers one after the other. The trail is one of them.
pub struct Events {
    audit: AuditEventHandler,
}

impl Events {
    /// A bus whose events are recorded with `audit`.
    pub fn new(audit: Arc<dyn AuditProtocol>) -> Self {
        Self {
            audit: AuditEventHandler::new(audit, mappings()),
        }
    }

    /// Tells every subscriber. What happened has happened: a subscriber that fails changes nothing
    /// for the one who publishes, and the handler counts and logs it.
    pub async fn publish<T: Any + Send + Sync>(&self, event: &T) {
        if let Err(error) = self.audit.handle(event).await {
            tracing::error!(%error, "audit failed");
        }
    }
}
