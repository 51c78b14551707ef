//! What the installation's secret for API keys makes.

use std::sync::atomic::{AtomicU64, Ordering};

use hmac::{Hmac, KeyInit, Mac};
use indelible_core::Entropy;
use indelible_core::state::Secret;
use sha2::Sha256;

/// HMAC-SHA-256 under the secret, of something of this kind.
pub fn mac(secret: &Secret, kind: &str) -> Hmac<Sha256> {
    let keyed = Hmac::<Sha256>::new_from_slice(secret.expose());
    let mut hmac = keyed.expect("a key of any length fits HMAC");
    hmac.update(format!("indelible/{kind}/v1\n").as_bytes());
    hmac
}

/// Bytes that only the holder of the secret can make, the same at each time for one seed.
pub struct Derived {
    secret: Secret,
    kind: &'static str,
    seed: String,
    block: AtomicU64,
}

impl Derived {
    /// The bytes of this seed, for something of this kind.
    pub fn of(secret: Secret, kind: &'static str, seed: &str) -> Self {
        let block = AtomicU64::new(0);
        Self {
            secret,
            kind,
            seed: seed.to_owned(),
            block,
        }
    }
}

impl Entropy for Derived {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let block = self.block.fetch_add(1, Ordering::Relaxed);
            let mut hmac = mac(&self.secret, self.kind);
            hmac.update(format!("{}\n{block}\n", self.seed).as_bytes());
            chunk.copy_from_slice(&hmac.finalize().into_bytes()[..chunk.len()]);
        }
    }
}
