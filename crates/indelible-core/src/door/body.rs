//! The bodies of the parts: canonical JSON, written once.

use super::part_of;
use crate::entry::Columns;
use crate::json::canonical;
use crate::note::Note;
use crate::part::PerPart;

/// The notes, each beside the field it speaks of.
pub(super) fn by_part(notes: Vec<Note>) -> PerPart<Vec<Note>> {
    let mut parts = PerPart::<Vec<Note>>::default();
    for note in notes {
        parts.get_mut(part_of(&note.field)).push(note);
    }
    parts
}

pub(super) fn actor(
    columns: &Columns,
    ip_address: Option<String>,
    user_agent: Option<String>,
    notes: &[Note],
    rules: Option<&str>,
) -> Option<Vec<u8>> {
    let mut body = Body::default();
    body.text("ip_address", ip_address.as_deref());
    body.notes(notes);
    body.text("on_behalf_of", columns.on_behalf_of.as_deref());
    body.rules(rules);
    body.text("user_agent", user_agent.as_deref());
    body.text("user_id", columns.user_id.as_deref());
    body.finish()
}

pub(super) fn target(columns: &Columns, notes: &[Note], rules: Option<&str>) -> Option<Vec<u8>> {
    let mut body = Body::default();
    body.notes(notes);
    body.rules(rules);
    body.text("resource_id", columns.resource_id.as_deref());
    body.finish()
}

pub(super) fn details(
    context: Option<&[u8]>,
    columns: &Columns,
    notes: &[Note],
    rules: Option<&str>,
) -> Option<Vec<u8>> {
    let mut body = Body::default();
    if let Some(context) = context {
        body.name("context");
        body.bytes.extend_from_slice(context);
    }
    body.text("correlation_id", columns.correlation_id.as_deref());
    body.notes(notes);
    body.rules(rules);
    body.finish()
}

/// An object being written; members must come in canonical order.
#[derive(Default)]
struct Body {
    bytes: Vec<u8>,
    has_content: bool,
}

impl Body {
    fn name(&mut self, name: &str) {
        self.bytes
            .push(if self.bytes.is_empty() { b'{' } else { b',' });
        self.bytes.push(b'"');
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.extend_from_slice(b"\":");
        self.has_content = true;
    }

    fn text(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.name(name);
            canonical::write_str(value, &mut self.bytes);
        }
    }

    fn notes(&mut self, notes: &[Note]) {
        if notes.is_empty() {
            return;
        }
        self.name("notes");
        for (place, note) in notes.iter().enumerate() {
            self.bytes.push(if place == 0 { b'[' } else { b',' });
            canonical::write(&note.to_value(), &mut self.bytes);
        }
        self.bytes.push(b']');
    }

    /// Says under which redaction rules the part was stored, unless they are the first standard
    /// ones. Alone it is no content.
    fn rules(&mut self, rules: Option<&str>) {
        let had_content = self.has_content;
        self.text("redaction", rules);
        self.has_content = had_content;
    }

    fn finish(mut self) -> Option<Vec<u8>> {
        if !self.has_content {
            return None;
        }
        self.bytes.push(b'}');
        Some(self.bytes)
    }
}
