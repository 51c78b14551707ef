//! Passwords as the bank keeps them.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What is kept of a password. A real bank keeps a slow and salted hash, such as Argon2id.
#[derive(Clone)]
pub struct PasswordDigest([u8; 32]);

impl PasswordDigest {
    /// That of a password.
    pub fn of(password: &str) -> Self {
        Self(Sha256::digest(password).into())
    }

    /// Whether it is that of this password. It takes as long whatever differs.
    pub fn is_of(&self, password: &str) -> bool {
        self.0.ct_eq(&Self::of(password).0).into()
    }
}
