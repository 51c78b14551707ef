//! Counting what is written for entries, as far as it is not in the file yet.

use std::sync::Arc;

use crate::index::handle::Shared;
use crate::index::record::{Tally, Written};
use crate::wal::Wal;

pub(super) struct Tallies {
    log: Arc<Wal>,
    index: Arc<Wal>,
    shared: Arc<Shared>,
    /// Bytes stand beside the entries that they are of: both are kept or neither is.
    pending: Written,
}

impl Tallies {
    /// Counts what is written to both write-ahead logs and the files that they are of.
    pub fn of((log, index): (Arc<Wal>, Arc<Wal>), shared: Arc<Shared>) -> Self {
        Self {
            log,
            index,
            shared,
            pending: Written::default(),
        }
    }

    pub fn index_wal(&self) -> &Arc<Wal> {
        &self.index
    }

    /// What the file does not have.
    pub fn pending(&mut self) -> Written {
        self.pending = self.pending.and(Written {
            log: Tally {
                bytes: self.log.take_written(),
                entries: self.shared.take_recorded(),
            },
            index: Tally {
                bytes: self.index.take_written(),
                entries: 0,
            },
        });
        self.pending
    }

    /// The file has it, and covers so many entries more, of whose bytes some are not counted yet.
    pub fn kept(&mut self, entries: u64) {
        let index = Tally { bytes: 0, entries };
        self.pending = Written {
            index,
            ..Written::default()
        };
    }

    /// The same before both are closed: what is in the write-ahead logs will be copied.
    pub fn last(&mut self) -> Written {
        self.log.count_rest();
        self.index.count_rest();
        self.pending()
    }
}
