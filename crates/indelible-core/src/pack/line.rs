//! The lines of a pack, read strictly: canonical JSON with exactly the members that are due.

use indelible_merkle::text::PROOF_HASHES_MAX;
use indelible_merkle::{Hash, base64};
use serde_json::{Map, Value};

use super::reason::{Judged, malformed};
use crate::json::{self, canonical};
use crate::part::{PartKind, SALT_BYTES};

/// Nesting of the deepest line: the manifest with its question.
const NESTING_MAX: u8 = 8;

/// Members of an object, taken one by one; what is left over is refused.
pub(super) struct Members {
    map: Map<String, Value>,
    what: &'static str,
}

impl Members {
    /// Reads a line without its line feed.
    pub fn of_line(line: &[u8]) -> Judged<Self> {
        let Ok(parsed) = json::parse_with_depth(line, NESTING_MAX) else {
            return malformed("the line is no JSON as it is written here");
        };
        let is_exact = parsed.repairs.is_empty() && canonical::to_vec(&parsed.value) == line;
        if !is_exact {
            return malformed("the line is not canonical JSON");
        }
        Self::of(parsed.value, "the line")
    }

    pub fn of(value: Value, what: &'static str) -> Judged<Self> {
        match value {
            Value::Object(map) => Ok(Self { map, what }),
            _ => malformed(format_args!("{what} is no object")),
        }
    }

    pub fn has(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }

    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.map.remove(name)
    }

    fn wrong<T>(&self, name: &str, expected: &str) -> Judged<T> {
        malformed(format_args!("`{name}` of {} is no {expected}", self.what))
    }

    pub fn text(&mut self, name: &str) -> Judged<String> {
        match self.take(name) {
            Some(Value::String(text)) => Ok(text),
            _ => self.wrong(name, "text"),
        }
    }

    /// A number from 0 to 2^63 − 1.
    pub fn number(&mut self, name: &str) -> Judged<u64> {
        let number = self.take(name).and_then(|value| value.as_u64());
        match number.filter(|number| i64::try_from(*number).is_ok()) {
            Some(number) => Ok(number),
            None => self.wrong(name, "number from 0 to 2^63 - 1"),
        }
    }

    pub fn object(&mut self, name: &'static str) -> Judged<Members> {
        match self.take(name) {
            Some(value) => Members::of(value, name),
            None => self.wrong(name, "object"),
        }
    }

    pub fn texts(&mut self, name: &str) -> Judged<Vec<String>> {
        match self.take(name).and_then(texts) {
            Some(texts) => Ok(texts),
            None => self.wrong(name, "list of texts"),
        }
    }

    pub fn hashes(&mut self, name: &str) -> Judged<Vec<Hash>> {
        let texts = self.texts(name)?;
        let hash = |text: &String| {
            let bytes = base64::decode(text).ok()?;
            Hash::try_from(&bytes[..]).ok()
        };
        let hashes: Option<Vec<_>> = texts.iter().map(hash).collect();
        match hashes.filter(|hashes| hashes.len() <= PROOF_HASHES_MAX) {
            Some(hashes) => Ok(hashes),
            None => self.wrong(name, "list of at most 63 hashes in base64"),
        }
    }

    /// The rest, by name.
    pub fn rest(self) -> impl Iterator<Item = (String, Value)> {
        self.map.into_iter()
    }

    /// Refuses what was not taken.
    pub fn end(self) -> Judged<()> {
        match self.map.keys().next() {
            None => Ok(()),
            Some(name) => malformed(format_args!("{} has no member `{name}`", self.what)),
        }
    }
}

/// A list of texts.
pub(super) fn texts(value: Value) -> Option<Vec<String>> {
    let Value::Array(items) = value else {
        return None;
    };
    let text = |item| match item {
        Value::String(text) => Some(text),
        _ => None,
    };
    items.into_iter().map(text).collect()
}

/// A part as a pack shows it.
#[derive(Debug)]
pub(super) enum ShownPart {
    Open {
        salt: [u8; SALT_BYTES],
        body: String,
    },
    Erased,
    Withheld,
}

/// The parts of an entry, each at most once.
pub(super) fn parts(members: Members) -> Judged<Vec<(PartKind, ShownPart)>> {
    members
        .rest()
        .map(|(name, value)| {
            let Ok(kind) = name.parse::<PartKind>() else {
                return malformed(format_args!("`{name}` names no part"));
            };
            Ok((kind, shown(value)?))
        })
        .collect()
}

fn shown(value: Value) -> Judged<ShownPart> {
    match value.as_str() {
        Some("erased") => return Ok(ShownPart::Erased),
        Some("withheld") => return Ok(ShownPart::Withheld),
        Some(_) => return malformed("a part is neither open nor erased nor withheld"),
        None => {}
    }
    let mut part = Members::of(value, "a part")?;
    let (body, salt) = (part.text("body")?, part.text("salt")?);
    part.end()?;
    match salt_of(&salt) {
        Some(salt) => Ok(ShownPart::Open { salt, body }),
        None => malformed("`salt` is no 32 lower-case hexadecimal digits"),
    }
}

/// Reads 32 lower-case hexadecimal digits.
pub(super) fn salt_of(hex: &str) -> Option<[u8; SALT_BYTES]> {
    let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    if hex.len() != 2 * SALT_BYTES || !hex.bytes().all(is_hex) {
        return None;
    }
    let mut salt = [0; SALT_BYTES];
    for (place, byte) in salt.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * place..2 * place + 2], 16).ok()?;
    }
    Some(salt)
}
