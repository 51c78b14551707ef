//! Secrets are taken out of an event before it waits on a disk, as the door takes them out before
//! it stores one: what the door then finds is already redacted, and its notes are there.

use indelible_core::redact::Redactor;
use indelible_core::{AuditAction, AuditEvent, Note};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The longest action and resource type, in bytes.
const NAME_BYTES_MAX: usize = 100;

/// Redacts every text of the event. The notes on it stand before those that it has, as the door's
/// own do.
pub(crate) fn redact(event: &mut AuditEvent, redactor: &Redactor) {
    let mut notes = Vec::new();
    tags(&mut event.tags, redactor, &mut notes);
    if let Some(action) = name("action", event.action.as_str(), redactor, &mut notes)
        && let Ok(action) = AuditAction::new(action)
    {
        event.action = action;
    }
    if let Some(masked) = name("resource_type", &event.resource_type, redactor, &mut notes) {
        event.resource_type = masked;
    }
    for (field, value) in [
        ("user_id", &mut event.user_id),
        ("on_behalf_of", &mut event.on_behalf_of),
        ("ip_address", &mut event.ip_address),
        ("user_agent", &mut event.user_agent),
        ("resource_id", &mut event.resource_id),
        ("correlation_id", &mut event.correlation_id),
    ] {
        if let Some(value) = value
            && let Some(redacted) = text(field, value, redactor, &mut notes)
        {
            *value = redacted;
        }
    }
    if let Some(context) = &mut event.context {
        let redacted = redactor.redact_value(context);
        let dropped = redacted.dropped();
        notes.extend(redacted.list.into_iter().map(|place| {
            let note = Note::new("context", "redacted").with("path", place.pointer);
            note.with("rule", place.rule.to_string())
        }));
        if dropped > 0 {
            notes.push(Note::new("notes", "more").with("count", dropped));
        }
    }
    for note in &mut event.notes {
        of_note(note, redactor);
    }
    event.notes.splice(..0, notes);
}

/// What is left of a text, and the notes on it; `None` where it has no secret.
fn text(field: &str, value: &str, redactor: &Redactor, notes: &mut Vec<Note>) -> Option<String> {
    let redacted = redactor.redact_text(value)?;
    let rules = redacted.rules.iter();
    notes.extend(rules.map(|rule| Note::new(field, "redacted").with("rule", rule.to_string())));
    Some(redacted.text)
}

/// The same for a name, within the length and the characters that one may have.
fn name(field: &str, value: &str, redactor: &Redactor, notes: &mut Vec<Note>) -> Option<String> {
    let mut masked = text(field, value, redactor, notes)?;
    if masked.len() > NAME_BYTES_MAX {
        let digest = Sha256::digest(masked.as_bytes());
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let note = Note::new(field, "truncated").with("bytes", masked.len());
        notes.push(note.with("sha256", digest));
        masked.truncate(masked.floor_char_boundary(NAME_BYTES_MAX));
    }
    if masked.is_empty() {
        // A name is never empty, and the secret must not stay for want of another.
        masked.push('_');
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_.:/-".contains(c);
    let plain = |c: char| if is_plain(c) { c } else { '_' };
    Some(masked.chars().map(plain).collect())
}

/// A tag with a secret is dropped, as the door would drop it.
fn tags(tags: &mut Vec<String>, redactor: &Redactor, notes: &mut Vec<Note>) {
    tags.retain(|tag| match redactor.redact_text(tag) {
        Some(redacted) => {
            notes.push(Note::new("tags", "dropped").with("value", redacted.text));
            false
        }
        None => true,
    });
}

fn of_note(note: &mut Note, redactor: &Redactor) {
    for word in [&mut note.field, &mut note.kind] {
        if let Some(redacted) = redactor.redact_text(word) {
            *word = redacted.text;
        }
    }
    let mut facts = Value::Object(std::mem::take(&mut note.facts));
    redactor.redact_value(&mut facts);
    if let Value::Object(facts) = facts {
        note.facts = facts;
    }
}
