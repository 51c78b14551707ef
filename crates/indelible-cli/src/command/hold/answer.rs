//! What the commands of holds answer.

use indelible::Timestamp;
use indelible::core::engine::{Hold, HoldRelease};
use serde::Serialize;
use uuid::Uuid;

use crate::answer::{Answer, Field, Layout, Sheet, cell, json_lines};

/// A hold.
#[derive(Serialize)]
pub(super) struct Held {
    id: Uuid,
    in_force: bool,
    filter: Vec<String>,
    reason: Option<String>,
    matter: Option<String>,
    placed_by: Option<String>,
    placed_at: Timestamp,
    seq: u64,
    release_requested_by: Option<String>,
    approved_by: Option<String>,
    problem: Option<&'static str>,
}

/// All holds of a trail.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Holds(Vec<Held>);

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
    fn filter(&self) -> String {
        match self.filter.is_empty() {
            true => "everything".to_owned(),
            false => self.filter.join(" "),
        }
    }

    fn state(&self) -> String {
        match (&self.release_requested_by, &self.approved_by) {
            (_, None) if !self.in_force => "not in force".to_owned(),
            (Some(by), Some(other)) => format!("released: asked by {by}, approved by {other}"),
            (Some(by), None) => format!("in force; {by} asks for its release"),
            _ => "in force".to_owned(),
        }
    }

    const COLUMNS: [&'static str; 11] = [
        "id",
        "in_force",
        "filter",
        "reason",
        "matter",
        "placed_by",
        "placed_at",
        "seq",
        "release_requested_by",
        "approved_by",
        "problem",
    ];

    fn row(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.in_force.to_string(),
            self.filter.join(" "),
            cell(&self.reason),
            cell(&self.matter),
            cell(&self.placed_by),
            self.placed_at.to_string(),
            self.seq.to_string(),
            cell(&self.release_requested_by),
            cell(&self.approved_by),
            cell(&self.problem),
        ]
    }
}

impl Answer for Held {
    fn layout(&self) -> Layout {
        let mut fields = vec![
            Field::text("hold", self.id.to_string()),
            Field::text("holds", self.filter()),
            Field::text("state", self.state()),
            Field::text("reason", cell(&self.reason)),
            Field::text("matter", cell(&self.matter)),
            Field::text(
                "placed",
                format!("#{} {} {}", self.seq, self.placed_at, cell(&self.placed_by)),
            ),
            Field::text("problem", cell(&self.problem)),
        ];
        fields.retain(|field| !field.is_empty());
        Layout::Fields(fields)
    }

    fn sheet(&self) -> Sheet {
        Sheet {
            columns: Self::COLUMNS.to_vec(),
            rows: vec![self.row()],
        }
    }
}

impl Answer for Holds {
    fn layout(&self) -> Layout {
        let Self(holds) = self;
        if holds.is_empty() {
            return Layout::Line("no holds".to_owned());
        }
        Layout::Parts(holds.iter().map(Held::layout).collect())
    }

    fn sheet(&self) -> Sheet {
        Sheet {
            columns: Held::COLUMNS.to_vec(),
            rows: self.0.iter().map(Held::row).collect(),
        }
    }

    fn lines(&self) -> serde_json::Result<Vec<String>> {
        json_lines(&self.0)
    }
}
