//! What `indelible copy` answers.

use indelible::core::engine::Copied;
use serde::Serialize;

use crate::answer::{Answer, Layout, Sheet, json_lines};

/// The trails that were moved.
#[derive(Serialize)]
pub struct Moved {
    from: String,
    to: String,
    trails: Vec<MovedTrail>,
}

#[derive(Serialize)]
struct MovedTrail {
    trail: String,
    size: u64,
    root: String,
    copied: u64,
}

impl Moved {
    /// What was moved from the one place to the other.
    pub fn new(from: &str, to: &str, copied: Vec<Copied>) -> Self {
        let trails = copied.into_iter().map(|copied| MovedTrail {
            trail: copied.trail.to_string(),
            size: copied.size,
            root: copied.root.to_string(),
            copied: copied.copied,
        });
        Self {
            from: from.to_owned(),
            to: to.to_owned(),
            trails: trails.collect(),
        }
    }
}

impl Answer for Moved {
    fn layout(&self) -> Layout {
        let Self { from, to, .. } = self;
        let line = format!("written at {to} from now on, refused at {from}");
        Layout::Parts(vec![Layout::Table(self.sheet()), Layout::Line(line)])
    }

    fn sheet(&self) -> Sheet {
        let rows = self.trails.iter().map(|moved| {
            vec![
                moved.trail.clone(),
                moved.size.to_string(),
                moved.copied.to_string(),
                moved.root.clone(),
            ]
        });
        Sheet {
            columns: vec!["trail", "size", "copied", "root"],
            rows: rows.collect(),
        }
    }

    fn lines(&self) -> serde_json::Result<Vec<String>> {
        json_lines(&self.trails)
    }
}
