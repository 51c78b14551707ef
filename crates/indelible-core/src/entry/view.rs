//! What a reader sees of an entry.

use std::sync::Arc;

use indelible_merkle::Hash;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{StoredEntry, columns::body};
use crate::note::Note;
use crate::outcome::Outcome;
use crate::part::{PartKind, PerPart};
use crate::time::Timestamp;
use crate::trail::TrailName;

/// An entry with its parts opened. Its JSON form is the same in the command line, HTTP, exports
/// and bindings: absent values are null, hashes lower-case hex, times RFC 3339 in UTC.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The trail it stands in.
    pub trail: TrailName,
    /// Position in the trail, 0-based.
    pub seq: u64,
    /// The event's id.
    pub id: Uuid,
    /// What was done.
    pub action: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The kind of resource.
    pub resource_type: String,
    /// The resource acted upon.
    pub resource_id: Option<String>,
    /// Who acted.
    pub user_id: Option<String>,
    /// For whom the actor acted.
    pub on_behalf_of: Option<String>,
    /// The client's address, as given.
    pub ip_address: Option<String>,
    /// The client's user agent.
    pub user_agent: Option<String>,
    /// The context: a JSON object.
    pub context: Option<Value>,
    /// What links the entry to others.
    pub correlation_id: Option<String>,
    /// Sorted, unique tags.
    pub tags: Vec<String>,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// The leaf hash in the trail's tree.
    #[serde(with = "crate::hex")]
    pub leaf_hash: Hash,
    /// What was done to the event on its way in.
    pub notes: Vec<Note>,
    /// The parts erased since.
    pub erased: Vec<PartKind>,
}

/// A stored body that is no JSON of its part's form.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the {part} part of entry {seq} is not readable")]
pub struct Unreadable {
    /// The entry.
    pub seq: u64,
    /// The part.
    pub part: PartKind,
    /// What the reader of JSON says.
    pub source: Arc<serde_json::Error>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Actor {
    user_id: Option<String>,
    on_behalf_of: Option<String>,
    ip_address: Option<String>,
    user_agent: Option<String>,
    notes: Vec<Note>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Target {
    resource_id: Option<String>,
    notes: Vec<Note>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Details {
    context: Option<Value>,
    correlation_id: Option<String>,
    notes: Vec<Note>,
}

impl StoredEntry {
    /// One part's body as JSON, `None` where it had no content or is erased.
    ///
    /// # Errors
    /// [`Unreadable`] when the stored body is no JSON.
    pub fn body(&self, kind: PartKind) -> Result<Option<Value>, Unreadable> {
        body(self, kind)
    }

    /// The stored bodies of the parts, `None` where one had no content or is erased.
    pub fn bodies(&self) -> PerPart<Option<&[u8]>> {
        self.parts
            .map(|_, part| Some(part.as_ref()?.body.as_slice()))
    }

    /// Opens the parts: the entry becomes what a reader sees of it.
    ///
    /// # Errors
    /// [`Unreadable`] when a stored body is no JSON of its part's form.
    pub fn open(self, trail: &TrailName) -> Result<Entry, Unreadable> {
        let actor: Actor = body(&self, PartKind::Actor)?.unwrap_or_default();
        let target: Target = body(&self, PartKind::Target)?.unwrap_or_default();
        let details: Details = body(&self, PartKind::Details)?.unwrap_or_default();
        let mut notes = actor.notes;
        notes.extend(target.notes);
        notes.extend(details.notes);
        Ok(Entry {
            trail: trail.clone(),
            seq: self.seq,
            id: self.id,
            outcome: self.outcome,
            resource_id: target.resource_id,
            user_id: actor.user_id,
            on_behalf_of: actor.on_behalf_of,
            ip_address: actor.ip_address,
            user_agent: actor.user_agent,
            context: details.context,
            correlation_id: details.correlation_id,
            occurred_at: self.occurred_at,
            created_at: self.created_at,
            leaf_hash: self.leaf_hash,
            notes,
            erased: self.erased(),
            action: self.action,
            resource_type: self.resource_type,
            tags: self.tags,
        })
    }
}
