//! An index that is made of terms and not of a log, for tests that count what is read.

use std::collections::HashMap;
use std::path::Path;

use indelible_core::store::TermField;
use rusqlite::{Connection, StatementStatus};

use super::belief::log_token;
use super::build::Builder;
use super::cover::Snapshot;
use super::file::{IndexFile, SELECT_BLOCK};
use super::record::Covered;
use super::tail;
use crate::wal::Wal;

/// A file with an index of the first trail.
pub(crate) struct Made {
    file: IndexFile,
}

impl Made {
    /// One of a log with runs of so many entries, up to `size` of them, whose leaf hashes are all
    /// `leaf`.
    pub fn of(
        path: &Path,
        (size, entries): (u64, usize),
        (log, leaf): (&Connection, &str),
        terms: impl Fn(u64) -> Vec<(TermField, Vec<u8>)>,
    ) -> Self {
        let file = IndexFile::writing(path, 7, &Wal::of(path)).expect("it is made");
        let mut covered = Covered {
            leaf: leaf.to_owned(),
            log: log_token(log).expect("it says which it is"),
            ..Covered::default()
        };
        for (number, first) in (0..size).step_by(entries).enumerate() {
            let end = size.min(first + entries as u64);
            let mut sorted: Vec<(Vec<u8>, u64)> = Vec::new();
            for seq in first..end {
                let of_entry = terms(seq).into_iter();
                sorted.extend(of_entry.map(|(field, value)| (tail::key(field, &value), seq)));
            }
            sorted.sort_unstable();
            let mut builder = Builder::new(file.epoch, number as u64 + 1);
            for (key, seq) in &sorted {
                builder.push(key, &[*seq]);
            }
            let (run, blocks) = builder.end(first, end);
            file.put(blocks).expect("it is written");
            covered.runs.push(run);
        }
        file.keep_covered(1, &covered).expect("it is written");
        Self { file }
    }

    pub fn snapshot(&self) -> Snapshot<'_> {
        Snapshot::of(&self.file, HashMap::new(), &mut 0).expect("it reads")
    }

    /// How often blocks were read, and how often the statement was planned anew for it.
    pub fn reads(&self) -> (i32, i32) {
        let statement = self.file.db.prepare_cached(SELECT_BLOCK).expect("prepared");
        let of = |status| statement.get_status(status);
        (of(StatementStatus::Run), of(StatementStatus::RePrepare))
    }
}
