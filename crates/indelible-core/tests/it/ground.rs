//! What the engine stands on in tests: a clock set by hand, counted randomness, failing stores.

mod cuttable;
mod faulty;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use indelible_core::engine::{Audit, Engine, Ground, Options};
use indelible_core::redact::Redactor;
use indelible_core::state::{State, StateInMemory};
use indelible_core::store::Store;
use indelible_core::{AuditEvent, Clock, Entropy, MemoryStore, Query, Timestamp, TrailName};

pub use cuttable::Cuttable;
pub use faulty::{By, Fault, FaultyStore, faulty};

/// 2026-01-01T00:00:00Z.
pub const NEW_YEAR: i64 = 1_767_225_600_000_000;

/// A clock whose two hands are set by hand; each reading is one microsecond later.
pub struct HandClock {
    now: AtomicI64,
    elapsed: AtomicI64,
}

impl HandClock {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            now: AtomicI64::new(NEW_YEAR),
            elapsed: AtomicI64::new(0),
        })
    }

    /// Lets time pass.
    pub fn pass(&self, time: Duration) {
        let micros = i64::try_from(time.as_micros()).expect("a short time");
        self.now.fetch_add(micros, Ordering::SeqCst);
        self.elapsed.fetch_add(micros, Ordering::SeqCst);
    }

    /// Sets the clock wrong by so many seconds without time passing.
    pub fn jump(&self, seconds: i64) {
        self.now.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.now.fetch_add(1, Ordering::SeqCst))
    }

    fn elapsed(&self) -> Duration {
        Duration::from_micros(self.elapsed.load(Ordering::SeqCst).unsigned_abs())
    }
}

/// Bytes that differ at every call.
#[derive(Default)]
pub struct CountedEntropy(AtomicU64);

impl Entropy for CountedEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let mixed = self
                .0
                .fetch_add(1, Ordering::SeqCst)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mixed = (mixed ^ (mixed >> 29)).to_be_bytes();
            chunk.copy_from_slice(&mixed[..chunk.len()]);
        }
    }
}

/// One database and one state directory, on which engines are opened one after the other.
#[derive(Clone)]
pub struct Site {
    pub memory: Arc<MemoryStore>,
    pub store: Arc<dyn Store>,
    pub state: Arc<dyn State>,
    pub clock: Arc<HandClock>,
    pub entropy: Arc<CountedEntropy>,
    pub redactor: Arc<Redactor>,
}

impl Site {
    pub fn new() -> Self {
        let memory = Arc::new(MemoryStore::new());
        Self {
            store: memory.clone(),
            memory,
            state: Arc::new(StateInMemory::new()),
            clock: HandClock::new(),
            entropy: Arc::default(),
            redactor: Arc::new(Redactor::default_mask()),
        }
    }

    pub fn ground(&self) -> Ground {
        Ground {
            store: self.store.clone(),
            registry: self.memory.clone(),
            state: self.state.clone(),
            installation: "test.example".to_owned(),
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            redactor: self.redactor.clone(),
        }
    }

    /// An engine of a process that writes now and then.
    pub async fn engine(&self) -> Engine {
        let options = Options {
            long_lived: false,
            ..Options::default()
        };
        Engine::open(self.ground(), options).await.expect("opens")
    }

    /// An engine of a process that writes for long.
    pub async fn long_lived(&self) -> Engine {
        Engine::open(self.ground(), Options::default())
            .await
            .expect("opens")
    }

    pub async fn audit(&self) -> Audit {
        self.engine().await.trail(TrailName::standard())
    }
}

pub fn event(action: &'static str) -> AuditEvent {
    AuditEvent::new(indelible_core::AuditAction::custom(action), "thing")
}

pub fn everything() -> Query {
    Query::new().limit(1000)
}
