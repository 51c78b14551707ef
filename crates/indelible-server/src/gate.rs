//! What every request goes through, whatever its URL: an id, an answer that browsers treat with
//! care, one line of log, and problems instead of panics.

use std::any::Any;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use indelible_core::engine::Engine;

use crate::app::App;
use crate::console;
use crate::limits::REQUEST_ID_BYTES_MAX;
use crate::problem::{Kind, Problem};

/// The id of a request: the caller's own where it gave a plain one, else a new UUIDv7.
#[derive(Debug, Clone)]
pub struct RequestId(pub Arc<str>);

/// The header that carries it, both ways.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What browsers may do with an answer: nothing but show it. A page that is more than text opens
/// only what it needs, by an answer of its own.
const HEADERS: [(HeaderName, HeaderValue); 7] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
        ),
    ),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// The way in and out of every request.
pub async fn pass(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let clock = app.engine().ground().clock.clone();
    let begun = clock.elapsed();
    let id = request_id(request.headers(), app.engine());
    let method = request.method().clone();
    // The path as the router has it: what a client put into it stays out of the log.
    let path = request.extensions().get::<MatchedPath>();
    let path = path.map_or_else(|| "-".to_owned(), |path| path.as_str().to_owned());
    let is_of_page = console::is_of_page(&request);
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        app.counters().refused(problem.kind);
        response = told(response, &problem, &id, is_of_page);
    }
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(value);
    }
    if let Ok(value) = HeaderValue::try_from(&*id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let micros = clock.elapsed().saturating_sub(begun).as_micros();
    let micros = u64::try_from(micros).unwrap_or(u64::MAX);
    let status = response.status().as_u16();
    app.counters().answered(status, micros);
    tracing::info!(request_id = &*id, %method, path, status, micros, "answered");
    response
}

/// The problem in the place of the empty answer that carried it, and its inner side in the log.
fn told(carrier: Response, problem: &Problem, id: &str, is_of_page: bool) -> Response {
    let kind = problem.kind;
    if let Some(internal) = &problem.internal {
        if kind.status().is_server_error() {
            tracing::error!(request_id = id, ?kind, internal, "failed");
        } else {
            tracing::warn!(request_id = id, ?kind, internal, "refused");
        }
    }
    let mut response = if is_of_page {
        console::refused(problem, id, carrier.extensions())
    } else {
        problem.render(id)
    };
    for name in [header::ALLOW, header::WWW_AUTHENTICATE, header::SET_COOKIE] {
        if let Some(value) = carrier.headers().get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

fn request_id(headers: &HeaderMap, engine: &Engine) -> Arc<str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
    let fits = |id: &&str| (1..=REQUEST_ID_BYTES_MAX).contains(&id.len()) && id.bytes().all(plain);
    match given.filter(fits) {
        Some(id) => id.into(),
        None => {
            let ground = engine.ground();
            let id = indelible_core::uuid_v7(ground.clock.now(), &*ground.entropy);
            id.to_string().into()
        }
    }
}

/// What is answered where a handler panicked.
pub fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let said = panic.downcast_ref::<String>().map(String::as_str);
    let said = said.or_else(|| panic.downcast_ref::<&str>().copied());
    let said = said.unwrap_or("a panic without words");
    Problem::new(Kind::Internal, "the server failed at this request")
        .because(said)
        .into_response()
}
