//! What ties a head to the holder of the signing key.
//!
//! Signing comes after the commit, so the rows of a commit carry no signature: whoever owns the
//! database could append entries that were never recorded, and the next orderly commit would sign
//! them. Hence the head carries a code that only the installation's own key makes, written in the
//! same transaction.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::state::Secret;
use crate::store::Head;

/// Makes and checks the message authentication codes of heads. Derived from the signing seed.
#[derive(Clone)]
pub struct HeadKey(Secret);

/// Bytes of a head's code.
pub const HEAD_MAC_BYTES: usize = 32;

const DOMAIN: &[u8] = b"indelible/head/v1\n";

impl HeadKey {
    /// The key that belongs to a signing seed.
    pub fn from_seed(seed: &Secret) -> Self {
        let mut hmac = keyed(seed.expose());
        hmac.update(DOMAIN);
        Self(Secret::new(hmac.finalize().into_bytes().into()))
    }

    /// HMAC-SHA-256 over trail, verifier key, size, root and incarnation of a head.
    pub fn mac(&self, head: &Head) -> [u8; HEAD_MAC_BYTES] {
        self.over(head).finalize().into_bytes().into()
    }

    /// Whether a head carries the code that this key makes for it.
    pub fn has_made(&self, head: &Head) -> bool {
        self.over(head).verify_slice(&head.mac).is_ok()
    }

    fn over(&self, head: &Head) -> Hmac<Sha256> {
        let Head {
            trail,
            size,
            root,
            key,
            incarnation,
            incarnation_start,
            ..
        } = head;
        let text = format!("{trail}\n{key}\n{size}\n{root}\n{incarnation}\n{incarnation_start}\n");
        let mut hmac = keyed(self.0.expose());
        hmac.update(DOMAIN);
        hmac.update(text.as_bytes());
        hmac
    }
}

impl std::fmt::Debug for HeadKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HeadKey(…)")
    }
}

/// HMAC-SHA-256 under a key.
pub(crate) fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("a key of any length fits HMAC")
}
