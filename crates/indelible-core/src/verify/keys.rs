//! Which keys may have signed for how much of a trail.

use indelible_merkle::note::{KeyKind, VerifierKey};
use indelible_merkle::{Checkpoint, CheckpointError, VerifiedCheckpoint};

use super::anchor::lineage;
use crate::rotation::KeyRotation;
use crate::trail::TrailName;

/// The keys that are trusted to sign for trails, with those that follow from them by key
/// rotations: forwards to the key that the trusted one named, back to the one that named it.
///
/// A key that was rotated signs for no more entries than those under its rotation: who steals it
/// later can sign nothing that would be believed.
#[derive(Debug, Clone, Default)]
pub struct KeyChain {
    keys: Vec<TrustedKey>,
    rotations: Vec<KeyRotation>,
    loose: Vec<KeyRotation>,
}

#[derive(Debug, Clone)]
struct TrustedKey {
    key: VerifierKey,
    /// The largest tree that it signs for, where it was rotated.
    until: Option<u64>,
}

/// Why a checkpoint is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyChainError {
    /// It is ill-formed, or no key that is trusted has signed it.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Only keys that were rotated before have signed it.
    #[error("it is of {size} entries, but its key was rotated at {until}")]
    Rotated {
        /// The size of the checkpoint.
        size: u64,
        /// The size at which its key was rotated.
        until: u64,
    },
}

impl KeyChain {
    /// The chain of keys that are trusted beforehand, under the origin of any incarnation of
    /// their trails, and of rotations.
    pub fn new(
        trusted: impl IntoIterator<Item = VerifierKey>,
        rotations: impl IntoIterator<Item = KeyRotation>,
    ) -> Self {
        let trusted = trusted
            .into_iter()
            .map(|key| TrustedKey { key, until: None });
        let mut chain = Self {
            keys: trusted.collect(),
            rotations: Vec::new(),
            loose: rotations.into_iter().collect(),
        };
        while let Some(place) = chain
            .loose
            .iter()
            .position(|rotation| chain.knows(rotation))
        {
            let rotation = chain.loose.remove(place);
            chain.link(rotation);
        }
        chain
    }

    fn knows(&self, rotation: &KeyRotation) -> bool {
        let is_met = |key| self.keys.iter().any(|known| is_one(&known.key, key));
        is_met(rotation.old_key()) || is_met(rotation.new_key())
    }

    fn link(&mut self, rotation: KeyRotation) {
        for key in [rotation.old_key(), rotation.new_key()] {
            if !self.keys.iter().any(|known| is_one(&known.key, key)) {
                let (key, until) = (key.clone(), None);
                self.keys.push(TrustedKey { key, until });
            }
        }
        for known in &mut self.keys {
            if is_one(&known.key, rotation.old_key()) {
                let until = known.until.unwrap_or(u64::MAX).min(rotation.size());
                known.until = Some(until);
            }
        }
        self.rotations.push(rotation);
    }

    /// The rotations that a trusted key stands behind.
    pub fn rotations(&self) -> &[KeyRotation] {
        &self.rotations
    }

    /// The rotations between keys none of which is trusted.
    pub fn loose(&self) -> &[KeyRotation] {
        &self.loose
    }

    /// The trusted keys under this origin, each once.
    pub fn keys(&self, origin: &str) -> Vec<VerifierKey> {
        let mut keys: Vec<VerifierKey> = Vec::new();
        for TrustedKey { key, .. } in &self.keys {
            if is_of_one_trail(key.name(), origin)
                && let Ok(key) = VerifierKey::new(origin, key.kind(), key.public_key())
                && !keys.contains(&key)
            {
                keys.push(key);
            }
        }
        keys
    }

    /// The trusted keys of others than this origin's trail, such as cosigners, each once.
    pub fn others(&self, origin: &str) -> Vec<VerifierKey> {
        let others = self.keys.iter().map(|known| &known.key);
        let mut keys: Vec<VerifierKey> = Vec::new();
        for key in others.filter(|key| !is_of_one_trail(key.name(), origin)) {
            if !keys.contains(key) {
                keys.push(key.clone());
            }
        }
        keys
    }

    /// Reads a checkpoint that a key has signed which may.
    ///
    /// # Errors
    /// [`KeyChainError`].
    pub fn open(&self, note: impl AsRef<[u8]>, origin: &str) -> Result<Checkpoint, KeyChainError> {
        let opened = Checkpoint::open(note, &self.keys(origin))?;
        self.check(&opened)?;
        Ok(opened.into_checkpoint())
    }

    /// Refuses a checkpoint that is signed only with keys that were rotated before.
    ///
    /// # Errors
    /// [`KeyChainError::Rotated`].
    pub fn check(&self, opened: &VerifiedCheckpoint) -> Result<(), KeyChainError> {
        let (size, origin) = (opened.checkpoint().size(), opened.checkpoint().origin());
        let signers = opened.note().signatures().iter().map(|it| it.key());
        // A cosigner, and the same key under the name of another trail, has no say in how far a
        // key of this log signs.
        let of_log = signers.filter(|key| key.kind() == KeyKind::Ed25519 && key.name() == origin);
        let limits = of_log.map(|key| self.until(key));
        match limits.max() {
            Some(until) if until < size => Err(KeyChainError::Rotated { size, until }),
            _ => Ok(()),
        }
    }

    /// The largest tree that a key signs for; one that is not in the chain is none of a trail's.
    fn until(&self, key: &VerifierKey) -> u64 {
        let known = self.keys.iter().filter(|known| is_one(&known.key, key));
        let limits = known.map(|known| known.until.unwrap_or(u64::MAX));
        limits.min().unwrap_or(u64::MAX)
    }

    /// Whether a head of `size` entries may carry this key; else the size at which it was
    /// rotated, where it was.
    pub(super) fn carries(&self, key: &VerifierKey, size: u64) -> Result<(), Option<u64>> {
        if !self.keys.iter().any(|known| is_one(&known.key, key)) {
            return Err(None);
        }
        // Under the rotation itself stands the new key.
        match self.until(key) {
            until if until > size => Ok(()),
            until => Err(Some(until)),
        }
    }
}

/// Whether two keys are one, under the names of two incarnations of a trail or of the same.
fn is_one(a: &VerifierKey, b: &VerifierKey) -> bool {
    a.public_key() == b.public_key() && a.kind() == b.kind() && is_of_one_trail(a.name(), b.name())
}

/// Whether two origins are of one trail of one installation. Names of other logs are compared
/// whole.
fn is_of_one_trail(a: &str, b: &str) -> bool {
    let trail = |origin: &str| origin.split('/').nth(1)?.parse::<TrailName>().ok();
    let installation = |origin| {
        let trail = trail(origin)?;
        let (installation, _) = lineage(origin, &trail)?;
        Some((installation.to_owned(), trail))
    };
    a == b || installation(a).is_some_and(|of_a| installation(b) == Some(of_a))
}
