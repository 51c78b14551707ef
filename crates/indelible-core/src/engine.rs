//! The engine: one sequencer for each trail, above any store.
//!
//! ```text
//! caller's task   stamp → validate → redact → canonicalise → hash parts        (door.rs)
//! sequencer       take what queued → created_at, leaves, nodes → store.append  (sequencer.rs)
//!                 → sign the checkpoint → hand out receipts
//! ```
//!
//! The sequencers run on a thread of the engine's own, so that they outlive the caller's runtime.

mod audit;
mod chain;
mod copy;
mod erasure;
mod follow;
mod hold;
mod identity;
mod included;
mod instance;
mod load;
mod marks;
mod neighbours;
mod nodes;
mod own;
mod pace;
mod pack;
mod paging;
mod prove;
mod queue;
mod reread;
mod rest;
mod retention;
mod root;
mod rotation;
mod secrets;
mod sequencer;
mod signatory;
mod subject;
mod succession;
mod verification;
mod vitals;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

pub use audit::{Audit, StoredPage};
pub use copy::{Abandoned, Copied, CopyProgress, Move, Stage};
pub use erasure::{
    Erased, ErasureOrder, ErasurePlan, ErasureProgress, ErasureRejected, ErasureRequest,
    ErasureRequests, UnfinishedErasure,
};
pub use follow::Growth;
pub use hold::{Hold, HoldOrder, HoldRelease, HoldStanding};
pub use identity::{InstallationError, installation};
pub use included::Tree;
pub use neighbours::{Neighbours, Sight};
pub use own::{Author, OWN_CODE, OwnRecords, own_actions};
pub use pack::PackSource;
pub use paging::{StoredRun, TwoWayPage};
pub use prove::{Proved, Prover, SizedCheckpoint};
pub use reread::{Mismatch, ReadBack, Reader};
pub(crate) use retention::removed_before;
pub use retention::{
    Expired, KeptBack, Retained, RetentionClass, RetentionPlan, RetentionPolicy, RetentionProgress,
    RetentionState,
};
pub use rotation::Rotated;
pub use secrets::Kept;
pub use signatory::Signatory;
pub use subject::{Sighting, Subjects};
pub use succession::Succession;
pub use vitals::{Distribution, Reread, Vitals};

use crate::clock::{Clock, Entropy};
use crate::door::Door;
use crate::error::AuditError;
use crate::event::AuditEvent;
use crate::protocol::Receipt;
use crate::redact::Redactor;
use crate::registry::Registry;
use crate::state::State;
use crate::store::{Head, Store};
use crate::trail::TrailName;
use follow::Growing;
use identity::Identity;
use instance::Instance;
use marks::Marks;
use queue::{End, Queue, Thread};

/// What an engine stands on.
#[derive(Clone)]
pub struct Ground {
    /// The database.
    pub store: Arc<dyn Store>,
    /// Its operational table.
    pub registry: Arc<dyn Registry>,
    /// Key, secrets and marks of the installation.
    pub state: Arc<dyn State>,
    /// The installation's name, the first part of every origin.
    pub installation: String,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The source of salts, ids and keys.
    pub entropy: Arc<dyn Entropy>,
    /// The redaction in force.
    pub redactor: Arc<Redactor>,
}

/// How an engine behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// Events that may wait for one trail before callers wait too.
    pub queue_events_max: usize,
    /// Events of one commit at most.
    pub commit_events_max: usize,
    /// Bytes of bodies of one commit at most; the event that passes it is still taken.
    pub commit_bytes_max: usize,
    /// How long a caller waits for a place in the queue before [`AuditError::Overloaded`].
    pub patience: Duration,
    /// Whether nothing may be written: no key is made, no event taken.
    pub read_only: bool,
    /// Whether this process writes for long: it then holds a lease and records its start, its
    /// orderly stop and the unclean ends of others in the trail `system`, and goes on with what
    /// retention was cut short in.
    pub long_lived: bool,
    /// Whether erasures take two people: nothing of a person goes that somebody else has not
    /// approved.
    pub erasure_approval: bool,
    /// What the process calls itself in those records.
    pub program: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            queue_events_max: 4096,
            commit_events_max: 1024,
            commit_bytes_max: 4 << 20,
            patience: Duration::from_secs(10),
            read_only: false,
            long_lived: true,
            erasure_approval: false,
            program: concat!("indelible ", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// One open database with its trails. Clones share everything.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
    /// Of every handle but those of the engine's own tasks, which are to end with the last of them.
    _held: Option<watch::Sender<()>>,
}

/// What handles and sequencers share.
pub(crate) struct Shared {
    ground: Ground,
    options: Options,
    door: Door,
    identity: Identity,
    marks: Marks,
    queues: Mutex<HashMap<TrailName, Queue>>,
    retired: Mutex<Vec<End>>,
    thread: Thread,
    instance: Instance,
    /// What a rotation that was finished at the start has changed.
    finished: Mutex<Option<Vec<Rotated>>>,
    pulse: vitals::Pulse,
    reread: reread::Waiting,
    growing: Growing,
    /// When orders of erasure that are over were last looked for, by the clock that is never set.
    expired: Mutex<Option<Duration>>,
    /// The trails that hold what was erased and can do nothing about it until they are succeeded.
    brought_back: Mutex<HashSet<TrailName>>,
    resumption: retention::Resumption,
    turns: retention::Turns,
    /// Held while closing; true once all is closed.
    closed: tokio::sync::Mutex<bool>,
}

impl Engine {
    /// Opens the engine. Nothing is written to a trail until the first event comes, or, for a
    /// long-lived process, until its start is recorded here.
    ///
    /// # Errors
    /// [`AuditError::Store`] and [`AuditError::State`] where either cannot be read.
    pub async fn open(ground: Ground, options: Options) -> Result<Self, AuditError> {
        let identity = Identity::establish(&ground, options.read_only).await?;
        let door = Door::new(
            ground.clock.clone(),
            ground.entropy.clone(),
            ground.redactor.clone(),
        );
        let instance = Instance::new(&ground);
        let marks = Marks::new(ground.state.clone());
        let long_lived = options.long_lived && !options.read_only;
        let thread = Thread::start()?;
        let (held, handles) = watch::channel(());
        let engine = Self {
            _held: Some(held),
            shared: Arc::new(Shared {
                ground,
                options,
                door,
                identity,
                marks,
                queues: Mutex::default(),
                retired: Mutex::default(),
                thread,
                instance,
                finished: Mutex::default(),
                pulse: vitals::Pulse::new(),
                reread: reread::Waiting::default(),
                growing: Growing::default(),
                expired: Mutex::default(),
                brought_back: Mutex::default(),
                resumption: retention::Resumption::default(),
                turns: retention::Turns::default(),
                closed: tokio::sync::Mutex::new(false),
            }),
        };
        marks::keep(&engine.shared);
        if engine.shared.options.read_only {
            erasure::admit_reading(&engine.shared).await?;
        } else {
            // Where it cannot be finished, the trails that it concerns refuse and say so; the
            // others go on, and what stands in its way can be mended.
            let finished = rotation::finish(&engine.shared).await;
            *engine.shared.finished() = finished.ok().flatten();
            erasure::resume(&engine.shared).await?;
            engine.expire_erasure_requests().await;
        }
        if long_lived {
            instance::begin(&engine.shared).await?;
            retention::resume(&engine.shared, handles);
        }
        Ok(engine)
    }

    /// The engine of which this is shared.
    fn of(shared: &Arc<Shared>) -> Self {
        let (shared, _held) = (shared.clone(), None);
        Self { shared, _held }
    }

    /// The handle on one trail. The trail comes into being at its first entry.
    pub fn trail(&self, name: TrailName) -> Audit {
        Audit::new(self.clone(), name)
    }

    /// The heads of all trails, by name.
    ///
    /// # Errors
    /// [`AuditError::Store`].
    pub async fn heads(&self) -> Result<Vec<Head>, AuditError> {
        Ok(self.shared.ground.store.heads().await?)
    }

    /// Records in the trail `system` what a program around the engine has to say of itself: keys,
    /// refusals, configuration. An id that stands there already is answered, not recorded.
    ///
    /// # Errors
    /// Those of [`crate::AuditProtocol::record`].
    pub async fn record_of_itself(&self, event: AuditEvent) -> Result<Receipt, AuditError> {
        instance::record_of_itself(&self.shared, event).await
    }

    /// Whether nothing of a person goes that somebody else has not approved.
    pub fn erasure_takes_two(&self) -> bool {
        self.shared.options.erasure_approval
    }

    /// Forgets, in all trails, who was meant by orders of erasure that nobody has decided about in
    /// time. Whoever runs for long calls it as often as it likes: it looks once an hour.
    pub async fn expire_erasure_requests(&self) {
        erasure::expire(&self.shared).await;
    }

    /// What the engine stands on.
    pub fn ground(&self) -> &Ground {
        &self.shared.ground
    }

    /// Takes no more events, waits for those taken, records the orderly stop of a long-lived
    /// process, keeps the marks and releases the store. Later calls answer
    /// [`AuditError::Closed`].
    ///
    /// # Errors
    /// The first failure met; the rest is still done.
    pub async fn close(&self) -> Result<(), AuditError> {
        let shared = &self.shared;
        // Whoever closes at the same time, or again after a close that was given up, goes through
        // the same steps: each is done once or does no harm twice.
        let mut is_closed = shared.closed.lock().await;
        if *is_closed {
            return Ok(());
        }
        shared.thread.close_door();
        shared.resumption.stop().await;
        // The trail `system` comes last: the others may still have something to say in it.
        shared.retire(|trail| !trail.is_system());
        shared.retired().await;
        let stopped = if shared.options.long_lived {
            instance::end(shared).await
        } else {
            Ok(())
        };
        shared.thread.close_system();
        shared.retire(|_| true);
        shared.retired().await;
        shared.thread.close();
        let kept = shared.marks.flush();
        let released = shared.ground.store.close().await;
        *is_closed = true;
        stopped?;
        kept?;
        Ok(released?)
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Engine({})", self.shared.ground.installation)
    }
}

impl Shared {
    /// Takes no more events for these trails; what they have taken is still recorded.
    fn retire(&self, wanted: impl Fn(&TrailName) -> bool) {
        let mut queues = self.queues();
        let mut retired = self.retired.lock().unwrap_or_else(PoisonError::into_inner);
        let names: Vec<_> = queues
            .keys()
            .filter(|trail| wanted(trail))
            .cloned()
            .collect();
        retired.extend(
            names
                .iter()
                .filter_map(|trail| Some(queues.remove(trail)?.into_end())),
        );
    }

    /// Waits until the retired queues are empty.
    async fn retired(&self) {
        let ends = self
            .retired
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        for end in ends {
            end.reached().await;
        }
    }

    fn finished(&self) -> std::sync::MutexGuard<'_, Option<Vec<Rotated>>> {
        // Every change is one assignment.
        self.finished.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn brought_back(&self) -> std::sync::MutexGuard<'_, HashSet<TrailName>> {
        // Every change is one insertion or removal.
        self.brought_back
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn queues(&self) -> std::sync::MutexGuard<'_, HashMap<TrailName, Queue>> {
        // Nothing between lock and unlock can panic half-way through a change.
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // What cannot be kept now is at most a second behind, as the marks may always be.
        let _ = self.marks.flush();
    }
}
