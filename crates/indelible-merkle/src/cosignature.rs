//! Cosignatures (c2sp.org/tlog-cosignature, `cosignature/v1`, key type 0x04): a witness states
//! that at some time this was the largest consistent tree that it had seen of this log.
//!
//! They are lines of the checkpoint's note; [`Note::verify`](crate::note::Note::verify) checks
//! them with all the others.

use crate::checkpoint::{Checkpoint, VerifiedCheckpoint};
use crate::note::{KeyKind, NoteSignature, SigningKey, VerifierKey};

/// Cosigns a checkpoint at a POSIX time in seconds.
///
/// Whether the checkpoint is consistent with the one cosigned before is the caller's to check.
///
/// # Errors
///
/// A time above 2^63 - 1.
pub fn cosign(
    checkpoint: &Checkpoint,
    key: &SigningKey,
    time: u64,
) -> Result<NoteSignature, CosignatureError> {
    key.cosign(&checkpoint.to_string(), time)
        .ok_or(CosignatureError { time })
}

/// A set of witnesses of which some number must have cosigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quorum {
    witnesses: Vec<VerifierKey>,
    needed: usize,
}

impl Quorum {
    /// Asks for `needed` of these witnesses; keys of other kinds than cosigners count for nothing.
    #[must_use]
    pub const fn new(witnesses: Vec<VerifierKey>, needed: usize) -> Self {
        Self { witnesses, needed }
    }

    /// Whether enough of the witnesses are among the verified cosigners of a checkpoint.
    ///
    /// A cosignature does not cover the name of its key, so one public key under two names
    /// counts once.
    #[must_use]
    pub fn is_reached(&self, checkpoint: &VerifiedCheckpoint) -> bool {
        let mut cosigners: Vec<_> = self
            .witnesses
            .iter()
            .filter(|key| key.kind() == KeyKind::CosignatureV1)
            .filter(|key| checkpoint.note().is_signed_by(key))
            .map(VerifierKey::public_key)
            .collect();
        cosigners.sort_unstable();
        cosigners.dedup();
        cosigners.len() >= self.needed
    }
}

/// The time does not fit a cosignature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("time {time} is above 2^63 - 1 seconds")]
pub struct CosignatureError {
    /// The time given.
    pub time: u64,
}
