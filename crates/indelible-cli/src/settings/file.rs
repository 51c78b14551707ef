//! `indelible.toml`.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use indelible::TrailName;
use indelible::core::redact::Mode;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::value::{Interval, Level, LogFormat, Positive, Proxies, Span};
use crate::failure::Failure;

/// The settings of a file; names that are none are refused.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SettingsFile {
    pub database: DatabaseTable,
    pub trail: TrailTable,
    pub state: StateTable,
    pub installation: InstallationTable,
    pub redaction: RedactionTable,
    pub delivery: DeliveryTable,
    pub server: ServerTable,
    pub tls: TlsTable,
    pub verification: VerificationTable,
    pub review: ReviewTable,
    pub erasure: ErasureTable,
    pub outbox: OutboxTable,
    pub log: LogTable,
    pub limits: LimitsTable,
}

/// A value written as text and read where it stands, so that what is wrong with it has a place.
#[derive(Debug)]
pub struct Written<T>(pub T);

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Written<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map(Self).map_err(D::Error::custom)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DatabaseTable {
    pub url: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrailTable {
    pub name: Option<Written<TrailName>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StateTable {
    pub dir: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InstallationTable {
    pub name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RedactionTable {
    pub mode: Option<Written<Mode>>,
    /// The path of a file of rules.
    pub rules: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeliveryTable {
    /// The folder of the spools of all trails.
    pub folder: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerTable {
    pub listen: Option<String>,
    pub metrics_listen: Option<String>,
    pub trusted_proxies: Option<Written<Proxies>>,
    pub demo: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TlsTable {
    pub cert: Option<PathBuf>,
    pub key: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VerificationTable {
    pub interval: Option<Written<Interval>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReviewTable {
    /// The path of a file of rules.
    pub rules: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ErasureTable {
    /// Whether erasures take two people.
    pub approval: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutboxTable {
    pub interval: Option<Written<Interval>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogTable {
    pub level: Option<Written<Level>>,
    pub format: Option<Written<LogFormat>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsTable {
    pub connections: Option<Positive>,
    pub queue_events: Option<Positive>,
    pub patience: Option<Written<Span>>,
    pub rate: Option<Positive>,
}

const NAME: &str = "indelible.toml";

impl SettingsFile {
    /// The file that was named, else `indelible.toml` in the working directory, if there is one.
    ///
    /// # Errors
    /// A named file that is not there; text that is not of the form, with line and column.
    pub fn find(named: Option<&Path>) -> Result<(Self, Option<PathBuf>), Failure> {
        let path = named.unwrap_or(Path::new(NAME));
        let shown = path.display();
        match std::fs::read_to_string(path) {
            Ok(text) => Ok((
                Self::read(&shown.to_string(), &text)?,
                Some(path.to_owned()),
            )),
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                Ok((Self::default(), None))
            }
            Err(error) => Err(Failure::usage(format!("{shown}: {error}"))),
        }
    }

    fn read(name: &str, text: &str) -> Result<Self, Failure> {
        toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let before = &text[..text.floor_char_boundary(at)];
            let line = 1 + before.matches('\n').count();
            let column = 1 + before
                .rsplit('\n')
                .next()
                .unwrap_or_default()
                .chars()
                .count();
            let problem = error.message().trim_end().replace('\n', "; ");
            Failure::usage(format!("{name}, line {line}, column {column}: {problem}"))
        })
    }
}
