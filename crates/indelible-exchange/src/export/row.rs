//! An entry as one row of a sheet.

use indelible_core::{Entry, Note};

/// The columns of entries in CSV: all that an entry has, by the names of its JSON form.
pub fn columns() -> Vec<&'static str> {
    vec![
        "trail",
        "seq",
        "id",
        "action",
        "outcome",
        "resource_type",
        "resource_id",
        "user_id",
        "on_behalf_of",
        "ip_address",
        "user_agent",
        "context",
        "correlation_id",
        "tags",
        "occurred_at",
        "created_at",
        "leaf_hash",
        "notes",
        "erased",
    ]
}

/// An entry's cells below [`columns`]: context and notes as JSON, tags and erased parts with
/// spaces between them.
pub fn cells(entry: &Entry) -> Vec<String> {
    vec![
        entry.trail.to_string(),
        entry.seq.to_string(),
        entry.id.to_string(),
        entry.action.clone(),
        entry.outcome.to_string(),
        entry.resource_type.clone(),
        cell(&entry.resource_id),
        cell(&entry.user_id),
        cell(&entry.on_behalf_of),
        cell(&entry.ip_address),
        cell(&entry.user_agent),
        cell(&entry.context),
        cell(&entry.correlation_id),
        entry.tags.join(" "),
        entry.occurred_at.to_string(),
        entry.created_at.to_string(),
        entry.leaf_hash.to_string(),
        notes(entry),
        erased(entry),
    ]
}

fn notes(entry: &Entry) -> String {
    if entry.notes.is_empty() {
        return String::new();
    }
    let notes: Vec<_> = entry.notes.iter().map(Note::to_value).collect();
    serde_json::Value::from(notes).to_string()
}

fn erased(entry: &Entry) -> String {
    entry
        .erased
        .iter()
        .map(|part| part.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}

/// An absent value is an empty cell.
fn cell<T: ToString>(value: &Option<T>) -> String {
    value.as_ref().map(T::to_string).unwrap_or_default()
}
