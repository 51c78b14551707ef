//! Which server is believed, and how much of what it says is checked.

use std::path::PathBuf;
use std::time::Duration;

use indelible_merkle::VerifierKey;

/// The server that is believed: one trail's origin and public key.
///
/// A verifier key names both; `indelible vkey --trail shop` prints it.
#[derive(Debug, Clone, Default)]
pub struct TrustedServer {
    pub(crate) key: Option<VerifierKey>,
    pub(crate) file: Option<PathBuf>,
}

impl TrustedServer {
    /// The one with this verifier key, and no other.
    pub fn pinned(key: VerifierKey) -> Self {
        Self {
            key: Some(key),
            file: None,
        }
    }

    /// The one that answers first. Without [`TrustedServer::kept_in`] that is decided anew by
    /// each process.
    pub fn first_use() -> Self {
        Self::default()
    }

    /// Keeps the verifier key and the last checkpoint in this file, which is made with mode 0600
    /// in a folder that is there. Several processes of one machine may share it; each trail of
    /// each server needs its own.
    #[must_use]
    pub fn kept_in(self, file: impl Into<PathBuf>) -> Self {
        Self {
            file: Some(file.into()),
            ..self
        }
    }
}

/// How often the server has to prove that its trail only grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verify {
    /// With every receipt: the entry is in the tree, and the tree continues the last checkpoint.
    /// These proofs are taken one after the other, so that a crowd of callers waits for them.
    Receipts,
    /// With the first receipt, and then with one receipt after each such span of time. What was
    /// forked in between is found by the next check, not before.
    Checkpoints {
        /// The least time between two checks.
        every: Duration,
    },
    /// Never. A server is then believed whatever it says.
    Off,
}

impl Default for Verify {
    /// [`Verify::Checkpoints`] every 10 s.
    fn default() -> Self {
        Self::Checkpoints {
            every: Duration::from_secs(10),
        }
    }
}
