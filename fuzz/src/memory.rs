//! A trail in memory, under a clock that stands and randomness that is counted.

use std::cell::RefCell;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use indelible_core::door::Door;
use indelible_core::engine::{Engine, Ground, Options};
use indelible_core::redact::{Mode, Redactor, Rules};
use indelible_core::state::StateInMemory;
use indelible_core::{Clock, Entropy, MemoryStore, Timestamp};
use tokio::runtime::Runtime;

/// 2026-01-01T00:00:00Z, in microseconds.
const NEW_YEAR: i64 = 1_767_225_600_000_000;

/// A clock of which every reading is a microsecond later.
#[derive(Default)]
struct Ticks(AtomicI64);

impl Clock for Ticks {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(NEW_YEAR + self.0.fetch_add(1, Ordering::Relaxed))
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

/// Bytes that differ at every call.
#[derive(Default)]
struct Counted(AtomicU64);

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let count = self.0.fetch_add(1, Ordering::Relaxed);
            let mixed = count.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
            chunk.copy_from_slice(&mixed.to_be_bytes()[..chunk.len()]);
        }
    }
}

thread_local! {
    static RUNTIME: Runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime without I/O needs nothing");
    static ENGINE: RefCell<Option<(Engine, u32)>> = const { RefCell::new(None) };
}

/// Waits for a future.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.with(|runtime| runtime.block_on(future))
}

/// A door that masks by the standard rules.
pub fn door() -> Door {
    door_with(Mode::Mask)
}

/// A door with this redaction.
pub fn door_with(mode: Mode) -> Door {
    let redactor = Redactor::new(Rules::standard(), mode, [7; 32]);
    Door::new(
        Arc::new(Ticks::default()),
        Arc::new(Counted::default()),
        Arc::new(redactor),
    )
}

/// A fresh engine on an empty store.
pub fn engine() -> Engine {
    let store = Arc::new(MemoryStore::new());
    let ground = Ground {
        store: store.clone(),
        registry: store,
        state: Arc::new(StateInMemory::new()),
        installation: "fuzz.example".to_owned(),
        clock: Arc::new(Ticks::default()),
        entropy: Arc::new(Counted::default()),
        redactor: Arc::new(Redactor::default_mask()),
    };
    let options = Options {
        long_lived: false,
        ..Options::default()
    };
    wait(Engine::open(ground, options)).expect("an empty store opens")
}

/// An engine that many inputs share, made anew when it has seen enough for its memory.
pub fn shared_engine() -> Engine {
    const INPUTS_MAX: u32 = 10_000;
    ENGINE.with_borrow_mut(|kept| match kept {
        Some((engine, inputs)) if *inputs < INPUTS_MAX => {
            *inputs += 1;
            engine.clone()
        }
        _ => {
            let made = engine();
            if let Some((old, _)) = kept.replace((made.clone(), 0)) {
                wait(old.close()).expect("memory closes");
            }
            made
        }
    })
}
