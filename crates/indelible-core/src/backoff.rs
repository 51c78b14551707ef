//! How long to wait before what failed is tried again.

use std::time::Duration;

use crate::clock::Entropy;

/// The first wait.
const FIRST: Duration = Duration::from_millis(100);
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(30);

/// Waits that double with each failure, each shortened by up to its half at random, so that many
/// processes do not come back at one moment.
#[derive(Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait after one more failure.
    pub fn next(&mut self, entropy: &dyn Entropy) -> Duration {
        let whole = FIRST
            .saturating_mul(2_u32.saturating_pow(self.failures))
            .min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        let mut random = [0; 4];
        entropy.fill(&mut random);
        let share = f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX);
        whole.mul_f64(0.5 + share / 2.0)
    }

    /// The trail took something: the next failure is the first again.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// Whether the last try failed.
    pub fn is_failing(&self) -> bool {
        self.failures > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Always(u8);

    impl Entropy for Always {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn waits_double_up_to_half_a_minute_and_start_over() {
        for (byte, part) in [(255, 1.0), (0, 0.5)] {
            let mut backoff = Backoff::default();
            let wait: Vec<_> = (0..40).map(|_| backoff.next(&Always(byte))).collect();
            assert_eq!(wait[0], FIRST.mul_f64(part));
            assert_eq!(wait[1], FIRST.mul_f64(2.0 * part));
            assert_eq!(wait[39], LONGEST.mul_f64(part));
            backoff.reset();
            assert_eq!(backoff.next(&Always(byte)), FIRST.mul_f64(part));
        }
    }
}
