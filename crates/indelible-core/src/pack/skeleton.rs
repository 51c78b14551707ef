//! A skeleton read back from its text.

use indelible_merkle::{Hash, leaf_hash};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::line::texts;
use crate::entry::{Erasure, StoredEntry};
use crate::json;
use crate::part::{PartKind, PerPart};
use crate::time::Timestamp;
use crate::trail::TrailName;

/// The most bytes of a skeleton.
const BYTES_MAX: usize = 65_534;
/// Nesting of a skeleton: the parts of what it erases.
const NESTING_MAX: u8 = 4;

/// The entry at `seq`, without its parts, and its trail. `None` where the text is not the one that
/// its members give.
pub(super) fn read(text: &str, seq: u64) -> Option<(StoredEntry, TrailName)> {
    if text.len() > BYTES_MAX {
        return None;
    }
    let parsed = json::parse_with_depth(text.as_bytes(), NESTING_MAX).ok()?;
    let Value::Object(mut map) = parsed.value else {
        return None;
    };
    let trail: TrailName = take(&mut map, "trail")?.parse().ok()?;
    let entry = StoredEntry {
        seq,
        id: Uuid::try_parse(&take(&mut map, "id")?).ok()?,
        action: take(&mut map, "action")?,
        outcome: take(&mut map, "outcome")?.parse().ok()?,
        resource_type: take(&mut map, "resource_type")?,
        tags: texts(map.remove("tags")?).filter(|tags| tags.is_sorted_by(|a, b| a < b))?,
        occurred_at: time(&take(&mut map, "occurred_at")?)?,
        created_at: time(&take(&mut map, "created_at")?)?,
        erases: erases(map.remove("erases"))?,
        part_hashes: PerPart {
            actor: hash(&mut map, PartKind::Actor)?,
            target: hash(&mut map, PartKind::Target)?,
            details: hash(&mut map, PartKind::Details)?,
        },
        leaf_hash: leaf_hash(text.as_bytes()),
        parts: PerPart::default(),
    };
    // What has another spelling, or members beyond these, is none of ours.
    (entry.skeleton(&trail) == text.as_bytes()).then_some((entry, trail))
}

fn take(map: &mut Map<String, Value>, name: &str) -> Option<String> {
    match map.remove(name)? {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// A time in its one spelling.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    let time: Timestamp = text.parse().ok()?;
    (time.to_string() == text).then_some(time)
}

fn hash(map: &mut Map<String, Value>, kind: PartKind) -> Option<Option<Hash>> {
    match map.remove(kind.as_str()) {
        None => Some(None),
        Some(Value::String(hex)) => Hash::from_hex(&hex).ok().map(Some),
        Some(_) => None,
    }
}

fn erases(value: Option<Value>) -> Option<Vec<Erasure>> {
    let Some(value) = value else {
        return Some(Vec::new());
    };
    let Value::Array(items) = value else {
        return None;
    };
    let erasure = |item: Value| {
        let parts = texts(item.get("parts")?.clone())?;
        let (first, last) = (item.get("first")?.as_u64()?, item.get("last")?.as_u64()?);
        let is_ordered = first <= last && parts.is_sorted_by(|a, b| a < b);
        let parts = parts.iter().map(|name| name.parse().ok());
        let parts = parts.collect::<Option<_>>()?;
        is_ordered.then_some(Erasure { first, last, parts })
    };
    items.into_iter().map(erasure).collect()
}
