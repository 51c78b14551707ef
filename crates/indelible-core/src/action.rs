//! What was done: an open set of names with a shipped catalogue.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::catalogue;
use crate::outcome::Outcome;

/// The longest name of an action, in bytes.
pub const ACTION_BYTES_MAX: usize = 100;

/// The name of what was done: 1 to 100 of `[A-Za-z0-9_.:/-]`.
///
/// The constants are the actions of the [`catalogue`] and their other names; any
/// further name is as good and needs no registration.
///
/// ```
/// use indelible_core::AuditAction;
///
/// const INVOICE_SENT: AuditAction = AuditAction::custom("billing.invoice_sent");
///
/// assert_eq!(AuditAction::USER_LOGIN_FAILED.as_str(), "user_login_failed");
/// assert_eq!(AuditAction::new("USER_LOGIN_FAILED")?, AuditAction::USER_LOGIN_FAILED);
/// assert_eq!(INVOICE_SENT.as_str(), "billing.invoice_sent");
/// # Ok::<(), indelible_core::action::ActionError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuditAction(Cow<'static, str>);

include!(concat!(env!("OUT_DIR"), "/action_constants.rs"));

impl AuditAction {
    /// The action of this name. A constant's name in upper case means that constant; every other
    /// name is kept as given.
    ///
    /// # Errors
    /// [`ActionError`] when the name is empty, longer than 100 bytes, or has another character
    /// than `[A-Za-z0-9_.:/-]`.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Result<Self, ActionError> {
        let name = name.into();
        check(name.as_bytes())?;
        Ok(Self(meant(&name).map_or(name, Cow::Borrowed)))
    }

    /// A name of your own, for constants: an ill-formed name is a compile error there.
    ///
    /// # Panics
    /// Outside of a constant, where [`AuditAction::new`] answers an error.
    pub const fn custom(name: &'static str) -> Self {
        if check(name.as_bytes()).is_err() {
            panic!("an action's name is 1 to 100 of [A-Za-z0-9_.:/-]");
        }
        let mut at = 0;
        while at < NAMES.len() {
            if same(NAMES[at].0.as_bytes(), name.as_bytes()) {
                return Self(Cow::Borrowed(NAMES[at].1));
            }
            at += 1;
        }
        Self(Cow::Borrowed(name))
    }

    /// The stored name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The outcome when the caller does not say: the catalogue's stage, else `completed`.
    pub fn outcome(&self) -> Outcome {
        catalogue::outcome_of(&self.0)
    }
}

/// The value of the constant of this name.
fn meant(name: &str) -> Option<&'static str> {
    let is_constant_like = name.bytes().any(|byte| byte.is_ascii_uppercase())
        && !name.bytes().any(|byte| byte.is_ascii_lowercase());
    if !is_constant_like {
        return None;
    }
    NAMES
        .iter()
        .find(|(constant, _)| *constant == name)
        .map(|(_, value)| *value)
}

const fn check(name: &[u8]) -> Result<(), ActionError> {
    if name.is_empty() {
        return Err(ActionError::Empty);
    }
    if name.len() > ACTION_BYTES_MAX {
        return Err(ActionError::TooLong { bytes: name.len() });
    }
    let mut at = 0;
    while at < name.len() {
        if !name[at].is_ascii_alphanumeric()
            && !matches!(name[at], b'_' | b'.' | b':' | b'/' | b'-')
        {
            return Err(ActionError::Character { at });
        }
        at += 1;
    }
    Ok(())
}

const fn same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let mut at = 0;
    while at < left.len() {
        if left[at] != right[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// A text that names no action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ActionError {
    /// Nothing.
    #[error("an action's name is empty")]
    Empty,
    /// More than [`ACTION_BYTES_MAX`].
    #[error("an action's name has {bytes} bytes; {ACTION_BYTES_MAX} are allowed")]
    TooLong {
        /// How many it has.
        bytes: usize,
    },
    /// A character that no name has.
    #[error("byte {at} of an action's name is none of [A-Za-z0-9_.:/-]")]
    Character {
        /// Where it begins, in bytes.
        at: usize,
    },
}

impl fmt::Display for AuditAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl AsRef<str> for AuditAction {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for AuditAction {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for AuditAction {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for AuditAction {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl From<AuditAction> for String {
    fn from(action: AuditAction) -> Self {
        action.0.into_owned()
    }
}

impl From<AuditAction> for Cow<'static, str> {
    fn from(action: AuditAction) -> Self {
        action.0
    }
}

impl From<&AuditAction> for AuditAction {
    fn from(action: &AuditAction) -> Self {
        action.clone()
    }
}

impl FromStr for AuditAction {
    type Err = ActionError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::new(name.to_owned())
    }
}

impl TryFrom<&str> for AuditAction {
    type Error = ActionError;

    fn try_from(name: &str) -> Result<Self, Self::Error> {
        Self::new(name.to_owned())
    }
}

impl TryFrom<String> for AuditAction {
    type Error = ActionError;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::new(name)
    }
}

impl Serialize for AuditAction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for AuditAction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}
