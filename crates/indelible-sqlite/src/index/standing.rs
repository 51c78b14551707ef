//! How far the index is, as `doctor` and the metrics tell it.

use std::path::Path;

use indelible_core::store::{IndexCondition, StoreError};
use rusqlite::Connection;

use super::cover::{Snapshot, Uncovered};
use super::handle::Index;
use crate::files::beside;
use crate::read;

/// What the file covers of the log, all trails together.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Standing {
    lag: u64,
    runs: u64,
    written_per_entry: Option<f64>,
}

impl Standing {
    /// As the file and the log are now.
    pub fn of(index: Option<&Snapshot<'_>>, log: &Connection) -> Result<Self, StoreError> {
        let mut standing = Self {
            written_per_entry: match index {
                Some(index) => index.written()?.per_entry(),
                None => None,
            },
            ..Self::default()
        };
        for extent in read::extents(log)? {
            let covering = match index {
                Some(index) => index.covering(log, extent)?,
                None => None,
            };
            let uncovered = Uncovered::of(extent, covering.as_ref());
            let lengths = uncovered
                .ranges()
                .iter()
                .map(|range| range.end - range.start);
            standing.lag += lengths.sum::<u64>();
            standing.runs += covering.map_or(0, |covering| covering.runs() as u64);
        }
        Ok(standing)
    }
}

impl Index {
    /// The same, with what is known of the file itself.
    pub fn condition(&self, standing: Standing) -> IndexCondition {
        // The file is not opened for this: see `provide`.
        let bytes = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
        IndexCondition {
            lag: standing.lag,
            bytes: bytes(self.path()) + bytes(&beside(self.path(), "-wal")),
            runs: standing.runs,
            written_per_entry: standing.written_per_entry,
            problem: self.problem(),
        }
    }
}
