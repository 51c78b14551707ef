//! Follows the write-ahead log of a file: how long it is, and what is written to the disk for it.
//!
//! Every page is written to the log with each commit that changed it, and once more to the file when
//! the log is copied, however many commits changed it in between. SQLite tells the first and not
//! the second: which pages those are stands in the log itself.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::{Connection, Row};

use crate::files::beside;
use crate::index::lock;

/// Bytes of the header of a log. Format: <https://www.sqlite.org/fileformat2.html#walformat>.
const HEADER_BYTES: u64 = 32;
/// Bytes before each page in a log.
const FRAME_BYTES: u64 = 24;
/// For how long readers are waited for.
const READERS_PATIENCE: Duration = Duration::from_millis(100);

/// The write-ahead log of one file. Where other processes commit to it too, what they write counts
/// as well, as far as it is seen.
pub(crate) struct Wal {
    path: PathBuf,
    /// Pages in the log after the last commit.
    pages: AtomicU32,
    page_bytes: AtomicU64,
    /// Bytes since this was asked last.
    written: AtomicU64,
    copied: Mutex<Copied>,
}

/// How far a log is copied, of which these are the salts: each begins with others.
#[derive(Clone, Copy, Default)]
struct Copied {
    salts: [u8; 8],
    pages: u32,
}

/// What a pass came to: the pages that the log had, and those of them that are in the file. `None`
/// where somebody else is at it.
pub(crate) type Pass = Option<(u32, u32)>;

impl Wal {
    /// That of the file at `path`.
    pub fn of(path: &Path) -> Arc<Self> {
        Arc::new(Self {
            path: beside(path, "-wal"),
            pages: AtomicU32::default(),
            page_bytes: AtomicU64::default(),
            written: AtomicU64::default(),
            copied: Mutex::default(),
        })
    }

    /// Counts what this connection commits. From here on SQLite copies nothing by itself.
    pub fn follow(self: &Arc<Self>, db: &mut Connection) -> rusqlite::Result<()> {
        let page_bytes = db.query_row("PRAGMA page_size", [], |row| row.get(0))?;
        self.page_bytes.store(page_bytes, Ordering::Relaxed);
        let wal = Arc::clone(self);
        let hook = move |_: &mut rusqlite::hooks::Wal, pages: i32| {
            wal.grown(pages.unsigned_abs());
            Ok(())
        };
        db.wal_hook(Some(hook))
    }

    /// Pages in the log after the last commit.
    pub fn pages(&self) -> u32 {
        self.pages.load(Ordering::Relaxed)
    }

    /// Bytes that were written since this was asked last, to the log and to the file.
    pub fn take_written(&self) -> u64 {
        self.written.swap(0, Ordering::Relaxed)
    }

    fn grown(&self, pages: u32) {
        let before = self.pages.swap(pages, Ordering::Relaxed);
        // One that is shorter than before was begun anew.
        let more = pages.checked_sub(before).unwrap_or(pages);
        let page_bytes = self.page_bytes.load(Ordering::Relaxed);
        self.add(u64::from(more) * (FRAME_BYTES + page_bytes));
    }

    fn add(&self, bytes: u64) {
        self.written.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Copies what no reader stands in the way of, in this mode of `PRAGMA wal_checkpoint`.
    pub fn copy(&self, db: &Connection, mode: &str) -> rusqlite::Result<Pass> {
        let salts = self.salts();
        let row = |row: &Row<'_>| Ok((row.get::<_, bool>(0)?, row.get(1)?, row.get(2)?));
        let sql = format!("PRAGMA wal_checkpoint({mode})");
        let (is_busy, logged, copied): (bool, i64, i64) = db.query_row(&sql, [], row)?;
        let pages = |pages: i64| u32::try_from(pages).unwrap_or_default();
        // Where somebody else is at it nothing is told. What cannot be counted is copied all the same.
        if let (Ok(salts), 0..) = (salts, copied) {
            let _ = self.count(salts, pages(copied));
        }
        Ok((!is_busy).then(|| (pages(logged), pages(copied))))
    }

    /// Copies all of it and waits a little for readers, so that it starts over between one moment
    /// that is read and the next. Where that fails: with how many pages it is worth another try, so
    /// that one who stays is waited for ever more rarely.
    pub fn start_over(&self, db: &Connection) -> Option<u32> {
        let before = db.pragma_query_value(None, "busy_timeout", |row| row.get(0));
        let _ = db.busy_timeout(READERS_PATIENCE);
        let done = self.copy(db, "RESTART");
        let _ = db.busy_timeout(Duration::from_millis(before.unwrap_or_default()));
        let is_done = matches!(done, Ok(Some((logged, copied))) if logged == copied);
        let pages = self.pages();
        (!is_done).then(|| pages.saturating_add(pages / 2))
    }

    /// Copies all of it and cuts it back to nothing; whether that was possible.
    pub fn empty(&self, db: &Connection) -> rusqlite::Result<bool> {
        // Once it is cut back nothing tells which pages were in it.
        self.copy(db, "PASSIVE")?;
        let is_done = self.copy(db, "TRUNCATE")?.is_some();
        if is_done {
            self.forget();
        }
        Ok(is_done)
    }

    /// Nothing of the log is there any more.
    pub fn forget(&self) {
        self.pages.store(0, Ordering::Relaxed);
    }

    /// Counts what is in the log and not in the file: it is copied once nobody asks any more.
    pub fn count_rest(&self) {
        if let Ok(salts) = self.salts() {
            let _ = self.count(salts, self.pages());
        }
    }

    /// Counts the pages that were copied since this was done last.
    fn count(&self, salts: [u8; 8], pages: u32) -> io::Result<()> {
        let from = {
            let mut copied = lock(&self.copied);
            let now = Copied { salts, pages };
            let before = std::mem::replace(&mut *copied, now);
            match before.salts == salts {
                true => before.pages,
                false => 0,
            }
        };
        if from < pages {
            let distinct = self.distinct(salts, from, pages)?;
            self.add(distinct * self.page_bytes.load(Ordering::Relaxed));
        }
        Ok(())
    }

    /// The salts of the log as it is. SQLite locks no byte of a log, so that nobody loses a lock
    /// where it is closed again, as with the file itself.
    fn salts(&self) -> io::Result<[u8; 8]> {
        let mut header = [0; HEADER_BYTES as usize];
        File::open(&self.path)?.read_exact(&mut header)?;
        Ok(header[16..24].try_into().unwrap_or_default())
    }

    /// How many pages are among these of the log, as far as it was not begun anew since.
    fn distinct(&self, salts: [u8; 8], from: u32, to: u32) -> io::Result<u64> {
        let mut log = BufReader::with_capacity(1 << 16, File::open(&self.path)?);
        let stride = FRAME_BYTES + self.page_bytes.load(Ordering::Relaxed);
        log.seek(SeekFrom::Start(HEADER_BYTES + u64::from(from) * stride))?;
        let mut numbers = HashSet::new();
        for _ in from..to {
            let mut header = [0; 16];
            log.read_exact(&mut header)?;
            log.seek_relative(stride.cast_signed() - 16)?;
            let (number, salt) = (&header[..4], &header[8..]);
            if salt == salts {
                numbers.insert(<[u8; 4]>::try_from(number).unwrap_or_default());
            }
        }
        Ok(numbers.len() as u64)
    }
}

#[cfg(test)]
mod cases;
