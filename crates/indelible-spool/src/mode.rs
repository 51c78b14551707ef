//! What becomes of an event that the trail cannot take.

use std::fmt;
use std::str::FromStr;

/// What becomes of an event when the trail cannot take it: the caller's choice, for a handle or
/// for one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeliveryMode {
    /// The error reaches the caller. `Ok` means recorded.
    #[default]
    Required,
    /// The redacted event goes to the local spool and is recorded later under the same id. `Ok`
    /// means recorded or on the local disk; the receipt says which.
    Spooled,
    /// The event is given up, counted and logged, and the caller's work goes on. Of `Ok` the
    /// receipt says whether the event was recorded.
    BestEffort,
}

impl DeliveryMode {
    /// The name in settings: `required`, `spooled` or `best_effort`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Spooled => "spooled",
            Self::BestEffort => "best_effort",
        }
    }
}

impl fmt::Display for DeliveryMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for DeliveryMode {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        [Self::Required, Self::Spooled, Self::BestEffort]
            .into_iter()
            .find(|mode| mode.as_str() == text)
            .ok_or_else(|| NameError::new(text, "delivery: required, spooled or best_effort"))
    }
}

/// What is done with an event when the spool is full too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenFull {
    /// The caller gets [`indelible_core::AuditError::SpoolFull`].
    #[default]
    Refuse,
    /// The event is given up; its receipt says `dropped`.
    DropNewest,
}

impl WhenFull {
    /// The name in settings: `refuse` or `drop_newest`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::DropNewest => "drop_newest",
        }
    }
}

impl FromStr for WhenFull {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        [Self::Refuse, Self::DropNewest]
            .into_iter()
            .find(|policy| policy.as_str() == text)
            .ok_or_else(|| NameError::new(text, "policy of a full spool: refuse or drop_newest"))
    }
}

/// A text that names none of the choices.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no {expected}")]
pub struct NameError {
    text: String,
    expected: &'static str,
}

impl NameError {
    fn new(text: &str, expected: &'static str) -> Self {
        Self {
            text: text.chars().take(32).collect(),
            expected,
        }
    }
}
