//! How the answers of holds are printed.

use indelible_evidence::retention::{Held, Holds};

use crate::answer::{Answer, Field, Layout, Sheet, cell, json_lines};

const COLUMNS: [&str; 11] = [
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

fn row(held: &Held) -> Vec<String> {
    vec![
        held.id.to_string(),
        held.in_force.to_string(),
        held.filter.join(" "),
        cell(&held.reason),
        cell(&held.matter),
        cell(&held.placed_by),
        held.placed_at.to_string(),
        held.seq.to_string(),
        cell(&held.release_requested_by),
        cell(&held.approved_by),
        cell(&held.problem),
    ]
}

impl Answer for Held {
    fn layout(&self) -> Layout {
        let mut fields = vec![
            Field::text("hold", self.id.to_string()),
            Field::text("holds", self.scope()),
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
            columns: COLUMNS.to_vec(),
            rows: vec![row(self)],
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
            columns: COLUMNS.to_vec(),
            rows: self.0.iter().map(row).collect(),
        }
    }

    fn lines(&self) -> serde_json::Result<Vec<String>> {
        json_lines(&self.0)
    }
}
