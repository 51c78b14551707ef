//! The handle of the index, and the thread that makes it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indelible_core::store::StoreError;
use tokio::sync::{mpsc, oneshot};

use super::Fault;
use super::file::IndexFile;
use super::scan::Scans;
use super::work::Work;
use crate::error::{SqliteError, unavailable};
use crate::files::{FileId, Files, Open, beside, id_now};
use crate::open::Options;

/// How long nobody has to write before what is left is indexed.
const IDLE: Duration = Duration::from_millis(200);
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
    /// Passes that read all of it.
    pub scans: Scans,
    pub(super) shared: Arc<Shared>,
}

/// What the thread and those who ask it know of each other.
#[derive(Default)]
pub(super) struct Shared {
    /// Whether the thread was told that there is something to do.
    is_told: AtomicBool,
    /// Entries that are not covered, as far as is known.
    lag: AtomicU64,
    /// Whether the thread makes progress: nobody waits for one that does not.
    works: AtomicBool,
    /// Why it could not, where it could not.
    problem: Mutex<Option<String>>,
    moved: Condvar,
    moving: Mutex<()>,
}

enum Job {
    /// The log has grown, or something of the index was found wrong.
    Look,
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
        let path = beside(log, "-index");
        let index = Self {
            files: Files::of(&path),
            path,
            busy_timeout: options.busy_timeout,
            jobs: Mutex::new(None),
            scans: Scans::default(),
            shared: Arc::default(),
        };
        if !options.read_only {
            let (jobs, queue) = channel();
            let work = Work::new(
                (log.to_owned(), Arc::clone(log_files)),
                (index.path.clone(), Arc::clone(&index.files)),
                options,
            );
            let thread = Thread {
                shared: Arc::clone(&index.shared),
                work,
                damages: 0,
                broom: Broom::default(),
            };
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
        let open = self.files.open()?;
        let Some(file) = IndexFile::reading(&self.path, self.busy_timeout)? else {
            return Ok(None);
        };
        self.files
            .remember()
            .map_err(|error| Fault::Other(unavailable(error)))?;
        Ok(Some((file, open)))
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
        self.scans.end();
        self.send(Job::Look);
    }

    /// Says that entries were committed.
    pub fn grown(&self, entries: u64) {
        self.shared.lag.fetch_add(entries, Ordering::Relaxed);
        if !self.shared.is_told.swap(true, Ordering::AcqRel) {
            self.send(Job::Look);
        }
    }

    /// Says that entries were removed from the front of a trail: nothing of them stays in the file
    /// for long.
    pub fn trimmed(&self) {
        self.send(Job::Trimmed);
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
    pub async fn purge(&self) -> Result<(), StoreError> {
        // One that nobody goes on with would stand in the way for ever.
        self.scans.end();
        let (reply, done) = oneshot::channel();
        match self.send(Job::Purge(reply)) {
            true => done.await.unwrap_or(Ok(())),
            false => Ok(()),
        }
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Thread {
    shared: Arc<Shared>,
    work: Work,
    /// How often in a row the index was found damaged.
    damages: u32,
    broom: Broom,
}

/// When the file is written anew without what was removed: once nothing more is removed, and more
/// and more rarely while that does not succeed.
#[derive(Default)]
struct Broom {
    /// Words since the last one of something that was removed.
    quiet: u32,
    /// Attempts in a row that came to nothing, and for how many words nobody tries again.
    failures: u32,
    rest: u32,
}

/// Words without one of a removal after which that is over, for somebody who never has a rest.
const QUIET_MIN: u32 = 64;
/// Failures after which the pauses between attempts stay as they are.
const FAILURES_MAX: u32 = 9;

impl Broom {
    /// Takes note of a word; whether it is time to sweep.
    fn is_due(&mut self, is_removal: bool, is_idle: bool) -> bool {
        self.quiet = if is_removal {
            0
        } else {
            self.quiet.saturating_add(1)
        };
        self.rest = self.rest.saturating_sub(1);
        self.rest == 0 && (is_idle || self.quiet >= QUIET_MIN)
    }

    fn swept(&mut self, is_done: bool) {
        self.failures = if is_done {
            0
        } else {
            (self.failures + 1).min(FAILURES_MAX)
        };
        self.rest = (1 << self.failures) - 1;
    }
}

/// So often the index is made anew without being told to: one that cannot be taken away, or does
/// not keep what is written, is not tried for ever.
const DAMAGES_MAX: u32 = 3;

impl Thread {
    fn run(mut self, queue: &Receiver<Job>) {
        let (mut goes_on, mut is_left) = (true, false);
        loop {
            let next = match (goes_on, is_left) {
                (true, _) => queue.try_recv().map_err(|error| match error {
                    TryRecvError::Empty => RecvTimeoutError::Timeout,
                    TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
                }),
                (false, true) => queue.recv_timeout(IDLE),
                (false, false) => queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            // What waits for more entries waits no longer once nobody writes.
            let is_idle = !goes_on && matches!(next, Err(RecvTimeoutError::Timeout));
            let is_removal = matches!(next, Ok(Job::Trimmed));
            let is_time = self.broom.is_due(is_removal, is_idle);
            match next {
                Ok(Job::Look) => self.shared.is_told.store(false, Ordering::Release),
                Ok(Job::Damaged(file)) => self.work.damaged(file),
                Ok(Job::Trimmed) => self.work.has_lost(),
                Ok(Job::Settle(reply)) => {
                    let _ = self.all();
                    let _ = reply.send(());
                }
                Ok(Job::Make {
                    is_new,
                    steps,
                    reply,
                }) => {
                    let made = self.make(is_new, steps);
                    let _ = reply.send(made);
                }
                Ok(Job::Purge(reply)) => {
                    let purged = self.work.purge();
                    let _ = reply.send(purged);
                }
                Ok(Job::LetGo(reply)) => {
                    self.work.let_go();
                    let _ = reply.send(());
                }
                Ok(Job::Close(reply)) => {
                    self.work.close();
                    let _ = reply.send(());
                    return;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let worked = self.work.step(is_idle);
            (goes_on, is_left) = self.tell(&worked, is_idle);
            if is_time && !goes_on && self.work.is_unswept() {
                // Whoever still reads it is not waited for.
                let swept = self.work.sweep(Duration::ZERO);
                self.broom.swept(swept.is_ok());
            }
            is_left |= self.work.is_unswept();
        }
    }

    /// Covers everything, however little it is.
    fn all(&mut self) -> Result<(), ()> {
        loop {
            let worked = self.work.flush(1);
            match self.tell(&worked, true) {
                (true, _) => {}
                (false, _) => return Ok(()),
            }
        }
    }

    /// Covers everything while somebody watches, step by step.
    fn make(
        &mut self,
        is_new: bool,
        steps: mpsc::UnboundedSender<(u64, u64)>,
    ) -> Result<(), StoreError> {
        if is_new {
            self.work.empty()?;
        }
        let mut unreadable = None;
        loop {
            let worked = self.work.advance();
            self.tell(&worked, true);
            // It is far behind, and nobody who writes is to wait for that.
            self.shared.works.store(false, Ordering::Relaxed);
            let is_watched = steps.send(self.work.progress()).is_ok();
            match worked {
                Ok(true) if is_watched => {}
                Ok(_) if !is_watched || self.work.lag() == 0 => break,
                Ok(_) => return Err(Fault::Busy.told()),
                // One trail that cannot be read keeps no other from being covered.
                Err(Fault::Other(error @ StoreError::Corrupt { .. })) => {
                    unreadable.get_or_insert(error);
                }
                Err(fault) => return Err(fault.told()),
            }
        }
        unreadable.map_or(Ok(()), Err)
    }

    /// Tells how far it is; whether there is more to do at once, and whether something is left.
    fn tell(&mut self, worked: &Result<bool, Fault>, is_idle: bool) -> (bool, bool) {
        self.damages = match worked {
            Ok(_) => 0,
            Err(Fault::Damage(_)) => self.damages + 1,
            Err(_) => self.damages,
        };
        // It was taken away, and nobody may ever tell of entries that come.
        let is_gone = (1..=DAMAGES_MAX).contains(&self.damages);
        let lag = self.work.lag();
        self.shared.lag.store(lag, Ordering::Relaxed);
        let (goes_on, problem) = match worked {
            Ok(goes_on) => (*goes_on, None),
            Err(fault) => (false, fault.problem()),
        };
        self.shared
            .works
            .store(problem.is_none(), Ordering::Relaxed);
        *lock(&self.shared.problem) = problem;
        self.shared.moved.notify_all();
        (goes_on, is_gone || lag > 0 && !is_idle)
    }
}
