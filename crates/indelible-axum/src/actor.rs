//! Who acts, as the application's own authentication says.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use indelible_core::AuditEvent;

use crate::context::RequestContext;

/// Who acts: the user, and for whom the user acts.
///
/// The application's authentication hands it to [`RequestContext::identify`] as soon as it knows;
/// from then on events of the request carry it, those of [`crate::DenialLayer`] included.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Actor {
    /// The user.
    pub user_id: String,
    /// For whom the user acts: the customer whose account a supporter opened, for example.
    pub on_behalf_of: Option<String>,
}

impl Actor {
    /// A user who acts for itself.
    pub fn new(user_id: impl Into<String>) -> Self {
        Self {
            user_id: user_id.into(),
            on_behalf_of: None,
        }
    }

    /// Sets for whom the user acts.
    #[must_use]
    pub fn on_behalf_of(mut self, whom: impl Into<String>) -> Self {
        self.on_behalf_of = Some(whom.into());
        self
    }

    /// The event with the actor's fields, where it has no user of its own.
    #[must_use]
    pub fn fill(&self, mut event: AuditEvent) -> AuditEvent {
        // The two belong together: one's own user never acts for another one's customer.
        if event.user_id.is_none() && event.on_behalf_of.is_none() {
            event.user_id = Some(self.user_id.clone());
            event.on_behalf_of.clone_from(&self.on_behalf_of);
        }
        event
    }
}

/// Nobody was identified; answers 401.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nobody is signed in")]
pub struct ActorMissing;

impl IntoResponse for ActorMissing {
    fn into_response(self) -> Response {
        (StatusCode::UNAUTHORIZED, self.to_string()).into_response()
    }
}

impl<S: Sync> FromRequestParts<S> for Actor {
    type Rejection = ActorMissing;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ActorMissing> {
        identified(parts).ok_or(ActorMissing)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Actor {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        Ok(identified(parts))
    }
}

fn identified(parts: &Parts) -> Option<Actor> {
    parts.extensions.get::<RequestContext>()?.actor()
}
