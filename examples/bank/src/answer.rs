//! What the bank answers when it does not do what it was asked for, and what it reads.

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use indelible::AuditError;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

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

/// What there is no route for.
pub async fn not_found() -> Refusal {
    Refusal::NotFound("there is nothing here")
}

/// What a route does not do.
pub async fn method_not_allowed() -> Refusal {
    let words = "it cannot be done with this method";
    Refusal::IllFormed(StatusCode::METHOD_NOT_ALLOWED, words.to_owned())
}

/// The name in the path. One that is no text names nothing.
pub struct Named(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let path = Path::from_request_parts(parts, state).await;
        path.map(|Path(name)| Self(name))
            .map_err(|_| Refusal::NotFound("there is nothing here"))
    }
}

/// A body that is a JSON object; refused in the bank's own words where it is none. It is read last,
/// after it is known who asks.
pub struct Given<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Given<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let ill_formed = |status| {
            // The text of the problem may quote what was sent: a password, for example.
            let words = "the body is not the JSON that is expected here".to_owned();
            Refusal::IllFormed(status, words)
        };
        // 415 for another type, 413 for too long a body, 400 for what is no JSON, 422 for another.
        let read = Json::<Map<String, Value>>::from_request(request, state).await;
        let Json(given) = read.map_err(|problem| ill_formed(problem.status()))?;
        let given = serde_json::from_value(Value::Object(given));
        given
            .map(Self)
            .map_err(|_| ill_formed(StatusCode::UNPROCESSABLE_ENTITY))
    }
}
