//! Values: replaced, redacted, cut, each noted.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{CONTEXT_BYTES_MAX, Door, PREVIEW_BYTES};
use crate::event::EventError;
use crate::json::{self, canonical};
use crate::note::{Note, Notes};
use crate::redact::Mode;

/// The longest note accepted from outside, in bytes of canonical JSON; of a longer one only field
/// and kind are kept.
const GIVEN_NOTE_BYTES_MAX: usize = 1024;
/// The longest action and resource type, in bytes.
const NAME_BYTES_MAX: usize = 100;

impl Door {
    /// A text as it will be stored in `field`, at most `max` bytes long.
    pub(super) fn text(
        &self,
        field: &str,
        mut value: String,
        max: usize,
        notes: &mut Notes,
    ) -> String {
        if value.contains('\0') {
            value = value.replace('\0', "\u{fffd}");
            notes.push(Note::new(field, "replaced"));
        }
        if let Some(redacted) = self.redactor.redact_text(&value) {
            for rule in redacted.rules {
                notes.push(Note::new(field, "redacted").with("rule", rule.to_string()));
            }
            value = redacted.text;
        }
        if value.len() > max {
            notes.push(truncated(field, value.as_bytes()));
            value.truncate(value.floor_char_boundary(max));
            value.shrink_to_fit();
        }
        value
    }

    /// An action or resource type as it will be stored: a secret in it is masked within the
    /// characters that a name may have, for the skeleton is never erased.
    pub(super) fn name(&self, field: &str, value: &str, notes: &mut Notes) -> String {
        let masked = self.text(field, value.to_owned(), NAME_BYTES_MAX, notes);
        if masked == value {
            return masked;
        }
        let plain = |c: char| {
            if c.is_ascii_alphanumeric() || "_.:/-".contains(c) {
                c
            } else {
                '_'
            }
        };
        // A rule that drops the whole leaves a name behind all the same.
        if masked.is_empty() {
            "_".to_owned()
        } else {
            masked.chars().map(plain).collect()
        }
    }

    /// What a text given as a filter would have been stored as.
    pub(crate) fn as_stored(&self, field: &str, value: &str, max: usize) -> String {
        self.text(field, value.to_owned(), max, &mut Notes::default())
    }

    /// The canonical bytes of the context as it will be stored.
    pub(super) fn context(
        &self,
        given: Option<Value>,
        notes: &mut Notes,
    ) -> Result<Option<Vec<u8>>, EventError> {
        let mut context = match given {
            None | Some(Value::Null) => return Ok(None),
            Some(context @ Value::Object(_)) => context,
            Some(_) => return Err(not_an_object()),
        };
        let repairs = json::normalise(&mut context).map_err(|deep| ill_formed(&deep))?;
        for note in Note::of_repairs(&repairs, Some("context")) {
            notes.push(self.clean_note(note));
        }
        let redacted = self.redactor.redact_value(&mut context);
        notes.count_more(redacted.dropped());
        for place in redacted.list {
            let note = Note::new("context", "redacted").with("path", place.pointer);
            // A key may read as a secret's name with what follows it in the path as the secret.
            notes.push(self.clean_note(note.with("rule", place.rule.to_string())));
        }
        let bytes = canonical::to_vec(&context);
        if bytes.len() <= CONTEXT_BYTES_MAX {
            return Ok(Some(bytes));
        }
        notes.push(truncated("context", &bytes));
        Ok(Some(preview(&bytes)))
    }

    /// A note with its texts treated as any text is.
    pub(super) fn clean_note(&self, note: Note) -> Note {
        let short = |text: &str| self.as_stored("notes", text, 100);
        let bare = Note::new(&short(&note.field), &short(&note.kind));
        let mut facts = Value::Object(note.facts);
        if json::normalise(&mut facts).is_err() {
            return bare;
        }
        self.redactor.redact_value(&mut facts);
        match facts {
            Value::Object(facts) => {
                let full = Note {
                    facts,
                    ..bare.clone()
                };
                let bytes = canonical::to_vec(&full.to_value());
                if bytes.len() > GIVEN_NOTE_BYTES_MAX {
                    bare
                } else {
                    full
                }
            }
            _ => bare,
        }
    }
}

/// Refuses a context whose structure the door would refuse.
pub(super) fn check_context(context: &Value) -> Result<(), EventError> {
    if !context.is_object() {
        return Err(not_an_object());
    }
    json::check_nesting(context, json::NESTING_MAX).map_err(|deep| ill_formed(&deep))
}

fn not_an_object() -> EventError {
    EventError::WrongType {
        field: "context",
        expected: "a JSON object",
    }
}

fn ill_formed(problem: &impl std::fmt::Display) -> EventError {
    EventError::IllFormed {
        field: "context",
        problem: problem.to_string(),
    }
}

fn truncated(field: &str, whole: &[u8]) -> Note {
    Note::new(field, "truncated")
        .with("bytes", whole.len())
        .with("sha256", digest(whole))
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// What stands for a context over its limit.
fn preview(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    let start = &text[..text.floor_char_boundary(PREVIEW_BYTES)];
    canonical::to_vec(&json!({
        "_truncated": {"bytes": bytes.len(), "sha256": digest(bytes)},
        "preview": start,
    }))
}

impl Door {
    /// A text of a question as it would have been stored: cut, replaced and, where equal secrets
    /// have equal hashes, redacted. A mask is left out: it would match every masked value.
    pub(crate) fn as_asked(&self, field: &str, value: &str, max: usize) -> String {
        if self.redactor.mode() == Mode::KeyedHash {
            return self.as_stored(field, value, max);
        }
        let mut value = value.replace('\0', "\u{fffd}");
        value.truncate(value.floor_char_boundary(max));
        value
    }

    /// What the value at `path` of `nested` is stored as under keyed hashing, where it is hashed.
    pub(crate) fn hashed_member(&self, mut nested: Value, path: &[String]) -> Option<String> {
        if self.redactor.mode() != Mode::KeyedHash {
            return None;
        }
        let redacted = self.redactor.redact_value(&mut nested);
        if redacted.list.is_empty() {
            return None;
        }
        let found = path
            .iter()
            .try_fold(&nested, |value, name| value.get(name))?;
        found.as_str().map(str::to_owned)
    }
}
