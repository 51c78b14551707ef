//! What a setting of the server may be: values that are read from texts.

use std::fmt::{self, Display};
use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;
use indelible::core::span;
use indelible_server::TrustedProxies;

/// A text that is no such setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoSetting(String);

impl Display for NoSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoSetting {}

/// Proxies, with commas between them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies(pub TrustedProxies);

impl FromStr for Proxies {
    type Err = NoSetting;

    fn from_str(text: &str) -> Result<Self, NoSetting> {
        let networks = text.split(',').map(str::trim);
        let networks = networks.filter(|network| !network.is_empty());
        let proxies = TrustedProxies::new(networks);
        proxies
            .map(Self)
            .map_err(|error| NoSetting(error.to_string()))
    }
}

/// A span of time that is none or more, or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval(pub Option<Duration>);

impl FromStr for Interval {
    type Err = NoSetting;

    fn from_str(text: &str) -> Result<Self, NoSetting> {
        if text == "off" {
            return Ok(Self(None));
        }
        let problem = || NoSetting(format!("`{text}` is neither a span such as 24h nor off"));
        let Span(time) = text.parse().map_err(|_| problem())?;
        Ok(Self(Some(time)))
    }
}

/// A span of time, not none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(pub Duration);

impl FromStr for Span {
    type Err = NoSetting;

    fn from_str(text: &str) -> Result<Self, NoSetting> {
        let problem = || NoSetting(format!("`{text}` is no span such as 30s, 24h or 7d"));
        let time = span(text).filter(|time| *time > Duration::ZERO);
        time.map(Self).ok_or_else(problem)
    }
}

/// A number from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(transparent)]
pub struct Positive(pub std::num::NonZeroU32);

impl Positive {
    pub fn count(self) -> usize {
        self.0.get() as usize
    }
}

impl FromStr for Positive {
    type Err = NoSetting;

    fn from_str(text: &str) -> Result<Self, NoSetting> {
        let problem = |_| NoSetting(format!("`{text}` is no number from 1"));
        text.parse().map(Self).map_err(problem)
    }
}

/// Whether something is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Truth(pub bool);

impl FromStr for Truth {
    type Err = NoSetting;

    fn from_str(text: &str) -> Result<Self, NoSetting> {
        let problem = |_| NoSetting(format!("`{text}` is neither true nor false"));
        text.parse().map(Self).map_err(problem)
    }
}

/// How much is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Level {
    /// What failed
    Error,
    /// What was refused, too
    Warn,
    /// Every request
    #[default]
    Info,
    /// Every connection that ended early
    Debug,
}

/// The form of what is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One JSON object per line
    #[default]
    Json,
    /// Lines for people
    Text,
}

macro_rules! from_words {
    ($($name:ident $what:literal),+) => {$(
        impl FromStr for $name {
            type Err = NoSetting;

            fn from_str(text: &str) -> Result<Self, NoSetting> {
                let problem = |_| NoSetting(format!("`{text}` is no {}", $what));
                <Self as ValueEnum>::from_str(text, false).map_err(problem)
            }
        }
    )+};
}

from_words!(
    Level "level: error, warn, info or debug",
    LogFormat "form: json or text"
);
