//! What is stored of a key.

use indelible_core::{Timestamp, TrailName};
use serde::{Deserialize, Serialize};

use super::role::Role;
use super::token::Token;

/// A key as it is stored: its digest, never its text.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Key {
    /// The first 16 hexadecimal digits of its digest.
    pub id: String,
    /// What its holder is called.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// The one trail that it is for; all where there is none.
    pub trail: Option<TrailName>,
    /// Its last four characters.
    pub last_four: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// When it ends; never where there is none.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// The key that took its place.
    pub rotated_to: Option<String>,
    /// When it was last used, to within [`crate::limits::LAST_USE_GRAIN`].
    pub last_used_at: Option<Timestamp>,
    /// SHA-256 of its text.
    pub(crate) sha256: String,
    /// Whether this installation wrote its row so.
    #[serde(skip)]
    pub(crate) is_sealed: bool,
    /// Whether its row is one of a key. Where not, nothing else but its id is known of it.
    #[serde(skip)]
    pub(crate) is_readable: bool,
}

/// Whether a key is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is.
    Active,
    /// Its time is over.
    Expired,
    /// It was revoked.
    Revoked,
    /// Its row has no good seal: this installation did not write it so.
    Unsealed,
    /// Its row is none of a key.
    Unreadable,
}

/// A key as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct KeyLine {
    id: String,
    name: String,
    role: Option<Role>,
    trail: Option<TrailName>,
    last_four: String,
    state: State,
    created_at: Option<Timestamp>,
    created_by: String,
    expires_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
    rotated_to: Option<String>,
    last_used_at: Option<Timestamp>,
}

impl Key {
    /// What stands for a key whose row is none of a key. It has an id, and opens nothing.
    pub(super) fn unreadable(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: String::new(),
            role: Role::Writer,
            trail: None,
            last_four: String::new(),
            created_at: Timestamp::MIN,
            created_by: String::new(),
            expires_at: None,
            revoked_at: None,
            rotated_to: None,
            last_used_at: None,
            sha256: String::new(),
            is_sealed: false,
            is_readable: false,
        }
    }

    /// The same as its row is to be when it has been revoked at this time: sealed, since whatever
    /// else it says, it opens nothing. In the place of one that is unreadable comes one that says
    /// so, made then.
    pub(super) fn revoked(self, at: Timestamp) -> Self {
        let revoked = Self {
            revoked_at: Some(at),
            is_sealed: true,
            ..self
        };
        if revoked.is_readable {
            return revoked;
        }
        Self {
            name: "unreadable".to_owned(),
            created_at: at,
            created_by: "unknown".to_owned(),
            is_readable: true,
            ..revoked
        }
    }

    /// Whether the key is good at `now`.
    pub fn state(&self, now: Timestamp) -> State {
        if !self.is_readable {
            State::Unreadable
        } else if !self.is_sealed {
            State::Unsealed
        } else if self.revoked_at.is_some() {
            State::Revoked
        } else if self.expires_at.is_some_and(|end| end <= now) {
            State::Expired
        } else {
            State::Active
        }
    }

    /// Whether this installation wrote its row as it stands.
    pub fn is_sealed(&self) -> bool {
        self.is_sealed
    }

    /// Whether it is for this trail.
    pub fn covers(&self, trail: &str) -> bool {
        self.trail.as_ref().is_none_or(|own| own.as_str() == trail)
    }

    /// The key as it is shown at `now`.
    pub fn line(&self, now: Timestamp) -> KeyLine {
        let key = self.clone();
        KeyLine {
            state: self.state(now),
            id: key.id,
            name: key.name,
            role: key.is_readable.then_some(key.role),
            trail: key.trail,
            last_four: key.last_four,
            created_at: key.is_readable.then_some(key.created_at),
            created_by: key.created_by,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            rotated_to: key.rotated_to,
            last_used_at: key.last_used_at,
        }
    }
}

impl KeyLine {
    /// The members as texts, by name, in order; absent ones empty.
    pub fn cells(&self) -> Vec<(&'static str, String)> {
        fn text<T: ToString>(value: &Option<T>) -> String {
            value.as_ref().map(T::to_string).unwrap_or_default()
        }
        let state = match self.state {
            State::Active => "active",
            State::Expired => "expired",
            State::Revoked => "revoked",
            State::Unsealed => "unsealed",
            State::Unreadable => "unreadable",
        };
        vec![
            ("id", self.id.clone()),
            ("name", self.name.clone()),
            ("role", text(&self.role)),
            ("trail", text(&self.trail)),
            ("last_four", self.last_four.clone()),
            ("state", state.to_owned()),
            ("created_at", text(&self.created_at)),
            ("created_by", self.created_by.clone()),
            ("expires_at", text(&self.expires_at)),
            ("revoked_at", text(&self.revoked_at)),
            ("rotated_to", text(&self.rotated_to)),
            ("last_used_at", text(&self.last_used_at)),
        ]
    }
}

/// The id of a token's key.
pub fn id_of(digest: &[u8; 32]) -> String {
    hex(&digest[..8])
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A key that was just made, with its text, which nobody sees again.
#[derive(Debug)]
pub struct NewKey {
    /// Its text.
    pub token: Token,
    /// What is stored of it.
    pub key: Key,
}
