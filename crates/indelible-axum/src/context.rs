//! What is known of a request: from where, with what, under which id, by whom.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use indelible_core::AuditEvent;

use crate::actor::Actor;
use crate::client::ClientAddress;
use crate::request_id::RequestId;

/// What [`crate::RequestContextLayer`] knows of a request. Clones share the actor.
#[derive(Debug, Clone)]
pub struct RequestContext {
    about: Arc<About>,
}

#[derive(Debug)]
struct About {
    client: Option<ClientAddress>,
    user_agent: Option<String>,
    id: RequestId,
    actor: Mutex<Option<Actor>>,
}

impl RequestContext {
    pub(crate) fn new(
        client: Option<ClientAddress>,
        user_agent: Option<String>,
        id: RequestId,
    ) -> Self {
        Self {
            about: Arc::new(About {
                client,
                user_agent,
                id,
                actor: Mutex::default(),
            }),
        }
    }

    /// The client's address; `None` where the connection has none and no proxy is believed.
    #[must_use]
    pub fn client(&self) -> Option<&ClientAddress> {
        self.about.client.as_ref()
    }

    /// The user agent as it was sent, whatever its bytes and length: UTF-8, else each byte the
    /// character of its number.
    #[must_use]
    pub fn user_agent(&self) -> Option<&str> {
        self.about.user_agent.as_deref()
    }

    /// The request's id.
    #[must_use]
    pub fn id(&self) -> &RequestId {
        &self.about.id
    }

    /// Says who acts. What is said last counts.
    pub fn identify(&self, actor: Actor) {
        *self.slot() = Some(actor);
    }

    /// Who acts, as far as that was said.
    #[must_use]
    pub fn actor(&self) -> Option<Actor> {
        self.slot().clone()
    }

    /// The event with what is known of the request: `ip_address`, `user_agent`,
    /// `correlation_id`, and the actor's `user_id` and `on_behalf_of`. What the event says itself
    /// stays.
    #[must_use]
    pub fn fill(&self, mut event: AuditEvent) -> AuditEvent {
        let About {
            client,
            user_agent,
            id,
            ..
        } = &*self.about;
        if event.ip_address.is_none() {
            event.ip_address = client.as_ref().map(ToString::to_string);
        }
        if event.user_agent.is_none() {
            event.user_agent.clone_from(user_agent);
        }
        if event.correlation_id.is_none() {
            event.correlation_id = Some(id.to_string());
        }
        match self.actor() {
            Some(actor) => actor.fill(event),
            None => event,
        }
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<Actor>> {
        // Every change is one assignment, so that a panic elsewhere leaves it whole.
        let actor = &self.about.actor;
        actor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The layer is missing; answers 500.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the route is not behind a RequestContextLayer")]
pub struct RequestContextMissing;

impl IntoResponse for RequestContextMissing {
    fn into_response(self) -> Response {
        tracing::error!("{self}");
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}

impl<S: Sync> FromRequestParts<S> for RequestContext {
    type Rejection = RequestContextMissing;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, RequestContextMissing> {
        let context = parts.extensions.get::<Self>();
        context.cloned().ok_or(RequestContextMissing)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for RequestContext {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}

/// Nothing says where the request comes from; answers 500.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "no client address: the route is not behind a RequestContextLayer, or the server was made \
     without connect info"
)]
pub struct ClientAddressMissing;

impl IntoResponse for ClientAddressMissing {
    fn into_response(self) -> Response {
        tracing::error!("{self}");
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = ClientAddressMissing;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ClientAddressMissing> {
        client(parts).ok_or(ClientAddressMissing)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for ClientAddress {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        Ok(client(parts))
    }
}

fn client(parts: &Parts) -> Option<ClientAddress> {
    parts.extensions.get::<RequestContext>()?.client().cloned()
}
