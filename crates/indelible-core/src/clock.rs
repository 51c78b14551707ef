//! Time and randomness as parameters.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::time::Timestamp;

/// Where the engine reads the time.
pub trait Clock: Send + Sync + 'static {
    /// The time of day.
    fn now(&self) -> Timestamp;

    /// Time passed since some fixed moment; never set, never backwards. A difference between the
    /// pace of this and of [`Clock::now`] is a jump of the clock.
    fn elapsed(&self) -> Duration;
}

/// The operating system's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// The operating system's clock.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the system's clock"
    )]
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the system's clock"
    )]
    fn now(&self) -> Timestamp {
        let micros = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
            Err(before) => -i64::try_from(before.duration().as_micros()).unwrap_or(i64::MAX),
        };
        Timestamp::from_micros(micros)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the system's clock"
    )]
    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }
}

/// Where the engine takes random bytes from: salts, ids and keys.
pub trait Entropy: Send + Sync + 'static {
    /// Fills `bytes` with unpredictable bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the system's entropy"
    )]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system has a random generator");
    }
}

/// The id (a UUIDv8) that this name always gets: the first 128 bits of its SHA-256, but for those
/// that say the version. Begin the name with what it is a name of.
pub fn uuid_of_name(name: &[u8]) -> Uuid {
    let digest = <[u8; 32]>::from(Sha256::digest(name));
    let mut first = [0; 16];
    first.copy_from_slice(&digest[..16]);
    Uuid::new_v8(first)
}

/// A UUIDv7 of `now` (RFC 9562).
pub fn uuid_v7(now: Timestamp, entropy: &dyn Entropy) -> Uuid {
    let millis = u64::try_from(now.as_micros() / 1000).unwrap_or(0);
    let mut random = [0; 10];
    entropy.fill(&mut random);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}
