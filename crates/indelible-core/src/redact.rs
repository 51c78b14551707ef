//! Secrets are taken out before anything is stored, hashed, spooled or logged.
//!
//! Two things betray a secret: the name that it stands under (`password`, `client_secret`), and
//! its own form (a card number, a JWT, a private key, a token with a known prefix). Both are
//! described by a versioned [`Rules`] file; [`Redactor`] applies one to texts and JSON values.
//!
//! - A **scalar** under a secret name is replaced whole. An **array** there is treated element by
//!   element. In an **object** there every scalar is replaced, except under names that describe
//!   the secret rather than hold it (`id`, `type`, `expires_at`, …); under `authorization`,
//!   `cookie` and `credentials`, which are often objects without secrets, members are judged by
//!   their own names alone.
//! - A **number** under a secret name is a secret, a **boolean** only when the name is nothing but
//!   the secret's (`password: true`; `password_reset_required: true` is a statement). `null` and
//!   the empty text hide nothing.
//! - In any **text** only the secret itself is replaced, wherever the text stands: a value, a
//!   member's name, JSON within JSON, a URL, a command line.
//! - `{"name": "password", "value": …}` is read as `{"password": …}`.
//! - Markers, ours and other systems', pass unchanged and unnoted. Redacting twice changes nothing
//!   that redacting once did not.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

mod assignment;
mod card;
mod filter;
mod key;
mod marker;
mod proof;
mod rules;
mod text;
mod tree;
mod words;

pub(crate) use marker::cut_at_end;
pub use rules::{Rules, RulesError};

/// The most redacted places of one value that are listed.
pub const PLACES_MAX: usize = 64;

/// What takes the place of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// A marker that names the rule, `[REDACTED:password]`; a card number keeps its first six and
    /// last four digits.
    #[default]
    Mask,
    /// `[HMAC:…]` with the first half of HMAC-SHA-256 in hex: equal secrets have equal markers.
    /// Of a card number the digits alone are hashed.
    KeyedHash,
    /// Nothing: a member is removed, an element becomes `null`, a text loses the secret.
    Drop,
    /// The secret itself: nothing is redacted.
    Off,
}

impl Mode {
    /// The word that names the mode in configuration and notes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mask => "mask",
            Self::KeyedHash => "keyed_hash",
            Self::Drop => "drop",
            Self::Off => "off",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Mode {
    type Err = ModeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let modes = [Self::Mask, Self::KeyedHash, Self::Drop, Self::Off];
        modes
            .into_iter()
            .find(|mode| mode.as_str() == text)
            .ok_or(ModeError)
    }
}

/// A text that is no mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a mode of redaction is one of mask, keyed_hash, drop, off")]
pub struct ModeError;

/// A text without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted {
    /// What is left.
    pub text: String,
    /// The rules that found something, each once, in order of their first finding.
    pub rules: Vec<Arc<str>>,
}

/// A place within a JSON value where a secret was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedactedPath {
    /// The place as an RFC 6901 pointer into the redacted value; of a removed member, where it
    /// was. A secret that was itself a name is spelled as redacted.
    pub pointer: String,
    /// The rule that found it.
    pub rule: Arc<str>,
    /// What took its place.
    pub mode: Mode,
}

/// What was redacted in one value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Redactions {
    /// The places in order, at most [`PLACES_MAX`] where events are stored.
    pub list: Vec<RedactedPath>,
    /// How many there were in all.
    pub total: u64,
}

impl Redactions {
    /// How many places are not listed.
    pub fn dropped(&self) -> u64 {
        self.total - self.list.len() as u64
    }
}

/// Applies the rules.
pub struct Redactor {
    rules: Rules,
    mode: Mode,
    key: Zeroizing<[u8; 32]>,
    label: Option<String>,
    is_census: bool,
}

impl Redactor {
    /// A redactor with these rules. The key is that of [`Mode::KeyedHash`]; the other modes do not
    /// use it.
    pub fn new(rules: Rules, mode: Mode, key: [u8; 32]) -> Self {
        let key = Zeroizing::new(key);
        let label = label(&rules, mode, &key);
        Self {
            rules,
            mode,
            key,
            label,
            is_census: false,
        }
    }

    /// A redactor that is asked where secrets are: it lists every place, and of a secret, card
    /// numbers included, nothing is left.
    pub(crate) fn census(rules: Rules) -> Self {
        Self {
            is_census: true,
            ..Self::new(rules, Mode::Mask, [0; 32])
        }
    }

    /// The standard rules, masking.
    pub fn default_mask() -> Self {
        Self::new(Rules::standard(), Mode::Mask, [0; 32])
    }

    /// What takes the place of secrets.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The version of the rules.
    pub fn version(&self) -> u32 {
        self.rules.version()
    }

    /// Names rules, mode and key: texts redacted under different labels cannot be compared.
    /// `None` is the first standard rules, masking.
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// The text without its secrets; `None` when it has none.
    pub fn redact_text(&self, text: &str) -> Option<Redacted> {
        if self.mode == Mode::Off {
            None
        } else {
            text::redact(self, text)
        }
    }

    /// Takes the secrets out of a JSON value of any depth.
    pub fn redact_value(&self, value: &mut Value) -> Redactions {
        if self.mode == Mode::Off {
            Redactions::default()
        } else {
            tree::redact(self, value)
        }
    }

    /// What [`Mode::KeyedHash`] stores instead of this secret.
    pub fn keyed_hash(&self, secret: &str) -> String {
        marker::keyed_hash(&self.key, secret)
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor")
            .field("rules", &self.rules)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

fn label(rules: &Rules, mode: Mode, key: &[u8; 32]) -> Option<String> {
    let name = rules.name();
    match mode {
        Mode::Mask if name == "standard/1" => None,
        Mode::KeyedHash => {
            let marker = marker::keyed_hash(key, "indelible/redaction-key/v1");
            Some(format!("{name} {mode} {}", &marker[6..14]))
        }
        _ => Some(format!("{name} {mode}")),
    }
}
