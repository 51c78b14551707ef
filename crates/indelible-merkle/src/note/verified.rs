//! Notes whose signatures were checked.

use super::{Note, NoteError, NoteSignature, VerifierKey};

/// A text that at least one known key has signed. Only [`Note::verify`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedNote {
    text: String,
    signatures: Vec<VerifiedSignature>,
    unverified: Vec<NoteSignature>,
}

impl VerifiedNote {
    pub(super) fn check(note: &Note, known: &[VerifierKey]) -> Result<Self, NoteError> {
        let mut signatures = Vec::<VerifiedSignature>::new();
        let mut unverified = Vec::new();
        for signature in &note.signatures {
            let (name, key_id) = (&signature.name, signature.key_id);
            let mut keys = known
                .iter()
                .filter(|key| key.name() == name && key.id() == key_id);
            let Some(key) = keys.next() else {
                if !unverified.contains(signature) {
                    unverified.push(signature.clone());
                }
                continue;
            };
            if keys.next().is_some() {
                return Err(NoteError::AmbiguousKey {
                    name: name.clone(),
                    key_id,
                });
            }
            // A key that signed twice is checked twice and counts once.
            let time =
                key.check(&note.text, &signature.body)
                    .ok_or_else(|| NoteError::BadSignature {
                        name: name.clone(),
                        key_id,
                    })?;
            if signatures.iter().all(|verified| verified.key != *key) {
                signatures.push(VerifiedSignature {
                    key: key.clone(),
                    time: time.0,
                });
            }
        }
        if signatures.is_empty() {
            return Err(NoteError::NotSigned);
        }
        Ok(Self {
            text: note.text.clone(),
            signatures,
            unverified,
        })
    }

    /// The signed text, with the newline at its end.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The known keys that have signed, each once, in the order of their lines.
    #[must_use]
    pub fn signatures(&self) -> &[VerifiedSignature] {
        &self.signatures
    }

    /// The signatures of unknown keys, each line once. They prove nothing.
    #[must_use]
    pub fn unverified(&self) -> &[NoteSignature] {
        &self.unverified
    }

    /// Whether this key is among those that have signed.
    #[must_use]
    pub fn is_signed_by(&self, key: &VerifierKey) -> bool {
        self.signatures
            .iter()
            .any(|signature| signature.key == *key)
    }
}

/// A key whose signature under a note was found good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedSignature {
    key: VerifierKey,
    time: Option<u64>,
}

impl VerifiedSignature {
    /// The key that has signed.
    #[must_use]
    pub const fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// The time that a cosignature names, in POSIX seconds; none for other kinds of keys.
    #[must_use]
    pub const fn time(&self) -> Option<u64> {
        self.time
    }
}
