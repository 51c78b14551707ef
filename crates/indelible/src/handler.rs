//! Domain events of an application that become events of the trail.

mod follow;
mod mappings;

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use indelible_core::{AuditError, AuditEvent, AuditProtocol, Delivery, Receipt};

pub use mappings::{EventMappings, EventType, Treatment};

/// Records the domain events of an application: what was said once per type in [`EventMappings`]
/// happens for each event that a bus brings, whatever the bus is.
///
/// ```
/// use std::sync::Arc;
/// use indelible::{
///     AuditAction, AuditEvent, AuditEventHandler, AuditProtocol, EventMappings, EventType,
/// };
/// use serde_json::json;
/// use uuid::Uuid;
///
/// struct UserPasswordChanged {
///     event_id: Uuid,
///     user_id: String,
///     initiated_by: &'static str,
/// }
/// struct CacheWarmed;
///
/// fn mappings() -> EventMappings {
///     EventMappings::new()
///         .on(|event: &UserPasswordChanged| {
///             AuditEvent::new(AuditAction::USER_PASSWORD_CHANGED, "user")
///                 .id(event.event_id) // a bus that delivers twice records once
///                 .user_id(&event.user_id)
///                 .resource_id(&event.user_id)
///                 .context(json!({
///                     "initiated_by": event.initiated_by,
///                     "event_id": event.event_id.to_string(),
///                 }))
///         })
///         .not_audited::<CacheWarmed>("nobody did it, nothing of anybody changed")
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // In a test of the application:
/// let all = [EventType::of::<UserPasswordChanged>(), EventType::of::<CacheWarmed>()];
/// assert_eq!(mappings().unmapped(all), []);
///
/// // At its start:
/// let audit: Arc<dyn AuditProtocol> = indelible::connect_protocol("memory:").await?;
/// let handler = AuditEventHandler::new(audit, mappings());
///
/// // Where the bus calls its subscribers:
/// let changed = UserPasswordChanged {
///     event_id: Uuid::from_u128(1),
///     user_id: "u-17".to_owned(),
///     initiated_by: "user",
/// };
/// let receipts = handler.handle(&changed).await?;
/// assert_eq!(receipts[0].seq, Some(0));
/// # Ok(())
/// # }
/// ```
///
/// Clones share mappings and counts.
#[derive(Clone)]
pub struct AuditEventHandler {
    audit: Arc<dyn AuditProtocol>,
    mappings: Arc<EventMappings>,
    counts: Arc<Counting>,
}

#[derive(Default)]
struct Counting {
    recorded: AtomicU64,
    spooled: AtomicU64,
    dropped: AtomicU64,
    failed: AtomicU64,
    panicked: AtomicU64,
    unmapped: AtomicU64,
    lost: AtomicU64,
}

/// What became of domain events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct HandlerCounts {
    /// Events that the trail took, or had already.
    pub recorded: u64,
    /// Events that wait in a spool.
    pub spooled: u64,
    /// Events that were given up, as the caller asked for best effort only.
    pub dropped: u64,
    /// Events that the trail did not take, and those behind them that were not tried.
    pub failed: u64,
    /// Domain events whose mapping panicked.
    pub panicked: u64,
    /// Domain events of types that nothing was said about.
    pub unmapped: u64,
    /// Domain events that a channel dropped before the handler saw them.
    pub lost: u64,
}

/// Why a domain event is not recorded, or not whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandleError {
    /// Nothing is said about this type: neither how it is recorded nor that it is not.
    #[error(
        "domain events of type {0} are neither mapped nor declared as not audited; add `.on(…)` \
         or `.not_audited::<…>(…)` to the mappings"
    )]
    Unmapped(EventType),
    /// The mapping panicked: none of the domain event's events was recorded.
    #[error("the mapping of domain events of type {0} panicked; nothing of this one was recorded")]
    Panicked(EventType),
    /// The trail did not take an event.
    #[error("the event {action} of a domain event of type {event_type} was not recorded: {source}")]
    Audit {
        /// The domain event's type.
        event_type: EventType,
        /// The action of the first event that was not recorded. Those after it were recorded where
        /// the event itself was to blame ([`AuditError::is_final`]), and otherwise not tried.
        action: String,
        /// What the trail answered.
        source: AuditError,
    },
}

impl AuditEventHandler {
    /// Records through `audit` what `mappings` say.
    pub fn new(audit: Arc<dyn AuditProtocol>, mappings: EventMappings) -> Self {
        Self {
            audit,
            mappings: Arc::new(mappings),
            counts: Arc::default(),
        }
    }

    /// Records one domain event: a receipt for each event that it is mapped to, none for a type
    /// that is declared as not audited.
    ///
    /// The events are made at once, and recorded by the future, which borrows nothing: a bus that
    /// calls its subscribers without waiting for them can spawn it.
    ///
    /// # Errors
    /// [`HandleError`]; also counted and logged, so that a bus may ignore it.
    pub fn handle<T: Any + Send + Sync>(
        &self,
        event: &T,
    ) -> impl Future<Output = Result<Vec<Receipt>, HandleError>> + Send + use<T> {
        self.handle_as(EventType::of::<T>(), event)
    }

    /// Records one domain event whose type is known to its bus only: `&*boxed` of a
    /// `Box<dyn Any + Send + Sync>`.
    ///
    /// # Errors
    /// As [`AuditEventHandler::handle`].
    pub fn handle_any(
        &self,
        event: &(dyn Any + Send + Sync),
    ) -> impl Future<Output = Result<Vec<Receipt>, HandleError>> + Send + use<> {
        self.handle_as(self.mappings.type_of(event), event)
    }

    /// What has been said about the types of domain events.
    pub fn mappings(&self) -> &EventMappings {
        &self.mappings
    }

    /// The counts since the handler was made.
    pub fn counts(&self) -> HandlerCounts {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        HandlerCounts {
            recorded: of(&self.counts.recorded),
            spooled: of(&self.counts.spooled),
            dropped: of(&self.counts.dropped),
            failed: of(&self.counts.failed),
            panicked: of(&self.counts.panicked),
            unmapped: of(&self.counts.unmapped),
            lost: of(&self.counts.lost),
        }
    }

    fn handle_as(
        &self,
        event_type: EventType,
        event: &(dyn Any + Send + Sync),
    ) -> impl Future<Output = Result<Vec<Receipt>, HandleError>> + Send + use<> {
        let map = || self.mappings.events(event);
        // What a mapping may have left half done is the application's own.
        let events = catch_unwind(AssertUnwindSafe(map));
        let handler = self.clone();
        async move {
            let Ok(events) = events else {
                handler.counts.panicked.fetch_add(1, Ordering::Relaxed);
                tracing::error!(%event_type, "the mapping of a domain event panicked");
                return Err(HandleError::Panicked(event_type));
            };
            let Some(events) = events else {
                handler.counts.unmapped.fetch_add(1, Ordering::Relaxed);
                tracing::error!(%event_type, "a domain event is neither mapped nor declared");
                return Err(HandleError::Unmapped(event_type));
            };
            handler.record(event_type, events).await
        }
    }

    async fn record(
        &self,
        event_type: EventType,
        events: Vec<AuditEvent>,
    ) -> Result<Vec<Receipt>, HandleError> {
        let mut receipts = Vec::with_capacity(events.len());
        let mut first = None;
        let mut left = events.len() as u64;
        for event in events {
            let action = event.action.as_str().to_owned();
            let source = match self.audit.record(event).await {
                Ok(receipt) => {
                    self.count(receipt.delivery).fetch_add(1, Ordering::Relaxed);
                    receipts.push(receipt);
                    left -= 1;
                    continue;
                }
                Err(source) => source,
            };
            tracing::error!(%event_type, action, error = %source, "a domain event was not recorded");
            // An event that is itself to blame holds back nobody.
            let is_final = source.is_final();
            let failed = if is_final { 1 } else { left };
            self.counts.failed.fetch_add(failed, Ordering::Relaxed);
            left -= failed;
            first.get_or_insert(HandleError::Audit {
                event_type,
                action,
                source,
            });
            if !is_final {
                break;
            }
        }
        first.map_or(Ok(receipts), Err)
    }

    fn count(&self, delivery: Delivery) -> &AtomicU64 {
        match delivery {
            Delivery::Recorded | Delivery::Duplicate => &self.counts.recorded,
            Delivery::Spooled => &self.counts.spooled,
            Delivery::Dropped => &self.counts.dropped,
        }
    }
}
