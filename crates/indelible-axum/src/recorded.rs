//! The mark of an answer that is on record.

use std::convert::Infallible;

use axum::http::Response;
use axum::response::{IntoResponse, IntoResponseParts, ResponseParts};

/// Says that what an answer tells is recorded already, by the handler itself or by a layer.
///
/// [`crate::AuditLayer`] and [`crate::DenialLayer`] leave such an answer alone and mark those that
/// they record, so that the innermost that knows of it records it, once. A handler puts it into
/// its answer beside everything else:
///
/// ```
/// use axum::http::StatusCode;
/// use axum::response::IntoResponse;
/// use indelible_axum::Recorded;
///
/// async fn log_in() -> impl IntoResponse {
///     // … after user_login_failed was recorded:
///     (StatusCode::UNAUTHORIZED, Recorded, "unknown user or wrong password")
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Recorded;

impl Recorded {
    pub(crate) fn is_on<R>(response: &Response<R>) -> bool {
        response.extensions().get::<Self>().is_some()
    }

    pub(crate) fn mark<R>(response: &mut Response<R>) {
        response.extensions_mut().insert(Self);
    }
}

impl IntoResponseParts for Recorded {
    type Error = Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        parts.extensions_mut().insert(self);
        Ok(parts)
    }
}

impl IntoResponse for Recorded {
    fn into_response(self) -> axum::response::Response {
        (self, ()).into_response()
    }
}
