//! What every request is answered from.

use std::sync::Arc;

use indelible_core::engine::{Audit, Engine};
use indelible_core::{Timestamp, TrailName};
use tokio::sync::Semaphore;

use crate::limits::VERIFICATIONS_MAX;

/// An open engine behind HTTP. Clones share everything.
#[derive(Clone)]
pub struct App {
    shared: Arc<Shared>,
}

struct Shared {
    engine: Engine,
    verifications: Semaphore,
}

impl App {
    /// Serves this engine. Whoever opened it closes it, after [`crate::serve`] has returned.
    pub fn new(engine: Engine) -> Self {
        Self {
            shared: Arc::new(Shared {
                engine,
                verifications: Semaphore::new(VERIFICATIONS_MAX),
            }),
        }
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.shared.engine
    }

    pub(crate) fn trail(&self, name: &TrailName) -> Audit {
        self.shared.engine.trail(name.clone())
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.shared.engine.ground().clock.now()
    }

    pub(crate) fn verifications(&self) -> &Semaphore {
        &self.shared.verifications
    }
}
