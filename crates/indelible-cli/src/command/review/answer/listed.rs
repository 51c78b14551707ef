//! Days and what came of them.

use indelible::Timestamp;
use indelible_evidence::review::{DayLine, DayLines};

use crate::answer::{Answer, Layout, Sheet, cell, json_lines};

impl Answer for DayLines {
    fn layout(&self) -> Layout {
        let line = format!(
            "{} days, {} missed; {} findings open",
            self.days.len(),
            self.missed,
            self.findings_open
        );
        // When a day is due follows from the day; people look at what came of it.
        let mut sheet = self.sheet();
        sheet.columns.retain(|name| *name != "due_at");
        for row in &mut sheet.rows {
            row.remove(2);
        }
        let mut parts = vec![Layout::Table(sheet), Layout::Line(line)];
        parts.extend(self.remarks().into_iter().map(Layout::Line));
        Layout::Parts(parts)
    }

    fn sheet(&self) -> Sheet {
        let row = |it: &DayLine| {
            let sign_off = self
                .sign_offs
                .iter()
                .find(|other| Some(other.seq) == it.sign_off);
            vec![
                it.day.to_string(),
                it.state.to_string(),
                it.due_at.to_string(),
                cell::<Timestamp>(&it.signed_at),
                cell(&it.reviewer),
                cell(&sign_off.map(|it| it.entries)),
                cell(&sign_off.map(|it| it.findings)),
                cell(&it.sign_off),
                cell(&it.missed_seq),
            ]
        };
        Sheet {
            columns: vec![
                "day",
                "state",
                "due_at",
                "signed_at",
                "reviewer",
                "entries",
                "findings",
                "entry",
                "missed_entry",
            ],
            rows: self.days.iter().map(row).collect(),
        }
    }

    fn lines(&self) -> serde_json::Result<Vec<String>> {
        json_lines(&self.days)
    }
}
