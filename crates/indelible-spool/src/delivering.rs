//! The handle that delivers as its caller chooses.

mod core;
mod inner;
mod thread;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use indelible_core::door::Door;
use indelible_core::{
    AuditError, AuditEvent, AuditProtocol, Delivery, Page, Query, Receipt, RecordInOrder, TrailName,
};
use tokio::sync::{Notify, oneshot};

use crate::drain::{Drain, unanswered};
use crate::error::SpoolError;
use crate::folder;
use crate::inspection;
use crate::losses::Losses;
use crate::mode::DeliveryMode;
use crate::options::Options;
use crate::spool::{Bounds, Spool};
use crate::vitals::{Pulse, Vitals};

pub(crate) use core::Core;
use inner::Inner;
use thread::Thread;

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

impl Delivering {
    /// Delivers to `inner`, which is the handle on `trail`. What is left in the folder from
    /// before is delivered, too. What waits is delivered in its order, one event at a time:
    /// callers who add faster than that go on adding. To a trail that keeps the order of several
    /// events, [`Delivering::open_in_order`] delivers faster.
    ///
    /// # Errors
    /// [`SpoolError`] where the spool cannot be opened, or there is none and `options` ask for it.
    pub fn open(
        inner: Arc<dyn AuditProtocol>,
        trail: TrailName,
        options: Options,
    ) -> Result<Self, SpoolError> {
        Self::open_inner(Inner::OneByOne(inner), trail, options)
    }

    /// As [`Delivering::open`], to a trail that keeps the order of several events: what waits is
    /// delivered in its order, many at a time.
    ///
    /// # Errors
    /// Those of [`Delivering::open`].
    pub fn open_in_order(
        inner: Arc<dyn RecordInOrder>,
        trail: TrailName,
        options: Options,
    ) -> Result<Self, SpoolError> {
        Self::open_inner(Inner::InOrder(inner), trail, options)
    }

    fn open_inner(inner: Inner, trail: TrailName, options: Options) -> Result<Self, SpoolError> {
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
            kept = spool.losses()?;
        }
        // An event may have been set aside in another place, from which its file was taken over.
        if let Some(folder) = &options.folder {
            for place in folder::places(folder)? {
                dead.extend(inspection::dead_ids(&place)?);
            }
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
            // A call that was under way may have given up its event since.
            self.shared.core.keep_losses();
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
