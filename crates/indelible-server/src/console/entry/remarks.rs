//! What was done to an event on its way in, in words.

use indelible_core::Note;
use serde_json::Value;

/// A note as it is read.
pub struct Remark {
    /// The field of the event.
    pub field: String,
    /// What was done, in words.
    pub what: String,
    /// The facts beside it.
    pub facts: Vec<(String, String)>,
}

impl Remark {
    /// What a note says.
    pub fn of(note: &Note) -> Self {
        let facts = note.facts.iter();
        Self {
            field: note.field.clone(),
            what: words(&note.kind),
            facts: facts
                .map(|(name, value)| (name.clone(), text(value)))
                .collect(),
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn words(kind: &str) -> String {
    match kind {
        "truncated" => "longer than is kept: cut; length and digest are those of the whole",
        "replaced" => "a character that no store holds was replaced by U+FFFD",
        "key_renamed" => "the member's name collided with another and got a suffix",
        "number_as_text" => "a number beyond 64 bits or a double is kept as its digits",
        "redacted" => "a secret was kept out",
        "clamped" => "later than the clock of the trail: set back to it",
        "dropped" => "a tag that does not fit was left out",
        "more" => "further notes were only counted",
        other => return other.to_owned(),
    }
    .to_owned()
}
