//! The index: given the log up to some entry, which entries have a value.
//!
//! The log alone is durable before a receipt is given. The index is made of it by a thread of its
//! own, in a file of its own (`<database>-index`), in sorted runs that never change and are merged,
//! so that a search has few to look at. It may be behind, missing, old or damaged: what it does not
//! cover is read from the log, so that the answer is the same and only later.
//!
//! Nothing is believed that cannot be checked: a block is asked for by a number that must be there,
//! and holds a checksum over the file's own number, its own and its content; runs of a trail are
//! believed only where the log has the entry that they end with, and every change that erasures
//! made to it since is known.

mod belief;
mod block;
mod build;
mod cover;
mod file;
mod forge;
mod handle;
#[cfg(test)]
pub(crate) mod made;
mod merge;
mod recent;
mod record;
mod run;
mod scan;
mod standing;
mod tail;
mod thread;
#[cfg(test)]
mod trees;
mod upkeep;

pub(crate) use cover::{Covering, IndexReader, Snapshot, Uncovered};
pub use forge::forge;
pub(crate) use handle::{Index, lock};
pub(crate) use standing::Standing;
pub(crate) use tail::columns;

use indelible_core::store::StoreError;

use crate::error::{corrupt, refused, unavailable};

/// Why the index could not be read or written.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It is not as it was written: it is made anew.
    Damage(String),
    /// Somebody else writes it just now.
    Busy,
    /// SQLite or the file system says no, which may pass.
    Other(StoreError),
}

impl Fault {
    fn damage(problem: impl ToString) -> Self {
        Self::Damage(problem.to_string())
    }

    /// What is wrong, in words; nothing where somebody else is at it.
    fn problem(&self) -> Option<String> {
        match self {
            Self::Damage(problem) => Some(format!("damaged: {problem}")),
            Self::Busy => None,
            Self::Other(error) => Some(error.to_string()),
        }
    }

    /// An error of the log, which says nothing of the index.
    fn of_log(error: rusqlite::Error) -> Self {
        Self::Other(refused(error))
    }
}

fn extended(error: &rusqlite::Error) -> Option<i32> {
    error.sqlite_error().map(|error| error.extended_code)
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
        use rusqlite::ffi::SQLITE_IOERR_SHORT_READ;
        match error.sqlite_error_code() {
            Some(DatabaseBusy | DatabaseLocked) => Self::Busy,
            // The write-ahead log is shorter than it was: what it held does not come back.
            _ if extended(&error) == Some(SQLITE_IOERR_SHORT_READ) => Self::damage(error),
            _ => refused(error).into(),
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        use StoreError::{Backend, Corrupt};
        match error {
            // A table that is not there is one that somebody took away.
            Corrupt { .. } | Backend { .. } => Self::damage(error),
            error => Self::Other(error),
        }
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Damage(problem) => corrupt("the index", None, problem),
            Fault::Busy => unavailable("another process writes the index"),
            Fault::Other(error) => error,
        }
    }
}
