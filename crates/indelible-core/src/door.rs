//! The door: from an event as given to an event as it will be stored.
//!
//! Runs in the caller's task and takes no lock: stamps id and time, validates the structure,
//! replaces what no store can hold, redacts, cuts, canonicalises once, hashes the parts.

mod body;
mod compare;
mod prepare;
mod text;

use std::sync::Arc;

use uuid::Uuid;

pub use compare::Sameness;

use crate::clock::{Clock, Entropy, uuid_v7};
use crate::entry::{Columns, StoredEntry, address};
use crate::event::{AuditEvent, EventError};
use crate::note::{Note, Notes};
use crate::part::{Part, PartKind, PerPart, SALT_BYTES};
use crate::redact::Redactor;
use crate::sealing::unsealed;
use crate::store::NewEntry;
use crate::time::Timestamp;

/// The longest user id, address, resource id and correlation id, in bytes.
pub const TEXT_BYTES_MAX: usize = 255;
/// The longest user agent, in bytes.
pub const USER_AGENT_BYTES_MAX: usize = 1024;
/// The longest context, in bytes of canonical JSON.
pub const CONTEXT_BYTES_MAX: usize = 64 * 1024;
/// What is kept of a longer context, in bytes.
pub const PREVIEW_BYTES: usize = 1024;
/// The most tags.
pub const TAGS_MAX: usize = 16;
/// The longest tag, in bytes.
pub const TAG_BYTES_MAX: usize = 64;
/// The longest resource type, in bytes.
pub const RESOURCE_TYPE_BYTES_MAX: usize = 100;

/// Turns events into admitted ones.
#[derive(Clone)]
pub struct Door {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    redactor: Arc<Redactor>,
}

/// An event that passed the door: all its bytes are final but seq, time of recording and leaf.
#[derive(Debug, Clone)]
pub struct Admitted {
    /// The entry to be sealed.
    pub new: NewEntry,
    /// What the caller gave rather than left out, for comparing with an entry of the same id.
    pub given: Given,
}

/// What the caller said of fields that are filled in when absent.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// Whether the caller chose the id.
    pub id: bool,
    /// Whether the caller chose the outcome.
    pub outcome: bool,
    /// Whether the caller gave tags.
    pub tags: bool,
    /// The time as the caller gave it, before any clamp.
    pub occurred_at: Option<Timestamp>,
}

impl Door {
    /// A door with this clock, source of salts and ids, and redaction.
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>, redactor: Arc<Redactor>) -> Self {
        Self {
            clock,
            entropy,
            redactor,
        }
    }

    /// Admits an event.
    ///
    /// # Errors
    /// [`EventError`] where the structure is ill-formed: the resource type, a context that is no
    /// object or nests deeper than 64.
    pub fn admit(&self, event: AuditEvent) -> Result<Admitted, EventError> {
        check_resource_type(&event.resource_type)?;
        let now = self.clock.now();
        let is_stamped = event.notes.iter().any(Note::is_stamp);
        let given = Given {
            id: event.id.is_some(),
            outcome: event.outcome.is_some(),
            tags: !event.tags.is_empty(),
            occurred_at: event.occurred_at.filter(|_| !is_stamped),
        };
        // Notes of the door come first: of too many, those from outside are only counted.
        let mut notes = Notes::default();
        let occurred_at = clamp(event.occurred_at, now, &mut notes);
        let tags = self.tags(event.tags, &mut notes);
        let action = self.name("action", event.action.as_ref(), &mut notes);
        let resource_type = self.name("resource_type", &event.resource_type, &mut notes);
        let mut text = |field, value: Option<String>, max| {
            value.map(|value| self.text(field, value, max, &mut notes))
        };
        let user_id = text("user_id", event.user_id, TEXT_BYTES_MAX);
        let on_behalf_of = text("on_behalf_of", event.on_behalf_of, TEXT_BYTES_MAX);
        let ip_address = text("ip_address", event.ip_address, TEXT_BYTES_MAX);
        let user_agent = text("user_agent", event.user_agent, USER_AGENT_BYTES_MAX);
        let resource_id = text("resource_id", event.resource_id, TEXT_BYTES_MAX);
        let correlation_id = text("correlation_id", event.correlation_id, TEXT_BYTES_MAX);
        let context = self.context(event.context, &mut notes)?;
        let columns = Columns {
            ip_address: ip_address.as_deref().and_then(address),
            user_id,
            on_behalf_of,
            resource_id,
            correlation_id,
        };
        for note in event.notes.into_iter().filter(|note| !note.is_stamp()) {
            notes.push(self.clean_note(note));
        }
        let notes = body::by_part(notes.into_vec());
        let rules = self.redactor.label();
        let bodies = PerPart {
            actor: body::actor(&columns, ip_address, user_agent, &notes.actor, rules),
            target: body::target(&columns, &notes.target, rules),
            details: body::details(context.as_deref(), &columns, &notes.details, rules),
        };
        let parts = self.salted(bodies);
        let entry = StoredEntry {
            seq: 0,
            id: event.id.unwrap_or_else(|| uuid_v7(now, &*self.entropy)),
            outcome: event.outcome.unwrap_or_else(|| event.action.outcome()),
            action,
            resource_type,
            tags,
            occurred_at,
            created_at: now,
            erases: Vec::new(),
            part_hashes: parts.map(|kind, part| part.as_ref().map(|part| part.hash(kind))),
            leaf_hash: indelible_merkle::Hash::EMPTY_ROOT,
            parts,
        };
        Ok(Admitted {
            new: unsealed(entry, columns),
            given,
        })
    }

    /// A fresh id of now.
    pub fn fresh_id(&self) -> Uuid {
        uuid_v7(self.clock.now(), &*self.entropy)
    }

    fn salted(&self, bodies: PerPart<Option<Vec<u8>>>) -> PerPart<Option<Part>> {
        let mut salts = [0; 3 * SALT_BYTES];
        self.entropy.fill(&mut salts);
        let salt = |place: usize| {
            let mut salt = [0; SALT_BYTES];
            salt.copy_from_slice(&salts[place * SALT_BYTES..(place + 1) * SALT_BYTES]);
            salt
        };
        PerPart {
            actor: bodies.actor.map(|body| Part {
                salt: salt(0),
                body,
            }),
            target: bodies.target.map(|body| Part {
                salt: salt(1),
                body,
            }),
            details: bodies.details.map(|body| Part {
                salt: salt(2),
                body,
            }),
        }
    }

    fn tags(&self, given: Vec<String>, notes: &mut Notes) -> Vec<String> {
        let mut tags: Vec<String> = Vec::new();
        for tag in given {
            let fits = (1..=TAG_BYTES_MAX).contains(&tag.len()) && tag.bytes().all(is_tag_byte);
            if tags.contains(&tag) {
                continue;
            }
            let is_secret = self.redactor.redact_text(&tag).is_some();
            if fits && !is_secret && tags.len() < TAGS_MAX {
                tags.push(tag);
            } else {
                let mut unread = Notes::default();
                let tag = self.text("tags", tag, TEXT_BYTES_MAX, &mut unread);
                notes.push(Note::new("tags", "dropped").with("value", tag));
            }
        }
        tags.sort_unstable();
        tags
    }
}

impl AuditEvent {
    /// Checks all that may be refused of an event, without admitting it.
    ///
    /// # Errors
    /// What [`Door::admit`] would answer for it.
    pub fn check(&self) -> Result<(), EventError> {
        check_resource_type(&self.resource_type)?;
        match &self.context {
            None | Some(serde_json::Value::Null) => Ok(()),
            Some(context) => text::check_context(context),
        }
    }
}

fn check_resource_type(text: &str) -> Result<(), EventError> {
    let fits = (1..=RESOURCE_TYPE_BYTES_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_.:/-".contains(&b));
    if fits {
        return Ok(());
    }
    let shown: String = text.chars().take(100).collect();
    Err(EventError::IllFormed {
        field: "resource_type",
        problem: format!("`{shown}` is not 1 to 100 of A-Z, a-z, 0-9, `_`, `.`, `:`, `/`, `-`"),
    })
}

fn is_tag_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.:-".contains(&byte)
}

fn clamp(given: Option<Timestamp>, now: Timestamp, notes: &mut Notes) -> Timestamp {
    match given {
        Some(later) if later > now => {
            notes.push(Note::new("occurred_at", "clamped").with("was", later.to_string()));
            now
        }
        Some(time) => time,
        None => now,
    }
}

/// The part in which notes on a field are kept.
fn part_of(field: &str) -> PartKind {
    match field {
        "user_id" | "on_behalf_of" | "ip_address" | "user_agent" => PartKind::Actor,
        "resource_id" => PartKind::Target,
        _ => PartKind::Details,
    }
}
