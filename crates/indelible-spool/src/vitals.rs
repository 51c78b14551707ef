//! What delivery counts of its own work.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indelible_core::Timestamp;

use crate::ledger::Depth;

/// The figures of one handle and its clones since it was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Vitals {
    /// Events that the trail took at once, duplicates included.
    pub recorded: u64,
    /// Events whose error reached a caller who asked for `Required`.
    pub failed: u64,
    /// Events that were given up under `BestEffort`.
    pub dropped: u64,
    /// Events that went to the spool.
    pub spooled: u64,
    /// Events that neither trail nor spool took, the spool being full or failing.
    pub overflowed: u64,
    /// Events of the spool that were recorded.
    pub delivered: u64,
    /// Events of the spool that can never be recorded and were set aside.
    pub dead: u64,
    /// Lines of the spool that could not be read and were set aside.
    pub damaged: u64,
    /// Events that wait in the spool.
    pub depth_events: u64,
    /// Bytes of the files in which they wait.
    pub depth_bytes: u64,
    /// Since when the oldest of them waits.
    pub waiting_since: Option<Timestamp>,
    /// What the last try to deliver from the spool met; `None` after a good one.
    pub last_error: Option<String>,
}

impl Vitals {
    /// How long the oldest event has waited.
    pub fn age(&self, now: Timestamp) -> Duration {
        age(self.waiting_since, now)
    }
}

pub(crate) fn age(since: Option<Timestamp>, now: Timestamp) -> Duration {
    let micros = since.map_or(0, |since| now.as_micros() - since.as_micros());
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

/// The counters behind [`Vitals`].
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    pub recorded: Counter,
    pub failed: Counter,
    pub dropped: Counter,
    pub spooled: Counter,
    pub overflowed: Counter,
    pub delivered: Counter,
    pub dead: Counter,
    pub damaged: Counter,
    last_error: Mutex<Option<String>>,
}

impl Pulse {
    /// Says what the last try met, and answers what the one before did.
    pub fn tried(&self, error: Option<String>) -> Option<String> {
        let mut last = self
            .last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *last, error)
    }

    pub fn vitals(&self, depth: Depth) -> Vitals {
        let last = self
            .last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Vitals {
            recorded: self.recorded.read(),
            failed: self.failed.read(),
            dropped: self.dropped.read(),
            spooled: self.spooled.read(),
            overflowed: self.overflowed.read(),
            delivered: self.delivered.read(),
            dead: self.dead.read(),
            damaged: self.damaged.read(),
            depth_events: depth.events,
            depth_bytes: depth.bytes,
            waiting_since: depth.since,
            last_error: last.clone(),
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub fn one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
