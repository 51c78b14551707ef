//! What an answer says of how it ended, where its status does not.

use std::convert::Infallible;

use axum::http::{Response, StatusCode};
use axum::response::{IntoResponse, IntoResponseParts, ResponseParts};
use indelible_core::Outcome;

/// Says how that ended which was asked for, to the [`crate::AuditLayer`] around it. It counts more
/// than the status: for redirects, and for pages of status 200 that tell of a failure.
///
/// ```
/// use axum::response::{IntoResponse, Redirect};
/// use indelible_axum::Ended;
/// use indelible_core::Outcome;
///
/// async fn close_account() -> impl IntoResponse {
///     // … after it was closed; without a word a redirect counts as an attempt.
///     (Ended(Outcome::Succeeded), Redirect::to("/accounts"))
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ended(pub Outcome);

impl Ended {
    /// How an answer ended, given what a redirect says.
    pub(crate) fn of<R>(response: &Response<R>, redirect: Outcome) -> Outcome {
        if let Some(Self(outcome)) = response.extensions().get() {
            return *outcome;
        }
        match response.status() {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Outcome::Denied,
            // The client has already what it would have been sent.
            StatusCode::NOT_MODIFIED => Outcome::Succeeded,
            status if status.is_redirection() => redirect,
            status if status.as_u16() < 400 => Outcome::Succeeded,
            _ => Outcome::Failed,
        }
    }
}

impl IntoResponseParts for Ended {
    type Error = Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        parts.extensions_mut().insert(self);
        Ok(parts)
    }
}

impl IntoResponse for Ended {
    fn into_response(self) -> axum::response::Response {
        (self, ()).into_response()
    }
}
