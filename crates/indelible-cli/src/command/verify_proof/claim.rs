//! What a proof's `extra` line says of the entry. Nothing authenticates it but the leaf hash that
//! is made from it here.

use indelible::core::json::{self, canonical};
use indelible::core::part::{Part, PartKind, SALT_BYTES};
use indelible::merkle::{Hash, leaf_hash};
use serde_json::{Map, Value};

/// An entry as the proof tells it, held against itself.
pub struct Claim {
    /// The leaf that the skeleton makes.
    pub leaf: Hash,
    /// The skeleton.
    pub skeleton: Value,
    /// The bodies of those parts that are opened, by name; each has the hash that the skeleton
    /// says.
    pub parts: Value,
}

impl Claim {
    /// Reads `{"skeleton": text, "parts": {name: {"salt": hex, "body": text}}}`.
    ///
    /// # Errors
    /// What is not of this form, is not canonical, or does not have its hash.
    pub fn read(extra: &[u8]) -> Result<Self, String> {
        let mut extra = object(strict(extra, "the extra line")?, "the extra line")?;
        let text = text(extra.remove("skeleton"), "`skeleton`")?;
        let skeleton = strict(text.as_bytes(), "the skeleton")?;
        if skeleton.get("v") != Some(&Value::from(1)) {
            return Err("the skeleton is not of version 1".to_owned());
        }
        let mut bodies = Map::new();
        if let Some(parts) = extra.remove("parts") {
            for (name, part) in object(parts, "`parts`")? {
                let body = open(&skeleton, &name, part)?;
                bodies.insert(name, body);
            }
        }
        match extra.keys().next() {
            Some(name) => Err(format!(
                "the extra line has a member `{name}` that proves nothing"
            )),
            None => Ok(Self {
                leaf: leaf_hash(text.as_bytes()),
                skeleton,
                parts: Value::Object(bodies),
            }),
        }
    }

    /// Checks that the trail in the skeleton is the one that signed.
    ///
    /// # Errors
    /// The origin of another trail.
    pub fn check_origin(&self, origin: &str) -> Result<(), String> {
        let signed = origin.split('/').nth(1);
        let told = self.skeleton.get("trail").and_then(Value::as_str);
        if signed.is_some() && signed == told {
            return Ok(());
        }
        let told = told.unwrap_or("no trail");
        Err(format!(
            "the skeleton names {told}, but the checkpoint is of {origin}"
        ))
    }
}

/// JSON in the one spelling that was hashed.
fn strict(bytes: &[u8], what: &str) -> Result<Value, String> {
    // The extra line and a part's body wrap what is nested 64 deep at most.
    let parsed = json::parse_with_depth(bytes, json::NESTING_MAX + 2)
        .map_err(|error| format!("{what}: {error}"))?;
    if canonical::to_vec(&parsed.value) != bytes {
        return Err(format!("{what} is not canonical JSON"));
    }
    Ok(parsed.value)
}

/// The body of a part, if salt and body have the hash in the skeleton.
fn open(skeleton: &Value, name: &str, part: Value) -> Result<Value, String> {
    let kind: PartKind = name.parse().map_err(|error| format!("{error}"))?;
    let mut part = object(part, "a part")?;
    let salt = text(part.remove("salt"), "`salt`")?;
    let body = text(part.remove("body"), "`body`")?;
    let salt = salt_of(&salt).ok_or("`salt` is 32 lower-case hexadecimal digits")?;
    let parsed = strict(body.as_bytes(), name)?;
    let hash = Part {
        salt,
        body: body.into_bytes(),
    }
    .hash(kind)
    .to_string();
    if skeleton.get(name).and_then(Value::as_str) != Some(&hash) {
        return Err(format!(
            "the {name} part does not have the hash in the skeleton"
        ));
    }
    Ok(parsed)
}

fn salt_of(hex: &str) -> Option<[u8; SALT_BYTES]> {
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

fn object(value: Value, what: &str) -> Result<Map<String, Value>, String> {
    match value {
        Value::Object(members) => Ok(members),
        _ => Err(format!("{what} is no JSON object")),
    }
}

fn text(value: Option<Value>, what: &str) -> Result<String, String> {
    match value {
        Some(Value::String(text)) => Ok(text),
        _ => Err(format!("{what} is missing or no text")),
    }
}
