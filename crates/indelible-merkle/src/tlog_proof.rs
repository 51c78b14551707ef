//! Inclusion proofs as files (c2sp.org/tlog-proof@v1, extension `.tlog-proof`): the path of one
//! leaf and the checkpoint that it leads to.
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! extra <base64>            optional, not authenticated
//! index <decimal>
//! <base64(hash)>            zero or more, the leaf's sibling first
//!
//! <signed checkpoint>
//! ```

use std::fmt;
use std::str::FromStr;

use crate::base64;
use crate::checkpoint::{Checkpoint, CheckpointError, VerifiedCheckpoint};
use crate::hash::Hash;
use crate::note::{NOTE_BYTES_MAX, VerifierKey};
use crate::text::{self, LineError, Lines, TextError};
use crate::verify::{ProofError, verify_inclusion};

/// The first line.
const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// Largest `extra` in bytes, before base64. It is above the 64 kB of other lines, because an
/// opened entry brings its whole content along.
pub const EXTRA_BYTES_MAX: usize = 1024 * 1024;

/// Largest file in bytes.
pub const TLOG_PROOF_BYTES_MAX: usize = EXTRA_BYTES_MAX.div_ceil(3) * 4 + NOTE_BYTES_MAX + 8192;

/// The proof that one leaf is in a log, as it is handed to an auditor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlogProof {
    /// Bytes that nothing authenticates: recompute the leaf hash from them, never trust them.
    /// An empty `extra` is written as none.
    pub extra: Option<Vec<u8>>,
    /// Index of the leaf.
    pub index: u64,
    /// The inclusion path, the leaf's sibling first.
    pub path: Vec<Hash>,
    /// The signed checkpoint as text, unread until [`TlogProof::verify`].
    pub checkpoint: String,
}

impl TlogProof {
    /// Checks that a known log has signed the checkpoint and that `leaf` is in its tree.
    ///
    /// `known` holds the keys of the logs that are acceptable here, and of cosigners; a quorum is
    /// the caller's to ask of the answer.
    ///
    /// # Errors
    ///
    /// As [`Checkpoint::open`] and [`verify_inclusion`].
    pub fn verify(
        &self,
        leaf: &Hash,
        known: &[VerifierKey],
    ) -> Result<VerifiedCheckpoint, TlogProofError> {
        let opened = Checkpoint::open(&self.checkpoint, known)?;
        let (size, root) = (opened.checkpoint().size(), opened.checkpoint().root());
        verify_inclusion(leaf, self.index, size, &self.path, &root)?;
        Ok(opened)
    }

    /// Reads a file strictly, all but its checkpoint.
    ///
    /// # Errors
    ///
    /// The first line that is not as the format has it.
    pub fn parse(file: impl AsRef<[u8]>) -> Result<Self, TlogProofError> {
        let text = text::checked(file.as_ref(), TLOG_PROOF_BYTES_MAX)
            .map_err(|problem| Lines::new("").error(problem))?;
        let mut lines = Lines::new(text);
        if lines.line()? != HEADER {
            return Err(lines
                .error(TextError::Unexpected { expected: HEADER })
                .into());
        }
        let extra_line_max = EXTRA_BYTES_MAX.div_ceil(3) * 4 + "extra ".len();
        let mut line = lines.line_up_to(extra_line_max)?;
        let mut extra = None;
        if let Some(encoded) = line.strip_prefix("extra ") {
            extra = match base64::decode(encoded) {
                Ok(bytes) if !bytes.is_empty() => Some(bytes),
                _ => return Err(lines.error(TextError::Base64).into()),
            };
            line = lines.line()?;
        }
        let index = line
            .strip_prefix("index ")
            .ok_or(TextError::Unexpected {
                expected: "index <decimal>",
            })
            .and_then(text::decimal)
            .map_err(|problem| lines.error(problem))?;
        let path = lines.hashes()?;
        let checkpoint = lines.rest().to_owned();
        if checkpoint.is_empty() {
            lines.line()?;
        }
        Ok(Self {
            extra,
            index,
            path,
            checkpoint,
        })
    }
}

impl fmt::Display for TlogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = self.extra.as_deref().filter(|extra| !extra.is_empty()) {
            writeln!(f, "extra {}", base64::encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.path
            .iter()
            .try_for_each(|hash| writeln!(f, "{}", base64::encode(hash.as_ref())))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for TlogProof {
    type Err = TlogProofError;

    fn from_str(text: &str) -> Result<Self, TlogProofError> {
        Self::parse(text)
    }
}

/// Why a proof file is ill-formed or does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlogProofError {
    /// A line is ill-formed; line 0 stands for the file as a whole.
    #[error("ill-formed proof, {0}")]
    Line(#[from] LineError),
    /// The checkpoint is ill-formed or not to be trusted.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The leaf is not proved to be in the tree.
    #[error(transparent)]
    Proof(#[from] ProofError),
}
