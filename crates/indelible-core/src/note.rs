//! What was done to an event on its way in: cut, replaced, redacted, clamped, dropped.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::json::{RepairKind, Repairs};

/// One remark on what was done to one field. `{field, kind, …}`: the members beside the two
/// depend on the kind.
///
/// | kind | further members |
/// |---|---|
/// | `truncated` | `bytes` (length of the redacted whole), `sha256` (its digest, hex) |
/// | `replaced` | `path`, where a NUL or lone surrogate became U+FFFD |
/// | `key_renamed` | `path` of the member whose name got a suffix |
/// | `number_as_text` | `path` of a number that no 64-bit integer or double holds |
/// | `redacted` | `rule`, `path` |
/// | `clamped` | `was`, the later time that was given |
/// | `dropped` | `value`, the tag that does not fit |
/// | `stamped` | none; on `occurred_at` alone, on the way to a trail: never stored, see [`Note::stamp`] |
/// | `more` | `count` of further notes that were not kept |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// The field of the event that the note speaks of.
    pub field: String,
    /// What was done.
    pub kind: String,
    /// The facts that go with the kind.
    #[serde(flatten)]
    pub facts: Map<String, Value>,
}

/// The most notes kept for one event; further ones are only counted.
pub const NOTES_MAX: usize = 64;
/// The longest text kept in a note, in bytes.
pub const NOTE_TEXT_BYTES_MAX: usize = 1024;

impl Note {
    /// A note of `kind` on `field`.
    pub fn new(field: &str, kind: &str) -> Self {
        Self {
            field: field.to_owned(),
            kind: kind.to_owned(),
            facts: Map::new(),
        }
    }

    /// The same note with one more fact; a text over 1024 bytes is cut.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        let mut value = value.into();
        if let Value::String(text) = &mut value {
            text.truncate(text.floor_char_boundary(NOTE_TEXT_BYTES_MAX));
        }
        self.facts.insert(name.to_owned(), value);
        self
    }

    /// The note that `occurred_at` is not the caller's, who left it out, but was stamped on the way
    /// to a trail that is elsewhere, or later: when the same id comes again with another time of
    /// this kind, it is the same event. A trail takes notice of it and does not keep it.
    pub fn stamp() -> Self {
        Self::new("occurred_at", "stamped")
    }

    /// Whether it is a [`Note::stamp`].
    pub fn is_stamp(&self) -> bool {
        self.kind == "stamped" && self.field == "occurred_at"
    }

    /// The notes on repairs of an event's JSON, or, with `field`, of that field's value.
    pub(crate) fn of_repairs(repairs: &Repairs, field: Option<&str>) -> Vec<Self> {
        let mut notes: Vec<_> = repairs
            .list
            .iter()
            .map(|repair| {
                let kind = match repair.kind {
                    RepairKind::Replaced => "replaced",
                    RepairKind::NumberAsText => "number_as_text",
                    RepairKind::KeyRenamed => "key_renamed",
                };
                let (field, path) = match field {
                    Some(field) => (field, repair.pointer.as_str()),
                    None => split_pointer(&repair.pointer),
                };
                let note = Self::new(field, kind);
                if path.is_empty() {
                    note
                } else {
                    note.with("path", path)
                }
            })
            .collect();
        if repairs.dropped() > 0 {
            notes.push(Self::new("notes", "more").with("count", repairs.dropped()));
        }
        notes
    }

    /// The note as a JSON object.
    pub fn to_value(&self) -> Value {
        let mut object = self.facts.clone();
        object.insert("field".to_owned(), self.field.clone().into());
        object.insert("kind".to_owned(), self.kind.clone().into());
        Value::Object(object)
    }
}

/// The first name of a pointer, and the rest of it.
fn split_pointer(pointer: &str) -> (&str, &str) {
    let pointer = pointer.strip_prefix('/').unwrap_or(pointer);
    pointer
        .find('/')
        .map_or((pointer, ""), |slash| pointer.split_at(slash))
}

/// The notes of one event, at most [`NOTES_MAX`] of them and a count of the rest.
#[derive(Debug, Clone, Default)]
pub struct Notes {
    kept: Vec<Note>,
    more: u64,
}

impl Notes {
    /// Adds a note, or counts it once the list is full.
    pub fn push(&mut self, note: Note) {
        if note.kind == "more" && note.field == "notes" {
            let more = note.facts.get("count").and_then(Value::as_u64).unwrap_or(1);
            self.more = self.more.saturating_add(more);
        } else if self.kept.len() < NOTES_MAX {
            self.kept.push(note);
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    /// Counts `count` notes that nobody kept.
    pub fn count_more(&mut self, count: u64) {
        self.more = self.more.saturating_add(count);
    }

    /// The notes, the last of them saying how many more there were.
    pub fn into_vec(mut self) -> Vec<Note> {
        if self.more > 0 {
            self.kept
                .push(Note::new("notes", "more").with("count", self.more));
        }
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixty_fifth_note_is_only_counted() {
        let mut notes = Notes::default();
        for _ in 0..70 {
            notes.push(Note::new("context", "replaced"));
        }
        let notes = notes.into_vec();
        assert_eq!(notes.len(), 65);
        assert_eq!(
            notes[64].to_value(),
            serde_json::json!({"field": "notes", "kind": "more", "count": 6})
        );
    }

    #[test]
    fn a_counted_rest_that_comes_back_is_counted_again() {
        let mut notes = Notes::default();
        notes.push(Note::new("notes", "more").with("count", 6));
        notes.push(Note::new("notes", "more").with("count", 2));
        assert_eq!(notes.into_vec()[0].facts["count"], 8);
    }
}
