//! What the engine counts of its own work, for whoever watches over it.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use super::Engine;
use crate::time::Timestamp;

/// The engine's figures at one moment, counted since it was opened. Each is exact; together they
/// are no snapshot of one instant.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Vitals {
    /// Entries of each commit.
    pub commit_entries: Distribution,
    /// How long the store took for each commit, in microseconds.
    pub commit_micros: Distribution,
    /// Commits that the store refused, or whose outcome it did not know.
    pub commits_failed: u64,
    /// Events that were given back because the queue stayed full.
    pub overloaded: u64,
    /// Events that wait for a commit, in all trails.
    pub queued: usize,
    /// When the last commit was made; `None` before the first.
    pub committed_at: Option<Timestamp>,
    /// What the reading back of commits came to.
    pub reread: Reread,
}

/// What the reading back of commits came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reread {
    /// Entries that were read back and found as they were hashed.
    pub entries: u64,
    /// Times that something was found otherwise.
    pub failures: u64,
    /// Entries that were committed and not yet read back.
    pub waiting: u64,
}

/// Many values, counted by size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribution {
    /// The upper bounds of the classes, each inclusive; what is larger is counted in the last
    /// place of `counts`.
    pub bounds: &'static [u64],
    /// How many values fell into each class; one more than there are bounds.
    pub counts: Vec<u64>,
    /// The sum of all values.
    pub sum: u64,
}

impl Engine {
    /// The engine's figures. Costs some reads of memory, and no commit waits for it.
    pub fn vitals(&self) -> Vitals {
        let shared = &self.shared;
        let queued = shared.queues().values().map(super::Queue::waiting).sum();
        let pulse = &shared.pulse;
        let committed_at = pulse.committed_at.load(Ordering::Relaxed);
        Vitals {
            commit_entries: pulse.entries.read(ENTRIES),
            commit_micros: pulse.micros.read(MICROS),
            commits_failed: pulse.failed.load(Ordering::Relaxed),
            overloaded: pulse.overloaded.load(Ordering::Relaxed),
            queued,
            committed_at: (committed_at != NEVER).then(|| Timestamp::from_micros(committed_at)),
            reread: shared.reread.figures(),
        }
    }
}

/// The classes of the number of entries of a commit.
const ENTRIES: &[u64] = &[1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];
/// The classes of the time that a commit takes, in microseconds.
const MICROS: &[u64] = &[
    250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000,
];
/// Stands for no time at all.
const NEVER: i64 = i64::MIN;

/// The counters that sequencers count on.
pub(super) struct Pulse {
    entries: Classes<{ ENTRIES.len() + 1 }>,
    micros: Classes<{ MICROS.len() + 1 }>,
    failed: AtomicU64,
    overloaded: AtomicU64,
    committed_at: AtomicI64,
}

impl Pulse {
    pub fn new() -> Self {
        Self {
            entries: Classes::new(),
            micros: Classes::new(),
            failed: AtomicU64::new(0),
            overloaded: AtomicU64::new(0),
            committed_at: AtomicI64::new(NEVER),
        }
    }

    pub fn committed(&self, entries: usize, took: Duration, at: Timestamp) {
        self.entries.add(ENTRIES, entries as u64);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.micros.add(MICROS, micros);
        self.committed_at.store(at.as_micros(), Ordering::Relaxed);
    }

    pub fn failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    pub fn overloaded(&self) {
        self.overloaded.fetch_add(1, Ordering::Relaxed);
    }
}

struct Classes<const N: usize> {
    counts: [AtomicU64; N],
    sum: AtomicU64,
}

impl<const N: usize> Classes<N> {
    fn new() -> Self {
        Self {
            counts: [const { AtomicU64::new(0) }; N],
            sum: AtomicU64::new(0),
        }
    }

    fn add(&self, bounds: &[u64], value: u64) {
        let class = bounds.partition_point(|bound| *bound < value);
        self.counts[class].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    fn read(&self, bounds: &'static [u64]) -> Distribution {
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Distribution {
            bounds,
            counts: self.counts.iter().map(count).collect(),
            sum: self.sum.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_in_the_class_of_the_bound_that_it_does_not_pass() {
        let classes = Classes::<{ ENTRIES.len() + 1 }>::new();
        for value in [1, 2, 3, 4, 1024, 1025] {
            classes.add(ENTRIES, value);
        }
        let read = classes.read(ENTRIES);
        assert_eq!(read.counts, [1, 1, 2, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
        assert_eq!(read.sum, 1 + 2 + 3 + 4 + 1024 + 1025);
    }
}
