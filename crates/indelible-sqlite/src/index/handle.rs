//! The handle of the index: what the store asks of the thread that makes it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indelible_core::store::StoreError;
use tokio::sync::{mpsc, oneshot};

use super::Fault;
use super::file::IndexFile;
use super::scan::Scans;
use super::thread::Thread;
use super::upkeep::Upkeep;
use crate::error::{SqliteError, unavailable};
use crate::files::{FileId, Files, INDEX, Open, beside, id_now, opening};
use crate::open::Options;
use crate::wal::Wal;

/// Entries that the index may be behind before writers wait for it.
pub(super) const LAG_ENTRIES_MAX: u64 = 262_144;
/// For how long a transaction waits then. Recording never depends on the index.
const PACE: Duration = Duration::from_millis(10);

/// The index of one database.
pub(crate) struct Index {
    path: PathBuf,
    busy_timeout: Duration,
    files: Arc<Files>,
    jobs: Mutex<Option<Sender<Job>>>,
    /// The write-ahead log of the log's own file.
    pub log_wal: Arc<Wal>,
    /// Entries that are covered at once.
    entries: u64,
    pub(super) shared: Arc<Shared>,
}

/// What the thread and those who ask it know of each other.
#[derive(Default)]
pub(super) struct Shared {
    /// Passes that read all of the index.
    pub(super) scans: Scans,
    /// Whether the thread was told that there is something to do, and has not looked since.
    pub(super) is_told: AtomicBool,
    /// Whether it was told that there is enough to do at once.
    pub(super) is_urged: AtomicBool,
    /// Whether it was told that the index is not believed.
    pub(super) is_doubted: AtomicBool,
    /// Entries that were recorded here since somebody asked.
    recorded: AtomicU64,
    /// Entries that are not covered, as far as is known.
    pub(super) lag: AtomicU64,
    /// Whether the thread makes progress: nobody waits for one that does not.
    pub(super) works: AtomicBool,
    /// Why it could not, where it could not.
    pub(super) problem: Mutex<Option<String>>,
    pub(super) moved: Condvar,
    moving: Mutex<()>,
}

pub(super) enum Job {
    /// The log has grown.
    Look,
    /// By so much that it is worth a run of the full length.
    Urge,
    /// What the index covers of a trail is not what the log has.
    Doubt,
    /// Somebody found this file of the index damaged.
    Damaged(Option<FileId>),
    /// Entries were removed from the front of a trail.
    Trimmed,
    /// Covers all that is in the log now.
    Settle(oneshot::Sender<()>),
    /// The same for somebody who watches, in a new file where `is_new`.
    Make {
        is_new: bool,
        steps: mpsc::UnboundedSender<(u64, u64)>,
        reply: oneshot::Sender<Result<(), StoreError>>,
    },
    /// Leaves nothing of what was erased or removed in the file.
    Purge(oneshot::Sender<Result<(), StoreError>>),
    Close(oneshot::Sender<()>),
    /// Lets go of a log that is not the database's any more.
    LetGo(Sender<()>),
}

impl Index {
    /// The index of the database at `log`, which a thread makes where `options` let it be written.
    pub fn of(
        log: &Path,
        log_files: &Arc<Files>,
        options: &Options,
    ) -> Result<Arc<Self>, StoreError> {
        let path = beside(log, INDEX);
        let index = Self {
            log_wal: Wal::of(log),
            files: Files::of(&path),
            path,
            busy_timeout: options.busy_timeout,
            jobs: Mutex::new(None),
            entries: options.index_entries.max(1).into(),
            shared: Arc::default(),
        };
        if !options.read_only {
            let (jobs, queue) = channel();
            let work = Upkeep::new(
                (log.to_owned(), Arc::clone(log_files)),
                (Arc::clone(&index.log_wal), Arc::clone(&index.shared)),
                (index.path.clone(), Arc::clone(&index.files)),
                options,
            );
            let thread = Thread::new(Arc::clone(&index.shared), work);
            std::thread::Builder::new()
                .name("indelible-index".to_owned())
                .spawn(move || thread.run(&queue))
                .map_err(unavailable)?;
            *index.jobs() = Some(jobs);
        }
        Ok(Arc::new(index))
    }

    /// Whether the file is still the one that was opened.
    pub fn is_there(&self) -> bool {
        self.files.are_there().unwrap_or(false)
    }

    /// A connection that reads it; `None` where there is nothing to read.
    pub(super) fn reading(&self) -> Result<Option<(IndexFile, Open)>, Fault> {
        let _opening = opening();
        let open = self.files.open()?;
        let Some(file) = IndexFile::reading(&self.path, self.busy_timeout)? else {
            return Ok(None);
        };
        self.files
            .remember()
            .map_err(|error| Fault::Other(unavailable(error)))?;
        Ok(Some((file, open)))
    }

    /// Passes that read all of it.
    pub fn scans(&self) -> &Scans {
        &self.shared.scans
    }

    /// Where the file is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Why it could not be read or written, where it could not.
    pub(super) fn problem(&self) -> Option<String> {
        lock(&self.shared.problem).clone()
    }

    /// Tells the thread of what a reader has met, or keeps it in mind where there is none to mend
    /// it.
    pub(super) fn failed(&self, fault: &Fault) {
        if matches!(fault, Fault::Damage(_))
            && let Ok(file) = id_now(&self.path)
            && self.send(Job::Damaged(file))
        {
            return;
        }
        if self.jobs().is_none() {
            *lock(&self.shared.problem) = fault.problem();
        }
    }

    /// Says that nobody here has a file open any more that is not the index.
    pub fn freed(&self) {
        self.scans().end();
        self.send(Job::Look);
    }

    /// Says that entries were recorded, for whoever counts what is written for them.
    pub fn recorded(&self, entries: u64) {
        self.shared.recorded.fetch_add(entries, Ordering::Relaxed);
    }

    /// Says that entries were committed.
    pub fn grown(&self, entries: u64) {
        let shared = &self.shared;
        let lag = shared.lag.fetch_add(entries, Ordering::Relaxed) + entries;
        if !shared.is_told.swap(true, Ordering::AcqRel) {
            self.send(Job::Look);
        }
        if lag >= self.entries && !shared.is_urged.swap(true, Ordering::AcqRel) {
            self.send(Job::Urge);
        }
    }

    /// Says that entries were removed from the front of a trail: nothing of them stays in the file
    /// for long.
    pub fn trimmed(&self) {
        self.send(Job::Trimmed);
    }

    /// Says that the index was not believed beside the log.
    pub(super) fn doubted(&self) {
        if !self.shared.is_doubted.swap(true, Ordering::AcqRel) {
            self.send(Job::Doubt);
        }
    }

    /// Waits a little while the index is farther behind than it may be.
    pub fn pace(&self) {
        let shared = &self.shared;
        let is_behind = || {
            shared.lag.load(Ordering::Relaxed) > LAG_ENTRIES_MAX
                && shared.works.load(Ordering::Relaxed)
        };
        if is_behind() {
            let moving = lock(&shared.moving);
            if is_behind() {
                drop(shared.moved.wait_timeout(moving, PACE));
            }
        }
    }

    /// Covers all that is in the log now, if it can.
    pub async fn settle(&self) {
        let (reply, done) = oneshot::channel();
        if self.send(Job::Settle(reply)) {
            // A thread that has ended covers nothing more.
            let _ = done.await;
        }
    }

    /// Covers all that is in the log now, in a new file where `is_new`.
    pub async fn make(
        &self,
        is_new: bool,
        progress: &mut (dyn FnMut(u64, u64) + Send),
    ) -> Result<(), StoreError> {
        let (steps, mut done) = mpsc::unbounded_channel();
        let (reply, made) = oneshot::channel();
        if !self.send(Job::Make {
            is_new,
            steps,
            reply,
        }) {
            return Err(unavailable(SqliteError::Closed));
        }
        while let Some((done, of)) = done.recv().await {
            progress(done, of);
        }
        made.await.map_err(|_| unavailable(SqliteError::Closed))?
    }

    /// Leaves nothing of what was erased or removed in the file.
    ///
    /// # Errors
    /// `Unavailable` where nobody knows that nothing is left: the thread that writes it has ended.
    pub async fn purge(&self) -> Result<(), StoreError> {
        // One that nobody goes on with would stand in the way for ever.
        self.scans().end();
        let (reply, done) = oneshot::channel();
        if !self.send(Job::Purge(reply)) {
            return Err(unavailable(SqliteError::Closed));
        }
        done.await.map_err(|_| unavailable(SqliteError::Closed))?
    }

    /// Has the thread let go of a log that is not the database's any more: nobody opens the one
    /// that is there now before. Blocks for as long as the thread is at something.
    pub fn let_go(&self) {
        let (reply, done) = channel();
        if self.send(Job::LetGo(reply)) {
            // A thread that has ended has let go.
            let _ = done.recv();
        }
    }

    /// Ends the thread.
    pub async fn close(&self) {
        let (reply, done) = oneshot::channel();
        if self.send(Job::Close(reply)) {
            let _ = done.await;
        }
        self.jobs().take();
    }

    fn send(&self, job: Job) -> bool {
        self.jobs()
            .as_ref()
            .is_some_and(|jobs| jobs.send(job).is_ok())
    }

    fn jobs(&self) -> MutexGuard<'_, Option<Sender<Job>>> {
        lock(&self.jobs)
    }
}

impl Shared {
    pub(super) fn take_recorded(&self) -> u64 {
        self.recorded.swap(0, Ordering::Relaxed)
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
