//! Answers that are no problems.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;

use crate::problem::{Answer, Kind, Problem};

/// A JSON document.
pub fn json(status: StatusCode, value: &impl Serialize) -> Answer {
    let body = serde_json::to_vec(value).map_err(|error| {
        Problem::new(Kind::Internal, "no answer could be written").because(error)
    })?;
    Ok(of(status, "application/json", body))
}

/// A JSON document as the command line prints it, byte for byte.
pub fn lines(status: StatusCode, value: &impl Serialize) -> Answer {
    let mut body = serde_json::to_vec_pretty(value).map_err(|error| {
        Problem::new(Kind::Internal, "no answer could be written").because(error)
    })?;
    body.push(b'\n');
    Ok(of(status, "application/json", body))
}

/// A text, such as a checkpoint or a proof.
pub fn text(text: String) -> Response {
    of(StatusCode::OK, "text/plain; charset=utf-8", text)
}

/// A body of this media type.
pub fn of(status: StatusCode, media_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
