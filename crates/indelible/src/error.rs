//! Why no trail could be opened.

use indelible_core::engine::InstallationError;
use indelible_core::state::StateError;
use indelible_core::{AuditError, StoreError};

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL is of no known kind.
    #[error("`{0}` is no database URL; use memory:, sqlite:PATH or postgres://USER@HOST/DATABASE")]
    UnknownScheme(String),
    /// The URL is known but this build has no such store.
    #[error("this build has no store for {0}: URLs; use memory: or sqlite:PATH")]
    NotBuiltIn(String),
    /// The URL is one of PostgreSQL and cannot be read.
    #[cfg(feature = "postgres")]
    #[error(transparent)]
    Address(#[from] indelible_postgres::AddressError),
    /// The URL names no file.
    #[error("`{0}` names no file; use sqlite:PATH, or memory: for a trail in this process")]
    NoPath(String),
    /// The URL has options, which a path has not.
    #[error("`{0}…`: sqlite:PATH takes no options behind a question mark")]
    Options(String),
    /// There is no database at the URL, and this operation makes none.
    #[error("there is no trail at {0}; `indelible record` or `indelible import` begins one")]
    Missing(String),
    /// There is no database at the URL, and so no outbox in it.
    #[error("there is no outbox at {0}: there is no such file")]
    NoOutbox(String),
    /// The database of an installation that was here is not here any more.
    #[error(
        "the trails of installation {installation}, whose checkpoints are in {place}, are not at \
         {url}: bring their database back, or name the place where it is, or another state \
         directory. If it is lost for good, go on under a new origin with `indelible trail succeed \
         --reason …`"
    )]
    Lost {
        /// Where the database was.
        url: String,
        /// Whose it was.
        installation: String,
        /// Where its high-water marks are.
        place: String,
    },
    /// No place for the state directory could be found.
    #[error(
        "no place for the state directory: set --state-dir, XDG_STATE_HOME or HOME to a folder \
         outside the database's own"
    )]
    NoStateHome,
    /// No folder for the store of one test could be made.
    #[cfg(feature = "testing")]
    #[error("no temporary folder can be made: {0}")]
    Folder(#[source] std::io::Error),
    /// A signing key from the environment that cannot be read; its text is not kept.
    #[error("{variable}: {problem}")]
    SigningKey {
        /// The variable.
        variable: &'static str,
        /// What is wrong, without the key.
        problem: String,
    },
    /// A setting of delivery that is none.
    #[cfg(feature = "spool")]
    #[error("{variable}: {problem}")]
    Delivery {
        /// The variable.
        variable: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// The spool cannot be opened.
    #[cfg(feature = "spool")]
    #[error(transparent)]
    Spool(#[from] indelible_spool::SpoolError),
    /// A setting of the environment that cannot be read.
    #[cfg(feature = "client")]
    #[error("{variable}: {problem}")]
    Variable {
        /// The variable.
        variable: &'static str,
        /// What is wrong, without its value.
        problem: String,
    },
    /// A server's URL, its certificates or what is known of it.
    #[cfg(feature = "client")]
    #[error(transparent)]
    Client(#[from] indelible_client::BuildError),
    /// The state directory failed.
    #[error("the state directory: {0}")]
    State(#[from] StateError),
    /// The installation's name does not fit.
    #[error(transparent)]
    Installation(#[from] InstallationError),
    /// Redaction rules that cannot be read.
    #[error("the redaction rules: {0}")]
    Rules(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The engine refused.
    #[error(transparent)]
    Audit(#[from] AuditError),
}

#[cfg(feature = "spool")]
impl ConnectError {
    /// Whether the same call may succeed later without anybody doing anything.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Store(error) => matches!(error, StoreError::Unavailable { .. }),
            Self::Audit(error) => error.is_passing(),
            _ => false,
        }
    }
}
