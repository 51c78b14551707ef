//! Recording beside an answer: it waits a while for the record, and is the same whatever becomes
//! of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indelible_core::{AuditError, AuditEvent, AuditProtocol};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What became of a layer's events since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RecordCounts {
    /// Those recorded.
    pub recorded: u64,
    /// Those of which no record was acknowledged.
    pub lost: u64,
    /// Those among the lost that never got their turn: 1,024 others were under way for as long as
    /// the answer waited.
    pub crowded_out: u64,
    /// Those on their way to the trail now.
    pub underway: u64,
}

/// Events of one layer on their way to the trail at once, so that a store that hangs does not take
/// the server's memory.
const UNDERWAY_MAX: usize = 1024;

/// How long an answer waits for its record, its turn included.
const PATIENCE: Duration = Duration::from_secs(1);

pub(crate) struct Recorder {
    audit: Arc<dyn AuditProtocol>,
    turns: Arc<Semaphore>,
    recorded: AtomicU64,
    lost: AtomicU64,
    crowded_out: AtomicU64,
}

impl Recorder {
    pub fn new(audit: Arc<dyn AuditProtocol>) -> Arc<Self> {
        Arc::new(Self {
            audit,
            turns: Arc::new(Semaphore::new(UNDERWAY_MAX)),
            recorded: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            crowded_out: AtomicU64::new(0),
        })
    }

    pub fn counts(&self) -> RecordCounts {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let underway = UNDERWAY_MAX.saturating_sub(self.turns.available_permits());
        RecordCounts {
            recorded: of(&self.recorded),
            lost: of(&self.lost),
            crowded_out: of(&self.crowded_out),
            underway: u64::try_from(underway).unwrap_or(u64::MAX),
        }
    }

    /// Records in a task of its own, and waits a while for it. Once the event has its turn, it goes
    /// on when the client is gone.
    pub async fn record(self: Arc<Self>, event: AuditEvent) {
        let action = event.action.to_string();
        // A request that ends together with its runtime has nothing left that could record.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            self.lose(&action, "the runtime ended");
            return;
        };
        let pending = Pending {
            recorder: Arc::clone(&self),
            action: action.clone(),
            turn: None,
            is_settled: false,
        };
        let turn = Arc::clone(&self.turns).acquire_owned();
        let recording = async move {
            // Nobody closes it.
            let Ok(turn) = turn.await else { return };
            // Whether it ends in time or not, it is counted where it ends.
            let _ = runtime.spawn(pending.with(turn).recorded(event)).await;
        };
        if tokio::time::timeout(PATIENCE, recording).await.is_err() {
            let millis = PATIENCE.as_millis();
            tracing::warn!(
                action,
                millis,
                "an answer did not wait longer for its record"
            );
        }
    }

    /// Records, and waits for nothing.
    pub fn begin(self: Arc<Self>, event: AuditEvent) {
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(self.record(event))),
            Err(_) => self.lose(event.action.as_str(), "the runtime ended"),
        }
    }

    fn lose(&self, action: &str, error: impl std::fmt::Display) {
        let lost = self.lost.fetch_add(1, Ordering::Relaxed) + 1;
        tracing::error!(action, %error, lost, "an event was not recorded");
    }
}

/// An event on its way to the trail, counted whatever ends it: a panic, the end of the runtime, or
/// an answer that waits for its turn no longer.
struct Pending {
    recorder: Arc<Recorder>,
    action: String,
    turn: Option<OwnedSemaphorePermit>,
    is_settled: bool,
}

impl Pending {
    fn with(mut self, turn: OwnedSemaphorePermit) -> Self {
        self.turn = Some(turn);
        self
    }

    async fn recorded(mut self, event: AuditEvent) {
        let recorded = self.recorder.audit.record(event).await;
        self.is_settled = true;
        self.count(recorded.map(drop));
    }

    fn count(&self, recorded: Result<(), AuditError>) {
        match recorded {
            Ok(()) => {
                self.recorder.recorded.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => self.recorder.lose(&self.action, error),
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if self.is_settled {
            return;
        }
        let problem = if self.turn.is_some() {
            "recording it ended without an answer"
        } else {
            self.recorder.crowded_out.fetch_add(1, Ordering::Relaxed);
            "too many were being recorded for as long as it could wait"
        };
        self.recorder.lose(&self.action, problem);
    }
}
