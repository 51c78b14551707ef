//! The erasable rest of an entry: `actor`, `target`, `details`.

use std::fmt;
use std::str::FromStr;

use indelible_merkle::Hash;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Which of the three erasable parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PartKind {
    /// Who acted, from where: `user_id`, `on_behalf_of`, `ip_address`, `user_agent`.
    Actor,
    /// What was acted upon: `resource_id`.
    Target,
    /// The rest: `context`, `correlation_id`, notes.
    Details,
}

impl PartKind {
    /// All parts, in the order of their names.
    pub const ALL: [PartKind; 3] = [PartKind::Actor, PartKind::Details, PartKind::Target];

    /// The name: `actor`, `target` or `details`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Actor => "actor",
            Self::Target => "target",
            Self::Details => "details",
        }
    }

    const fn domain(self) -> &'static [u8] {
        match self {
            Self::Actor => b"indelible/actor/v1\n",
            Self::Target => b"indelible/target/v1\n",
            Self::Details => b"indelible/details/v1\n",
        }
    }
}

/// Some of the parts, in one byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PartSet(u8);

impl PartSet {
    /// These parts, in any order.
    pub fn of(parts: &[PartKind]) -> Self {
        let bits = (0..).zip(PartKind::ALL);
        let bits = bits.filter(|(_, kind)| parts.contains(kind));
        Self(bits.fold(0, |all, (bit, _)| all | 1 << bit))
    }

    /// The parts, in the order of their names.
    pub fn kinds(self) -> Vec<PartKind> {
        let all = (0..).zip(PartKind::ALL);
        let those = all.filter(|(bit, _)| self.0 & 1 << bit != 0);
        those.map(|(_, kind)| kind).collect()
    }
}

impl fmt::Display for PartKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no part.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no part: actor, target or details")]
pub struct PartKindError(String);

impl FromStr for PartKind {
    type Err = PartKindError;

    fn from_str(text: &str) -> Result<Self, PartKindError> {
        Self::ALL
            .into_iter()
            .find(|part| part.as_str() == text)
            .ok_or_else(|| PartKindError(text.chars().take(32).collect()))
    }
}

/// Bytes of salt before each part.
pub const SALT_BYTES: usize = 16;

/// The content of one part as it is stored: random salt and canonical JSON.
#[derive(Clone, PartialEq, Eq)]
pub struct Part {
    /// 16 random bytes, destroyed with the body, so that a short body cannot be guessed.
    pub salt: [u8; SALT_BYTES],
    /// RFC 8785 canonical JSON of the part's fields, absent fields omitted.
    pub body: Vec<u8>,
}

impl Part {
    /// SHA-256(`"indelible/<part>/v1\n"` ‖ salt ‖ body).
    pub fn hash(&self, kind: PartKind) -> Hash {
        let mut sha = Sha256::new();
        sha.update(kind.domain());
        sha.update(self.salt);
        sha.update(&self.body);
        Hash::from_bytes(sha.finalize().into())
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Part({} bytes)", self.body.len())
    }
}

/// One value for each part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PerPart<T> {
    /// For `actor`.
    pub actor: T,
    /// For `target`.
    pub target: T,
    /// For `details`.
    pub details: T,
}

impl<T> PerPart<T> {
    /// The value for `kind`.
    pub fn get(&self, kind: PartKind) -> &T {
        match kind {
            PartKind::Actor => &self.actor,
            PartKind::Target => &self.target,
            PartKind::Details => &self.details,
        }
    }

    /// The value for `kind`, to be changed.
    pub fn get_mut(&mut self, kind: PartKind) -> &mut T {
        match kind {
            PartKind::Actor => &mut self.actor,
            PartKind::Target => &mut self.target,
            PartKind::Details => &mut self.details,
        }
    }

    /// Another value for each part.
    pub fn map<'p, U>(&'p self, mut make: impl FnMut(PartKind, &'p T) -> U) -> PerPart<U> {
        PerPart {
            actor: make(PartKind::Actor, &self.actor),
            target: make(PartKind::Target, &self.target),
            details: make(PartKind::Details, &self.details),
        }
    }
}
