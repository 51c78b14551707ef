//! A document whose records were found, and the texts of these.

use std::collections::VecDeque;

use indelible_core::json;
use serde_json::Value;

use super::Piece;
use super::locate::Found;
use crate::mapping::{Mapping, type_of};

/// A text with the places of its records.
#[derive(Default)]
pub(super) struct Document {
    text: Vec<u8>,
    found: VecDeque<Found>,
    /// The line of the place up to which lines were counted.
    line: u64,
    counted: usize,
}

impl Document {
    /// A document that begins on this line, its records in the order of the text.
    pub(super) fn new(text: Vec<u8>, found: Vec<Found>, line: u64) -> Self {
        Self {
            text,
            found: found.into(),
            line,
            counted: 0,
        }
    }

    /// The next record's text.
    pub(super) fn next_piece(&mut self, mapping: &Mapping) -> Option<Piece> {
        let found = self.found.pop_front()?;
        let line = self.line_of(found.start());
        let text = match found {
            Found::Record(range) => Ok(self.text[range].to_owned()),
            Found::Embedded(range) => embedded(&self.text[range]),
            Found::Without(range) => Err(without(&self.text[range], mapping)),
        };
        Some(Piece { line, text })
    }

    fn line_of(&mut self, at: usize) -> u64 {
        let passed = &self.text[self.counted.min(at)..at];
        self.line += passed.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.counted = self.counted.max(at);
        self.line
    }
}

/// The text that a JSON string holds.
fn embedded(text: &[u8]) -> Result<Vec<u8>, String> {
    match json::parse(String::from_utf8_lossy(text).as_bytes()) {
        Ok(parsed) => match parsed.value {
            Value::String(text) => Ok(text.into_bytes()),
            other => Err(format!(
                "{} where a text that holds JSON should stand",
                type_of(&other)
            )),
        },
        Err(error) => Err(error.kind.to_string()),
    }
}

fn without(element: &[u8], mapping: &Mapping) -> String {
    let places: Vec<String> = mapping
        .records()
        .iter()
        .map(|place| format!("`{}`", place.at))
        .collect();
    let kind = match element.first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        _ => "a value",
    };
    format!(
        "{kind} that holds no record; records stand at {}",
        places.join(", ")
    )
}
