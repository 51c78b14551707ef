//! The strict reader: one pass over the bytes, recursion bounded by the nesting limit.

use serde_json::map::Entry;
use serde_json::{Map, Value};

use super::Parsed;
use super::error::{JsonError, JsonErrorKind};
use super::names::{self, Misnamed};
use super::number;
use super::repair::{RepairKind, Repairs};

mod text;

const A_VALUE: &str = "a value";

/// Reads one JSON text, nested at most `depth_max` deep.
pub(super) fn read(bytes: &[u8], depth_max: u8) -> Result<Parsed, JsonError> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(e) => {
            return Err(JsonError::at(
                bytes,
                e.valid_up_to(),
                JsonErrorKind::InvalidUtf8,
            ));
        }
    };
    if text.starts_with('\u{FEFF}') {
        return Err(JsonError::at(bytes, 0, JsonErrorKind::ByteOrderMark));
    }
    let mut reader = Reader {
        text,
        bytes,
        at: 0,
        max: depth_max,
        repairs: Repairs::default(),
    };
    let value = reader.value(depth_max)?;
    if reader.peek().is_some() {
        return Err(reader.fault(reader.at, JsonErrorKind::TrailingData));
    }
    Ok(Parsed {
        value,
        repairs: reader.repairs,
    })
}

struct Reader<'a> {
    text: &'a str,
    /// The bytes of `text`.
    bytes: &'a [u8],
    at: usize,
    max: u8,
    repairs: Repairs,
}

impl Reader<'_> {
    fn value(&mut self, levels_left: u8) -> Result<Value, JsonError> {
        match self.peek() {
            Some(b'"') => {
                let string = self.string()?;
                if string.replaced {
                    self.repairs.push(RepairKind::Replaced);
                }
                Ok(Value::String(string.text))
            }
            Some(b'{') => {
                let levels_left = self.enter(levels_left)?;
                self.object(levels_left)
            }
            Some(b'[') => {
                let levels_left = self.enter(levels_left)?;
                self.array(levels_left)
            }
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal("true", "`true`", Value::Bool(true)),
            Some(b'f') => self.literal("false", "`false`", Value::Bool(false)),
            Some(b'n') => self.literal("null", "`null`", Value::Null),
            _ => Err(self.unexpected(A_VALUE)),
        }
    }

    /// Steps over the bracket that opens a container.
    fn enter(&mut self, levels_left: u8) -> Result<u8, JsonError> {
        let Some(left) = levels_left.checked_sub(1) else {
            return Err(self.fault(self.at, JsonErrorKind::TooDeep { max: self.max }));
        };
        self.at += 1;
        Ok(left)
    }

    fn array(&mut self, levels_left: u8) -> Result<Value, JsonError> {
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::Array(items));
        }
        loop {
            let mark = self.repairs.mark();
            let item = self.value(levels_left)?;
            self.repairs.within_index(mark, items.len());
            items.push(item);
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Value::Array(items));
                }
                _ => return Err(self.unexpected("`,` or `]`")),
            }
        }
    }

    fn object(&mut self, levels_left: u8) -> Result<Value, JsonError> {
        let mut map = Map::new();
        let mut misnamed = Vec::new();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Object(map));
        }
        loop {
            self.member(levels_left, &mut map, &mut misnamed)?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    break;
                }
                _ => return Err(self.unexpected("`,` or `}`")),
            }
        }
        if !misnamed.is_empty() {
            misnamed.sort_by(|a, b| a.original.cmp(&b.original).then(a.at.cmp(&b.at)));
            if let Some(twin) = names::duplicate(&misnamed) {
                return Err(self.fault(twin.at, JsonErrorKind::duplicate(&twin.key)));
            }
            names::settle(&mut map, misnamed, &mut self.repairs);
        }
        Ok(Value::Object(map))
    }

    fn member(
        &mut self,
        levels_left: u8,
        map: &mut Map<String, Value>,
        misnamed: &mut Vec<Misnamed>,
    ) -> Result<(), JsonError> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("a key in quotes"));
        }
        let at = self.at;
        let key = self.string()?;
        let raw = at + 1..self.at - 1;
        if self.peek() != Some(b':') {
            return Err(self.unexpected("`:`"));
        }
        self.at += 1;
        let mark = self.repairs.mark();
        let value = self.value(levels_left)?;
        if key.replaced {
            let original = text::generalised(&self.text[raw]);
            let repairs = mark..self.repairs.mark();
            misnamed.push(Misnamed {
                original,
                key: key.text,
                value,
                at,
                repairs,
            });
            return Ok(());
        }
        self.repairs.within_key(mark, &key.text);
        match map.entry(key.text) {
            Entry::Vacant(place) => {
                place.insert(value);
                Ok(())
            }
            Entry::Occupied(first) => Err(self.fault(at, JsonErrorKind::duplicate(first.key()))),
        }
    }

    fn number(&mut self) -> Result<Value, JsonError> {
        let start = self.at;
        if self.bytes[self.at] == b'-' {
            self.at += 1;
        }
        let integer = self.at;
        self.digits()?;
        if self.bytes[integer] == b'0' && self.at > integer + 1 {
            let reason = "a zero before other digits";
            return Err(self.fault(integer, JsonErrorKind::BadNumber { reason }));
        }
        let integer_end = self.at;
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.bytes.get(self.at) {
                self.at += 1;
            }
            self.digits()?;
        }
        let token = &self.text[start..self.at];
        let numeral = if self.at == integer_end {
            number::of_integer(token)
        } else {
            number::of_fractional(token)
        };
        Ok(numeral.into_value(&mut self.repairs))
    }

    /// Steps over one or more digits.
    fn digits(&mut self) -> Result<(), JsonError> {
        let run = self.bytes[self.at..]
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count();
        self.at += run;
        match (run, self.bytes.get(self.at)) {
            (0, None) => Err(self.unexpected("a digit")),
            (0, Some(_)) => {
                let reason = "a digit is missing";
                Err(self.fault(self.at, JsonErrorKind::BadNumber { reason }))
            }
            _ => Ok(()),
        }
    }

    fn literal(
        &mut self,
        literal: &str,
        expected: &'static str,
        value: Value,
    ) -> Result<Value, JsonError> {
        for byte in literal.bytes() {
            if self.bytes.get(self.at) != Some(&byte) {
                return Err(self.unexpected(expected));
            }
            self.at += 1;
        }
        Ok(value)
    }

    /// The next byte that is not white space, at which the reader then stands.
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    /// The error that something other than `expected` stands here.
    #[cold]
    fn unexpected(&self, expected: &'static str) -> JsonError {
        let kind = match self
            .text
            .get(self.at..)
            .and_then(|rest| rest.chars().next())
        {
            Some(found) => JsonErrorKind::UnexpectedCharacter { found, expected },
            None => JsonErrorKind::UnexpectedEnd { expected },
        };
        self.fault(self.at, kind)
    }

    #[cold]
    fn fault(&self, at: usize, kind: JsonErrorKind) -> JsonError {
        JsonError::at(self.bytes, at, kind)
    }
}
