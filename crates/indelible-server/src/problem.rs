//! Errors as RFC 9457 `application/problem+json`, and which status code each is.
//!
//! What a client reads and what the operator's log says are two texts: `detail` names what the
//! client can mend; places, keys and the database's own words stay in `internal`.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use indelible_core::{AuditError, EventError, OrderProblem, QueryError, StoreError};
use serde::Serialize;

use crate::limits::RETRY_AFTER_SECONDS;

/// The kinds of problems. Their names are part of the interface and do not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A parameter, a header or the path is ill-formed.
    InvalidRequest,
    /// The body is not what its media type says.
    InvalidBody,
    /// An event's structure is ill-formed.
    InvalidEvent,
    /// The id stands in the trail already, with other content.
    IdConflict,
    /// No key, or none that is good.
    Unauthorized,
    /// The key may not do that.
    Forbidden,
    /// The key is no good any more.
    KeyEnded,
    /// Something is held, so that nothing goes.
    Held,
    /// It takes a second person.
    SamePerson,
    /// It was decided before.
    AlreadyDecided,
    /// The hold does not stand so that this could be done to it.
    HoldConflict,
    /// The order of erasure does not stand so that this could be done about it.
    OrderConflict,
    /// What database and trail say of retention differs, or somebody was faster.
    RetentionConflict,
    /// A run of retention is under way.
    RunInProgress,
    /// The server may not remove anything.
    RemovalRefused,
    /// The trail is kept by Indelible for itself.
    ReservedTrail,
    /// There is no such thing.
    NotFound,
    /// The URL does not know the method.
    MethodNotAllowed,
    /// The body or an event is longer than accepted.
    TooLarge,
    /// The body's media type, character set or encoding is not accepted.
    UnsupportedMediaType,
    /// The client took too long.
    RequestTimeout,
    /// The trail is there already.
    TrailExists,
    /// The key goes faster than it may.
    TooManyRequests,
    /// More waits than can be done in time.
    Overloaded,
    /// The trail accepts no writes until an operator acts.
    WritesRefused,
    /// The database cannot be reached at the moment.
    Unavailable,
    /// Whether the event was recorded is not known.
    OutcomeUnknown,
    /// The server is stopping.
    Stopping,
    /// What is stored is not as it was recorded.
    Damaged,
    /// A fault of the server.
    Internal,
}

impl Kind {
    /// Name, status code and title.
    const fn facts(self) -> (&'static str, StatusCode, &'static str) {
        use StatusCode as S;
        match self {
            Self::InvalidRequest => ("invalid-request", S::BAD_REQUEST, "Ill-formed request"),
            Self::InvalidBody => ("invalid-body", S::BAD_REQUEST, "Ill-formed body"),
            Self::InvalidEvent => ("invalid-event", S::BAD_REQUEST, "Ill-formed event"),
            Self::IdConflict => ("id-conflict", S::CONFLICT, "Id of another event"),
            Self::Unauthorized => ("unauthorized", S::UNAUTHORIZED, "No good key"),
            Self::Forbidden => ("forbidden", S::FORBIDDEN, "Not allowed"),
            Self::KeyEnded => ("key-ended", S::CONFLICT, "Key ended"),
            Self::Held => ("held", S::CONFLICT, "Held"),
            Self::AlreadyDecided => ("already-decided", S::CONFLICT, "Decided already"),
            Self::SamePerson => ("same-person", S::CONFLICT, "Second person needed"),
            Self::HoldConflict => ("hold-conflict", S::CONFLICT, "Hold stands otherwise"),
            Self::OrderConflict => ("order-conflict", S::CONFLICT, "Order stands otherwise"),
            Self::RetentionConflict => ("retention-conflict", S::CONFLICT, "Retention differs"),
            Self::RunInProgress => ("run-in-progress", S::CONFLICT, "Run in progress"),
            Self::RemovalRefused => ("removal-refused", S::CONFLICT, "Removal refused"),
            Self::ReservedTrail => ("reserved-trail", S::FORBIDDEN, "Reserved trail"),
            Self::NotFound => ("not-found", S::NOT_FOUND, "Not found"),
            Self::MethodNotAllowed => (
                "method-not-allowed",
                S::METHOD_NOT_ALLOWED,
                "Method not allowed",
            ),
            Self::TooLarge => ("too-large", S::PAYLOAD_TOO_LARGE, "Too large"),
            Self::UnsupportedMediaType => (
                "unsupported-media-type",
                S::UNSUPPORTED_MEDIA_TYPE,
                "Unsupported media type",
            ),
            Self::RequestTimeout => (
                "request-timeout",
                S::REQUEST_TIMEOUT,
                "Request took too long",
            ),
            Self::TrailExists => ("trail-exists", S::CONFLICT, "Trail exists"),
            Self::TooManyRequests => (
                "too-many-requests",
                S::TOO_MANY_REQUESTS,
                "Too many requests",
            ),
            Self::Overloaded => ("overloaded", S::SERVICE_UNAVAILABLE, "Overloaded"),
            Self::WritesRefused => ("writes-refused", S::SERVICE_UNAVAILABLE, "Writes refused"),
            Self::Unavailable => (
                "unavailable",
                S::SERVICE_UNAVAILABLE,
                "Database unavailable",
            ),
            Self::OutcomeUnknown => (
                "outcome-unknown",
                S::SERVICE_UNAVAILABLE,
                "Outcome not known",
            ),
            Self::Stopping => ("stopping", S::SERVICE_UNAVAILABLE, "Server stopping"),
            Self::Damaged => ("damaged", S::INTERNAL_SERVER_ERROR, "Damaged trail"),
            Self::Internal => ("internal", S::INTERNAL_SERVER_ERROR, "Internal error"),
        }
    }

    /// The name.
    pub const fn name(self) -> &'static str {
        self.facts().0
    }

    /// The title.
    pub const fn title(self) -> &'static str {
        self.facts().2
    }

    /// The status code.
    pub const fn status(self) -> StatusCode {
        self.facts().1
    }

    /// Whether the same request may succeed later without anybody mending it.
    const fn is_passing(self) -> bool {
        matches!(
            self,
            Self::Overloaded | Self::Unavailable | Self::OutcomeUnknown | Self::Stopping
        )
    }
}

/// What went wrong with a request.
#[derive(Debug, Clone)]
pub struct Problem {
    /// What it is.
    pub kind: Kind,
    /// What the client can read and mend.
    pub detail: String,
    /// The field, parameter or header to be mended.
    pub field: Option<String>,
    /// What only the operator's log says.
    pub internal: Option<String>,
    /// How long the client should wait, in seconds.
    pub retry_after: Option<u32>,
}

/// The body of a problem.
#[derive(Debug, Serialize)]
pub struct ProblemBody<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    request_id: &'a str,
}

/// Alias of what handlers answer.
pub type Answer = Result<Response, Problem>;

impl Problem {
    /// A problem of this kind.
    pub fn new(kind: Kind, detail: impl ToString) -> Self {
        Self {
            kind,
            detail: detail.to_string(),
            field: None,
            internal: None,
            retry_after: kind.is_passing().then_some(RETRY_AFTER_SECONDS),
        }
    }

    /// The same with the field to be mended.
    #[must_use]
    pub fn at(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }

    /// The same with what only the log says.
    #[must_use]
    pub fn because(mut self, internal: impl ToString) -> Self {
        self.internal = Some(internal.to_string());
        self
    }

    /// The same, where what is ill-formed stood in a body.
    #[must_use]
    pub fn in_body(self) -> Self {
        let kind = match self.kind {
            Kind::InvalidRequest => Kind::InvalidBody,
            other => other,
        };
        Self { kind, ..self }
    }

    /// Nothing is at this URL, or what was named in it is not there.
    pub fn not_found(detail: impl ToString) -> Self {
        Self::new(Kind::NotFound, detail)
    }

    /// The JSON form.
    pub fn body<'a>(&'a self, request_id: &'a str) -> ProblemBody<'a> {
        let (name, status, title) = self.kind.facts();
        ProblemBody {
            r#type: format!("urn:indelible:problem:{name}"),
            title,
            status: status.as_u16(),
            detail: &self.detail,
            field: self.field.as_deref(),
            request_id,
        }
    }

    /// The whole answer.
    pub fn render(&self, request_id: &str) -> Response {
        // The body is texts and a number, which JSON always holds.
        let body = serde_json::to_vec(&self.body(request_id)).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.kind.status();
        let headers = response.headers_mut();
        let media_type = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, media_type);
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Carries the problem to the gate, which knows the request's id and renders it.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.kind.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<EventError> for Problem {
    fn from(error: EventError) -> Self {
        let problem = Self::new(Kind::InvalidEvent, &error);
        match error.field() {
            Some(field) => problem.at(field),
            None => problem,
        }
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        Self::new(Kind::InvalidRequest, &error).at(error.field())
    }
}

impl From<&StoreError> for Problem {
    fn from(error: &StoreError) -> Self {
        let (kind, detail) = match error {
            StoreError::Unavailable { .. } => (
                Kind::Unavailable,
                "the database is not available; nothing was recorded",
            ),
            StoreError::Unknown { .. } => (
                Kind::OutcomeUnknown,
                "whether it was recorded is not known; send the same event again under the same id",
            ),
            StoreError::Corrupt { .. } => (
                Kind::Damaged,
                "what is stored is not as it was recorded; `indelible verify` says more",
            ),
            _ => (Kind::Internal, "the database refused"),
        };
        Self::new(kind, detail).because(error)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::from(&error)
    }
}

impl From<AuditError> for Problem {
    fn from(error: AuditError) -> Self {
        match &error {
            AuditError::Invalid(event) => event.clone().into(),
            AuditError::Query(query) => query.clone().into(),
            AuditError::IdConflict { .. } => Self::new(Kind::IdConflict, &error).at("id"),
            AuditError::Overloaded => Self::new(Kind::Overloaded, &error),
            AuditError::Refused { trail, .. } => {
                let detail = format!("trail {trail} accepts no writes until its operator acts");
                Self::new(Kind::WritesRefused, detail).because(&error)
            }
            AuditError::Held { .. } => Self::new(Kind::Held, &error),
            AuditError::SamePerson { .. } => Self::new(Kind::SamePerson, &error),
            AuditError::Order(problem) => {
                let kind = match problem {
                    OrderProblem::Unknown(_) => Kind::NotFound,
                    OrderProblem::Decided(_) => Kind::AlreadyDecided,
                    _ => Kind::OrderConflict,
                };
                Self::new(kind, problem)
            }
            AuditError::Removing(_) => Self::new(Kind::RunInProgress, &error),
            AuditError::Retention { .. } => Self::new(Kind::RetentionConflict, &error),
            AuditError::Removed { .. } => Self::new(Kind::NotFound, &error),
            AuditError::BroughtBack(trail) => {
                let detail = format!("trail {trail} holds what was erased, and is not shown");
                Self::new(Kind::Internal, detail).because(&error)
            }
            AuditError::Reserved(_) => Self::new(Kind::ReservedTrail, &error).at("trail"),
            AuditError::Store(store) => Self::from(&**store),
            AuditError::State(_) => {
                Self::new(Kind::Internal, "the state directory failed").because(&error)
            }
            AuditError::Closed => Self::new(Kind::Stopping, "the server is stopping"),
            _ => Self::new(Kind::Internal, "the trail failed").because(&error),
        }
    }
}
