//! From JSON to an event: structure is checked here and nowhere else.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::AuditEvent;
use crate::action::AuditAction;
use crate::json::{self, JsonError};
use crate::note::Note;
use crate::outcome::Outcome;
use crate::time::Timestamp;

/// Ill-formed structure of an event, and the field it was found in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// The text is not JSON, repeats a key or nests too deep.
    #[error("not an event: {0}")]
    Json(#[from] JsonError),
    /// The JSON is no object.
    #[error("an event is a JSON object")]
    NotAnObject,
    /// A field that every event needs is missing.
    #[error("`{field}` is missing")]
    Missing {
        /// The missing field.
        field: &'static str,
    },
    /// A field that no event has.
    #[error("`{field}` is no field of an event; what has no field of its own goes into `context`")]
    Unknown {
        /// The name that was found.
        field: String,
    },
    /// A field of the wrong JSON type.
    #[error("`{field}` is {expected}")]
    WrongType {
        /// The field.
        field: &'static str,
        /// What the field is.
        expected: &'static str,
    },
    /// A field whose text is not of the form it needs.
    #[error("`{field}`: {problem}")]
    IllFormed {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The server that keeps the trail found something wrong.
    #[error("{problem}")]
    Refused {
        /// The field, where one is to blame.
        field: Option<String>,
        /// What is wrong.
        problem: String,
    },
}

impl EventError {
    /// The field that is to be mended, where one is to blame.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Json(_) | Self::NotAnObject => None,
            Self::Unknown { field } => Some(field),
            Self::Refused { field, .. } => field.as_deref(),
            Self::Missing { field }
            | Self::WrongType { field, .. }
            | Self::IllFormed { field, .. } => Some(field),
        }
    }
}

/// Objects and arrays that may stand within each other where an event is kept on its way to a
/// trail: those of its context or its notes, and those around them.
pub const KEPT_NESTING_MAX: u8 = json::NESTING_MAX + 8;

pub(super) fn event(text: &[u8]) -> Result<AuditEvent, EventError> {
    // The event itself is one level around the context, whose nesting is what is limited.
    within(text, json::NESTING_MAX + 1)
}

pub(super) fn kept(text: &[u8]) -> Result<AuditEvent, EventError> {
    within(text, KEPT_NESTING_MAX)
}

fn within(text: &[u8], depth_max: u8) -> Result<AuditEvent, EventError> {
    let parsed = json::parse_with_depth(text, depth_max)?;
    let Value::Object(object) = parsed.value else {
        return Err(EventError::NotAnObject);
    };
    let mut event = from_object(object)?;
    event.notes.extend(Note::of_repairs(&parsed.repairs, None));
    Ok(event)
}

pub(super) fn from_object(mut object: Map<String, Value>) -> Result<AuditEvent, EventError> {
    let action = text(&mut object, "action")?.ok_or(EventError::Missing { field: "action" })?;
    let action = AuditAction::new(action).map_err(|e| ill_formed("action", &e))?;
    let resource_type = text(&mut object, "resource_type")?.ok_or(EventError::Missing {
        field: "resource_type",
    })?;
    let mut event = AuditEvent::new(action, resource_type);
    event.id = parsed::<Uuid>(&mut object, "id")?;
    event.outcome = parsed::<Outcome>(&mut object, "outcome")?;
    event.occurred_at = parsed::<Timestamp>(&mut object, "occurred_at")?;
    event.user_id = text(&mut object, "user_id")?;
    event.on_behalf_of = text(&mut object, "on_behalf_of")?;
    event.ip_address = text(&mut object, "ip_address")?;
    event.user_agent = text(&mut object, "user_agent")?;
    event.resource_id = text(&mut object, "resource_id")?;
    event.correlation_id = text(&mut object, "correlation_id")?;
    event.tags = tags(object.remove("tags"))?;
    event.notes = notes(object.remove("notes"))?;
    event.context = match object.remove("context") {
        None | Some(Value::Null) => None,
        Some(context @ Value::Object(_)) => Some(context),
        Some(_) => {
            return Err(EventError::WrongType {
                field: "context",
                expected: "a JSON object",
            });
        }
    };
    match object.into_iter().next() {
        Some((field, _)) => Err(EventError::Unknown {
            field: field.chars().take(100).collect(),
        }),
        None => Ok(event),
    }
}

fn text(
    object: &mut Map<String, Value>,
    field: &'static str,
) -> Result<Option<String>, EventError> {
    match object.remove(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(EventError::WrongType {
            field,
            expected: "a text",
        }),
    }
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
    object: &mut Map<String, Value>,
    field: &'static str,
) -> Result<Option<T>, EventError> {
    let Some(text) = text(object, field)? else {
        return Ok(None);
    };
    text.parse().map(Some).map_err(|e| ill_formed(field, &e))
}

fn ill_formed(field: &'static str, problem: &impl std::fmt::Display) -> EventError {
    EventError::IllFormed {
        field,
        problem: problem.to_string(),
    }
}

fn tags(value: Option<Value>) -> Result<Vec<String>, EventError> {
    let wrong = EventError::WrongType {
        field: "tags",
        expected: "a list of texts",
    };
    let Some(list) = list(value).ok_or(wrong.clone())? else {
        return Ok(Vec::new());
    };
    list.into_iter()
        .map(|tag| {
            if let Value::String(tag) = tag {
                Ok(tag)
            } else {
                Err(wrong.clone())
            }
        })
        .collect()
}

fn notes(value: Option<Value>) -> Result<Vec<Note>, EventError> {
    let expected = "a list of objects with `field` and `kind`";
    let wrong = || EventError::WrongType {
        field: "notes",
        expected,
    };
    let Some(list) = list(value).ok_or_else(wrong)? else {
        return Ok(Vec::new());
    };
    list.into_iter()
        .map(|note| serde_json::from_value(note).map_err(|_| wrong()))
        .collect()
}

/// `None` where the value is neither null nor a list.
#[expect(
    clippy::option_option,
    reason = "absent and ill-formed are two different answers"
)]
fn list(value: Option<Value>) -> Option<Option<Vec<Value>>> {
    match value {
        None | Some(Value::Null) => Some(None),
        Some(Value::Array(list)) => Some(Some(list)),
        Some(_) => None,
    }
}
