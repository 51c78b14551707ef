//! The terms, each with where its truth is taken from.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use super::Truth;
use super::facts::Facts;
use super::named::{
    AUDIT_SETTINGS, INACTIVITY_REASONS, Names, SECURITY_REASONS, TIME_SETTINGS, TIMEOUT_REASONS,
    VIOLATIONS,
};
use crate::scope::Scope;

/// One thing that is asked of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// It has the tag of this name, written with it.
    Tag(&'static str),
    /// Its system lies in the cardholder data environment, as the scope declares.
    CardholderEnvironment,
    /// It is about a table, a queue, a bucket, a job.
    SystemObject,
    /// The setting that was changed concerns this.
    Setting(Setting),
    /// The endpoint that was limited is one of authentication.
    LoginEndpoint,
    /// The reason in its context is of this class.
    Reason(Reason),
    /// A member of its context is true, or is this text.
    Member {
        /// The term's name.
        name: String,
        /// The text that is asked for; without one, the member is true.
        value: Option<String>,
    },
}

/// What a setting concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// Logging.
    Audit,
    /// Time.
    Time,
}

/// Classes of reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Somebody was kept out, or should have been.
    AccessViolation,
    /// Security asked for it.
    Security,
    /// A time limit ended it.
    Timeout,
    /// Nothing was done for long.
    Inactivity,
}

/// A text that is no term.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no term of the condition language")]
pub struct TermError(String);

/// The terms that are tags of the same name.
const TAGS: [&str; 10] = [
    "account.in_scope",
    "actor.privileged",
    "actor.service_interactive",
    "actor.user",
    "consent.basis",
    "data.chd",
    "data.ephi",
    "data.personal",
    "privilege.elevated",
    "target.privileged",
];

/// The terms that are members of the context under their own name.
const MEMBERS: [&str; 6] = [
    "backup.includes_audit",
    "credential.stored",
    "incident.breach",
    "recipient.third_party",
    "subject.request",
    "subject.terminated",
];

impl Term {
    /// Whether it holds for a record.
    pub fn holds(&self, facts: &Facts<'_>, scope: &Scope) -> Truth {
        match self {
            Self::Tag(name) => tag(name, facts, scope),
            Self::CardholderEnvironment => scope.has_cardholder_environment(facts.resource_type),
            Self::SystemObject => scope.is_system_object(facts.resource_type),
            Self::Setting(setting) => match facts.contents.text("config_key") {
                Some(key) if scope.names_setting(*setting, key) => Truth::True,
                Some(key) => setting.names().tell(key),
                None => Truth::Unknown,
            },
            Self::LoginEndpoint => match facts.contents.member("endpoint.login") {
                Some(value) => as_truth(value),
                None => match facts.contents.text("endpoint") {
                    Some(endpoint) => scope.is_login_endpoint(endpoint),
                    None => Truth::Unknown,
                },
            },
            Self::Reason(reason) => match facts.contents.text("reason") {
                Some(text) => reason.names().tell(text),
                None => Truth::Unknown,
            },
            Self::Member { name, value } => {
                let found = name.strip_prefix("context.").unwrap_or(name);
                match facts.contents.member(found) {
                    Some(found) => member(found, name, value.as_deref()),
                    None => Truth::Unknown,
                }
            }
        }
    }

    /// What of the scope file decides it, where the record by itself would not say the same.
    pub fn declaration(&self, facts: &Facts<'_>, scope: &Scope) -> Option<&'static str> {
        if self.holds(facts, scope) == self.holds(facts, &Scope::default()) {
            return None;
        }
        Some(match self {
            Self::Tag(name) => scope.denial_of(name),
            Self::CardholderEnvironment => "scope.cde",
            Self::SystemObject => "resources.system_objects",
            Self::Setting(Setting::Audit) => "settings.audit",
            Self::Setting(Setting::Time) => "settings.time",
            Self::LoginEndpoint => "endpoints.login",
            // Nothing is declared of these.
            Self::Reason(_) | Self::Member { .. } => return None,
        })
    }

    /// Whether the context must be looked at; what was erased cannot be told any more.
    pub fn asks_context(&self) -> bool {
        !matches!(
            self,
            Self::Tag(_) | Self::CardholderEnvironment | Self::SystemObject
        )
    }
}

/// A tag that is there says that it is so, and one with `:no` behind it that it is not; both
/// together say nothing. Where neither was written nothing can be told, unless the scope declares
/// that the tag is written whenever it applies, or that there is no such data, and no tag of the
/// record may have been dropped.
fn tag(name: &str, facts: &Facts<'_>, scope: &Scope) -> Truth {
    let says = facts.tags.iter().any(|tag| tag == name);
    let denies = |tag: &String| tag.strip_suffix(":no") == Some(name);
    let denies = facts.tags.iter().any(denies);
    match (says, denies) {
        (true, false) => Truth::True,
        (false, true) => Truth::False,
        (false, false) if scope.denies_untagged(name) && !facts.tags_dropped => Truth::False,
        _ => Truth::Unknown,
    }
}

fn member(found: &Value, name: &str, value: Option<&str>) -> Truth {
    let Some(value) = value else {
        // The kind of request says that there was one.
        let is_kind = name == "subject.request";
        return match (as_truth(found), found) {
            (Truth::Unknown, Value::String(_)) if is_kind => Truth::True,
            (truth, _) => truth,
        };
    };
    match found {
        Value::String(text) => (text == value).into(),
        Value::Bool(false) | Value::Null => Truth::False,
        _ => Truth::Unknown,
    }
}

fn as_truth(value: &Value) -> Truth {
    match value {
        Value::Bool(holds) => (*holds).into(),
        Value::Null => Truth::False,
        Value::String(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "yes" => Truth::True,
            "false" | "no" | "none" | "" => Truth::False,
            _ => Truth::Unknown,
        },
        _ => Truth::Unknown,
    }
}

impl Setting {
    /// The keys that are known to concern it.
    fn names(self) -> Names {
        match self {
            Self::Audit => AUDIT_SETTINGS,
            Self::Time => TIME_SETTINGS,
        }
    }
}

impl Reason {
    /// The reasons that are known to be of it.
    fn names(self) -> Names {
        match self {
            Self::AccessViolation => VIOLATIONS,
            Self::Security => SECURITY_REASONS,
            Self::Timeout => TIMEOUT_REASONS,
            Self::Inactivity => INACTIVITY_REASONS,
        }
    }
}

impl FromStr for Term {
    type Err = TermError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let wrong = || TermError(text.chars().take(100).collect());
        let is_word = |word: &str| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b"_.".contains(&b))
        };
        if !is_word(name) || !value.is_none_or(is_word) {
            return Err(wrong());
        }
        let is_member = MEMBERS.contains(&name) || name.starts_with("context.");
        if is_member {
            return Ok(Self::Member {
                name: name.to_owned(),
                value: value.map(str::to_owned),
            });
        }
        if value.is_some() {
            return Err(wrong());
        }
        if let Some(tag) = TAGS.iter().find(|tag| **tag == name) {
            return Ok(Self::Tag(tag));
        }
        Ok(match name {
            "scope.cde" => Self::CardholderEnvironment,
            "resource.system_object" => Self::SystemObject,
            "config.audit" => Self::Setting(Setting::Audit),
            "config.time" => Self::Setting(Setting::Time),
            "endpoint.login" => Self::LoginEndpoint,
            "reason.access_violation" => Self::Reason(Reason::AccessViolation),
            "reason.security" => Self::Reason(Reason::Security),
            "reason.timeout" => Self::Reason(Reason::Timeout),
            "reason.inactivity" => Self::Reason(Reason::Inactivity),
            _ => return Err(wrong()),
        })
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tag(name) => name,
            Self::CardholderEnvironment => "scope.cde",
            Self::SystemObject => "resource.system_object",
            Self::Setting(Setting::Audit) => "config.audit",
            Self::Setting(Setting::Time) => "config.time",
            Self::LoginEndpoint => "endpoint.login",
            Self::Reason(Reason::AccessViolation) => "reason.access_violation",
            Self::Reason(Reason::Security) => "reason.security",
            Self::Reason(Reason::Timeout) => "reason.timeout",
            Self::Reason(Reason::Inactivity) => "reason.inactivity",
            Self::Member { name, value: None } => name,
            Self::Member {
                name,
                value: Some(value),
            } => return write!(f, "{name}={value}"),
        })
    }
}
