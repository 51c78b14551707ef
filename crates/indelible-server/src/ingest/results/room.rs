//! The room on disk for results that wait, over all streams of the process.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::limits::RESULTS_FILES_BYTES_MAX;

/// How much of it is taken. Clones share it.
#[derive(Clone)]
pub struct Room(Arc<Inner>);

struct Inner {
    bytes_max: u64,
    taken: AtomicU64,
    file: fn() -> io::Result<File>,
}

impl Room {
    /// Room for [`RESULTS_FILES_BYTES_MAX`] in files without a name.
    pub fn new() -> Self {
        Self::of(RESULTS_FILES_BYTES_MAX, tempfile::tempfile)
    }

    /// Room for so many bytes in files that are made so.
    pub fn of(bytes_max: u64, file: fn() -> io::Result<File>) -> Self {
        let taken = AtomicU64::new(0);
        Self(Arc::new(Inner {
            bytes_max,
            taken,
            file,
        }))
    }

    /// Whether nothing more fits.
    pub fn is_full(&self) -> bool {
        self.taken() >= self.0.bytes_max
    }

    /// Bytes that are taken.
    pub fn taken(&self) -> u64 {
        self.0.taken.load(Ordering::SeqCst)
    }

    /// Takes room for so many bytes, or none.
    pub fn take(&self, bytes: u64) -> bool {
        let fits = |taken: u64| {
            let taken = taken.checked_add(bytes)?;
            (taken <= self.0.bytes_max).then_some(taken)
        };
        let order = Ordering::SeqCst;
        self.0.taken.fetch_update(order, order, fits).is_ok()
    }

    /// Gives back what was taken.
    pub fn give_back(&self, bytes: u64) {
        self.0.taken.fetch_sub(bytes, Ordering::SeqCst);
    }

    /// A new file.
    pub fn file(&self) -> io::Result<File> {
        (self.0.file)()
    }
}
