//! What importing and exporting answer instead of a result.

use std::io;
use std::path::PathBuf;

/// Why an input could not be read. What is wrong inside an input is no error but a rejected
/// record; after an error the reading goes on with the next file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// Nothing is there under this name, and as a pattern it matches nothing.
    #[error("{}: no such file or folder", .0.display())]
    NotFound(PathBuf),
    /// A name with `*`, `?` or `[` that is no pattern.
    #[error("{pattern}: {source}")]
    Pattern {
        /// The name as given.
        pattern: String,
        /// What is wrong with it.
        source: glob::PatternError,
    },
    /// The operating system refused.
    #[error("{file}: {source}")]
    Read {
        /// The file or folder.
        file: String,
        /// What the operating system says.
        source: io::Error,
    },
    /// A document that has to be held whole is too large for that.
    #[error(
        "{file}: one JSON document of more than {bytes_max} bytes; split it, or write one record \
         per line (NDJSON), which is read line by line"
    )]
    TooLarge {
        /// The file.
        file: String,
        /// The most bytes held of one document.
        bytes_max: u64,
    },
    /// The temporary file in which records are put in order.
    #[error("the temporary file for sorting: {0}")]
    Spill(#[source] io::Error),
}

/// A mapping file that cannot be used, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct MappingError {
    /// The line, from 1.
    pub line: usize,
    /// The character within the line, from 1.
    pub column: usize,
    /// What is wrong there.
    pub problem: String,
}
