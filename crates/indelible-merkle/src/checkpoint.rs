//! Checkpoints (c2sp.org/tlog-checkpoint@v1.0.0): a log's name, size and root as the text of a
//! signed note.
//!
//! ```text
//! <origin>
//! <tree size, decimal>
//! <base64(root)>
//! ```

use std::fmt;
use std::str::FromStr;

use crate::base64;
use crate::hash::Hash;
use crate::note::{
    KeyKind, KeyNameError, Note, NoteError, SigningKey, VerifiedNote, VerifierKey, check_key_name,
};
use crate::text::{self, LineError, Lines, TextError};

/// What a log commits to: this many leaves under this root, under this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: Hash,
    extensions: Vec<String>,
}

impl Checkpoint {
    /// A checkpoint without extension lines.
    ///
    /// # Errors
    ///
    /// An origin that cannot be a key name.
    pub fn new(origin: impl Into<String>, size: u64, root: Hash) -> Result<Self, CheckpointError> {
        let origin = origin.into();
        check_key_name(&origin)?;
        Ok(Self {
            origin,
            size,
            root,
            extensions: Vec::new(),
        })
    }

    /// The identity of the log, which is the name of its key.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree of that size.
    #[must_use]
    pub const fn root(&self) -> Hash {
        self.root
    }

    /// Lines of unknown meaning after the root, as they were read. Never written by this crate's
    /// [`Checkpoint::new`], because cosigners treat them differently.
    #[must_use]
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }

    /// Makes the signed note. Two keys of one name, the old and the new, sign a key rotation.
    ///
    /// # Errors
    ///
    /// No key at all; a key whose name is not the origin; more keys than a note takes.
    pub fn sign(&self, keys: &[&SigningKey]) -> Result<Note, CheckpointError> {
        if keys.is_empty() {
            return Err(CheckpointError::NotSignedByLog {
                origin: self.origin.clone(),
            });
        }
        let mut note = Note::new(self.to_string())?;
        for key in keys {
            if key.name() != self.origin {
                return Err(CheckpointError::ForeignKey {
                    origin: self.origin.clone(),
                    name: key.name().to_owned(),
                });
            }
            note.sign(key)?;
        }
        Ok(note)
    }

    /// Reads a signed checkpoint, and trusts it only when a known key of type 0x01 with the name
    /// of its origin has signed it.
    ///
    /// # Errors
    ///
    /// As [`Note::parse`] and [`Note::verify`], an ill-formed body, no signature by the log.
    pub fn open(
        note: impl AsRef<[u8]>,
        known: &[VerifierKey],
    ) -> Result<VerifiedCheckpoint, CheckpointError> {
        let note = Note::parse(note)?.verify(known)?;
        let checkpoint = note.text().parse::<Self>()?;
        let by_log = note.signatures().iter().any(|signature| {
            let key = signature.key();
            key.kind() == KeyKind::Ed25519 && key.name() == checkpoint.origin
        });
        if !by_log {
            return Err(CheckpointError::NotSignedByLog {
                origin: checkpoint.origin,
            });
        }
        Ok(VerifiedCheckpoint { checkpoint, note })
    }
}

impl fmt::Display for Checkpoint {
    /// Writes the body: the text that is signed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}\n{}\n{}",
            self.origin,
            self.size,
            base64::encode(self.root.as_ref())
        )?;
        self.extensions
            .iter()
            .try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    /// Reads a body strictly. Its origin may be any non-empty line here: other logs have
    /// checkpoints with spaces in their names. Such a one cannot be opened or signed.
    fn from_str(body: &str) -> Result<Self, CheckpointError> {
        let mut lines = Lines::new(body);
        text::checked(body.as_bytes(), crate::note::NOTE_BYTES_MAX)
            .map_err(|problem| lines.error(problem))?;
        let origin = lines.line()?;
        if origin.is_empty() {
            return Err(lines
                .error(TextError::Unexpected {
                    expected: "an origin",
                })
                .into());
        }
        let size = lines.line()?;
        let size = text::decimal(size).map_err(|problem| lines.error(problem))?;
        let root = lines.line()?;
        let root = text::hash(root).map_err(|problem| lines.error(problem))?;
        let mut extensions = Vec::new();
        while !lines.rest().is_empty() {
            let line = lines.line()?;
            if line.is_empty() {
                let expected = "an extension line that is not empty";
                return Err(lines.error(TextError::Unexpected { expected }).into());
            }
            extensions.push(line.to_owned());
        }
        Ok(Self {
            origin: origin.to_owned(),
            size,
            root,
            extensions,
        })
    }
}

/// A checkpoint that its log has signed. Only [`Checkpoint::open`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedCheckpoint {
    checkpoint: Checkpoint,
    note: VerifiedNote,
}

impl VerifiedCheckpoint {
    /// The checkpoint.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note around it: who has signed, cosigners included.
    #[must_use]
    pub const fn note(&self) -> &VerifiedNote {
        &self.note
    }

    /// The checkpoint alone.
    #[must_use]
    pub fn into_checkpoint(self) -> Checkpoint {
        self.checkpoint
    }
}

/// Why a checkpoint is ill-formed or not to be trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// A line of the body is ill-formed.
    #[error("ill-formed checkpoint, {0}")]
    Line(#[from] LineError),
    /// The note around it is ill-formed or not to be trusted.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The origin cannot be a key name.
    #[error("ill-formed origin: {0}")]
    Origin(#[from] KeyNameError),
    /// No known key of the log has signed.
    #[error("no known key of the log {origin} has signed its checkpoint")]
    NotSignedByLog {
        /// The origin that the checkpoint names.
        origin: String,
    },
    /// A key of another name was to sign.
    #[error("a key named {name} does not sign checkpoints of {origin}")]
    ForeignKey {
        /// The origin of the checkpoint.
        origin: String,
        /// The name of the key.
        name: String,
    },
}
