//! Consistency proofs as files: the body of a witness's `add-checkpoint` request
//! (c2sp.org/tlog-witness@v1.0.0).
//!
//! ```text
//! old <old size>
//! <base64(hash)>            at most 63, none when the old size is 0
//!
//! <new signed checkpoint>
//! ```

use std::fmt;
use std::str::FromStr;

use crate::base64;
use crate::checkpoint::{Checkpoint, CheckpointError, VerifiedCheckpoint};
use crate::hash::Hash;
use crate::note::{NOTE_BYTES_MAX, VerifierKey};
use crate::text::{self, LineError, Lines, TextError};
use crate::verify::{ProofError, verify_consistency};

/// Largest file in bytes.
pub const CONSISTENCY_FILE_BYTES_MAX: usize = NOTE_BYTES_MAX + 8192;

/// The proof that a newer checkpoint continues an older one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsistencyFile {
    /// Size of the tree that the reader knows already; 0 when it knows none.
    pub old_size: u64,
    /// The consistency proof from that size to the checkpoint's.
    pub proof: Vec<Hash>,
    /// The newer signed checkpoint as text, unread until [`ConsistencyFile::verify`].
    pub checkpoint: String,
}

impl ConsistencyFile {
    /// Checks that the newer checkpoint is of the same log as `old`, signed by it, and that its
    /// tree begins with the whole old tree.
    ///
    /// # Errors
    ///
    /// As [`Checkpoint::open`] and [`verify_consistency`], which refuses an old size of 0; an old
    /// checkpoint of another log or another size than the file was made for.
    pub fn verify(
        &self,
        old: &Checkpoint,
        known: &[VerifierKey],
    ) -> Result<VerifiedCheckpoint, ConsistencyFileError> {
        if old.size() != self.old_size {
            return Err(ConsistencyFileError::OldSize {
                file: self.old_size,
                known: old.size(),
            });
        }
        let opened = Checkpoint::open(&self.checkpoint, known)?;
        let new = opened.checkpoint();
        if old.origin() != new.origin() {
            return Err(ConsistencyFileError::Origin {
                old: old.origin().to_owned(),
                new: new.origin().to_owned(),
            });
        }
        verify_consistency(
            old.size(),
            &old.root(),
            new.size(),
            &new.root(),
            &self.proof,
        )?;
        Ok(opened)
    }

    /// Reads a file strictly, all but its checkpoint.
    ///
    /// # Errors
    ///
    /// The first line that is not as the format has it; any hash when the old size is 0.
    pub fn parse(file: impl AsRef<[u8]>) -> Result<Self, ConsistencyFileError> {
        let text = text::checked(file.as_ref(), CONSISTENCY_FILE_BYTES_MAX)
            .map_err(|problem| Lines::new("").error(problem))?;
        let mut lines = Lines::new(text);
        let old_size = lines
            .line()?
            .strip_prefix("old ")
            .ok_or(TextError::Unexpected {
                expected: "old <decimal>",
            })
            .and_then(text::decimal)
            .map_err(|problem| lines.error(problem))?;
        let proof = lines.hashes()?;
        if old_size == 0 && !proof.is_empty() {
            let expected = "no hashes when the old size is 0";
            return Err(lines.error(TextError::Unexpected { expected }).into());
        }
        let checkpoint = lines.rest().to_owned();
        if checkpoint.is_empty() {
            lines.line()?;
        }
        Ok(Self {
            old_size,
            proof,
            checkpoint,
        })
    }
}

impl fmt::Display for ConsistencyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old_size)?;
        self.proof
            .iter()
            .try_for_each(|hash| writeln!(f, "{}", base64::encode(hash.as_ref())))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for ConsistencyFile {
    type Err = ConsistencyFileError;

    fn from_str(text: &str) -> Result<Self, ConsistencyFileError> {
        Self::parse(text)
    }
}

/// Why a consistency file is ill-formed or does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConsistencyFileError {
    /// A line is ill-formed; line 0 stands for the file as a whole.
    #[error("ill-formed consistency file, {0}")]
    Line(#[from] LineError),
    /// The checkpoint is ill-formed or not to be trusted.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The old checkpoint has another size than the file starts from.
    #[error("the file starts at size {file}, the old checkpoint has size {known}")]
    OldSize {
        /// The old size of the file.
        file: u64,
        /// The size of the old checkpoint.
        known: u64,
    },
    /// The two checkpoints are of different logs.
    #[error("the old checkpoint is of {old}, the new one of {new}")]
    Origin {
        /// Origin of the old checkpoint.
        old: String,
        /// Origin of the new checkpoint.
        new: String,
    },
    /// The new tree does not continue the old one.
    #[error(transparent)]
    Proof(#[from] ProofError),
}
