//! Why a server did not record, or is not believed.

use std::sync::Arc;

use indelible_core::AuditError;

use crate::kept::KeptError;

/// What went wrong between this process and the server. It stands in
/// [`AuditError::Remote`], or as the source of [`AuditError::Store`]; see [`ClientError::of`].
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The trail is shorter than it was.
    #[error(
        "the server at {server} has {found} entries where it had {known}: it was rolled back. \
         Nothing that it says is believed until it has them again"
    )]
    RolledBack {
        /// The server.
        server: String,
        /// The size of the last checkpoint that was checked.
        known: u64,
        /// The size now.
        found: u64,
    },
    /// The trail does not continue what was checked before.
    #[error(
        "the server at {server} tells another history than the one whose first {known} entries \
         were checked before: {problem}"
    )]
    Forked {
        /// The server.
        server: String,
        /// The size of the last checkpoint that was checked.
        known: u64,
        /// What does not fit.
        problem: String,
    },
    /// Another trail, or the same one in another life, or another key.
    #[error(
        "the server at {server} signs as {found}, but {expected} is trusted. If its key was \
         rotated or its trail succeeded, check the new verifier key by another path \
         (`indelible vkey`, `indelible vkey --rotations`) and give it to the client{}",
        forget(place.as_ref())
    )]
    OtherServer {
        /// The server.
        server: String,
        /// The verifier key that is trusted.
        expected: String,
        /// The verifier key or origin that was found.
        found: String,
        /// The file that the trusted key is kept in.
        place: Option<String>,
    },
    /// The receipt came without what proves it.
    #[error("the server at {server} gave no good proof for its receipt: {problem}")]
    Unproved {
        /// The server.
        server: String,
        /// What is missing or wrong.
        problem: String,
    },
    /// The answer is about something else than was asked.
    #[error("the answer of the server at {server} is none: {problem}")]
    Unreadable {
        /// The server.
        server: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The server refused for a reason that stays.
    #[error("the server at {server} refused with {status} ({name}): {detail}")]
    Refused {
        /// The server.
        server: String,
        /// The status code.
        status: u16,
        /// The problem's name, as `docs/guide/server.md` lists them; empty where it has none.
        name: String,
        /// What the server says.
        detail: String,
        /// The field that is to be mended.
        field: Option<String>,
    },
    /// No attempt was answered in time.
    #[error("the server at {server} was not reached in {attempts} attempts: {last}")]
    Unreached {
        /// The server.
        server: String,
        /// The attempts made.
        attempts: u32,
        /// What became of the last of them.
        last: String,
    },
    /// What is known of the server cannot be kept or read.
    #[error(transparent)]
    Kept(#[from] Arc<KeptError>),
}

fn forget(place: Option<&String>) -> String {
    match place {
        Some(place) => format!("; what is trusted now stands in {place}"),
        None => String::new(),
    }
}

impl ClientError {
    /// The client's own error within what recording or asking answered.
    pub fn of(error: &AuditError) -> Option<&Self> {
        match error {
            AuditError::Remote(source) => source.downcast_ref(),
            AuditError::Store(store) => {
                use indelible_core::StoreError;
                match &**store {
                    StoreError::Unavailable { source } | StoreError::Unknown { source } => {
                        source.downcast_ref()
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

impl From<ClientError> for AuditError {
    fn from(error: ClientError) -> Self {
        Self::Remote(Arc::new(error))
    }
}
