//! What the bank answers when it does not do what it was asked for, and what it reads.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use indelible::AuditError;
use serde::de::DeserializeOwned;
use serde_json::json;

/// Why something was not done; `{"error": "<words>"}` for the client.
#[derive(Debug)]
pub enum Refusal {
    /// 401: nobody is logged in.
    NotLoggedIn,
    /// 403: it is not theirs to do.
    Forbidden(&'static str),
    /// 404: there is no such thing.
    NotFound(&'static str),
    /// The request is not what it should be.
    IllFormed(StatusCode, String),
    /// 502: the other side refused.
    ProviderRefused,
    /// 503: it could not be recorded, and does not happen unrecorded.
    Unrecorded(AuditError),
}

impl From<AuditError> for Refusal {
    fn from(error: AuditError) -> Self {
        Self::Unrecorded(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, words) = match self {
            Self::NotLoggedIn => (StatusCode::UNAUTHORIZED, "log in first".to_owned()),
            Self::Forbidden(words) => (StatusCode::FORBIDDEN, words.to_owned()),
            Self::NotFound(words) => (StatusCode::NOT_FOUND, words.to_owned()),
            Self::IllFormed(status, words) => (status, words),
            Self::ProviderRefused => {
                let words = "the provider refused the connection".to_owned();
                (StatusCode::BAD_GATEWAY, words)
            }
            Self::Unrecorded(error) => {
                tracing::error!(%error, "audit failed: a request was refused");
                let words = "it cannot be recorded now; try again later".to_owned();
                (StatusCode::SERVICE_UNAVAILABLE, words)
            }
        };
        (status, Json(json!({ "error": words }))).into_response()
    }
}

/// A body of JSON; refused in the bank's own words where it is none.
pub struct Given<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Given<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let read = Json::from_request(request, state).await;
        let ill_formed = |problem: JsonRejection| {
            // The text of the problem may quote what was sent: a password, for example.
            let words = "the body is not the JSON that is expected here".to_owned();
            Refusal::IllFormed(problem.status(), words)
        };
        read.map(|Json(given)| Self(given)).map_err(ill_formed)
    }
}
