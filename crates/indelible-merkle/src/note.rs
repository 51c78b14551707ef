//! Signed notes (c2sp.org/signed-note@v1.0.0): a text and the signatures under it.
//!
//! ```text
//! <text, ends with a newline>
//! <empty line>
//! — <key name> <base64(key id, signature)>
//! ```

mod name;
mod signing;
mod verified;
mod verifier;

use std::fmt;
use std::str::FromStr;

use crate::base64;
use crate::text::{self, LINE_BYTES_MAX, TextError};

pub use name::{KEY_NAME_BYTES_MAX, KeyNameError, check_key_name};
pub use signing::{SigningKey, SigningKeyError};
pub use verified::{VerifiedNote, VerifiedSignature};
pub use verifier::{KeyKind, VerifierKey, VerifierKeyError};

/// Largest note in bytes, signatures included.
pub const NOTE_BYTES_MAX: usize = 1_000_000;

/// Most signatures of a note.
pub const NOTE_SIGNATURES_MAX: usize = 100;

/// A text with signatures that nobody has checked yet; [`Note::verify`] does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl Note {
    /// A note without signatures.
    ///
    /// # Errors
    ///
    /// A text above [`NOTE_BYTES_MAX`], with control characters other than newlines, with a
    /// line above [`LINE_BYTES_MAX`], or without a newline at its end.
    pub fn new(text: impl Into<String>) -> Result<Self, NoteError> {
        let text = text.into();
        check_text(text.as_bytes())?;
        Ok(Self {
            text,
            signatures: Vec::new(),
        })
    }

    /// Reads a note strictly.
    ///
    /// # Errors
    ///
    /// Everything that [`Note::new`] refuses, a missing or empty list of signatures, more than
    /// [`NOTE_SIGNATURES_MAX`], and ill-formed signature lines, whoever they are from.
    pub fn parse(note: impl AsRef<[u8]>) -> Result<Self, NoteError> {
        let whole = check_text(note.as_ref())?;
        let (head, tail) = whole.rsplit_once("\n\n").ok_or(NoteError::NoSignatures)?;
        if tail.is_empty() {
            return Err(NoteError::NoSignatures);
        }
        let count = tail.lines().count();
        if count > NOTE_SIGNATURES_MAX {
            return Err(NoteError::TooManySignatures { found: count });
        }
        let signatures = tail.lines().map(str::parse).collect::<Result<_, _>>()?;
        Ok(Self {
            text: format!("{head}\n"),
            signatures,
        })
    }

    /// Signs the text with one more key.
    ///
    /// # Errors
    ///
    /// [`NOTE_SIGNATURES_MAX`] signatures are there already.
    pub fn sign(&mut self, key: &SigningKey) -> Result<(), NoteError> {
        self.attach(key.sign(&self.text))
    }

    /// Adds a signature that was made elsewhere, such as a witness's, unchecked.
    ///
    /// # Errors
    ///
    /// [`NOTE_SIGNATURES_MAX`] signatures are there already.
    pub fn attach(&mut self, signature: NoteSignature) -> Result<(), NoteError> {
        if self.signatures.len() == NOTE_SIGNATURES_MAX {
            return Err(NoteError::TooManySignatures {
                found: NOTE_SIGNATURES_MAX + 1,
            });
        }
        self.signatures.push(signature);
        Ok(())
    }

    /// The signed text, with the newline at its end.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures in the order of their lines.
    #[must_use]
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Checks the signatures of all known keys. Those of unknown keys are kept and not trusted.
    ///
    /// # Errors
    ///
    /// Any bad signature under the name and id of a known key, two known keys that a signature
    /// could be from, no signature of a known key at all.
    pub fn verify(&self, known: &[VerifierKey]) -> Result<VerifiedNote, NoteError> {
        VerifiedNote::check(self, known)
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures
            .iter()
            .try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

/// One signature line: who claims to have signed, and the bytes.
///
/// Written `— <name> <base64(key id, body)>`, without a newline.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NoteSignature {
    name: String,
    key_id: u32,
    body: Vec<u8>,
}

impl NoteSignature {
    /// The name of the key.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of the key.
    #[must_use]
    pub const fn key_id(&self) -> u32 {
        self.key_id
    }

    /// The bytes behind the key id; what they mean depends on the kind of the key.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.key_id.to_be_bytes()[..], &self.body].concat();
        write!(f, "— {} {}", self.name, base64::encode(&bytes))
    }
}

impl FromStr for NoteSignature {
    type Err = NoteError;

    fn from_str(line: &str) -> Result<Self, NoteError> {
        let rest = line.strip_prefix("— ").ok_or(NoteError::SignatureLine)?;
        let (name, encoded) = rest.split_once(' ').ok_or(NoteError::SignatureLine)?;
        check_key_name(name)?;
        let bytes = base64::decode(encoded).map_err(|_| NoteError::SignatureLine)?;
        match bytes.split_first_chunk() {
            Some((id, body)) if !body.is_empty() => Ok(Self {
                name: name.to_owned(),
                key_id: u32::from_be_bytes(*id),
                body: body.to_vec(),
            }),
            _ => Err(NoteError::SignatureLine),
        }
    }
}

/// Why a note is ill-formed or not to be trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// The text as a whole is ill-formed.
    #[error("ill-formed note: {0}")]
    Text(#[from] TextError),
    /// No empty line with signatures after it.
    #[error("the note has no signatures")]
    NoSignatures,
    /// More than [`NOTE_SIGNATURES_MAX`].
    #[error("a note has at most {NOTE_SIGNATURES_MAX} signatures, found {found}")]
    TooManySignatures {
        /// Signature lines found.
        found: usize,
    },
    /// A signature line that is not `— <name> <base64>` with at least five bytes.
    #[error("ill-formed signature line")]
    SignatureLine,
    /// A signature line with an ill-formed name.
    #[error("ill-formed signature line: {0}")]
    Name(#[from] KeyNameError),
    /// Several known keys share the name and id of a signature.
    #[error("more than one known key is named {name} with id {key_id:08x}")]
    AmbiguousKey {
        /// The name of the keys.
        name: String,
        /// Their id.
        key_id: u32,
    },
    /// A signature under the name and id of a known key is not by that key.
    #[error("bad signature of key {name} with id {key_id:08x}")]
    BadSignature {
        /// The name of the key.
        name: String,
        /// Its id.
        key_id: u32,
    },
    /// No known key has signed.
    #[error("no known key has signed the note")]
    NotSigned,
}

fn check_text(bytes: &[u8]) -> Result<&str, TextError> {
    let text = text::checked(bytes, NOTE_BYTES_MAX)?;
    if text.lines().any(|line| line.len() > LINE_BYTES_MAX) {
        return Err(TextError::LineTooLong {
            max: LINE_BYTES_MAX,
        });
    }
    Ok(text)
}
