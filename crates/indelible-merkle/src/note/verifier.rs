//! Public keys of signed notes.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, VerifyingKey};

use super::NoteSignature;
use super::name::{KeyNameError, check_key_name, key_id};
use crate::base64;

/// What a key signs, by the type byte of the signed-note specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyKind {
    /// Type 0x01: Ed25519 over the text of the note. Logs sign with it.
    Ed25519,
    /// Type 0x04: Ed25519 over a time and a checkpoint. Witnesses sign with it.
    CosignatureV1,
}

impl KeyKind {
    /// The type byte.
    #[must_use]
    pub const fn type_byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::CosignatureV1 => 0x04,
        }
    }

    fn from_type_byte(byte: u8) -> Result<Self, VerifierKeyError> {
        match byte {
            0x01 => Ok(Self::Ed25519),
            0x04 => Ok(Self::CosignatureV1),
            found => Err(VerifierKeyError::Type { found }),
        }
    }
}

/// A public key with its name, written `<name>+<id, 8 hex digits>+<base64(type, key)>`.
///
/// Keys of small order, and keys that are not in their canonical encoding, are refused: for
/// those a signature says nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: u32,
    kind: KeyKind,
    key: VerifyingKey,
}

impl VerifierKey {
    /// Names a public key.
    ///
    /// # Errors
    ///
    /// An ill-formed name; bytes that are no public key or a weak one.
    pub fn new(name: &str, kind: KeyKind, public: &[u8; 32]) -> Result<Self, VerifierKeyError> {
        check_key_name(name)?;
        let key = VerifyingKey::from_bytes(public).map_err(|_| VerifierKeyError::Point)?;
        if key.is_weak() || key.to_edwards().compress().as_bytes() != public {
            return Err(VerifierKeyError::Weak);
        }
        let id = key_id(name, kind.type_byte(), public);
        Ok(Self {
            name: name.to_owned(),
            id,
            kind,
            key,
        })
    }

    /// The name: for a log, its origin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id that stands at the start of every signature by this key.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// What the key signs.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The 32 bytes of the public key.
    #[must_use]
    pub fn public_key(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// Whether this key made this one signature of this text, a witness's answer for example.
    ///
    /// Name and id must be the key's own. Whole notes are checked with
    /// [`Note::verify`](super::Note::verify).
    #[must_use]
    pub fn has_signed(&self, text: &str, signature: &NoteSignature) -> bool {
        signature.name() == self.name
            && signature.key_id() == self.id
            && self.check(text, signature.body()).is_some()
    }

    /// Checks the bytes behind the key id of a signature line. A time when the kind has one.
    pub(super) fn check(&self, text: &str, signature: &[u8]) -> Option<SignedTime> {
        match self.kind {
            KeyKind::Ed25519 => {
                let signature = Signature::from_slice(signature).ok()?;
                self.key.verify_strict(text.as_bytes(), &signature).ok()?;
                Some(SignedTime(None))
            }
            KeyKind::CosignatureV1 => {
                let (time, signature) = signature.split_first_chunk::<8>()?;
                let time = u64::from_be_bytes(*time);
                let signature = Signature::from_slice(signature).ok()?;
                let message = cosigned_message(text, time)?;
                self.key
                    .verify_strict(message.as_bytes(), &signature)
                    .ok()?;
                Some(SignedTime(Some(time)))
            }
        }
    }
}

/// Proof that a signature was checked, with the POSIX time that it names, if any.
pub(super) struct SignedTime(pub(super) Option<u64>);

/// What a cosigner signs (c2sp.org/tlog-cosignature), or nothing for a time above 2^63 - 1.
pub(super) fn cosigned_message(text: &str, time: u64) -> Option<String> {
    i64::try_from(time).ok()?;
    Some(format!("cosignature/v1\ntime {time}\n{text}"))
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let typed = [&[self.kind.type_byte()], &self.public_key()[..]].concat();
        write!(
            f,
            "{}+{:08x}+{}",
            self.name,
            self.id,
            base64::encode(&typed)
        )
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({self})")
    }
}

impl FromStr for VerifierKey {
    type Err = VerifierKeyError;

    /// Reads what [`Display`](fmt::Display) writes, and nothing else.
    fn from_str(text: &str) -> Result<Self, VerifierKeyError> {
        let (name, rest) = text.split_once('+').ok_or(VerifierKeyError::Shape)?;
        let (id, typed) = rest.split_once('+').ok_or(VerifierKeyError::Shape)?;
        let typed = base64::decode(typed).map_err(|_| VerifierKeyError::Shape)?;
        let (&type_byte, public) = typed.split_first().ok_or(VerifierKeyError::Shape)?;
        let kind = KeyKind::from_type_byte(type_byte)?;
        let public = public.try_into().map_err(|_| VerifierKeyError::Shape)?;
        let key = Self::new(name, kind, public)?;
        if id != format!("{:08x}", key.id) {
            return Err(VerifierKeyError::Id { expected: key.id });
        }
        Ok(key)
    }
}

/// Why a text or bytes are no [`VerifierKey`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifierKeyError {
    /// Not `<name>+<id>+<base64>` with a type byte and 32 bytes.
    #[error("a verifier key has the form <name>+<id>+<base64>")]
    Shape,
    /// The name is ill-formed.
    #[error(transparent)]
    Name(#[from] KeyNameError),
    /// A type that is not read here.
    #[error("key type 0x{found:02x} is not supported")]
    Type {
        /// The type byte.
        found: u8,
    },
    /// The bytes are no point of the curve.
    #[error("the bytes are no Ed25519 public key")]
    Point,
    /// A point of small order or in a second spelling: signatures by it prove nothing.
    #[error("the Ed25519 public key is weak")]
    Weak,
    /// The id does not follow from name and key, or is not eight lower-case digits.
    #[error("the key id is not {expected:08x}")]
    Id {
        /// The id that name and key have.
        expected: u32,
    },
}
