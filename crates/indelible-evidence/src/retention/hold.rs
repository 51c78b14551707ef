//! Legal holds.

use indelible_core::Timestamp;
use indelible_core::engine::{Hold, HoldRelease};
use serde::Serialize;
use uuid::Uuid;

/// A hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Held {
    /// Its id, which is that of the entry that placed it.
    pub id: Uuid,
    /// Whether it holds.
    pub in_force: bool,
    /// What it holds, as filters of a question; everything where there is none.
    pub filter: Vec<String>,
    /// Why.
    pub reason: Option<String>,
    /// The matter or authority.
    pub matter: Option<String>,
    /// Who placed it.
    pub placed_by: Option<String>,
    /// When it was recorded.
    pub placed_at: Timestamp,
    /// Where it stands in the trail.
    pub seq: u64,
    /// Who asks for its release, or asked.
    pub release_requested_by: Option<String>,
    /// Who approved that.
    pub approved_by: Option<String>,
    /// What is wrong with it.
    pub problem: Option<&'static str>,
}

/// All holds of a trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Holds(pub Vec<Held>);

const UNKNOWN: &str = "the database's registry does not know it: it was taken out of there. It is in \
                       force";
const UNREADABLE: &str = "its entry does not tell what it holds: it holds everything";

impl From<Hold> for Held {
    fn from(hold: Hold) -> Self {
        let in_force = hold.is_in_force();
        let (release_requested_by, approved_by) = match hold.release {
            HoldRelease::Approved { by, approved_by } => (Some(by), Some(approved_by)),
            HoldRelease::Requested { by } => (Some(by), None),
            _ => (None, None),
        };
        let problem = match (&hold.scope, hold.standing.problem()) {
            (_, Some(problem)) => Some(problem),
            (None, None) => Some(UNREADABLE),
            _ => (!hold.is_known).then_some(UNKNOWN),
        };
        let scope = hold.scope.unwrap_or_default().into_iter();
        Self {
            id: hold.id,
            in_force,
            filter: scope
                .map(|(name, value)| format!("{name}={value}"))
                .collect(),
            reason: hold.reason,
            matter: hold.matter,
            placed_by: hold.placed_by,
            placed_at: hold.placed_at,
            seq: hold.seq,
            release_requested_by,
            approved_by,
            problem,
        }
    }
}

impl From<Vec<Hold>> for Holds {
    fn from(holds: Vec<Hold>) -> Self {
        Self(holds.into_iter().map(Held::from).collect())
    }
}

impl Held {
    /// Whether somebody asked for its release, and somebody else is to approve.
    pub fn is_pending(&self) -> bool {
        self.in_force && self.release_requested_by.is_some()
    }

    /// What it holds, in one line.
    pub fn scope(&self) -> String {
        match self.filter.is_empty() {
            true => "everything".to_owned(),
            false => self.filter.join(" "),
        }
    }

    /// How it stands, in a sentence.
    pub fn state(&self) -> String {
        match (&self.release_requested_by, &self.approved_by) {
            (_, None) if !self.in_force => "not in force".to_owned(),
            (Some(by), Some(other)) => format!("released: asked by {by}, approved by {other}"),
            (Some(by), None) => format!("in force; {by} asks for its release"),
            _ => "in force".to_owned(),
        }
    }
}
