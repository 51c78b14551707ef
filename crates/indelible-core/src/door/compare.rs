//! The same id again: is it the same event?

use serde_json::Value;

use super::{Admitted, Door};
use crate::entry::{StoredEntry, Unreadable};
use crate::part::{Part, PartKind};
use crate::time::Timestamp;

/// How an admitted event relates to the entry that has its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sameness {
    /// Equal in every field as the caller gave it.
    Equal,
    /// Nothing differs, but a part could not be compared: it is erased, or was stored under other
    /// redaction rules.
    Unchecked,
    /// This field differs.
    Differs(&'static str),
}

/// The compared fields of each part.
const FIELDS: [(PartKind, &[&str]); 3] = [
    (
        PartKind::Actor,
        &["user_id", "on_behalf_of", "ip_address", "user_agent"],
    ),
    (PartKind::Target, &["resource_id"]),
    (PartKind::Details, &["context", "correlation_id"]),
];

impl Door {
    /// Compares an event with the entry of the same id, in every field as the caller gave it:
    /// what the caller left out matches anything; clamps and notes do not count.
    ///
    /// # Errors
    /// [`Unreadable`] when a stored part is no JSON of its form.
    pub fn compare(&self, event: &Admitted, stored: &StoredEntry) -> Result<Sameness, Unreadable> {
        let new = &event.new.entry;
        if new.action != stored.action {
            return Ok(Sameness::Differs("action"));
        }
        if new.resource_type != stored.resource_type {
            return Ok(Sameness::Differs("resource_type"));
        }
        if event.given.outcome && new.outcome != stored.outcome {
            return Ok(Sameness::Differs("outcome"));
        }
        if event.given.tags && new.tags != stored.tags {
            return Ok(Sameness::Differs("tags"));
        }
        let mut sameness = Sameness::Equal;
        for (kind, fields) in FIELDS {
            match compare_part(new, stored, kind, fields)? {
                Sameness::Equal => {}
                Sameness::Unchecked => sameness = Sameness::Unchecked,
                differs => return Ok(differs),
            }
        }
        if let Some(given) = event.given.occurred_at
            && !same_time(given, stored)?
        {
            return Ok(Sameness::Differs("occurred_at"));
        }
        Ok(sameness)
    }
}

fn compare_part(
    new: &StoredEntry,
    stored: &StoredEntry,
    kind: PartKind,
    fields: &[&'static str],
) -> Result<Sameness, Unreadable> {
    let Some(given) = new.body(kind)? else {
        return Ok(Sameness::Equal);
    };
    let gives_any = fields.iter().any(|field| given.get(field).is_some());
    if !gives_any {
        return Ok(Sameness::Equal);
    }
    if stored.part_hashes.get(kind).is_some() && stored.parts.get(kind).is_none() {
        return Ok(Sameness::Unchecked);
    }
    let there = stored.body(kind)?.unwrap_or(Value::Null);
    if there != Value::Null && there.get("redaction") != given.get("redaction") {
        return Ok(Sameness::Unchecked);
    }
    // Of a value that was cut the digest of the whole counts, not only what was kept.
    let differs = |field: &&&'static str| {
        given
            .get(**field)
            .is_some_and(|value| there.get(**field) != Some(value))
            || given.get(**field).is_some() && cut(&given, field) != cut(&there, field)
    };
    Ok(fields
        .iter()
        .find(differs)
        .map_or(Sameness::Equal, |field| Sameness::Differs(field)))
}

/// Whether the entry's time is the given one, or would be but for a clamp.
fn same_time(given: Timestamp, stored: &StoredEntry) -> Result<bool, Unreadable> {
    if given == stored.occurred_at {
        return Ok(true);
    }
    let details: Option<&Part> = stored.parts.details.as_ref();
    if details.is_none() && stored.part_hashes.details.is_some() {
        // The note that would tell of a clamp is erased with the details.
        return Ok(given > stored.occurred_at);
    }
    let body = stored.body(PartKind::Details)?.unwrap_or(Value::Null);
    let notes = body
        .get("notes")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let was = |note: &Value| {
        let clamped = note["field"] == "occurred_at" && note["kind"] == "clamped";
        note["was"]
            .as_str()
            .filter(|_| clamped)?
            .parse::<Timestamp>()
            .ok()
    };
    // A note that the caller brought along may stand beside the door's own.
    Ok(notes.iter().filter_map(was).any(|was| was == given))
}

/// Length and digest of the whole value of a field that was cut.
fn cut<'a>(body: &'a Value, field: &str) -> Option<(&'a Value, &'a Value)> {
    let notes = body.get("notes").and_then(Value::as_array)?;
    let note = notes
        .iter()
        .find(|note| note["field"] == field && note["kind"] == "truncated")?;
    Some((&note["bytes"], &note["sha256"]))
}
