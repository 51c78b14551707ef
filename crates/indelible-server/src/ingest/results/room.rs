//! The room on disk for results that wait, over all streams of the process.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::limits::{RESULTS_FILES_BYTES_MAX, RESULTS_OF_KEY_BYTES_MAX};

/// How much of it is taken. Clones share it.
#[derive(Clone)]
pub struct Room(Arc<Inner>);

struct Inner {
    bytes_max: u64,
    of_key_max: u64,
    taken: Mutex<Taken>,
    file: fn() -> io::Result<File>,
}

#[derive(Default)]
struct Taken {
    bytes: u64,
    of_keys: HashMap<Arc<str>, u64>,
}

impl Room {
    /// Room for [`RESULTS_FILES_BYTES_MAX`] in files without a name.
    pub fn new() -> Self {
        let limits = (RESULTS_FILES_BYTES_MAX, RESULTS_OF_KEY_BYTES_MAX);
        Self::of(limits, tempfile::tempfile)
    }

    /// Room for so many bytes, and so many of one key, in files that are made so.
    pub fn of((bytes_max, of_key_max): (u64, u64), file: fn() -> io::Result<File>) -> Self {
        Self(Arc::new(Inner {
            bytes_max,
            of_key_max,
            taken: Mutex::default(),
            file,
        }))
    }

    /// Says in the log where no result can wait on disk.
    pub fn probe(&self) {
        if let Err(error) = (self.0.file)() {
            tracing::warn!(
                %error,
                folder = %std::env::temp_dir().display(),
                "results of streams cannot wait on disk: clients that send all before they read \
                 are turned away; name a folder that can be written in TMPDIR"
            );
        }
    }

    /// Whether nothing more fits.
    pub fn is_full(&self) -> bool {
        self.taken() >= self.0.bytes_max
    }

    /// Bytes that are taken.
    pub fn taken(&self) -> u64 {
        self.lock().bytes
    }

    /// What streams of this key may take of it.
    pub fn of_key(&self, key: &str) -> KeyRoom {
        let (room, key) = (self.clone(), key.into());
        KeyRoom { room, key }
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        // Nothing between lock and unlock can panic half-way through a change.
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A key's part of the [`Room`].
#[derive(Clone)]
pub struct KeyRoom {
    room: Room,
    key: Arc<str>,
}

impl KeyRoom {
    /// Takes room for so many bytes, or none.
    pub fn take(&self, bytes: u64) -> bool {
        let limits = &self.room.0;
        let mut taken = self.room.lock();
        let own = taken.of_keys.get(&self.key).copied().unwrap_or_default();
        let (own, all) = (own.saturating_add(bytes), taken.bytes.saturating_add(bytes));
        if own > limits.of_key_max || all > limits.bytes_max {
            return false;
        }
        taken.bytes = all;
        taken.of_keys.insert(self.key.clone(), own);
        true
    }

    /// Gives back what was taken.
    pub fn give_back(&self, bytes: u64) {
        let mut taken = self.room.lock();
        taken.bytes -= bytes;
        if let Some(own) = taken.of_keys.get_mut(&self.key) {
            *own -= bytes;
            if *own == 0 {
                taken.of_keys.remove(&self.key);
            }
        }
    }

    /// A new file.
    pub fn file(&self) -> io::Result<File> {
        (self.room.0.file)()
    }
}
