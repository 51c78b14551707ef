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
    /// None yet.
    pub fn new(from: &str, to: &str) -> Self {
        Self {
            from: from.to_owned(),
            to: to.to_owned(),
            trails: Vec::new(),
        }
    }

    /// One more.
    pub fn add(&mut self, copied: Copied) {
        self.trails.push(MovedTrail {
            trail: copied.trail.to_string(),
            size: copied.size,
            root: copied.root.to_string(),
            copied: copied.copied,
        });
    }
}

impl Answer for Moved {
    fn layout(&self) -> Layout {
        if self.trails.is_empty() {
            return Layout::Parts(Vec::new());
        }
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
