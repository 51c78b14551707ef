//! An event made ready for a trail that is elsewhere, or later.

use super::Door;
use crate::action::AuditAction;
use crate::entry::Entry;
use crate::event::{AuditEvent, EventError};
use crate::note::Note;
use crate::trail::TrailName;

impl Door {
    /// The event as it would be stored: id, time and outcome stamped, secrets masked, what is too
    /// long cut, all of it noted. What is handed on, or written to disk before it is recorded,
    /// goes through here first. Admitting it again leaves every field as it is, unless a cut went
    /// through the marker of a secret: that half is masked once more. A time that the caller left out
    /// is marked with [`Note::stamp`], so that the trail goes on taking it for left out when the
    /// same id comes again.
    ///
    /// # Errors
    /// Those of [`Door::admit`].
    pub fn prepare(&self, event: AuditEvent) -> Result<AuditEvent, EventError> {
        let admitted = self.admit(event)?;
        let entry = admitted.new.entry.open(&TrailName::standard());
        let mut event = of_entry(entry.expect("the door wrote the parts just now"));
        if admitted.given.occurred_at.is_none() {
            event.notes.push(Note::stamp());
        }
        Ok(event)
    }
}

fn of_entry(entry: Entry) -> AuditEvent {
    let action = AuditAction::new(entry.action).expect("the door keeps a name within its bounds");
    AuditEvent {
        id: Some(entry.id),
        action,
        outcome: Some(entry.outcome),
        resource_type: entry.resource_type,
        tags: entry.tags,
        occurred_at: Some(entry.occurred_at),
        user_id: entry.user_id,
        on_behalf_of: entry.on_behalf_of,
        ip_address: entry.ip_address,
        user_agent: entry.user_agent,
        resource_id: entry.resource_id,
        context: entry.context,
        correlation_id: entry.correlation_id,
        notes: entry.notes,
    }
}
