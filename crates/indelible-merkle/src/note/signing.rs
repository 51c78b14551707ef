//! Private keys of signed notes.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::Signer as _;
use zeroize::Zeroizing;

use super::NoteSignature;
use super::name::{KeyNameError, check_key_name, key_id};
use super::verifier::{KeyKind, VerifierKey, cosigned_message};
use crate::base64;

/// What the text form of a private key starts with.
const PRIVATE_PREFIX: &str = "PRIVATE+KEY+";

/// An Ed25519 private key with its name.
///
/// The seed is overwritten when the key is dropped and never printed by `Debug`. Signatures are
/// deterministic: the same text gives the same bytes.
#[derive(Clone)]
pub struct SigningKey {
    name: String,
    key: ed25519_dalek::SigningKey,
}

impl SigningKey {
    /// Makes the key from its 32 secret bytes, which must come from a random source.
    ///
    /// # Errors
    ///
    /// An ill-formed name.
    pub fn from_seed(name: &str, seed: [u8; 32]) -> Result<Self, KeyNameError> {
        let seed = Zeroizing::new(seed);
        check_key_name(name)?;
        Ok(Self {
            name: name.to_owned(),
            key: ed25519_dalek::SigningKey::from_bytes(&seed),
        })
    }

    /// The same key under another name: for an installation whose logs share one seed.
    ///
    /// # Errors
    ///
    /// An ill-formed name.
    pub fn under_name(&self, name: &str) -> Result<Self, KeyNameError> {
        check_key_name(name)?;
        Ok(Self {
            name: name.to_owned(),
            key: self.key.clone(),
        })
    }

    /// The name: for a log, its origin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The public half for signatures of notes, type 0x01.
    #[must_use]
    pub fn verifier_key(&self) -> VerifierKey {
        self.public_half(KeyKind::Ed25519)
    }

    /// The public half for cosignatures of checkpoints, type 0x04.
    #[must_use]
    pub fn cosigner_key(&self) -> VerifierKey {
        self.public_half(KeyKind::CosignatureV1)
    }

    /// Signs a text, which must be that of a note: UTF-8 that ends with a newline.
    #[must_use]
    pub fn sign(&self, text: &str) -> NoteSignature {
        let body = self.key.sign(text.as_bytes()).to_bytes().to_vec();
        NoteSignature {
            name: self.name.clone(),
            key_id: self.id(KeyKind::Ed25519),
            body,
        }
    }

    /// Signs a checkpoint with a POSIX time in seconds; nothing for a time above 2^63 - 1.
    pub(crate) fn cosign(&self, text: &str, time: u64) -> Option<NoteSignature> {
        let message = cosigned_message(text, time)?;
        let signature = self.key.sign(message.as_bytes()).to_bytes();
        let body = [&time.to_be_bytes()[..], &signature].concat();
        Some(NoteSignature {
            name: self.name.clone(),
            key_id: self.id(KeyKind::CosignatureV1),
            body,
        })
    }

    /// The text form `PRIVATE+KEY+<name>+<id>+<base64(type, seed)>` that Go tools use.
    #[must_use]
    pub fn to_private_text(&self) -> Zeroizing<String> {
        let mut typed = Zeroizing::new([0; 33]);
        typed[0] = KeyKind::Ed25519.type_byte();
        typed[1..].copy_from_slice(self.key.as_bytes());
        let seed = Zeroizing::new(base64::encode(&typed[..]));
        let id = self.id(KeyKind::Ed25519);
        Zeroizing::new(format!("{PRIVATE_PREFIX}{}+{id:08x}+{}", self.name, *seed))
    }

    fn id(&self, kind: KeyKind) -> u32 {
        key_id(
            &self.name,
            kind.type_byte(),
            self.key.verifying_key().as_bytes(),
        )
    }

    fn public_half(&self, kind: KeyKind) -> VerifierKey {
        VerifierKey::new(&self.name, kind, self.key.verifying_key().as_bytes())
            .expect("a clamped scalar times the base point has large order")
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl FromStr for SigningKey {
    type Err = SigningKeyError;

    /// Reads what [`SigningKey::to_private_text`] writes, and nothing else.
    fn from_str(text: &str) -> Result<Self, SigningKeyError> {
        let rest = text
            .strip_prefix(PRIVATE_PREFIX)
            .ok_or(SigningKeyError::Shape)?;
        let (name, rest) = rest.split_once('+').ok_or(SigningKeyError::Shape)?;
        let (id, typed) = rest.split_once('+').ok_or(SigningKeyError::Shape)?;
        let typed = base64::decode(typed).map_err(|_| SigningKeyError::Shape)?;
        let typed = Zeroizing::new(typed);
        let (&type_byte, seed) = typed.split_first().ok_or(SigningKeyError::Shape)?;
        if type_byte != KeyKind::Ed25519.type_byte() {
            return Err(SigningKeyError::Type { found: type_byte });
        }
        let seed = Zeroizing::new(<[u8; 32]>::try_from(seed).map_err(|_| SigningKeyError::Shape)?);
        let key = Self::from_seed(name, *seed)?;
        if id != format!("{:08x}", key.id(KeyKind::Ed25519)) {
            return Err(SigningKeyError::Id);
        }
        Ok(key)
    }
}

/// Why a text is no [`SigningKey`]. No variant repeats any part of the secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SigningKeyError {
    /// Not `PRIVATE+KEY+<name>+<id>+<base64>` with a type byte and 32 bytes.
    #[error("a private key has the form PRIVATE+KEY+<name>+<id>+<base64>")]
    Shape,
    /// The name is ill-formed.
    #[error(transparent)]
    Name(#[from] KeyNameError),
    /// A type other than Ed25519.
    #[error("key type 0x{found:02x} is not supported")]
    Type {
        /// The type byte.
        found: u8,
    },
    /// The id does not follow from name and key.
    #[error("the key id does not belong to this name and key")]
    Id,
}
