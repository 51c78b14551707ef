//! What SQLite says, told in the words of the port.

use std::path::PathBuf;
use std::sync::Arc;

use indelible_core::store::{BoxError, StoreError};
use rusqlite::ErrorCode;

/// Why a database was not opened or is not to be used, beyond what SQLite itself says.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqliteError {
    /// There is no file, and none was to be made.
    #[error("there is no database at {}", .0.display())]
    Absent(PathBuf),
    /// The store was closed, or its writing thread has ended.
    #[error("the database is closed")]
    Closed,
    /// The file or its write-ahead log is not the one that was opened: another SQLite of this
    /// process opened and closed the file, or somebody removed or replaced one of them.
    #[error(
        "the database or its write-ahead log was removed or replaced while it was open, by a \
         program or by another SQLite in this process; the next call opens it anew"
    )]
    Displaced,
    /// Somebody reads what was erased, in a transaction that began before.
    #[error(
        "somebody still reads the database as it was before: what was erased is gone from every \
         answer, and stays in the write-ahead log until that ends"
    )]
    Read,
    /// The commit contradicts itself; nothing was written.
    #[error("the commit does not fit together: {0}")]
    Unfit(&'static str),
    /// A row was not written, or not removed, although no statement was refused; nothing of the
    /// transaction stays.
    #[error(
        "the table {0} did not take a change, nor did it refuse it: a trigger that is not \
         Indelible's stands in the way; `indelible doctor` names it"
    )]
    Ignored(&'static str),
}

/// The error of a statement before COMMIT: nothing of its transaction stays behind.
pub(crate) fn refused(error: rusqlite::Error) -> StoreError {
    shared(&Arc::new(error))
}

/// As [`refused`], for an error that several callers are told.
pub(crate) fn shared(error: &Arc<rusqlite::Error>) -> StoreError {
    use ErrorCode::{
        CannotOpen, DatabaseBusy, DatabaseCorrupt, DatabaseLocked, DiskFull,
        FileLockingProtocolFailed, NotADatabase, OutOfMemory, PermissionDenied, ReadOnly,
        SystemIoFailure,
    };
    let source: BoxError = Box::new(Arc::clone(error));
    match error.sqlite_error_code() {
        Some(
            DatabaseBusy
            | DatabaseLocked
            | DiskFull
            | SystemIoFailure
            | CannotOpen
            | OutOfMemory
            | PermissionDenied
            | ReadOnly
            | FileLockingProtocolFailed,
        ) => StoreError::Unavailable { source },
        Some(DatabaseCorrupt | NotADatabase) => StoreError::Corrupt {
            what: "the database".to_owned(),
            seq: None,
            problem: error.to_string(),
        },
        _ if is_conversion(error) => corrupt("a row", None, error),
        _ => match ignored_by(error) {
            Some(table) => corrupt(table, None, error),
            None => StoreError::Backend { source },
        },
    }
}

/// The error of a COMMIT: it may have reached the disk.
pub(crate) fn unknown(error: &Arc<rusqlite::Error>) -> StoreError {
    StoreError::Unknown {
        source: Box::new(Arc::clone(error)),
    }
}

/// Nothing was written, and a later try may succeed.
pub(crate) fn unavailable(source: impl Into<BoxError>) -> StoreError {
    StoreError::Unavailable {
        source: source.into(),
    }
}

/// Nothing was written, and a later try will not succeed either.
pub(crate) fn backend(source: impl Into<BoxError>) -> StoreError {
    StoreError::Backend {
        source: source.into(),
    }
}

/// A row that cannot be read as what it should be.
pub(crate) fn corrupt(what: &str, seq: Option<u64>, problem: impl ToString) -> StoreError {
    StoreError::Corrupt {
        what: what.to_owned(),
        seq,
        problem: problem.to_string(),
    }
}

/// Whether the error is a constraint that a row broke, or a guard.
pub(crate) fn is_constraint(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation)
}

/// Whether the error is one task's own and says nothing about others in the same transaction.
pub(crate) fn is_of_task(error: &rusqlite::Error) -> bool {
    let unfit = matches!(error, rusqlite::Error::ToSqlConversionFailure(_));
    is_constraint(error) || is_conversion(error) || unfit
}

/// Whether a stored value is not what it should be.
pub(crate) fn is_conversion(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{
        FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error,
    };
    matches!(
        error,
        FromSqlConversionFailure(..)
            | IntegralValueOutOfRange(..)
            | InvalidColumnType(..)
            | Utf8Error(..)
    )
}

/// The table that did not take a change.
fn ignored_by(error: &rusqlite::Error) -> Option<&'static str> {
    let rusqlite::Error::ToSqlConversionFailure(source) = error else {
        return None;
    };
    match source.downcast_ref() {
        Some(SqliteError::Ignored(table)) => Some(table),
        _ => None,
    }
}
