//! The bounded queue before a sequencer, and the thread on which sequencers run.

use std::future::Future;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot, watch};

use super::chain::Link;
use super::{Shared, sequencer};
use crate::door::Admitted;
use crate::error::AuditError;
use crate::protocol::Receipt;
use crate::store::StoreError;
use crate::trail::TrailName;

/// An event on its way to a commit, and where its answer goes.
pub(super) struct Job {
    pub event: Box<Admitted>,
    pub answer: oneshot::Sender<Result<Receipt, AuditError>>,
    /// Whether a conflict of its id is a record in `system`.
    pub records_conflict: bool,
    /// What holds it back when an event before it fails.
    pub link: Option<Link>,
}

impl Job {
    /// The job did not get into the queue, for this reason.
    fn given_back(self, error: AuditError) -> AuditError {
        if let Some(link) = self.link {
            link.answered(Some(&error));
        }
        error
    }
}

/// The entrance to one trail's sequencer.
#[derive(Clone)]
pub(super) struct Queue {
    sender: mpsc::Sender<Job>,
    end: End,
}

impl Queue {
    /// The queue of a trail; its sequencer is started with it.
    pub fn of(shared: &Arc<Shared>, trail: &TrailName) -> Result<Self, AuditError> {
        let mut queues = shared.queues();
        // Asked under the lock that closing takes too, so that no queue is made behind its back.
        if !shared.thread.takes(trail) {
            return Err(AuditError::Closed);
        }
        // The sequencer of a queue ends early only by a panic; the next one begins afresh.
        if let Some(queue) = queues.get(trail).filter(|queue| !queue.sender.is_closed()) {
            return Ok(queue.clone());
        }
        let (sender, receiver) = mpsc::channel(shared.options.queue_events_max.max(1));
        let (ending, end) = End::awaited();
        let (shared_for_task, name) = (Arc::downgrade(shared), trail.clone());
        shared.thread.spawn(async move {
            sequencer::run(shared_for_task, name, receiver).await;
            drop(ending);
        });
        let queue = Self { sender, end };
        queues.insert(trail.clone(), queue.clone());
        Ok(queue)
    }

    /// Puts a job into the queue, waiting for a place for as long as `patience`.
    ///
    /// The wait is timed on the engine's own thread: a caller's runtime may have no timer.
    pub async fn put(&self, job: Job, shared: &Shared) -> Result<(), AuditError> {
        let job = match self.sender.try_send(job) {
            Ok(()) => return Ok(()),
            Err(mpsc::error::TrySendError::Closed(job)) => {
                return Err(job.given_back(AuditError::Closed));
            }
            Err(mpsc::error::TrySendError::Full(job)) => job,
        };
        let (sender, patience) = (self.sender.clone(), shared.options.patience);
        let waited = shared.thread.handle.spawn(async move {
            match sender.send_timeout(job, patience).await {
                Ok(()) => Ok(()),
                Err(mpsc::error::SendTimeoutError::Timeout(job)) => {
                    Err(job.given_back(AuditError::Overloaded))
                }
                Err(mpsc::error::SendTimeoutError::Closed(job)) => {
                    Err(job.given_back(AuditError::Closed))
                }
            }
        });
        let put = waited.await.unwrap_or(Err(AuditError::Closed));
        if matches!(put, Err(AuditError::Overloaded)) {
            shared.pulse.overloaded();
        }
        put
    }

    /// How many jobs wait in it.
    pub fn waiting(&self) -> usize {
        self.sender.max_capacity() - self.sender.capacity()
    }

    /// Takes nothing more; the end is reached when all that was taken has been answered.
    pub fn into_end(self) -> End {
        self.end
    }
}

/// The end of a sequencer, which comes when its queue is retired and empty, or of another task.
#[derive(Clone)]
pub(super) struct End(watch::Receiver<()>);

impl End {
    /// An end, which comes when what is answered beside it is dropped.
    pub fn awaited() -> (watch::Sender<()>, Self) {
        let (ending, end) = watch::channel(());
        (ending, Self(end))
    }

    pub async fn reached(mut self) {
        // Nothing is ever sent: the sender goes away with the task.
        while self.0.changed().await.is_ok() {}
    }
}

/// The engine's own thread, with a runtime for its sequencers.
pub(super) struct Thread {
    handle: tokio::runtime::Handle,
    /// 0 while all is open, 1 when no caller's event is taken any more, 2 when none is.
    closing: AtomicU8,
    stop: Mutex<Option<oneshot::Sender<()>>>,
}

impl Thread {
    pub fn start() -> Result<Self, AuditError> {
        let unavailable =
            |e: std::io::Error| AuditError::from(StoreError::Unavailable { source: e.into() });
        let runtime = Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(unavailable)?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        std::thread::Builder::new()
            .name("indelible-engine".to_owned())
            .spawn(move || {
                // An error says that the engine was dropped, which stops the thread too.
                let _ = runtime.block_on(stopped);
            })
            .map_err(unavailable)?;
        Ok(Self {
            handle,
            closing: AtomicU8::new(0),
            stop: Mutex::new(Some(stop)),
        })
    }

    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.handle.spawn(task);
    }

    /// Waits, timed on the engine's own thread: a caller's runtime may have no timer.
    pub async fn pause(&self, pause: Duration) {
        #[expect(
            clippy::disallowed_methods,
            reason = "writers get their time between two steps; nothing is waited for"
        )]
        let waited = self
            .handle
            .spawn(async move { tokio::time::sleep(pause).await });
        // An error says that the engine was closed.
        let _ = waited.await;
    }

    /// From now on no event of a caller is taken; the engine's own still are.
    pub fn close_door(&self) {
        self.closing.fetch_max(1, Ordering::SeqCst);
    }

    /// From now on nothing is taken.
    pub fn close_system(&self) {
        self.closing.fetch_max(2, Ordering::SeqCst);
    }

    pub fn close(&self) {
        drop(
            self.stop
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
    }

    fn takes(&self, trail: &TrailName) -> bool {
        self.closing.load(Ordering::SeqCst) < if trail.is_system() { 2 } else { 1 }
    }
}
