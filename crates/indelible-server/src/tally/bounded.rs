//! What callers made up, as long as it may be in a record. Whoever is looked at would have it cut
//! by the engine otherwise, and the counts with it: a context that is too long keeps none of its
//! members.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::keys::hex;
use crate::limits::{DETAILS_BYTES_MAX, VALUE_BYTES_MAX};

/// How far texts, in bytes, and lists, in elements, are cut, one after the other until it fits.
const CUTS: [(usize, usize); 2] = [(VALUE_BYTES_MAX, 16), (64, 4)];
/// The longest name of a member, in bytes, and the most names of members that are left out.
const NAME_BYTES_MAX: usize = 64;
const NAMES_MAX: usize = 16;

/// The same within [`DETAILS_BYTES_MAX`]. What is cut has its length and SHA-256 beside its
/// beginning, so that it is the same again only where the whole is.
pub fn bounded(details: Map<String, Value>) -> Map<String, Value> {
    let details = Value::Object(details);
    // Nothing in it is longer than all of it.
    if length(&details) <= NAME_BYTES_MAX.min(VALUE_BYTES_MAX) {
        return object(details);
    }
    for (bytes_max, items_max) in CUTS {
        let cut = cut(&details, bytes_max, items_max);
        if length(&cut) <= DETAILS_BYTES_MAX {
            return object(cut);
        }
    }
    let members = object(details).into_iter();
    members
        .map(|(name, value)| (name, summed(&value)))
        .collect()
}

/// The first elements of a list that fit `bytes_max` together.
pub fn leading(list: &Value, bytes_max: usize) -> Vec<Value> {
    let mut bytes = 0;
    let fits = |value: &&Value| {
        bytes += length(value);
        bytes <= bytes_max
    };
    let list = list.as_array().map_or(&[][..], Vec::as_slice);
    list.iter().take_while(fits).cloned().collect()
}

/// The beginning of a text, at most `bytes_max` long.
pub fn start(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

/// How long a value is in a record, in bytes.
pub fn length(value: &Value) -> usize {
    value.to_string().len()
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => Map::from_iter([("value".to_owned(), other)]),
    }
}

fn cut(value: &Value, bytes_max: usize, items_max: usize) -> Value {
    match value {
        Value::String(text) if text.len() > bytes_max => json!({
            "start": start(text, bytes_max),
            "bytes": text.len(),
            "sha256": digest(text),
        }),
        Value::Array(items) => {
            let kept = items.iter().take(items_max);
            let mut kept: Vec<_> = kept.map(|item| cut(item, bytes_max, items_max)).collect();
            if items.len() > items_max {
                let more = items.len() - items_max;
                kept.push(json!({ "more": more, "sha256": digest(&value.to_string()) }));
            }
            kept.into()
        }
        Value::Object(members) => {
            let member =
                |(given, value): (&String, &Value)| (name(given), cut(value, bytes_max, items_max));
            members.iter().map(member).collect()
        }
        other => other.clone(),
    }
}

/// What is left of a member where all of them do not fit.
fn summed(value: &Value) -> Value {
    let mut left = json!({ "bytes": length(value), "sha256": digest(&value.to_string()) });
    match value {
        Value::Object(members) => {
            let names = members.keys().take(NAMES_MAX).map(|given| name(given));
            left["names"] = names.collect();
            left
        }
        Value::Array(_) => left,
        other => cut(other, NAME_BYTES_MAX, 0),
    }
}

fn name(given: &str) -> String {
    if given.len() <= NAME_BYTES_MAX {
        return given.to_owned();
    }
    format!("{}…{}", start(given, NAME_BYTES_MAX), digest(given))
}

fn digest(text: &str) -> String {
    hex(&Sha256::digest(text))
}
