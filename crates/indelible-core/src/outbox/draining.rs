//! A drain that goes on by itself.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::{Drain, Settled, Standing};
use crate::backoff::Backoff;
use crate::error::AuditError;
use crate::store::StoreError;

/// A drain at work on a thread of its own. It stops when this is dropped, at once and harmlessly:
/// whatever it was about is done again by the next one.
#[must_use = "it stops when this is dropped"]
pub struct Draining {
    stop: Option<oneshot::Sender<()>>,
    ended: Option<oneshot::Receiver<()>>,
    figures: Arc<Figures>,
}

/// The eyes on a drain at work, for whoever shows its figures. Clones are cheap.
#[derive(Clone)]
pub struct Watch(Arc<Figures>);

/// What a drain has done since it was started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Vitals {
    /// Whether it is at work: not once it was stopped, the engine was closed, or it broke down.
    pub is_working: bool,
    /// Rows whose events are in their trails, and that were taken out.
    pub moved: u64,
    /// Rows that can never be recorded.
    pub refused: u64,
    /// Passes that failed as a whole.
    pub failures: u64,
    /// What the last pass met, or what ended the drain; `None` after a good one.
    pub last_error: Option<String>,
    /// How much was in the outbox when it was looked at last, at most a quarter of a minute and
    /// one pass ago; `None` before.
    pub standing: Option<Standing>,
}

/// How often rows are counted.
const STANDING_EVERY: Duration = Duration::from_secs(15);

/// The counters behind [`Vitals`].
#[derive(Default)]
pub(super) struct Figures {
    is_working: AtomicBool,
    moved: AtomicU64,
    refused: AtomicU64,
    failures: AtomicU64,
    last_error: Mutex<Option<String>>,
    standing: Mutex<Option<Standing>>,
}

impl Drain {
    /// Starts the drain on a thread of its own: a pass every `interval`, the next at once while
    /// much waits, and less often while the outbox cannot be read.
    ///
    /// # Errors
    /// [`AuditError::Store`] where no thread can be had.
    pub fn start(self, interval: Duration) -> Result<Draining, AuditError> {
        let unavailable =
            |e: std::io::Error| AuditError::from(StoreError::Unavailable { source: e.into() });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(unavailable)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let (ending, ended) = oneshot::channel::<()>();
        let figures = Arc::clone(&self.figures);
        let at_work = AtWork::begin(&figures);
        std::thread::Builder::new()
            .name("indelible-outbox".to_owned())
            .spawn(move || {
                let at_work = at_work;
                runtime.block_on(async {
                    tokio::select! {
                        () = self.run(interval) => {}
                        // An error says that whoever started it is gone.
                        _ = stopped => {}
                    }
                });
                drop(runtime);
                drop(at_work);
                // Nobody may be waiting.
                let _ = ending.send(());
            })
            .map_err(unavailable)?;
        Ok(Draining {
            stop: Some(stop),
            ended: Some(ended),
            figures,
        })
    }

    /// Passes over the outbox until the engine is closed.
    async fn run(mut self, interval: Duration) {
        let mut backoff = Backoff::default();
        let mut counted_at = None;
        loop {
            let pause = match self.pass().await {
                Err(AuditError::Closed) => {
                    tracing::warn!("the outbox is drained no more: the engine is closed");
                    self.figures.passed(Some(AuditError::Closed.to_string()));
                    return;
                }
                Ok(moved) => {
                    if backoff.is_failing() {
                        tracing::info!("the outbox is drained again");
                    }
                    backoff.reset();
                    self.figures.passed(moved.hitch());
                    interval
                }
                Err(error) => {
                    if !backoff.is_failing() {
                        tracing::warn!(%error, "the outbox is not drained now");
                    }
                    self.figures.failures.fetch_add(1, Ordering::Relaxed);
                    self.figures.passed(Some(error.to_string()));
                    backoff.next(&*self.engine().ground().entropy).max(interval)
                }
            };
            self.count(&mut counted_at).await;
            rest(pause).await;
        }
    }
}

/// Held by the thread of a drain as long as it works.
struct AtWork(Arc<Figures>);

impl AtWork {
    fn begin(figures: &Arc<Figures>) -> Self {
        figures.is_working.store(true, Ordering::Relaxed);
        Self(Arc::clone(figures))
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.is_working.store(false, Ordering::Relaxed);
        if std::thread::panicking() {
            // Nobody may be waiting for the thread: this is all that is heard of it.
            tracing::error!("{BROKEN_DOWN}");
            self.0.passed(Some(BROKEN_DOWN.to_owned()));
        }
    }
}

/// A defect of this library or of an [`Outbox`](super::Outbox). What waits is drained by the next
/// process that starts to.
const BROKEN_DOWN: &str =
    "the drain of the outbox broke down, and this process drains it no more; start it again";

impl Drain {
    /// Counts what is in the outbox, when it is time to. What cannot be counted stays as it was
    /// counted last: the next pass says what is wrong.
    async fn count(&self, counted_at: &mut Option<Duration>) {
        let now = self.engine().ground().clock.elapsed();
        if counted_at.is_some_and(|at| now.saturating_sub(at) < STANDING_EVERY) {
            return;
        }
        if let Ok(standing) = self.outbox().standing().await {
            *counted_at = Some(now);
            *lock(&self.figures.standing) = Some(standing);
        }
    }
}

impl Draining {
    /// Ends the drain and waits until it has let go of engine and outbox: before the database is
    /// closed.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        if let Some(ended) = self.ended.take() {
            // A thread that panicked has ended, too.
            let _ = ended.await;
        }
    }

    /// What it has done.
    pub fn vitals(&self) -> Vitals {
        self.figures.read()
    }

    /// The same for whoever does not hold this.
    pub fn watch(&self) -> Watch {
        Watch(Arc::clone(&self.figures))
    }
}

impl Watch {
    /// What the drain has done, also after it has ended.
    pub fn vitals(&self) -> Vitals {
        self.0.read()
    }
}

fn lock<T>(of: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // Every change is one assignment.
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Figures {
    pub fn settled(&self, settled: &Settled) {
        self.moved.fetch_add(settled.moved, Ordering::Relaxed);
        self.refused.fetch_add(settled.refused, Ordering::Relaxed);
    }

    fn passed(&self, error: Option<String>) {
        *lock(&self.last_error) = error;
    }

    fn read(&self) -> Vitals {
        Vitals {
            is_working: self.is_working.load(Ordering::Relaxed),
            moved: self.moved.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
            last_error: lock(&self.last_error).clone(),
            standing: lock(&self.standing).clone(),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "an insert into an outbox signals nobody: it is looked at again and again"
)]
async fn rest(time: Duration) {
    tokio::time::sleep(time).await;
}
