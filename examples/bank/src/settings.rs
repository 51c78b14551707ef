//! What the environment says.

use std::net::SocketAddr;
use std::num::ParseIntError;
use std::time::Duration;

use indelible::axum::{NetworkError, TrustedProxies};

/// The bank's own settings; the trail's are [`indelible::Settings`].
#[derive(Debug, Clone)]
pub struct Settings {
    /// `BANK_LISTEN`: where it listens.
    pub listen: SocketAddr,
    /// `BANK_TRUSTED_PROXIES`: whose `X-Forwarded-For` is believed.
    pub proxies: TrustedProxies,
    /// `BANK_AUDIT_DEADLINE_MS`: how long a request waits for the trail.
    pub audit_deadline: Duration,
}

/// A setting that is none.
#[derive(Debug)]
pub enum SettingsError {
    /// `BANK_LISTEN`.
    Listen(std::net::AddrParseError),
    /// `BANK_TRUSTED_PROXIES`.
    Proxies(NetworkError),
    /// `BANK_AUDIT_DEADLINE_MS`.
    Deadline(ParseIntError),
}

impl Settings {
    /// The settings in the environment.
    ///
    /// # Errors
    /// The first that is none.
    pub fn from_environment() -> Result<Self, SettingsError> {
        let listen = variable("BANK_LISTEN").unwrap_or_else(|| "127.0.0.1:8080".to_owned());
        let proxies = variable("BANK_TRUSTED_PROXIES").unwrap_or_default();
        let proxies = proxies
            .split(',')
            .map(str::trim)
            .filter(|block| !block.is_empty());
        let deadline = variable("BANK_AUDIT_DEADLINE_MS").unwrap_or_else(|| "2000".to_owned());
        Ok(Self {
            listen: listen.parse().map_err(SettingsError::Listen)?,
            proxies: TrustedProxies::new(proxies).map_err(SettingsError::Proxies)?,
            audit_deadline: Duration::from_millis(
                deadline.parse().map_err(SettingsError::Deadline)?,
            ),
        })
    }
}

impl std::fmt::Display for SettingsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Listen(error) => write!(f, "BANK_LISTEN: {error}"),
            Self::Proxies(error) => write!(f, "BANK_TRUSTED_PROXIES: {error}"),
            Self::Deadline(error) => write!(f, "BANK_AUDIT_DEADLINE_MS: {error}"),
        }
    }
}

impl std::error::Error for SettingsError {}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place of the bank that reads the environment"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
