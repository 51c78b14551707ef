//! Names that applications write as they like: which of them are known to mean something.
//!
//! A name is known where it stands in a list, or below a known prefix with a dot. A word alone is
//! a guess: `session_time_limit` is no setting of time, `not suspicious` no reason of security.

use std::collections::BTreeSet;

use super::Truth;

/// What is known of names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names {
    /// What means it.
    exact: &'static [&'static str],
    /// Below these everything means it.
    prefixes: &'static [&'static str],
    /// Words that are no proof, and leave it open.
    words: &'static [&'static str],
}

/// Settings that concern logging.
pub(super) const AUDIT_SETTINGS: Names = Names {
    exact: &[
        "audit",
        "audit_level",
        "audit_log",
        "audit_log_level",
        "audit_logging",
        "auditing",
        "log_level",
        "log_retention",
        "log_retention_days",
        "logging",
        "logging_level",
        "siem",
        "syslog",
    ],
    prefixes: &["audit.", "auditing.", "logging.", "siem.", "syslog."],
    words: &[
        "audit", "auditing", "log", "logging", "logs", "siem", "syslog",
    ],
};

/// Settings that concern time.
pub(super) const TIME_SETTINGS: Names = Names {
    exact: &[
        "chrony",
        "ntp",
        "ntp_server",
        "ntp_servers",
        "system_time",
        "time_server",
        "time_servers",
        "time_zone",
        "timesync",
        "timezone",
    ],
    prefixes: &["chrony.", "ntp.", "time_sync.", "timesync."],
    words: &["chrony", "clock", "ntp", "time", "timesync", "timezone"],
};

/// What is said in `reason` when an access was invalid.
pub(super) const VIOLATIONS: Names = Names {
    exact: &[
        "invalid_password",
        "wrong_current_password",
        "wrong_password",
        "invalid_code",
        "invalid_token",
        "token_invalid",
        "token_revoked",
        "token_version_rejected",
        "insufficient_privileges",
        "no_permission",
        "insufficient_permission",
        "permission_denied",
        "not_owner",
        "security_check_failed",
    ],
    prefixes: &[],
    words: &[],
};

/// Reasons of security.
pub(super) const SECURITY_REASONS: Names = Names {
    exact: &[
        "account_compromised",
        "compromise",
        "compromised",
        "credentials_compromised",
        "password_compromised",
        "security",
        "security_event",
        "security_incident",
        "suspicious",
        "suspicious_activity",
        "token_compromised",
    ],
    prefixes: &["security."],
    words: &["compromise", "compromised", "security", "suspicious"],
};

/// A time limit.
pub(super) const TIMEOUT_REASONS: Names = Names {
    exact: &[
        "absolute_timeout",
        "idle_timeout",
        "inactivity_timeout",
        "session_timeout",
        "timeout",
    ],
    prefixes: &["timeout."],
    words: &["timeout"],
};

/// Nothing was done for long.
pub(super) const INACTIVITY_REASONS: Names = Names {
    exact: &[
        "account_inactive",
        "idle",
        "idle_timeout",
        "inactive",
        "inactivity",
        "inactivity_timeout",
    ],
    prefixes: &["inactivity."],
    words: &["idle", "inactive", "inactivity"],
};

impl Names {
    /// What a name says.
    pub fn tell(self, name: &str) -> Truth {
        let plain = plain(name);
        let is_below = |prefix: &&str| plain.len() > prefix.len() && plain.starts_with(*prefix);
        if self.exact.contains(&plain.as_str()) || self.prefixes.iter().any(is_below) {
            return Truth::True;
        }
        let words = words(name);
        match self.words.iter().any(|word| words.contains(*word)) {
            true => Truth::Unknown,
            false => Truth::False,
        }
    }
}

/// A name in lower case, with `_` for blanks and hyphens.
fn plain(name: &str) -> String {
    let letters = name.trim().chars().map(|letter| match letter {
        ' ' | '-' => '_',
        letter => letter,
    });
    letters.flat_map(char::to_lowercase).collect()
}

/// The words of a name such as `audit.log_level`, `auditLogLevel` or `audit log level`.
fn words(name: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    let mut word = String::new();
    let mut was_lower = false;
    for letter in name.chars() {
        let is_new = !letter.is_alphanumeric() || (was_lower && letter.is_uppercase());
        if is_new && !word.is_empty() {
            words.insert(std::mem::take(&mut word));
        }
        if letter.is_alphanumeric() {
            word.extend(letter.to_lowercase());
        }
        was_lower = letter.is_lowercase();
    }
    if !word.is_empty() {
        words.insert(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fall_into_words() {
        let of = |name| words(name).into_iter().collect::<Vec<_>>().join(" ");
        assert_eq!(of("audit.log_level"), "audit level log");
        assert_eq!(of("auditLogLevel"), "audit level log");
        assert_eq!(of("session_timeout"), "session timeout");
        assert_eq!(of("  "), "");
    }
}
