//! Why a store did not do what it was asked.

use crate::entry::Unreadable;

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Nothing was written and a later try may succeed: locked, busy, no connection, disk full.
    #[error("the store is not available: {source}")]
    Unavailable {
        /// What the database says.
        source: BoxError,
    },
    /// Whether the commit is there is not known; the head must be read again.
    #[error("the outcome of the commit is not known: {source}")]
    Unknown {
        /// What the database says.
        source: BoxError,
    },
    /// A row that is there cannot be read as what it should be.
    #[error("{what}{} is damaged: {problem}", seq.map(|s| format!(" of entry {s}")).unwrap_or_default())]
    Corrupt {
        /// The table or row.
        what: String,
        /// The entry, where the row belongs to one.
        seq: Option<u64>,
        /// What is wrong.
        problem: String,
    },
    /// The database is of a version or form that this program does not handle.
    #[error("{0}")]
    Unsupported(String),
    /// Anything else the database refuses; nothing was written.
    #[error("the store refused: {source}")]
    Backend {
        /// What the database says.
        source: BoxError,
    },
}

impl StoreError {
    /// The body of a part is not what it should be.
    pub fn unreadable(unreadable: Unreadable) -> Self {
        Self::Corrupt {
            what: unreadable.part.to_string(),
            seq: Some(unreadable.seq),
            problem: unreadable.source.to_string(),
        }
    }

    /// The row of an entry is not what it should be.
    pub(crate) fn damaged_row(seq: u64, problem: impl Into<String>) -> Self {
        Self::Corrupt {
            what: "the row".to_owned(),
            seq: Some(seq),
            problem: problem.into(),
        }
    }
}

/// An error of a lower layer, kept as the source.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
