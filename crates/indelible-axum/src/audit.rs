//! The trail as a handler takes it: already knowing who asks, and from where.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use indelible_core::{
    Attempt, AuditError, AuditEvent, AuditProtocol, BeginAttempt, Page, Query, Receipt,
};

use crate::context::{RequestContext, RequestContextMissing};

/// The trail of the application's state, for the request at hand: what is recorded with it carries
/// the request's address, user agent, id and actor ([`RequestContext::fill`]).
///
/// The state is an `Arc<dyn AuditProtocol>`, or has one and says so with `FromRef`:
///
/// ```
/// use std::sync::Arc;
/// use axum::Router;
/// use axum::extract::{FromRef, Path};
/// use axum::http::StatusCode;
/// use axum::routing::delete;
/// use indelible_axum::{RequestAudit, RequestContextLayer, TrustedProxies};
/// use indelible_core::{AuditAction, AuditEvent, AuditProtocol};
///
/// #[derive(Clone)]
/// struct Bank {
///     audit: Arc<dyn AuditProtocol>,
/// }
///
/// impl FromRef<Bank> for Arc<dyn AuditProtocol> {
///     fn from_ref(bank: &Bank) -> Self {
///         bank.audit.clone()
///     }
/// }
///
/// async fn close(audit: RequestAudit, Path(account): Path<String>) -> Result<(), StatusCode> {
///     let event = AuditEvent::new(AuditAction::DATA_DELETED, "account").resource_id(account);
///     let receipt = audit.record(event).await;
///     receipt.map(drop).map_err(|_| StatusCode::SERVICE_UNAVAILABLE)
/// }
///
/// fn application(bank: Bank) -> Router {
///     Router::new()
///         .route("/accounts/{account}", delete(close))
///         .layer(RequestContextLayer::new(TrustedProxies::none()))
///         .with_state(bank)
/// }
/// ```
///
/// It is an [`AuditProtocol`] itself, for code that takes one and knows nothing of requests.
#[derive(Clone)]
pub struct RequestAudit {
    audit: Arc<dyn AuditProtocol>,
    context: RequestContext,
}

impl RequestAudit {
    /// `audit` for the request with this context.
    pub fn new(audit: Arc<dyn AuditProtocol>, context: RequestContext) -> Self {
        Self { audit, context }
    }

    /// What is known of the request.
    #[must_use]
    pub fn context(&self) -> &RequestContext {
        &self.context
    }

    /// Records that something is attempted, and answers what records how it ended. Both entries
    /// have the request's id as `correlation_id`, unless `event` has another.
    ///
    /// # Errors
    /// Those of [`AuditProtocol::record`].
    pub async fn attempt(&self, event: AuditEvent) -> Result<Attempt, AuditError> {
        self.audit.attempt(self.context.fill(event)).await
    }
}

#[async_trait]
impl AuditProtocol for RequestAudit {
    async fn record(&self, event: AuditEvent) -> Result<Receipt, AuditError> {
        self.audit.record(self.context.fill(event)).await
    }

    async fn query(&self, query: Query) -> Result<Page, AuditError> {
        self.audit.query(query).await
    }
}

impl fmt::Debug for RequestAudit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("RequestAudit");
        debug
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}

impl<S> FromRequestParts<S> for RequestAudit
where
    Arc<dyn AuditProtocol>: FromRef<S>,
    S: Sync,
{
    type Rejection = RequestContextMissing;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let context = parts.extensions.get::<RequestContext>().cloned();
        let context = context.ok_or(RequestContextMissing)?;
        Ok(Self::new(FromRef::from_ref(state), context))
    }
}
