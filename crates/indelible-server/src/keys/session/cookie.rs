//! The cookie of a session: what a browser holds.

use std::fmt;

use indelible_core::Entropy;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::keys::key::hex;

/// Characters of a session's id.
const ID_CHARS: usize = 16;
/// Characters of the secret half of a cookie.
const SECRET_CHARS: usize = 64;

/// What a browser holds: a session's id, which is no secret, and a secret. It is never stored, and
/// wiped from memory when dropped.
pub struct Cookie(Zeroizing<String>);

impl Cookie {
    /// The first one of a session.
    pub(super) fn begin(entropy: &dyn Entropy) -> Self {
        let mut id = [0; ID_CHARS / 2];
        entropy.fill(&mut id);
        Self::follow(&hex(&id), entropy)
    }

    /// A further one of this session.
    pub(super) fn follow(id: &str, entropy: &dyn Entropy) -> Self {
        let mut secret = Zeroizing::new([0; SECRET_CHARS / 2]);
        entropy.fill(&mut *secret);
        let secret = Zeroizing::new(hex(&*secret));
        Self(Zeroizing::new(format!("{id}{}", *secret)))
    }

    /// Reads one; `None` where the text is none.
    pub fn read(text: &str) -> Option<Self> {
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let fits = text.len() == ID_CHARS + SECRET_CHARS && text.bytes().all(is_hex);
        fits.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The text, for the browser alone.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The session's id.
    pub fn id(&self) -> &str {
        &self.0[..ID_CHARS]
    }

    pub(super) fn digest(&self) -> String {
        hex(&Sha256::digest(self.0.as_bytes()))
    }
}

impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cookie({}…)", self.id())
    }
}
