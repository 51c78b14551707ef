//! Recording beside an answer: it waits a while for the record, and is the same whatever becomes
//! of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indelible_core::{AuditError, AuditEvent, AuditProtocol};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many events a layer recorded and how many were lost since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RecordCounts {
    /// Those recorded.
    pub recorded: u64,
    /// Those of which no record was acknowledged.
    pub lost: u64,
}

/// Events of one layer on their way to the trail at once; one more is lost, so that a store that
/// hangs does not take the server's memory.
const UNDERWAY_MAX: usize = 1024;

/// How long an answer waits for its record.
const PATIENCE: Duration = Duration::from_secs(1);

pub(crate) struct Recorder {
    audit: Arc<dyn AuditProtocol>,
    turns: Arc<Semaphore>,
    recorded: AtomicU64,
    lost: AtomicU64,
}

impl Recorder {
    pub fn new(audit: Arc<dyn AuditProtocol>) -> Arc<Self> {
        Arc::new(Self {
            audit,
            turns: Arc::new(Semaphore::new(UNDERWAY_MAX)),
            recorded: AtomicU64::new(0),
            lost: AtomicU64::new(0),
        })
    }

    pub fn counts(&self) -> RecordCounts {
        RecordCounts {
            recorded: self.recorded.load(Ordering::Relaxed),
            lost: self.lost.load(Ordering::Relaxed),
        }
    }

    /// Records, and waits a while for it.
    pub async fn record(self: Arc<Self>, event: AuditEvent) {
        if let Some(task) = self.begin(event) {
            // Whether it ended in time or not, it is counted where it ends.
            let _ = tokio::time::timeout(PATIENCE, task).await;
        }
    }

    /// Records in a task of its own, which goes on when the client is gone. `None` where the event
    /// is lost at once.
    pub fn begin(self: Arc<Self>, event: AuditEvent) -> Option<tokio::task::JoinHandle<()>> {
        let action = event.action.to_string();
        let Ok(turn) = Arc::clone(&self.turns).try_acquire_owned() else {
            self.lose(&action, "too many are being recorded");
            return None;
        };
        // A request that ends together with its runtime has nothing left that could record.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            self.lose(&action, "the runtime ended");
            return None;
        };
        let underway = Underway {
            recorder: self,
            action,
            _turn: turn,
            is_settled: false,
        };
        Some(runtime.spawn(async move {
            let recorded = underway.recorder.audit.record(event).await;
            underway.settle(recorded.map(drop));
        }))
    }

    fn lose(&self, action: &str, error: impl std::fmt::Display) {
        self.lost.fetch_add(1, Ordering::Relaxed);
        tracing::error!(action, %error, "an event was not recorded");
    }
}

/// An event on its way to the trail, counted whatever ends it, a panic or the end of the runtime
/// included.
struct Underway {
    recorder: Arc<Recorder>,
    action: String,
    _turn: OwnedSemaphorePermit,
    is_settled: bool,
}

impl Underway {
    fn settle(mut self, recorded: Result<(), AuditError>) {
        self.is_settled = true;
        match recorded {
            Ok(()) => {
                self.recorder.recorded.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => self.recorder.lose(&self.action, error),
        }
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        if !self.is_settled {
            let problem = "recording it ended without an answer";
            self.recorder.lose(&self.action, problem);
        }
    }
}
