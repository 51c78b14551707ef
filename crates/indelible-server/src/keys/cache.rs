//! Keys as they were read last, for [`KEY_CACHE_TIME`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::key::Key;
use crate::limits::{KEY_CACHE_TIME, KEYS_CACHED_MAX};

/// The keys that were read in the last [`KEY_CACHE_TIME`].
#[derive(Default)]
pub struct Cache(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    seen: HashMap<String, Seen>,
    /// How often this process changed a key.
    generation: u64,
}

/// A key as it was read.
#[derive(Clone)]
pub struct Seen {
    /// When its reading began.
    pub at: Duration,
    /// What this process had changed by then.
    pub generation: Generation,
    /// The key.
    pub key: Arc<Key>,
}

/// How many changes of keys this process had made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generation(u64);

impl Cache {
    /// The key of this id, if it was read lately.
    pub fn get(&self, id: &str, now: Duration) -> Option<Seen> {
        let inner = self.lock();
        let seen = inner.seen.get(id)?;
        seen.is_fresh(now).then(|| seen.clone())
    }

    /// To be asked for before a key is read.
    pub fn generation(&self) -> Generation {
        Generation(self.lock().generation)
    }

    /// Keeps what was read, unless this process has changed a key since: what a reading that
    /// began before a revocation brings home is not what the key is.
    pub fn remember(&self, seen: &Seen) {
        let mut inner = self.lock();
        if seen.generation != Generation(inner.generation) {
            return;
        }
        if inner.seen.len() >= KEYS_CACHED_MAX {
            inner.seen.clear();
        }
        inner.seen.insert(seen.key.id.clone(), seen.clone());
    }

    /// A key was changed, or may have been.
    pub fn forget(&self, id: &str) {
        let mut inner = self.lock();
        inner.generation += 1;
        inner.seen.remove(id);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing between lock and unlock can panic half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    /// Whether it may be taken for what it is.
    pub fn is_fresh(&self, now: Duration) -> bool {
        now.saturating_sub(self.at) < KEY_CACHE_TIME
    }
}
