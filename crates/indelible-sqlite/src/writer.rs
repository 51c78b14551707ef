//! The one thread that writes.
//!
//! It takes all that was asked for while the last transaction was on its way to the disk and puts
//! it into the next one: many callers share one flush.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indelible_core::outbox::{Settled, Settlement};
use indelible_core::store::{BoxError, StoreError, Verdict};
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use tokio::sync::oneshot;

use crate::append::Batch;
use crate::checkpoint::Checkpoints;
use crate::connection::{self, pragma};
use crate::error::{SqliteError, refused, shared, unavailable, unknown};
use crate::files::{Files, Open};
use crate::index::Index;
use crate::open::Options;
use crate::registry::Put;
use crate::removal::{self, Step};
use crate::retention::Trim;

mod transaction;

use transaction::Fault;

/// Entries after which a transaction takes no further work.
const GROUP_ENTRIES: usize = 8192;

/// The handle of the writing thread; the thread ends with the last handle.
pub(crate) struct Writer {
    jobs: Mutex<Option<Sender<Job>>>,
}

/// What one caller asks for, done whole or not at all.
pub(crate) enum Task {
    Append(Vec<Batch>),
    Put(Put),
    Settle(Settlement),
    Erase(Step),
    Trim(Trim),
}

/// What became of a [`Task`].
pub(crate) enum Done {
    Verdicts(Vec<Verdict>),
    /// As `Registry::put` answers.
    Version(Option<u64>),
    Settled(Settled),
    /// How many parts are gone.
    Erased(u64),
    /// The first kept entry after the step.
    Trimmed(u64),
}

/// Settings of the writing connection that durability hangs on.
pub(crate) struct Settings {
    pub(crate) synchronous: i64,
    pub(crate) foreign_keys: bool,
}

enum Job {
    Write(Task, oneshot::Sender<Result<Done, StoreError>>),
    Settings(oneshot::Sender<Result<Settings, StoreError>>),
    Purge(oneshot::Sender<Result<(), StoreError>>),
    Close(oneshot::Sender<Result<(), StoreError>>),
    /// Lets go of files that are not the database's any more.
    LetGo,
}

impl Writer {
    /// Starts the thread with a connection that is ready to write.
    pub(crate) fn start(
        path: PathBuf,
        (files, index): (Arc<Files>, Arc<Index>),
        options: &Options,
        db: Connection,
    ) -> Result<Self, StoreError> {
        let (jobs, queue) = channel();
        let wal = Arc::clone(&index.log_wal);
        let checkpoints = Checkpoints::start(
            path.clone(),
            (Arc::clone(&files), wal),
            options.busy_timeout,
        )?;
        let mut thread = Thread {
            path,
            files,
            index,
            open: None,
            busy_timeout: options.busy_timeout,
            bytes_max: options.bytes_max,
            db: None,
            checkpoints,
        };
        let open = thread.files.open()?;
        thread.adopt(db, open)?;
        std::thread::Builder::new()
            .name("indelible-sqlite".to_owned())
            .spawn(move || thread.run(&queue))
            .map_err(unavailable)?;
        Ok(Self {
            jobs: Mutex::new(Some(jobs)),
        })
    }

    /// Does a task and answers when it is durable.
    pub(crate) async fn done(&self, task: Task) -> Result<Done, StoreError> {
        self.ask(|reply| Job::Write(task, reply)).await?
    }

    /// What has the thread let go of files that are not the database's any more.
    pub(crate) fn let_go(&self) -> impl Fn() + Send + Sync + use<> {
        let jobs = self
            .jobs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        move || {
            // A thread that has ended has let go.
            let _ = jobs.as_ref().map(|jobs| jobs.send(Job::LetGo));
        }
    }

    /// The settings as they are.
    pub(crate) async fn settings(&self) -> Result<Settings, StoreError> {
        self.ask(Job::Settings).await?
    }

    /// Writes the database anew, without what was erased. Commits wait meanwhile.
    pub(crate) async fn purge(&self) -> Result<(), StoreError> {
        self.ask(Job::Purge).await?
    }

    /// Ends the thread after all that was asked for before; later tasks are refused.
    pub(crate) async fn close(&self) -> Result<(), StoreError> {
        let asked = self.ask(Job::Close).await;
        self.jobs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match asked {
            Ok(closed) => closed,
            // It was closed already.
            Err(StoreError::Unavailable { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<T>) -> Job) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let sent = match &*self.jobs.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(jobs) => jobs.send(job(reply)).is_ok(),
            None => false,
        };
        if !sent {
            return Err(unavailable(SqliteError::Closed));
        }
        // The thread answers every job that it takes, unless it ends in between.
        answer.await.map_err(|_| StoreError::Unknown {
            source: Box::new(SqliteError::Closed),
        })
    }
}

struct Thread {
    path: PathBuf,
    files: Arc<Files>,
    index: Arc<Index>,
    busy_timeout: Duration,
    bytes_max: Option<u64>,
    /// None after an error that the connection may not have survived.
    db: Option<Connection>,
    open: Option<Open>,
    checkpoints: Checkpoints,
}

impl Thread {
    fn run(mut self, queue: &Receiver<Job>) {
        while let Ok(first) = queue.recv() {
            let (mut tasks, mut replies, mut entries) = (Vec::new(), Vec::new(), 0);
            let mut next = Some(first);
            while let Some(Job::Write(task, reply)) =
                next.take_if(|job| matches!(job, Job::Write(..)))
            {
                entries += task.entries();
                tasks.push(task);
                replies.push(reply);
                if entries < GROUP_ENTRIES {
                    next = queue.try_recv().ok();
                }
            }
            if !tasks.is_empty() {
                self.index.pace();
                let answers = self.write(&tasks);
                self.index.grown(entries as u64);
                self.index.recorded(recorded(&tasks, &answers));
                for (reply, answer) in replies.into_iter().zip(answers) {
                    // Whoever asked may have stopped waiting.
                    let _ = reply.send(answer);
                }
                if let Some(db) = &self.db {
                    self.checkpoints.after_commit(db);
                }
            }
            match next {
                None | Some(Job::Write(..)) => {}
                Some(Job::Settings(reply)) => {
                    let _ = reply.send(self.settings());
                }
                Some(Job::Purge(reply)) => {
                    // A purge empties the log, and is refused while somebody copies it.
                    self.checkpoints.let_go();
                    let wal = Arc::clone(&self.index.log_wal);
                    let purged = self.connection().and_then(|db| removal::purge(db, &wal));
                    let _ = reply.send(purged);
                }
                Some(Job::LetGo) => {
                    if matches!(self.files.are_there(), Ok(false)) {
                        self.abandon();
                    }
                }
                Some(Job::Close(reply)) => {
                    let _ = reply.send(self.close());
                    return;
                }
            }
        }
        // Nobody is left to be told what went wrong.
        let _ = self.close();
    }

    /// One transaction over all tasks, an answer for each.
    fn write(&mut self, tasks: &[Task]) -> Vec<Result<Done, StoreError>> {
        let answers = self.written(tasks);
        if self.db.is_none() {
            return answers;
        }
        let error = match self.files.are_there() {
            Ok(true) => return answers,
            Ok(false) => None,
            Err(error) => Some(Arc::new(error)),
        };
        // Perhaps nobody will read what was written: nothing of it may be acknowledged.
        self.abandon();
        let unknown = |_| {
            let source: BoxError = match &error {
                Some(error) => Arc::clone(error).into(),
                None => SqliteError::Displaced.into(),
            };
            Err(StoreError::Unknown { source })
        };
        tasks.iter().map(unknown).collect()
    }

    /// Closes the connection and leaves the log as it is: a log that is not the database's must not
    /// be copied into it, and one that is stays the same file for the next connection.
    fn abandon(&mut self) {
        if let Some(db) = self.db.take() {
            let setting = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
            if db.set_db_config(setting, true).is_err() {
                std::mem::forget(db);
                std::mem::forget(self.open.take());
            }
        }
        self.open = None;
        self.checkpoints.let_go();
        self.index.let_go();
    }

    fn written(&mut self, tasks: &[Task]) -> Vec<Result<Done, StoreError>> {
        let error = match self.connection() {
            Ok(db) => match transaction::run(db, tasks) {
                Ok(answers) => return answers,
                Err(fault) => fault,
            },
            Err(error) => {
                let error = Arc::new(error);
                return tasks
                    .iter()
                    .map(|_| Err(unavailable(Arc::clone(&error))))
                    .collect();
            }
        };
        match error {
            Fault::Refused { error, usable } => {
                if !usable {
                    self.abandon();
                }
                let error = Arc::new(error);
                tasks.iter().map(|_| Err(shared(&error))).collect()
            }
            Fault::Unknown(error) => {
                self.abandon();
                let error = Arc::new(error);
                tasks.iter().map(|_| Err(unknown(&error))).collect()
            }
        }
    }

    fn connection(&mut self) -> Result<&Connection, StoreError> {
        if self.db.is_none() {
            let open = self.files.open()?;
            let db = connection::writing(&self.path, self.busy_timeout)?;
            self.adopt(db, open)?;
        }
        self.db
            .as_ref()
            .ok_or_else(|| unavailable(SqliteError::Closed))
    }

    fn adopt(&mut self, mut db: Connection, open: Open) -> Result<(), StoreError> {
        self.index.log_wal.follow(&mut db).map_err(refused)?;
        if let Some(bytes) = self.bytes_max {
            let size: u64 = db
                .query_row("PRAGMA page_size", [], |r| r.get(0))
                .map_err(refused)?;
            pragma(
                &db,
                "max_page_count",
                (bytes / size).clamp(1, u64::from(u32::MAX) - 1),
            )?;
        }
        // From here on the log is open, and so the one that it has to be.
        db.query_row("PRAGMA schema_version", [], |_| Ok(()))
            .map_err(refused)?;
        self.files.remember().map_err(unavailable)?;
        (self.db, self.open) = (Some(db), Some(open));
        Ok(())
    }

    fn settings(&mut self) -> Result<Settings, StoreError> {
        let db = self.connection()?;
        let number = |sql: &str| {
            db.query_row(sql, [], |row| row.get::<_, i64>(0))
                .map_err(refused)
        };
        Ok(Settings {
            synchronous: number("PRAGMA synchronous")?,
            foreign_keys: number("PRAGMA foreign_keys")? == 1,
        })
    }

    fn close(&mut self) -> Result<(), StoreError> {
        if self.db.is_some() && !self.files.are_there().unwrap_or(false) {
            self.abandon();
        }
        let Some(db) = self.db.take() else {
            return Ok(());
        };
        self.checkpoints.let_go();
        // Others may have the database open; then the log stays as long as they need it.
        let _ = self.index.log_wal.empty(&db);
        let closed = db.close().map_err(|(_, error)| refused(error));
        self.open = None;
        closed
    }
}

/// Entries that were appended.
fn recorded(tasks: &[Task], answers: &[Result<Done, StoreError>]) -> u64 {
    let done = tasks
        .iter()
        .zip(answers)
        .filter(|(_, answer)| answer.is_ok());
    let entries = done.map(|(task, _)| match task {
        Task::Append(_) => task.entries(),
        _ => 0,
    });
    entries.sum::<usize>() as u64
}

impl Task {
    fn entries(&self) -> usize {
        match self {
            Self::Append(batches) => batches.iter().map(Batch::len).sum(),
            Self::Put(_) => 1,
            Self::Erase(step) => step.entries(),
            Self::Trim(step) => step.entries(),
            Self::Settle(settlement) => settlement.moved.len() + settlement.refused.len(),
        }
    }
}
