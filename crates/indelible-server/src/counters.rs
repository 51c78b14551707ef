//! What the server counts, beside what the engine does.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indelible_core::{Delivery, Receipt, Timestamp};

use crate::limits::KEYS_COUNTED_MAX;
use crate::problem::{Kind, Problem};

/// What the keys are called that are not counted one by one. No id is this.
const OTHERS: &str = "others";

/// Counters since the server began. All may be counted on from many tasks at once.
#[derive(Default)]
pub struct Counters {
    /// Answers by the first digit of their status code.
    answered: [AtomicU64; 6],
    answered_micros: AtomicU64,
    recorded: AtomicU64,
    duplicates: AtomicU64,
    not_recorded: AtomicU64,
    refusals: Mutex<BTreeMap<&'static str, u64>>,
    of_keys: Mutex<BTreeMap<String, u64>>,
    connections: AtomicU64,
    stalled: Arc<AtomicU64>,
    verification: Verification,
}

/// The verifications on a schedule.
#[derive(Default)]
struct Verification {
    failures: AtomicU64,
    /// Microseconds since 1970 at the end of the last one; 0 before the first.
    ended_at: AtomicI64,
    took_micros: AtomicU64,
    is_ok: AtomicU64,
}

/// What the last verification on a schedule came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// When it ended.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// Whether every trail was as it was recorded.
    pub is_ok: bool,
}

impl Counters {
    /// Counts an answer.
    pub fn answered(&self, status: u16, micros: u64) {
        let class = usize::from(status / 100).min(self.answered.len() - 1);
        self.answered[class].fetch_add(1, Ordering::Relaxed);
        self.answered_micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// Counts what became of an event.
    pub fn ingested(&self, result: &Result<Receipt, Problem>) {
        let counter = match result {
            Ok(receipt) if receipt.delivery == Delivery::Duplicate => &self.duplicates,
            Ok(_) => &self.recorded,
            Err(_) => &self.not_recorded,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts events that were sent with a key, whatever becomes of them, so that a flood has a
    /// name.
    pub fn sent(&self, key: &str, events: usize) {
        let mut of_keys = self.of_keys.lock().unwrap_or_else(PoisonError::into_inner);
        let is_counted = of_keys.contains_key(key) || of_keys.len() < KEYS_COUNTED_MAX;
        let key = if is_counted { key } else { OTHERS };
        match of_keys.get_mut(key) {
            Some(count) => *count += events as u64,
            None => {
                of_keys.insert(key.to_owned(), events as u64);
            }
        }
    }

    /// Counts a refusal or a failure.
    pub fn refused(&self, kind: Kind) {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        *refusals.entry(kind.name()).or_default() += 1;
    }

    /// Counts a connection that was opened.
    pub fn opened(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a connection that has ended.
    pub fn ended(&self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }

    /// Counts connections that were ended because their clients took nothing.
    pub fn stalled(&self) -> &Arc<AtomicU64> {
        &self.stalled
    }

    /// Connections that are open.
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    /// Counts a trail that was not as it was recorded, or could not be verified.
    pub fn verification_failed(&self) {
        self.verification.failures.fetch_add(1, Ordering::Relaxed);
    }

    /// Keeps what a verification came to.
    pub fn verified(&self, verified: Verified) {
        let last = &self.verification;
        let took = u64::try_from(verified.took.as_micros()).unwrap_or(u64::MAX);
        last.took_micros.store(took, Ordering::Relaxed);
        last.is_ok.store(verified.is_ok.into(), Ordering::Relaxed);
        last.ended_at
            .store(verified.at.as_micros(), Ordering::Release);
    }

    /// Answers by class of status code, those that were none first.
    pub fn answers(&self) -> impl Iterator<Item = u64> {
        self.answered
            .iter()
            .map(|count| count.load(Ordering::Relaxed))
    }

    /// How long all answers took together, in microseconds.
    pub fn answered_micros(&self) -> u64 {
        self.answered_micros.load(Ordering::Relaxed)
    }

    /// Events by what became of them.
    pub fn events(&self) -> [(&'static str, u64); 3] {
        [
            ("recorded", self.recorded.load(Ordering::Relaxed)),
            ("duplicate", self.duplicates.load(Ordering::Relaxed)),
            ("refused", self.not_recorded.load(Ordering::Relaxed)),
        ]
    }

    /// Refusals and failures, by the name of the problem.
    pub fn refusals(&self) -> BTreeMap<&'static str, u64> {
        self.refusals
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Events sent with each key, by the key's id; those of keys beyond the first many are one sum.
    pub fn of_keys(&self) -> BTreeMap<String, u64> {
        self.of_keys
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Trails that were not as they were recorded, or could not be verified.
    pub fn verification_failures(&self) -> u64 {
        self.verification.failures.load(Ordering::Relaxed)
    }

    /// The last verification on a schedule.
    pub fn last_verified(&self) -> Option<Verified> {
        let last = &self.verification;
        let at = last.ended_at.load(Ordering::Acquire);
        (at != 0).then(|| Verified {
            at: Timestamp::from_micros(at),
            took: Duration::from_micros(last.took_micros.load(Ordering::Relaxed)),
            is_ok: last.is_ok.load(Ordering::Relaxed) == 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_counted_in_bounded_room() {
        let counters = Counters::default();
        for key in 0..KEYS_COUNTED_MAX + 10 {
            counters.sent(&format!("{key:016x}"), 2);
        }
        counters.sent("0000000000000000", 5);
        let counts = counters.of_keys();
        assert_eq!(counts.len(), KEYS_COUNTED_MAX + 1);
        assert_eq!((counts["0000000000000000"], counts[OTHERS]), (7, 20));
    }
}
