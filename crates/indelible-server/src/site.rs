//! A database of its own for a test, under a clock that is set by hand.

mod failing;
mod hooked;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use indelible_core::engine::{Engine, Ground, Options};
use indelible_core::redact::Redactor;
use indelible_core::state::StateInMemory;
use indelible_core::{Clock, Entropy, MemoryStore, Registry, Timestamp};

pub use failing::{FAULTS, Failing, Fault};
pub use hooked::{Hook, Hooked};

/// 2026-01-01T00:00:00Z, and whatever has passed since.
#[derive(Default)]
pub struct HandClock(AtomicI64);

impl HandClock {
    pub fn pass(&self, time: Duration) {
        let micros = i64::try_from(time.as_micros()).expect("a short time");
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_767_225_600_000_000 + self.0.load(Ordering::SeqCst))
    }

    fn elapsed(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::SeqCst).unsigned_abs())
    }
}

/// Bytes that differ at every call.
#[derive(Default)]
pub struct CountedEntropy(AtomicU64);

impl Entropy for CountedEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let count = self.0.fetch_add(1, Ordering::SeqCst);
            let mixed = count.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            chunk.copy_from_slice(&(mixed ^ (mixed >> 29)).to_be_bytes()[..chunk.len()]);
        }
    }
}

/// A database, on which processes work one beside the other.
pub struct Site {
    pub memory: Arc<MemoryStore>,
    pub state: Arc<StateInMemory>,
    pub clock: Arc<HandClock>,
    pub entropy: Arc<CountedEntropy>,
    pub engine: Engine,
}

impl Site {
    pub async fn new() -> Self {
        Self::over(|memory| memory).await
    }

    /// One whose own engine has this registry.
    pub async fn over(registry: impl FnOnce(Arc<MemoryStore>) -> Arc<dyn Registry>) -> Self {
        let (memory, state) = (Arc::new(MemoryStore::new()), Arc::new(StateInMemory::new()));
        let (clock, entropy) = (Arc::default(), Arc::default());
        let registry = registry(memory.clone());
        let engine = open(&memory, registry, (&state, &clock, &entropy)).await;
        Self {
            memory,
            state,
            clock,
            entropy,
            engine,
        }
    }

    /// The engine of another process, whose clock may be another.
    pub async fn another(&self, clock: &Arc<HandClock>) -> Engine {
        let of_state = (&self.state, clock, &self.entropy);
        open(&self.memory, self.memory.clone(), of_state).await
    }
}

async fn open(
    memory: &Arc<MemoryStore>,
    registry: Arc<dyn Registry>,
    (state, clock, entropy): (&Arc<StateInMemory>, &Arc<HandClock>, &Arc<CountedEntropy>),
) -> Engine {
    let ground = Ground {
        store: memory.clone(),
        registry,
        state: state.clone(),
        installation: "test.example".to_owned(),
        clock: clock.clone(),
        entropy: entropy.clone(),
        redactor: Arc::new(Redactor::default_mask()),
    };
    let options = Options {
        long_lived: false,
        ..Options::default()
    };
    Engine::open(ground, options).await.expect("opens")
}
