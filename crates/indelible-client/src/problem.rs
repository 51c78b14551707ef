//! What a server says went wrong, and what that is to the caller.

use indelible_core::{AuditError, EventError, QueryError, Refusal, TrailName};
use serde::Deserialize;
use uuid::Uuid;

use crate::error::ClientError;

/// The names of problems begin so.
const TYPE: &str = "urn:indelible:problem:";
/// The longest text of a server that is shown, in characters.
const DETAIL_CHARS_MAX: usize = 500;

/// The body of a problem, RFC 9457.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Problem {
    r#type: String,
    #[serde(skip)]
    pub status: u16,
    detail: String,
    field: Option<String>,
}

/// Whom the problem is told to.
pub(crate) struct Asked<'a> {
    pub server: &'a str,
    pub trail: &'a TrailName,
    /// Whether it was a question; else an event was to be recorded.
    pub is_question: bool,
}

impl Problem {
    /// The problem in an answer. A body that is none leaves the status code to speak.
    pub fn read(status: u16, body: &[u8]) -> Self {
        let read: Self = serde_json::from_slice(body).unwrap_or_default();
        Self { status, ..read }
    }

    /// The problem of one event among many, which would have had this status alone.
    pub fn of_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// Its name; empty where it is none of Indelible's.
    pub fn name(&self) -> &str {
        self.r#type.strip_prefix(TYPE).unwrap_or_default()
    }

    /// What the server says of it.
    pub fn detail(&self) -> String {
        self.detail.chars().take(DETAIL_CHARS_MAX).collect()
    }

    /// Whether the same request may succeed later without anybody mending it.
    pub fn is_passing(&self) -> bool {
        match self.name() {
            "writes-refused" | "damaged" => false,
            _ => matches!(self.status, 408 | 429 | 500..=599),
        }
    }

    /// Whether the event may be recorded in spite of it.
    pub fn leaves_it_open(&self) -> bool {
        match self.name() {
            "outcome-unknown" => true,
            // Nobody knows what stands before the server, and what it heard of it.
            "" => self.status >= 500,
            "internal" => true,
            _ => false,
        }
    }

    /// What it is to the caller, once no further attempt is made.
    pub fn to_error(&self, asked: &Asked<'_>) -> AuditError {
        let detail = self.detail();
        let field = self.field.as_deref().filter(|field| field.len() <= 100);
        match (self.name(), self.status) {
            ("invalid-event", _) => invalid(field, detail),
            ("invalid-body", _) if !asked.is_question => invalid(field, detail),
            ("invalid-request", _) if asked.is_question => {
                let field = field.unwrap_or("query").to_owned();
                let prefix = format!("`{field}`: ");
                let problem = detail.strip_prefix(&prefix).unwrap_or(&detail).to_owned();
                QueryError::new(field, problem).into()
            }
            ("id-conflict", _) => conflict(&detail).unwrap_or_else(|| invalid(Some("id"), detail)),
            ("reserved-trail", _) => AuditError::Reserved(asked.trail.clone()),
            ("writes-refused", _) => AuditError::Refused {
                trail: asked.trail.clone(),
                refusal: Refusal::ByServer,
            },
            ("overloaded" | "too-many-requests", _) | ("", 429) => AuditError::Overloaded,
            _ => self.refused(asked.server).into(),
        }
    }

    /// The problem as it came.
    pub fn refused(&self, server: &str) -> ClientError {
        ClientError::Refused {
            server: server.to_owned(),
            status: self.status,
            name: self.name().to_owned(),
            detail: self.detail(),
            field: self.field.clone(),
        }
    }
}

fn invalid(field: Option<&str>, problem: String) -> AuditError {
    let field = field.map(str::to_owned);
    EventError::Refused { field, problem }.into()
}

/// The fields in which two events of one id may differ.
const COMPARED: [&str; 13] = [
    "action",
    "resource_type",
    "outcome",
    "tags",
    "occurred_at",
    "user_id",
    "on_behalf_of",
    "ip_address",
    "user_agent",
    "resource_id",
    "context",
    "correlation_id",
    "content",
];

/// The conflict that a server words as [`AuditError::IdConflict`] does.
fn conflict(detail: &str) -> Option<AuditError> {
    let rest = detail.strip_prefix("the id ")?;
    let (id, rest) = rest.split_once(" is that of entry ")?;
    let (seq, field) = rest.split_once(", which has another ")?;
    let id: Uuid = id.parse().ok()?;
    let seq = seq.parse().ok()?;
    let field = COMPARED.iter().find(|name| **name == field)?;
    Some(AuditError::IdConflict { id, seq, field })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(status: u16, body: &str, is_question: bool) -> AuditError {
        Problem::read(status, body.as_bytes()).to_error(&Asked {
            server: "http://h",
            trail: &TrailName::standard(),
            is_question,
        })
    }

    #[test]
    fn a_conflict_is_worded_as_the_core_words_it() {
        let id = Uuid::from_u128(7);
        for field in COMPARED {
            let own = AuditError::IdConflict { id, seq: 9, field };
            let body = serde_json::json!({
                "type": "urn:indelible:problem:id-conflict", "detail": own.to_string(), "field": "id"
            });
            let found = error(409, &body.to_string(), false);
            assert_eq!(found.to_string(), own.to_string());
            assert!(matches!(found, AuditError::IdConflict { seq: 9, .. }));
        }
    }

    #[test]
    fn the_field_is_kept() {
        let body = r#"{"type":"urn:indelible:problem:invalid-event","detail":"no","field":"tags"}"#;
        assert_eq!(error(400, body, false).field(), Some("tags"));
        let body = r#"{"type":"urn:indelible:problem:invalid-request",
            "detail":"`limit`: too small","field":"limit"}"#;
        let question = error(400, body, true);
        assert_eq!(question.field(), Some("limit"));
        assert_eq!(question.to_string(), "`limit`: too small");
    }

    #[test]
    fn what_stands_before_the_server_is_no_problem_of_its() {
        let found = error(403, "<html>", false);
        let found = ClientError::of(&found).expect("the client's");
        assert!(matches!(found, ClientError::Refused { status: 403, name, .. } if name.is_empty()));
        assert!(Problem::read(502, b"<html>").is_passing());
        assert!(!Problem::read(404, b"").is_passing());
    }
}
