//! What came of an import.

use serde::Serialize;

use crate::answer::{Answer, Layout, Sheet};
use crate::text::count;

/// Counts that add up: `read` is the sum of the next three.
#[derive(Debug, Default, Serialize)]
pub struct Tally {
    /// Records met.
    pub read: u64,
    /// Those that are new.
    pub recorded: u64,
    /// Those that were there already.
    pub duplicates: u64,
    /// Those that are none, or could not be recorded.
    pub rejected: u64,
    /// Files read.
    pub files: u64,
    /// How long it took.
    pub seconds: f64,
    /// Present and true where nothing was really recorded.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// Files that could not be read to their end.
    #[serde(skip)]
    pub files_failed: u64,
}

impl Tally {
    /// Whether all that was there was taken.
    pub fn is_clean(&self) -> bool {
        self.rejected == 0 && self.files_failed == 0
    }

    /// Counts one record that was rejected.
    pub fn reject(&mut self) {
        self.read += 1;
        self.rejected += 1;
    }

    /// Counts one record that was there already.
    pub fn duplicate(&mut self) {
        self.read += 1;
        self.duplicates += 1;
    }

    /// Counts records that an import before this one recorded.
    pub fn passed(&mut self, records: u64) {
        self.read += records;
        self.duplicates += records;
    }

    /// Counts one new record.
    pub fn record(&mut self) {
        self.read += 1;
        self.recorded += 1;
    }
}

impl Answer for Tally {
    fn layout(&self) -> Layout {
        let Self {
            read,
            recorded,
            duplicates,
            rejected,
            files,
            seconds,
            dry_run,
            ..
        } = self;
        let counts = if *dry_run {
            format!("{recorded} would be recorded")
        } else {
            format!("{recorded} recorded")
        };
        Layout::Line(format!(
            "{read} read from {}: {counts}, {}, {rejected} rejected, in {seconds:.1} s",
            count(*files, "file"),
            count(*duplicates, "duplicate"),
        ))
    }

    fn sheet(&self) -> Sheet {
        Sheet::of_fields(vec![
            ("read", self.read.to_string()),
            ("recorded", self.recorded.to_string()),
            ("duplicates", self.duplicates.to_string()),
            ("rejected", self.rejected.to_string()),
            ("files", self.files.to_string()),
            ("seconds", self.seconds.to_string()),
        ])
    }
}
