//! The name of a trail.

mod line;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use line::TrailLine;

/// The name of one independent, ordered, provable log: `[a-z0-9][a-z0-9._-]{0,62}`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrailName(Arc<str>);

/// A text that cannot name a trail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` cannot name a trail: 1 to 63 of a-z, 0-9, `.`, `_`, `-`, beginning with a letter or digit"
)]
pub struct TrailNameError(String);

impl TrailName {
    /// The longest name, in bytes.
    pub const BYTES_MAX: usize = 63;

    /// The trail that is meant when none is named: `default`.
    pub fn standard() -> Self {
        Self("default".into())
    }

    /// The trail in which Indelible records what concerns itself: `system`.
    pub fn system() -> Self {
        Self("system".into())
    }

    /// Whether this is the reserved trail `system`.
    pub fn is_system(&self) -> bool {
        &*self.0 == "system"
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TrailName {
    type Err = TrailNameError;

    fn from_str(text: &str) -> Result<Self, TrailNameError> {
        let bytes = text.as_bytes();
        let plain = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let fits = bytes.len() <= Self::BYTES_MAX
            && bytes.first().is_some_and(plain)
            && bytes
                .iter()
                .all(|b| plain(b) || matches!(b, b'.' | b'_' | b'-'));
        if fits {
            Ok(Self(text.into()))
        } else {
            Err(TrailNameError(text.chars().take(80).collect()))
        }
    }
}

impl fmt::Display for TrailName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TrailName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrailName({})", self.0)
    }
}

impl Serialize for TrailName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for TrailName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_lower_case_and_plain() {
        for name in ["a", "default", "tenant-7.eu_west", "0", &"x".repeat(63)] {
            assert!(name.parse::<TrailName>().is_ok(), "{name}");
        }
        for name in ["", "-a", ".a", "A", "a b", "a/b", "é", &"x".repeat(64)] {
            assert!(name.parse::<TrailName>().is_err(), "{name}");
        }
    }
}
