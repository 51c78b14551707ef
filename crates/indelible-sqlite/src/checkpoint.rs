//! Copies the write-ahead log into the database beside the commits, so that none waits for it.
//!
//! SQLite lets one connection copy while another one commits. But the log starts over only where
//! all of it is copied, and while commits go on there is always something more: a thread of its own
//! copies until little is left, and that much the writer copies itself, between two transactions.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use indelible_core::store::StoreError;
use rusqlite::{Connection, InterruptHandle};

use crate::connection;
use crate::error::{SqliteError, refused, unavailable};
use crate::files::{Files, Open};
use crate::index::lock;
use crate::wal::Wal;

/// Pages in the log with which the thread begins to copy.
const PAGES: u32 = 2_000;
/// Pages more after which it tries again, where a reader still needs some or it was outrun.
const RETRY_PAGES: u32 = 2_000;
/// Pages that the writer copies itself, or as many as one commit has: it takes about as long.
const LAST_PAGES: u32 = 256;
/// Passes in a row. Each copies what was committed during the one before.
const PASSES: u32 = 8;
/// Pages with which the writer does what the thread could not, and waits for readers.
const LONG_PAGES: u32 = 10_000;
/// Pages beyond which each commit waits for the thread: the log must not grow without end where
/// the disk takes commits faster than copies.
const PAGES_MAX: u32 = 40_000;
/// For how long the writer waits, for the thread or for readers.
const PACE: Duration = Duration::from_millis(100);

/// The thread that copies, as the writer knows it.
pub(crate) struct Checkpoints {
    jobs: Sender<Job>,
    shared: Arc<Shared>,
    wal: Arc<Wal>,
    /// Pages in the log with which something is to be done next.
    next_at: u32,
    /// Pages in the log before the last commit.
    before: u32,
}

enum Job {
    Copy,
    /// Closes the connection. What is sent tells that it is closed.
    LetGo(Sender<()>),
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    moved: Condvar,
    /// Whether the thread is to let go at once.
    gives_up: AtomicBool,
    /// What ends a pass that is under way.
    interrupt: Mutex<Option<InterruptHandle>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Idle,
    Copying,
    /// Of the log as it was, so many pages are in the database.
    Copied(u32),
    /// The thread could not, or has ended: the writer does it.
    Failed,
}

impl Checkpoints {
    /// Starts the thread. It opens its connection when there is something to copy.
    pub(crate) fn start(
        path: PathBuf,
        (files, wal): (Arc<Files>, Arc<Wal>),
        busy_timeout: Duration,
    ) -> Result<Self, StoreError> {
        let (jobs, queue) = channel();
        let shared = Arc::<Shared>::default();
        let mut thread = Thread {
            path,
            files,
            busy_timeout,
            shared: Arc::clone(&shared),
            wal: Arc::clone(&wal),
            db: None,
        };
        std::thread::Builder::new()
            .name("indelible-checkpoint".to_owned())
            .spawn(move || thread.run(&queue))
            .map_err(unavailable)?;
        Ok(Self {
            jobs,
            shared,
            wal,
            next_at: PAGES,
            before: 0,
        })
    }

    /// After a commit: has the thread copy what has come, or copies what it has left.
    pub(crate) fn after_commit(&mut self, db: &Connection) {
        let pages = self.wal.pages();
        let of_commit = pages.saturating_sub(std::mem::replace(&mut self.before, pages));
        let state = *self.shared.lock();
        match state {
            State::Copying => self.pace(pages),
            State::Copied(copied) => {
                *self.shared.lock() = State::Idle;
                // Where a reader keeps the log from starting over it goes on from here.
                self.next_at = pages + RETRY_PAGES;
                let is_little = pages.saturating_sub(copied) <= LAST_PAGES.max(of_commit);
                if pages >= LONG_PAGES {
                    self.next_at = self.wal.start_over(db).unwrap_or(self.next_at);
                } else if is_little {
                    // An error leaves the log as it was: it is the next pass's.
                    let _ = self.wal.copy(db, "PASSIVE");
                }
            }
            State::Failed => {
                *self.shared.lock() = State::Idle;
                self.next_at = pages + RETRY_PAGES;
                let _ = self.wal.copy(db, "PASSIVE");
            }
            State::Idle => {
                let has_started_over = pages + RETRY_PAGES < self.next_at;
                if has_started_over {
                    self.next_at = PAGES;
                }
                if pages >= self.next_at {
                    *self.shared.lock() = State::Copying;
                    if self.jobs.send(Job::Copy).is_err() {
                        *self.shared.lock() = State::Failed;
                    }
                }
            }
        }
    }

    fn pace(&self, pages: u32) {
        if pages < PAGES_MAX {
            return;
        }
        let state = self.shared.lock();
        if *state == State::Copying {
            drop(self.shared.moved.wait_timeout(state, PACE));
        }
    }

    /// Has the thread close its connection, and waits for that. What it is at is given up.
    pub(crate) fn let_go(&self) {
        let (reply, done) = channel();
        self.shared.gives_up.store(true, Ordering::Release);
        if self.jobs.send(Job::LetGo(reply)).is_ok() {
            if let Some(handle) = &*lock(&self.shared.interrupt) {
                handle.interrupt();
            }
            // A thread that has ended has let go.
            let _ = done.recv();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn tell(&self, state: State) {
        *self.lock() = state;
        self.moved.notify_all();
    }
}

struct Thread {
    path: PathBuf,
    files: Arc<Files>,
    busy_timeout: Duration,
    shared: Arc<Shared>,
    wal: Arc<Wal>,
    // The connection is closed before the file may be another one.
    db: Option<(Connection, Open)>,
}

impl Thread {
    fn run(&mut self, queue: &Receiver<Job>) {
        while let Ok(job) = queue.recv() {
            match job {
                Job::Copy => {
                    let copied = self.copy();
                    if copied.is_err() {
                        self.close();
                    }
                    self.shared
                        .tell(copied.map_or(State::Failed, State::Copied));
                }
                Job::LetGo(reply) => {
                    self.close();
                    self.shared.gives_up.store(false, Ordering::Release);
                    let _ = reply.send(());
                }
            }
        }
    }

    fn close(&mut self) {
        *lock(&self.shared.interrupt) = None;
        self.db = None;
    }

    /// Copies until nothing is left, as far as readers allow and commits do not outrun it: where
    /// all is copied, SQLite flushes it, and the writer has little to flush itself. Answers how
    /// many pages are in the database.
    fn copy(&mut self) -> Result<u32, StoreError> {
        let wal = Arc::clone(&self.wal);
        let mut all_copied = 0;
        for _ in 0..PASSES {
            if self.shared.gives_up.load(Ordering::Acquire) {
                break;
            }
            let pass = wal.copy(self.connection()?, "PASSIVE");
            let Some((logged, copied)) = pass.map_err(refused)? else {
                break;
            };
            all_copied = copied;
            if copied < logged || wal.pages() <= copied {
                break;
            }
        }
        Ok(all_copied)
    }

    /// The connection, to the files that were opened: no other log is copied into the database.
    fn connection(&mut self) -> Result<&Connection, StoreError> {
        if self.db.is_none() {
            let open = self.files.open()?;
            let db = connection::copying(&self.path, self.busy_timeout)?;
            self.files.remember().map_err(unavailable)?;
            *lock(&self.shared.interrupt) = Some(db.get_interrupt_handle());
            self.db = Some((db, open));
        }
        let is_there = self.files.are_there().map_err(unavailable)?;
        match &self.db {
            Some((db, _)) if is_there => Ok(db),
            _ => Err(unavailable(SqliteError::Displaced)),
        }
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        // However it ended, nobody waits for it any more.
        self.shared.tell(State::Failed);
    }
}

#[cfg(test)]
mod cases;
