//! From a row to an event, or to the reason why it will never be one.

use super::{EVENT_BYTES_MAX, Row};
use crate::event::{AuditEvent, EventError};
use crate::json::{JsonError, JsonErrorKind};
use crate::note::Note;
use crate::trail::TrailName;

/// A row that can be handed to a trail.
#[derive(Debug)]
pub(super) struct Letter {
    pub position: i64,
    pub trail: TrailName,
    pub event: AuditEvent,
}

impl Letter {
    /// Reads a row.
    ///
    /// An event without a time was written by hand. It is taken to have happened when its row was
    /// put there: the time at which a drain came by says nothing of it.
    ///
    /// # Errors
    /// Why the row can never be recorded.
    pub fn open(row: Row) -> Result<Self, String> {
        // Whatever stands there may be anything, another column's text too: it is not repeated.
        let ill_formed = |_| "the trail's name is ill-formed; is it the event?".to_owned();
        let trail: TrailName = row.trail.parse().map_err(ill_formed)?;
        let Some(text) = row.event else {
            return Err(format!("the event has more than {EVENT_BYTES_MAX} bytes"));
        };
        let mut event = AuditEvent::from_kept_json(&text)
            .map_err(|error| format!("the event: {}", said(&error)))?;
        if event.id.is_none() {
            let needed =
                "`id` is missing; an event in an outbox needs one, or it could be moved twice";
            return Err(format!("the event: {needed}"));
        }
        if let (None, Some(queued_at)) = (event.occurred_at, row.queued_at) {
            event.occurred_at = Some(queued_at);
            event.notes.push(Note::stamp());
        }
        Ok(Self {
            position: row.position,
            trail,
            event,
        })
    }
}

/// What is wrong with an event, in words that hold nothing of it, not one character: a field's name
/// may be whatever was written in its place.
pub(super) fn said(error: &EventError) -> String {
    match error {
        EventError::Unknown { .. } => {
            "it has a field that no event has; what has no field of its own goes into `context`"
                .to_owned()
        }
        EventError::Json(JsonError { line, column, kind }) => {
            let what = match kind {
                JsonErrorKind::DuplicateKey { .. } => "a key stands in it twice".to_owned(),
                JsonErrorKind::UnexpectedCharacter { expected, .. } => {
                    format!("another character stands where {expected} should")
                }
                JsonErrorKind::ControlCharacter { .. } => {
                    "a control character in a string, not escaped".to_owned()
                }
                other => other.to_string(),
            };
            format!("not an event: {what}, at line {line}, column {column}")
        }
        EventError::IllFormed { field, .. } => format!("`{field}` is ill-formed"),
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    const EVENT: &str =
        r#"{"action":"a","resource_type":"r","id":"01890000-0000-7000-8000-000000000001"}"#;

    fn row(trail: &str, event: &str) -> Row {
        Row {
            position: 7,
            trail: trail.to_owned(),
            event: Some(event.as_bytes().to_owned()),
            queued_at: Some(Timestamp::from_micros(5)),
        }
    }

    #[test]
    fn an_event_without_a_time_happened_when_it_was_put_there() {
        let letter = Letter::open(row("default", EVENT)).expect("an event");
        assert_eq!(letter.event.occurred_at, Some(Timestamp::from_micros(5)));
        assert!(letter.event.notes[0].is_stamp());
    }

    #[test]
    fn what_is_no_event_is_said_without_its_text() {
        let without_id = EVENT.replace("\"id\"", "\"correlation_id\"");
        for (row, said) in [
            (row("No Trail", EVENT), "trail"),
            // The two parameters the wrong way round.
            (
                row("{\"context\":{\"password\":\"hunter2\"}}", "default"),
                "trail",
            ),
            (
                row(
                    "default",
                    &EVENT.replace("\"action\"", "\"hunter2 is mine\":1,\"action\""),
                ),
                "a field that no event has",
            ),
            (
                row("default", "{\"hunter2\":1,\"hunter2\":2}"),
                "a key stands in it twice",
            ),
            (
                row("default", &EVENT.replace("01890000", "hunter2")),
                "`id` is",
            ),
            (
                row(
                    "default",
                    &EVENT.replace("\"action\"", "\"hunter\":1,\"action\""),
                ),
                "a field that no event has",
            ),
            (row("default", "hunter2"), "not an event"),
            (row("default", "hunter"), "another character stands"),
            (row("default", "{\"password\":1}"), "missing"),
            (row("default", &without_id), "`id` is missing"),
            (
                Row {
                    event: None,
                    ..row("default", "")
                },
                "more than 1048576 bytes",
            ),
        ] {
            let reason = Letter::open(row).expect_err("no event");
            assert!(reason.contains(said), "{reason}");
            assert!(!reason.contains("hunter"), "{reason}");
            assert!(!reason.contains("'h'"), "{reason}");
        }
    }
}
