//! The handle that delivers as its caller chooses.

use std::collections::HashSet;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use indelible_core::door::Door;
use indelible_core::{
    AuditError, AuditEvent, AuditProtocol, Delivery, Page, Query, Receipt, TrailName,
};
use tokio::sync::{Notify, mpsc, oneshot};

use crate::drain::{Drain, Flush, unanswered};
use crate::error::SpoolError;
use crate::inspection;
use crate::ledger::Depth;
use crate::line::Waiting;
use crate::losses::Losses;
use crate::mode::{DeliveryMode, WhenFull};
use crate::options::Options;
use crate::spool::{Bounds, Spool};
use crate::vitals::{Pulse, Vitals};
use crate::writer::Refusal;

/// An [`AuditProtocol`] around another one, which delivers events as the caller chooses: for the
/// handle ([`Delivering::with`]) or for one call ([`Delivering::record_with`]).
///
/// | mode | the trail takes the event | it does not |
/// |---|---|---|
/// | [`DeliveryMode::Required`] | its receipt | its error |
/// | [`DeliveryMode::Spooled`] | its receipt | `delivery: "spooled"`: on the local disk, recorded later under the same id |
/// | [`DeliveryMode::BestEffort`] | its receipt | `delivery: "dropped"`, counted, logged, and recorded as `audit_write_failed` later |
///
/// An event whose structure is refused, or whose id stands in the trail with other content, is an
/// error in each of them. While events wait in the spool, those after them join them there, so that their
/// order stays; the last few are waited for. Clones share everything.
#[derive(Clone)]
pub struct Delivering {
    shared: Arc<Shared>,
    mode: DeliveryMode,
}

/// So few events in the spool are waited for rather than added to.
const LAST_FEW: u64 = 256;

struct Shared {
    core: Arc<Core>,
    thread: Thread,
}

/// What handles and drain share.
pub(crate) struct Core {
    pub inner: Arc<dyn AuditProtocol>,
    pub options: Options,
    pub spool: Option<Spool>,
    pub losses: Losses,
    pub pulse: Pulse,
    /// Something waits to be delivered.
    pub wake: Notify,
    /// The trail has just taken something.
    pub up: Notify,
    /// Nothing waits any more, or the trail takes nothing any more.
    pub turned: Notify,
    /// Whether the trail took what was last delivered to it from the spool.
    pub is_taking: AtomicBool,
    trail: TrailName,
    door: Door,
    closed: AtomicBool,
}

/// The drain's thread, whose runtime also times the patience of callers.
struct Thread {
    runtime: tokio::runtime::Handle,
    flushes: Mutex<Option<mpsc::UnboundedSender<Flush>>>,
    handle: Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl Delivering {
    /// Delivers to `inner`, which is the handle on `trail`. What is left in the folder from
    /// before is delivered, too.
    ///
    /// # Errors
    /// [`SpoolError`] where the spool cannot be opened, or there is none and `options` ask for it.
    pub fn open(
        inner: Arc<dyn AuditProtocol>,
        trail: TrailName,
        options: Options,
    ) -> Result<Self, SpoolError> {
        let bounds = Bounds {
            bytes_max: options.bytes_max,
            segment_bytes: options.segment_bytes,
        };
        let spool = match &options.folder {
            Some(folder) => Some(Spool::open(folder, &trail, bounds)?),
            None if options.mode == DeliveryMode::Spooled => return Err(SpoolError::NoFolder),
            None => None,
        };
        let (mut kept, mut dead) = (Vec::new(), HashSet::new());
        if let Some(spool) = &spool {
            kept = spool.losses().map_err(SpoolError::at(spool.path()))?;
            dead = inspection::dead_ids(spool.path())?;
        }
        let mode = options.mode;
        let core = Arc::new(Core {
            inner,
            spool,
            losses: Losses::of(&kept),
            pulse: Pulse::default(),
            wake: Notify::new(),
            up: Notify::new(),
            turned: Notify::new(),
            is_taking: AtomicBool::new(false),
            trail,
            door: Door::new(
                options.clock.clone(),
                options.entropy.clone(),
                options.redactor.clone(),
            ),
            closed: AtomicBool::new(false),
            options,
        });
        let thread = Thread::start(Drain::new(Arc::clone(&core), dead))?;
        Ok(Self {
            shared: Arc::new(Shared { core, thread }),
            mode,
        })
    }

    /// The same handle with another delivery for calls that do not name one.
    #[must_use]
    pub fn with(&self, mode: DeliveryMode) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            mode,
        }
    }

    /// The delivery of calls that do not name one.
    pub fn mode(&self) -> DeliveryMode {
        self.mode
    }

    /// Records one event with this delivery, whatever the handle's own is.
    ///
    /// # Errors
    /// [`AuditError`]. Under [`DeliveryMode::Spooled`] and [`DeliveryMode::BestEffort`] only what
    /// the event itself is to blame for, a spool that is full or fails, and a handle that is
    /// closed.
    pub async fn record_with(
        &self,
        event: AuditEvent,
        mode: DeliveryMode,
    ) -> Result<Receipt, AuditError> {
        if self.shared.core.closed.load(Ordering::SeqCst) {
            return Err(AuditError::Closed);
        }
        match mode {
            DeliveryMode::Required => self.require(event).await,
            DeliveryMode::Spooled => self.spool(event).await,
            DeliveryMode::BestEffort => self.attempt(event).await,
        }
    }

    /// Delivers what waits, without waiting for the next try.
    ///
    /// # Errors
    /// What the trail answered; the rest goes on waiting.
    pub async fn flush(&self) -> Result<(), AuditError> {
        let (answer, answered) = oneshot::channel();
        self.shared.thread.flush(answer);
        answered.await.unwrap_or(Err(AuditError::Closed))
    }

    /// The figures.
    pub fn vitals(&self) -> Vitals {
        let core = &self.shared.core;
        core.pulse.vitals(core.depth())
    }

    /// Takes no more events and lets go of the spool; what waits in it is delivered by whoever
    /// opens the folder next. The trail behind it stays open. Blocks until the disk has what was
    /// taken.
    pub fn close(&self) {
        self.shared.core.closed.store(true, Ordering::SeqCst);
        self.shared.thread.stop();
        if let Some(spool) = &self.shared.core.spool {
            spool.close();
        }
    }

    async fn require(&self, event: AuditEvent) -> Result<Receipt, AuditError> {
        let core = &self.shared.core;
        let (id, action) = (event.id, event.action.clone());
        let answer = self.within(core.options.deadline, event).await;
        match &answer {
            Ok(_) => core.recorded(),
            Err(error) => {
                core.pulse.failed.one();
                let action = action.as_str();
                tracing::error!(?id, action, %error, "an event was not recorded; the caller was told");
            }
        }
        answer
    }

    async fn attempt(&self, event: AuditEvent) -> Result<Receipt, AuditError> {
        let core = &self.shared.core;
        let action = event.action.clone();
        // The receipt of an event that is given up names it, too.
        let id = event.id.unwrap_or_else(|| core.door.fresh_id());
        match self.within(core.options.patience, event.id(id)).await {
            Err(error) if !error.is_final() => {
                core.pulse.dropped.one();
                core.lost(DeliveryMode::BestEffort.as_str(), action.as_str(), &error);
                tracing::error!(%id, action = action.as_str(), %error, "an event was given up");
                Ok(core.receipt(id, Delivery::Dropped))
            }
            answer => {
                if answer.is_ok() {
                    core.recorded();
                }
                answer
            }
        }
    }

    async fn spool(&self, event: AuditEvent) -> Result<Receipt, AuditError> {
        let core = &self.shared.core;
        let Some(spool) = &core.spool else {
            let problem = SpoolError::NoFolder.to_string();
            return Err(AuditError::Unspooled { problem });
        };
        // Redacted and stamped before the first try, so that every later one is the same event.
        let event = core.door.prepare(event)?;
        let id = event.id.unwrap_or_default();
        if spool.has_backlog() && !self.is_let_past(spool).await {
            match core.put(spool, &event).await {
                Ok(()) => return Ok(core.receipt(id, Delivery::Spooled)),
                Err(refusal) => {
                    // Then the trail itself may have room.
                    return match self.within(core.options.patience, event.clone()).await {
                        Err(error) if !error.is_final() => core.overflow(spool, &event, refusal),
                        answer => core.noted(answer),
                    };
                }
            }
        }
        match self.within(core.options.patience, event.clone()).await {
            Err(error) if !error.is_final() => {
                core.is_taking.store(false, Ordering::SeqCst);
                match core.put(spool, &event).await {
                    Ok(()) => Ok(core.receipt(id, Delivery::Spooled)),
                    Err(refusal) => core.overflow(spool, &event, refusal),
                }
            }
            answer => core.noted(answer),
        }
    }

    /// Waits for the last few events of the spool, where the trail takes them. Callers who went
    /// on adding to them would keep it from ever being empty.
    async fn is_let_past(&self, spool: &Spool) -> bool {
        let core = &self.shared.core;
        let timer = self.shared.thread.timer(core.options.patience);
        tokio::pin!(timer);
        loop {
            let turned = core.turned.notified();
            tokio::pin!(turned);
            turned.as_mut().enable();
            let depth = spool.depth();
            if depth.events == 0 {
                return true;
            }
            if depth.events > LAST_FEW || !core.is_taking.load(Ordering::SeqCst) {
                return false;
            }
            tokio::select! {
                () = turned => {}
                () = &mut timer => return false,
            }
        }
    }

    /// What the trail answers within `patience`. It is timed on the thread's own runtime: the
    /// caller's may have no timer.
    async fn within(&self, patience: Duration, event: AuditEvent) -> Result<Receipt, AuditError> {
        let timer = self.shared.thread.timer(patience);
        tokio::pin!(timer);
        tokio::select! {
            biased;
            answer = self.shared.core.inner.record(event) => answer,
            () = &mut timer => Err(unanswered(patience)),
        }
    }
}

#[async_trait]
impl AuditProtocol for Delivering {
    async fn record(&self, event: AuditEvent) -> Result<Receipt, AuditError> {
        self.record_with(event, self.mode).await
    }

    async fn query(&self, query: Query) -> Result<Page, AuditError> {
        self.shared.core.inner.query(query).await
    }
}

impl Core {
    pub fn depth(&self) -> Depth {
        self.spool.as_ref().map(Spool::depth).unwrap_or_default()
    }

    fn recorded(&self) {
        self.pulse.recorded.one();
        // Whoever waits for the trail need not wait on.
        self.up.notify_one();
    }

    fn noted(&self, answer: Result<Receipt, AuditError>) -> Result<Receipt, AuditError> {
        if answer.is_ok() {
            self.recorded();
        }
        answer
    }

    fn lost(&self, policy: &str, action: &str, error: &AuditError) {
        let now = self.options.clock.now();
        self.losses.add(policy, action, error, now);
        self.wake.notify_one();
    }

    async fn put(&self, spool: &Spool, event: &AuditEvent) -> Result<(), Refusal> {
        let waiting = Waiting {
            event: event.clone(),
            since: self.options.clock.now(),
        };
        spool.append(&waiting).await?;
        self.pulse.spooled.one();
        self.wake.notify_one();
        Ok(())
    }

    /// Neither trail nor spool took the event.
    fn overflow(
        &self,
        spool: &Spool,
        event: &AuditEvent,
        refusal: Refusal,
    ) -> Result<Receipt, AuditError> {
        let (error, policy) = match refusal {
            Refusal::Full(bytes) => {
                let place = spool.path().display().to_string();
                let error = AuditError::SpoolFull { place, bytes };
                (error, self.options.when_full)
            }
            Refusal::Io(error) => {
                let problem = error.to_string();
                (AuditError::Unspooled { problem }, self.options.when_full)
            }
        };
        let (id, action) = (event.id.unwrap_or_default(), event.action.as_str());
        self.pulse.overflowed.one();
        self.lost(policy.as_str(), action, &error);
        tracing::error!(%id, action, %error, policy = policy.as_str(), "an event was not kept");
        match policy {
            WhenFull::Refuse => Err(error),
            WhenFull::DropNewest => Ok(self.receipt(id, Delivery::Dropped)),
        }
    }

    fn receipt(&self, id: uuid::Uuid, delivery: Delivery) -> Receipt {
        Receipt {
            trail: self.trail.clone(),
            id,
            seq: None,
            created_at: None,
            leaf_hash: None,
            tree_size: None,
            delivery,
            content_checked: None,
        }
    }
}

impl Thread {
    fn start(drain: Drain) -> Result<Self, SpoolError> {
        let at = SpoolError::at(std::path::Path::new("indelible-delivery"));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(&at)?;
        let (flushes, asked) = mpsc::unbounded_channel();
        let own = runtime.handle().clone();
        let handle = std::thread::Builder::new()
            .name("indelible-delivery".to_owned())
            .spawn(move || runtime.block_on(drain.run(asked)))
            .map_err(&at)?;
        Ok(Self {
            runtime: own,
            flushes: Mutex::new(Some(flushes)),
            handle: Mutex::new(Some(handle)),
        })
    }

    fn flush(&self, answer: Flush) {
        let flushes = self.flushes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flushes) = &*flushes {
            // A thread that is gone drops the answer.
            let _ = flushes.send(answer);
        }
    }

    /// Ends after `patience`, or never once the thread is gone.
    fn timer(&self, patience: Duration) -> impl Future<Output = ()> + use<> {
        let timer = Timer(self.runtime.spawn(pass(patience)));
        async move {
            let mut timer = timer;
            if (&mut timer.0).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    fn stop(&self) {
        let flushes = &self.flushes;
        drop(
            flushes
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let handle = self
            .handle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(handle) = handle
            && handle.thread().id() != std::thread::current().id()
        {
            // A drain that panicked has nothing more to say.
            let _ = handle.join();
        }
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A timer that is given up with whoever waits for it.
struct Timer(tokio::task::JoinHandle<()>);

impl Drop for Timer {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the patience of a caller: what it waits for may never come"
)]
async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}
