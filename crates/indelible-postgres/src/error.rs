//! What PostgreSQL says, told in the words of the port.

use indelible_core::store::{BoxError, StoreError};
use tokio_postgres::error::SqlState;

/// The SQLSTATE with which the database refuses to change or delete evidence.
pub const GUARD: &str = "IDL01";

/// Why a database was not opened or is not to be used, beyond what PostgreSQL itself says.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostgresError {
    /// The store was closed.
    #[error("the database is closed")]
    Closed,
    /// Somebody reads what was erased, in a transaction that began before.
    #[error(
        "a transaction or a replication slot of before is still open on the server: what was \
         erased is gone from every answer, and stays in the files until that ends"
    )]
    Read,
    /// The commit contradicts itself; nothing was written.
    #[error("the commit does not fit together: {0}")]
    Unfit(&'static str),
    /// A table took another number of rows than it was given although no statement was refused;
    /// nothing of the commit stays.
    #[error(
        "the table {table} took {taken} of {given} rows and refused none: a trigger or rule that \
         is not Indelible's stands in the way; `indelible doctor` names it"
    )]
    Ignored {
        /// The table.
        table: &'static str,
        /// The rows it took.
        taken: u64,
        /// The rows it was given.
        given: u64,
    },
    /// What the server says.
    #[error("{message} (SQLSTATE {code})")]
    Server {
        /// The message, in the server's language.
        message: String,
        /// The SQLSTATE.
        code: String,
        /// The error as the driver has it.
        source: tokio_postgres::Error,
    },
    /// The connection could not be made, or broke.
    #[error("{problem}")]
    Connection {
        /// What happened, causes included.
        problem: String,
        /// The error as the driver has it.
        source: tokio_postgres::Error,
    },
    /// No answer came in time. What was asked may still be done.
    #[error("no answer from the database within {0} seconds")]
    Silent(u64),
    /// Every connection is in use and none came free in time.
    #[error("no free connection to the database within {0} seconds")]
    Busy(u64),
}

/// The error of a statement before COMMIT: nothing of its transaction stays behind.
pub(crate) fn refused(error: tokio_postgres::Error) -> StoreError {
    let passing = is_passing(&error);
    let Some(db) = error.as_db_error() else {
        return match error.is_closed() || is_of_connection(&error) {
            true => unavailable(said(error)),
            false => backend(said(error)),
        };
    };
    let code = db.code();
    if *code == SqlState::DATA_CORRUPTED || *code == SqlState::INDEX_CORRUPTED {
        return corrupt("the database", None, db.message());
    }
    if *code == SqlState::UNDEFINED_TABLE || *code == SqlState::INVALID_SCHEMA_NAME {
        if db.message().contains("op_outbox") {
            let text = format!(
                "the database lacks an outbox ({}); where there are trails, `indelible migrate \
                 up` makes it, elsewhere the text `indelible::outbox::POSTGRES_CREATE`",
                db.message()
            );
            return StoreError::Unsupported(text);
        }
        let text = format!(
            "the database lacks Indelible's schema or a part of it ({}); `indelible migrate up` \
             makes it",
            db.message()
        );
        return StoreError::Unsupported(text);
    }
    match passing {
        true => unavailable(said(error)),
        false => backend(said(error)),
    }
}

/// An error of the driver with its words: its own text is no more than "db error".
pub(crate) fn said(error: tokio_postgres::Error) -> PostgresError {
    if let Some(db) = error.as_db_error() {
        let (message, code) = (db.message().to_owned(), db.code().code().to_owned());
        return PostgresError::Server {
            message,
            code,
            source: error,
        };
    }
    let mut problem = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !problem.contains(&text) {
            problem = format!("{problem}: {text}");
        }
        cause = inner.source();
    }
    PostgresError::Connection {
        problem,
        source: error,
    }
}

/// Whether a later try may succeed: the connection, the server's state or a lock was the reason.
pub(crate) fn is_passing(error: &tokio_postgres::Error) -> bool {
    let Some(code) = error.code() else {
        return error.is_closed() || is_of_connection(error);
    };
    // 08 connection, 28 credentials, 40 rollback (deadlock, serialization), 53 resources (a full
    // disk, too many connections), 55 object not ready (lock timeout), 57 operator (shutdown,
    // cancellation), 58 system (input and output).
    let class = code.code().get(..2).unwrap_or_default();
    matches!(class, "08" | "28" | "40" | "53" | "55" | "57" | "58")
        // A standby, or a database that was switched to reading.
        || *code == SqlState::READ_ONLY_SQL_TRANSACTION
        || *code == SqlState::IN_FAILED_SQL_TRANSACTION
}

/// Whether the connection itself broke, so that another one may do better.
pub(crate) fn is_broken(error: &tokio_postgres::Error) -> bool {
    let class = error.code().map(|code| code.code().get(..2).unwrap_or(""));
    error.is_closed() || matches!(class, Some("08" | "57")) || is_of_connection(error)
}

/// Whether an error without a SQLSTATE is one of the way to the server.
fn is_of_connection(error: &tokio_postgres::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if cause.is::<std::io::Error>() {
            return true;
        }
        source = cause.source();
    }
    // The driver tells its kinds of errors apart by nothing but their text.
    let text = error.to_string();
    let kinds = ["TLS handshake", "connecting to server", "authentication"];
    error.is_closed() || kinds.iter().any(|kind| text.contains(kind))
}

/// Whether a row broke a constraint, or, on Citus, an append failed without saying why.
pub(crate) fn is_constraint(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| {
        let code = code.code();
        code.starts_with("23") || code == "XX000"
    })
}

/// Whether something in the database would not have one of the rows: a constraint, a value, or a
/// trigger that raised. Others may do better.
pub(crate) fn is_of_a_row(error: &tokio_postgres::Error) -> bool {
    let class = error.code().and_then(|code| code.code().get(..2));
    matches!(class, Some("22" | "23" | "44" | "P0"))
}

/// The error of a COMMIT: it may have reached the disk.
pub(crate) fn unknown(source: impl Into<BoxError>) -> StoreError {
    StoreError::Unknown {
        source: source.into(),
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
