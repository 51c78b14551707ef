//! How fast one key may go: so many requests a second, and as many again at once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::limits::KEYS_CACHED_MAX;

/// The pace of every key, by the generic cell rate algorithm: a key owes the time that its
/// requests are worth, and may owe a little ahead.
pub struct Pace {
    /// What one request is worth.
    cost: Duration,
    /// How far a key may be ahead.
    ahead: Duration,
    /// Until when each key has spent.
    spent: Mutex<HashMap<String, Duration>>,
}

/// How many seconds a key may be ahead of its pace.
const AHEAD_SECONDS: u32 = 2;

impl Pace {
    /// A pace of so many requests a second, at least one.
    pub fn new(requests_per_second: u32) -> Self {
        Self {
            cost: Duration::from_secs(1) / requests_per_second.max(1),
            ahead: Duration::from_secs(u64::from(AHEAD_SECONDS)),
            spent: Mutex::default(),
        }
    }

    /// Takes one request of a key at `elapsed`, or says after how long it would be taken.
    pub fn take(&self, key: &str, elapsed: Duration) -> Result<(), Duration> {
        // Nothing between lock and unlock can panic half-way through a change.
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        if spent.len() >= KEYS_CACHED_MAX {
            spent.retain(|_, until| *until > elapsed);
        }
        let until = spent.get(key).copied().unwrap_or_default().max(elapsed) + self.cost;
        let latest = elapsed + self.ahead;
        if until > latest {
            return Err(until - latest);
        }
        spent.insert(key.to_owned(), until);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_goes_at_its_pace_and_no_other_waits() {
        let pace = Pace::new(10);
        let mut elapsed = Duration::from_secs(100);
        for _ in 0..20 {
            assert_eq!(pace.take("a", elapsed), Ok(()));
        }
        assert_eq!(pace.take("a", elapsed), Err(Duration::from_millis(100)));
        assert_eq!(pace.take("b", elapsed), Ok(()));
        elapsed += Duration::from_millis(100);
        assert_eq!(pace.take("a", elapsed), Ok(()));
        assert_eq!(pace.take("a", elapsed), Err(Duration::from_millis(100)));
        elapsed += Duration::from_secs(60);
        for _ in 0..20 {
            assert_eq!(pace.take("a", elapsed), Ok(()));
        }
        assert!(pace.take("a", elapsed).is_err());
    }
}
