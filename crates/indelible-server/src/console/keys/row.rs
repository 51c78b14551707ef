//! A key as pages show it.

use indelible_core::Timestamp;

use crate::console::moment::Moment;
use crate::keys::{Key, State};

/// A key, as texts.
pub struct Row {
    pub id: String,
    pub url: String,
    pub name: String,
    pub state: &'static str,
    /// Whether it opens.
    pub is_active: bool,
    /// Whether its row is not as this installation wrote it.
    pub is_strange: bool,
    pub is_revoked: bool,
    pub role: &'static str,
    pub trail: Option<String>,
    pub last_four: String,
    pub created: Option<Moment>,
    pub created_by: String,
    pub expires: Option<Moment>,
    pub revoked: Option<Moment>,
    pub used: Option<Moment>,
    /// Id and URL of the key that took its place.
    pub rotated_to: Option<(String, String)>,
}

impl Row {
    /// A key as it is at `now`.
    pub fn of(key: &Key, now: Timestamp) -> Self {
        let state = key.state(now);
        let moment = |time: Option<Timestamp>| time.map(|time| Moment::of(time, now));
        let is_readable = state != State::Unreadable;
        Self {
            url: url(&key.id),
            name: key.name.clone(),
            state: match state {
                State::Active => "active",
                State::Expired => "expired",
                State::Revoked => "revoked",
                State::Unsealed => "unsealed",
                State::Unreadable => "unreadable",
            },
            is_active: state == State::Active,
            is_strange: matches!(state, State::Unsealed | State::Unreadable),
            is_revoked: state == State::Revoked,
            role: if is_readable {
                key.role.as_str()
            } else {
                "unknown"
            },
            trail: key.trail.as_ref().map(ToString::to_string),
            last_four: key.last_four.clone(),
            created: moment(is_readable.then_some(key.created_at)),
            created_by: key.created_by.clone(),
            expires: moment(key.expires_at),
            revoked: moment(key.revoked_at),
            used: moment(key.last_used_at),
            rotated_to: key.rotated_to.clone().map(|id| (id.clone(), url(&id))),
            id: key.id.clone(),
        }
    }
}

/// The URL of the page of a key. What a row says of its id may be anything.
pub fn url(id: &str) -> String {
    let id: String = form_urlencoded::byte_serialize(id.as_bytes()).collect();
    format!("/console/keys/{}", id.replace('+', "%20"))
}
