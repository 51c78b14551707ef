//! The statement under which one key takes another one's place.
//!
//! ```text
//! indelible/key-rotation/v1
//! <origin>
//! <tree size: the entry that names the new key is the last of them>
//! <base64(root)>
//! <verifier key that ends>
//! <verifier key that begins>
//!
//! <signatures of both>
//! ```
//!
//! A checkpoint that both have signed would not do: whoever has any checkpoint can add a signature
//! of its own. This text is signed for nothing else, since no checkpoint has such a second line.

use std::fmt;

use indelible_merkle::note::{Note, NoteError, SigningKey, VerifierKey};
use indelible_merkle::{Hash, base64};

/// That a trail's key was changed, when, and to which. Only made where both keys have signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRotation {
    size: u64,
    root: Hash,
    old: VerifierKey,
    new: VerifierKey,
}

/// Why a text is no statement of a key rotation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyRotationError {
    /// It has another form.
    #[error("it is no statement of a key rotation: {0}")]
    IllFormed(&'static str),
    /// The note around it is ill-formed, or a signature is bad.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// One of the two has not signed.
    #[error("{0} has not signed it")]
    Unsigned(String),
}

const FIRST_LINE: &str = "indelible/key-rotation/v1";

impl KeyRotation {
    /// Makes and signs the statement. Equal calls give equal bytes.
    ///
    /// # Errors
    /// Two keys of different names.
    pub fn sign(
        (size, root): (u64, Hash),
        old: &SigningKey,
        new: &SigningKey,
    ) -> Result<String, KeyRotationError> {
        let statement = Self {
            size,
            root,
            old: old.verifier_key(),
            new: new.verifier_key(),
        };
        statement.check_keys()?;
        let mut note = Note::new(statement.to_string())?;
        note.sign(old)?;
        note.sign(new)?;
        Ok(note.to_string())
    }

    /// Reads a statement that both keys have signed. Whether either of them is to be trusted is
    /// for [`crate::verify::KeyChain`] to say.
    ///
    /// # Errors
    /// [`KeyRotationError`].
    pub fn open(text: &str) -> Result<Self, KeyRotationError> {
        let note = Note::parse(text)?;
        let statement = Self::parse(note.text())?;
        let verified = note.verify(&[statement.old.clone(), statement.new.clone()])?;
        for key in [&statement.old, &statement.new] {
            if !verified.is_signed_by(key) {
                return Err(KeyRotationError::Unsigned(key.to_string()));
            }
        }
        Ok(statement)
    }

    /// The statements in a text that holds several, one behind the other.
    pub fn split(text: &str) -> Vec<&str> {
        let mut starts: Vec<usize> = Vec::new();
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            if line.trim_end() == FIRST_LINE {
                starts.push(at);
            }
            at += line.len();
        }
        // What stands before the first one is none, and is not passed over.
        if starts.first() != Some(&0) && !text.is_empty() {
            starts.insert(0, 0);
        }
        let ends = starts.iter().skip(1).copied().chain([text.len()]);
        starts
            .iter()
            .zip(ends)
            .map(|(&start, end)| &text[start..end])
            .collect()
    }

    fn parse(text: &str) -> Result<Self, KeyRotationError> {
        let ill_formed = KeyRotationError::IllFormed;
        let lines: Vec<&str> = text.lines().collect();
        let [first, origin, size, root, old, new] = lines[..] else {
            return Err(ill_formed("six lines"));
        };
        if first != FIRST_LINE {
            return Err(ill_formed("its first line"));
        }
        let root: Option<[u8; 32]> = base64::decode(root)
            .ok()
            .and_then(|bytes| bytes.try_into().ok());
        let statement = Self {
            size: size.parse().map_err(|_| ill_formed("its size"))?,
            root: Hash::from_bytes(root.ok_or(ill_formed("its root"))?),
            old: old.parse().map_err(|_| ill_formed("its old key"))?,
            new: new.parse().map_err(|_| ill_formed("its new key"))?,
        };
        statement.check_keys()?;
        // One spelling for each statement.
        if origin != statement.origin() || statement.to_string() != text {
            return Err(ill_formed("its spelling"));
        }
        Ok(statement)
    }

    fn check_keys(&self) -> Result<(), KeyRotationError> {
        let ill_formed = KeyRotationError::IllFormed;
        if self.old.name() != self.new.name() {
            return Err(ill_formed("keys of two origins"));
        }
        if self.old.public_key() == self.new.public_key() || self.size == 0 {
            return Err(ill_formed("nothing is changed"));
        }
        Ok(())
    }

    /// The origin of the trail.
    pub fn origin(&self) -> &str {
        self.old.name()
    }

    /// The entries under the statement; the last one names the new key.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root of their tree.
    pub const fn root(&self) -> Hash {
        self.root
    }

    /// The key that signed for fewer entries than these.
    pub const fn old_key(&self) -> &VerifierKey {
        &self.old
    }

    /// The key that signs for these and more.
    pub const fn new_key(&self) -> &VerifierKey {
        &self.new
    }
}

impl fmt::Display for KeyRotation {
    /// Writes the text that is signed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            size,
            root,
            old,
            new,
        } = self;
        let (origin, root) = (self.origin(), base64::encode(root.as_bytes()));
        write!(f, "{FIRST_LINE}\n{origin}\n{size}\n{root}\n{old}\n{new}\n")
    }
}
