//! What a caller hands in.

mod read;
mod write;

use serde_json::{Map, Value};
use uuid::Uuid;

pub use read::{EventError, KEPT_NESTING_MAX};

use crate::action::AuditAction;
use crate::note::Note;
use crate::outcome::Outcome;
use crate::setters::text_setters;
use crate::time::Timestamp;

/// One event as the caller gives it: who did what to which resource, from where and when.
///
/// Only `action` and `resource_type` are needed. Values of any content and length are accepted:
/// what is over a limit is cut, what no store can hold is replaced, secrets are masked, and each
/// such change is noted on the entry. [`crate::AuditError::Invalid`] answers ill-formed structure
/// only.
///
/// ```
/// use indelible_core::{AuditAction, AuditEvent};
/// use serde_json::json;
///
/// let event = AuditEvent::new(AuditAction::USER_LOGIN_FAILED, "session")
///     .user_id("u-17")
///     .ip_address("203.0.113.9")
///     .context(json!({"reason": "invalid_password", "attempts": 3}));
/// assert_eq!(event.action.as_ref(), "user_login_failed");
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AuditEvent {
    /// The idempotency key for the life of the trail; a UUIDv7 is stamped when absent.
    pub id: Option<Uuid>,
    /// What was done.
    pub action: AuditAction,
    /// How it ended; the catalogue's stage of the action when absent.
    pub outcome: Option<Outcome>,
    /// The kind of resource, 1..=100 of `[A-Za-z0-9_.:/-]`.
    pub resource_type: String,
    /// What compliance rules read, up to 16 of `[a-z0-9_.:-]{1,64}`; never personal data.
    pub tags: Vec<String>,
    /// When it happened; the time of recording when absent.
    pub occurred_at: Option<Timestamp>,
    /// Who acted: opaque text of up to 255 bytes.
    pub user_id: Option<String>,
    /// For whom the actor acted: opaque text of up to 255 bytes.
    pub on_behalf_of: Option<String>,
    /// From where: text of up to 255 bytes, indexed as an address when it parses as one.
    pub ip_address: Option<String>,
    /// With what: text of up to 1024 bytes.
    pub user_agent: Option<String>,
    /// To which resource: opaque text of up to 255 bytes.
    pub resource_id: Option<String>,
    /// Anything else, a JSON object of up to 64 KiB; `Null` is the same as absent.
    pub context: Option<Value>,
    /// Links an attempt to its outcome, or a request's events: text of up to 255 bytes.
    pub correlation_id: Option<String>,
    /// What was already done to the event before it came here.
    pub notes: Vec<Note>,
}

impl AuditEvent {
    /// An event of `action` on a resource of `resource_type`.
    pub fn new(action: impl Into<AuditAction>, resource_type: impl Into<String>) -> Self {
        Self {
            id: None,
            action: action.into(),
            outcome: None,
            resource_type: resource_type.into(),
            tags: Vec::new(),
            occurred_at: None,
            user_id: None,
            on_behalf_of: None,
            ip_address: None,
            user_agent: None,
            resource_id: None,
            context: None,
            correlation_id: None,
            notes: Vec::new(),
        }
    }

    text_setters! {
        /// Sets who acted.
        user_id,
        /// Sets for whom the actor acted.
        on_behalf_of,
        /// Sets the client's address, as given.
        ip_address,
        /// Sets the client's user agent.
        user_agent,
        /// Sets the resource acted upon.
        resource_id,
        /// Sets what links this event to others.
        correlation_id,
    }

    /// Sets the idempotency key.
    #[must_use]
    pub fn id(mut self, id: Uuid) -> Self {
        self.id = Some(id);
        self
    }

    /// Sets how the action ended.
    #[must_use]
    pub fn outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = Some(outcome);
        self
    }

    /// Sets when it happened.
    #[must_use]
    pub fn occurred_at(mut self, time: Timestamp) -> Self {
        self.occurred_at = Some(time);
        self
    }

    /// Sets the context, a JSON object.
    #[must_use]
    pub fn context(mut self, context: impl Into<Value>) -> Self {
        self.context = Some(context.into());
        self
    }

    /// Adds one tag.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Adds one note on what was done to the event before.
    #[must_use]
    pub fn note(mut self, note: Note) -> Self {
        self.notes.push(note);
        self
    }

    /// Reads an event from the text of one JSON object with the field names of [`AuditEvent`].
    ///
    /// Texts with NUL or lone surrogate escapes, and numbers beyond 64 bits or a double, are
    /// accepted, replaced and noted.
    ///
    /// # Errors
    /// [`EventError`] names the field whose structure is wrong; the text is not kept.
    pub fn from_json(text: &[u8]) -> Result<Self, EventError> {
        read::event(text)
    }

    /// Reads an event from the text that [`AuditEvent::to_json`] made of one that was prepared for
    /// a trail ([`crate::door::Door::prepare`]): its notes may nest deeper than a caller's context.
    ///
    /// # Errors
    /// As [`AuditEvent::from_json`].
    pub fn from_kept_json(text: &[u8]) -> Result<Self, EventError> {
        read::kept(text)
    }

    /// Reads an event from an already parsed JSON object, as [`AuditEvent::from_json`] does.
    ///
    /// # Errors
    /// [`EventError`] names the field whose structure is wrong.
    pub fn from_object(object: Map<String, Value>) -> Result<Self, EventError> {
        read::from_object(object)
    }
}
