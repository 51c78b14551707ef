//! How a connection is set up, and the pool of those that only read.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indelible_core::store::StoreError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::error::{SqliteError, backend, refused, unavailable};
use crate::files::{Files, Open};
use crate::index::{Index, IndexReader};

/// Statements kept prepared per connection; more than there are.
const STATEMENTS: usize = 64;
/// Kibibytes of pages that a reading connection keeps in memory.
const READER_CACHE_KIB: i64 = 16 * 1024;
/// Kibibytes of pages that the writing connection keeps in memory between transactions. More is
/// slower: after a commit that split an index page SQLite walks over every page it keeps, while
/// one that it lacks is a copy out of the system's cache.
const WRITER_CACHE_KIB: i64 = 8 * 1024;
/// Pages that one transaction may touch before some go to the log early, and so twice.
const WRITER_SPILL_PAGES: i64 = 16 * 1024;
/// Kibibytes of pages that the connection that writes the index keeps in memory.
const INDEX_CACHE_KIB: i64 = 2 * 1024;
/// Bytes that the write-ahead log is cut back to when it starts over after a burst.
const WAL_BYTES_KEPT: i64 = 128 * 1024 * 1024;

/// Opens the connection that writes. The file must be there.
pub(crate) fn writing(path: &Path, busy_timeout: Duration) -> Result<Connection, StoreError> {
    let db = durable(path, busy_timeout)?;
    pragma(&db, "cache_size", -WRITER_CACHE_KIB)?;
    pragma(&db, "cache_spill", WRITER_SPILL_PAGES)?;
    pragma(&db, "foreign_keys", true)?;
    pragma(&db, "secure_delete", true)?;
    // Savepoints copy pages aside: in memory, not through a temporary file.
    pragma(&db, "temp_store", "MEMORY")?;
    pragma(&db, "journal_size_limit", WAL_BYTES_KEPT)?;
    Ok(db)
}

/// Opens the connection that copies the write-ahead log into the database, and does nothing else.
pub(crate) fn copying(path: &Path, busy_timeout: Duration) -> Result<Connection, StoreError> {
    let db = durable(path, busy_timeout)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .map_err(refused)?;
    // From here on the log is open, and so the one that it has to be.
    db.query_row("PRAGMA schema_version", [], |_| Ok(()))
        .map_err(refused)?;
    Ok(db)
}

/// Opens a connection after whose commits and copies all is on the disk.
fn durable(path: &Path, busy_timeout: Duration) -> Result<Connection, StoreError> {
    let db = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE, busy_timeout)?;
    pragma(&db, "synchronous", "FULL")?;
    // What macOS needs to flush the disk's own cache; ignored elsewhere.
    pragma(&db, "fullfsync", true)?;
    pragma(&db, "checkpoint_fullfsync", true)?;
    // Copies are made beside the commits and between them, never at the end of one.
    pragma(&db, "wal_autocheckpoint", 0)?;
    Ok(db)
}

/// Opens the connection that writes the index, which can be made again: it is flushed where the
/// write-ahead log is copied into the file, and stays whole without.
pub(crate) fn indexing(path: &Path, busy_timeout: Duration) -> Result<Connection, StoreError> {
    let db = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE, busy_timeout)?;
    pragma(&db, "cache_size", -INDEX_CACHE_KIB)?;
    pragma(&db, "synchronous", "NORMAL")?;
    // Freed pages are used again, and a purge leaves none.
    pragma(&db, "secure_delete", false)?;
    pragma(&db, "temp_store", "MEMORY")?;
    pragma(&db, "journal_size_limit", WAL_BYTES_KEPT)?;
    Ok(db)
}

/// Opens a connection to a database of another program, whose journal stays as that one chose.
pub(crate) fn visiting(path: &Path, busy_timeout: Duration) -> Result<Connection, StoreError> {
    let db = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE, busy_timeout)?;
    pragma(&db, "secure_delete", true)?;
    Ok(db)
}

/// Writes a database anew, without what is free in it.
pub(crate) fn vacuum(db: &Connection) -> Result<(), StoreError> {
    // The new copy may be larger than memory. The file of it has no name in any folder.
    pragma(db, "temp_store", "FILE")?;
    let done = db.execute_batch("VACUUM");
    pragma(db, "temp_store", "MEMORY")?;
    done.map_err(refused)
}

/// Opens a connection that only reads. The file must be there.
pub(crate) fn reading(path: &Path, busy_timeout: Duration) -> Result<Connection, StoreError> {
    let db = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY, busy_timeout)?;
    pragma(&db, "cache_size", -READER_CACHE_KIB)?;
    pragma(&db, "query_only", true)?;
    Ok(db)
}

fn open(path: &Path, access: OpenFlags, busy_timeout: Duration) -> Result<Connection, StoreError> {
    // No URI: a path is a path, whatever characters it has.
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let db = Connection::open_with_flags(path, flags).map_err(refused)?;
    db.busy_timeout(busy_timeout).map_err(refused)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    for (setting, value) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
        // Else statements are planned anew with every value that is bound: slower than to run them.
        (DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true),
    ] {
        db.set_db_config(setting, value).map_err(refused)?;
    }
    // A stray pointer must not be able to write into a mapped database.
    pragma(&db, "mmap_size", 0)?;
    Ok(db)
}

pub(crate) fn pragma(
    db: &Connection,
    name: &str,
    value: impl rusqlite::ToSql,
) -> Result<(), StoreError> {
    // Some answer with the new value, some with nothing.
    db.pragma_update(None, name, value).map_err(refused)
}

/// Connections that only read, opened when they are needed, each used by one task at a time.
pub(crate) struct Readers {
    path: PathBuf,
    files: Arc<Files>,
    index: Arc<Index>,
    let_go: Option<LetGo>,
    busy_timeout: Duration,
    count: u32,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Reader>>,
}

/// Has whoever writes let go of files that are not the database's any more.
pub(crate) type LetGo = Box<dyn Fn() + Send + Sync>;

/// A connection that only reads, and the index beside it. It is closed before it counts as closed.
pub(crate) struct Reader {
    pub(crate) db: Connection,
    pub(crate) index: IndexReader,
    #[expect(dead_code, reason = "it is held")]
    open: Open,
}

/// Whether somebody still waits for an answer.
pub(crate) struct Caller {
    gone: Arc<AtomicBool>,
}

struct SetWhenDropped(Arc<AtomicBool>);

impl Readers {
    pub(crate) fn new(
        path: PathBuf,
        (files, index): (Arc<Files>, Arc<Index>),
        let_go: Option<LetGo>,
        busy_timeout: Duration,
        count: u32,
    ) -> Arc<Self> {
        let count = count.max(1);
        let permits = Arc::new(Semaphore::new(count as usize));
        Arc::new(Self {
            path,
            files,
            index,
            let_go,
            busy_timeout,
            count,
            permits,
            idle: Mutex::default(),
        })
    }

    /// Runs `read` with a connection on a thread that may block.
    ///
    /// When the caller stops waiting, `read` learns of it through [`Caller`]: a long search must
    /// not hold a connection for nobody.
    pub(crate) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&Connection, &Caller) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.ask(false, move |reader, caller| read(&reader.db, caller))
            .await
    }

    /// As [`Self::read`], with the index too.
    pub(crate) async fn search<T: Send + 'static>(
        self: &Arc<Self>,
        search: impl FnOnce(&mut Reader, &Caller) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.ask(true, search).await
    }

    async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        by_index: bool,
        search: impl FnOnce(&mut Reader, &Caller) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|_| unavailable(SqliteError::Closed))?;
        let gone = Arc::new(AtomicBool::new(false));
        let _guard = SetWhenDropped(Arc::clone(&gone));
        let readers = Arc::clone(self);
        let work = move || {
            let mut reader = readers.reader()?;
            if by_index && !readers.index.is_there() {
                // One that idles would keep the index that is there now from being opened.
                reader.index.close();
                for reader in &mut *readers.lock() {
                    reader.index.close();
                }
                readers.index.freed();
            }
            let answer = search(&mut reader, &Caller::waiting(gone));
            // After an error of the file a fresh connection is the better start.
            if !matches!(answer, Err(StoreError::Unavailable { .. })) {
                readers.lock().push(reader);
            }
            drop(permit);
            answer
        };
        spawn_blocking(work).await.map_err(backend)?
    }

    fn reader(&self) -> Result<Reader, StoreError> {
        if !self.files.are_there().map_err(unavailable)? {
            self.lock().clear();
            if let Some(let_go) = &self.let_go {
                let_go();
            }
            self.index.let_go();
        }
        let idle = self.lock().pop();
        match idle {
            Some(reader) => Ok(reader),
            None => Ok(Reader {
                open: self.files.open()?,
                db: reading(&self.path, self.busy_timeout)?,
                index: IndexReader::of(Arc::clone(&self.index)),
            }),
        }
    }

    /// Waits for every reader that is at work and closes all; later reads are refused.
    pub(crate) async fn close(&self) {
        let all = self.permits.acquire_many(self.count).await;
        self.permits.close();
        self.lock().clear();
        drop(all);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Reader>> {
        // Nothing between lock and unlock can panic halfway through a change.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Caller {
    /// A caller who waits until `gone` is set.
    pub(crate) fn waiting(gone: Arc<AtomicBool>) -> Self {
        Self { gone }
    }

    /// An error when nobody waits any more.
    pub(crate) fn waits(&self) -> Result<(), StoreError> {
        match self.gone.load(Ordering::Relaxed) {
            true => Err(unavailable("the caller is gone")),
            false => Ok(()),
        }
    }
}

impl Drop for SetWhenDropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
