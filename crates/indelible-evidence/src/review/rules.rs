//! What a review looks for: rules, in a file of the operator.

mod read;

use std::fmt;
use std::time::Duration;

use indelible_core::Query;
use serde::Serialize;

use super::hours::{WorkingHours, Zone};
use super::window::Threshold;
use crate::scope::Declaration;

pub use read::RulesError;

/// The rules that ship, as a file to copy.
pub const STANDARD: &str = include_str!("../../rules/standard.toml");

/// Rules and when reviews are due; `docs/guide/reviews.md` is the reference.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleSet {
    /// What the rules are called.
    pub name: String,
    /// Their version, as the operator counts.
    pub version: String,
    /// The SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// Who stands for rules and schedule, since when and why: what a risk analysis came to.
    pub declared: Option<Declaration>,
    /// When a day is due.
    pub schedule: Schedule,
    /// The rules, in the order of the file.
    pub rules: Vec<Rule>,
}

/// When days begin and when their reviews are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// Where days begin at midnight.
    pub zone: Zone,
    /// How often is reviewed, in days.
    pub every: u32,
    /// How long after the end of the last of them days have to be signed off.
    pub due: Duration,
    /// How late an entry may come and still be counted with those of earlier reviews.
    pub late: Duration,
}

/// A rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its name: `[a-z0-9_]`, unique in its set.
    pub name: String,
    /// How bad what it flags is.
    pub severity: Severity,
    /// What it means when it flags something.
    pub why: String,
    /// The entries that any of these fits.
    pub matches: Vec<Match>,
    /// An entry that any of these fits has to follow.
    pub followed_by: Vec<Match>,
    /// For each value of which entries are looked at apart.
    pub group_by: Vec<GroupField>,
    /// How many make a burst; each entry is flagged where it is absent.
    pub threshold: Option<Threshold>,
    /// The number of the context that is added up, by the names that lead to it.
    pub sum: Option<Vec<String>>,
    /// Only entries outside of these hours.
    pub outside: Option<WorkingHours>,
}

/// A line of filters, which must all hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// The filters.
    pub query: Query,
    /// The line of the file that it stands on, from 1.
    pub line: usize,
}

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Low,
    /// Worth a look.
    Medium,
    /// Worth an answer today.
    High,
    /// Worth an answer now.
    Critical,
}

impl Severity {
    /// All, the least first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// What a name stands for.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == name)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A field by whose values entries are looked at apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupField {
    /// What was done.
    Action,
    /// What links entries.
    CorrelationId,
    /// From where.
    IpAddress,
    /// For whom.
    OnBehalfOf,
    /// To what.
    ResourceId,
    /// To what kind of thing.
    ResourceType,
    /// Who.
    UserId,
}

impl GroupField {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Action,
        Self::CorrelationId,
        Self::IpAddress,
        Self::OnBehalfOf,
        Self::ResourceId,
        Self::ResourceType,
        Self::UserId,
    ];

    /// Its name in entries.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::CorrelationId => "correlation_id",
            Self::IpAddress => "ip_address",
            Self::OnBehalfOf => "on_behalf_of",
            Self::ResourceId => "resource_id",
            Self::ResourceType => "resource_type",
            Self::UserId => "user_id",
        }
    }
}

/// A day.
const DAY: Duration = Duration::from_secs(24 * 3_600);

impl Schedule {
    /// How long after its end a day has to be signed off.
    pub fn wait(&self) -> Duration {
        let before = DAY.saturating_mul(self.every.saturating_sub(1));
        before.saturating_add(self.due)
    }

    /// How often is reviewed, in words.
    pub fn frequency(&self) -> String {
        match self.every {
            0 | 1 => "daily".to_owned(),
            days => format!("every {days} days"),
        }
    }
}

impl RuleSet {
    /// The longest window of its rules.
    pub fn window_max(&self) -> Duration {
        let windows = self.rules.iter().filter_map(|rule| rule.threshold);
        windows.map(|it| it.within).max().unwrap_or_default()
    }
}
