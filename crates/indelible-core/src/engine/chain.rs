//! Events that are handed in one after the other and keep that order though one of them fails.

use std::sync::{Arc, OnceLock};

use crate::error::AuditError;
use crate::store::StoreError;

/// What events in order have in common: the first failure among them, after which none of those
/// behind is recorded. That an event itself is to blame is no failure of this kind: the same event
/// would be refused for ever, and those behind it go on.
#[derive(Clone, Default)]
pub(super) struct Chain(Arc<OnceLock<AuditError>>);

/// The place of one event in a chain. Where it goes away without a word, as when a sequencer
/// panics, whether its event is recorded is open, and the chain is broken.
pub(super) struct Link {
    chain: Chain,
    is_answered: bool,
}

impl Chain {
    /// The next place.
    pub fn link(&self) -> Link {
        Link {
            chain: self.clone(),
            is_answered: false,
        }
    }

    /// The failure after which nothing is recorded any more.
    pub fn failure(&self) -> Option<&AuditError> {
        self.0.get()
    }

    /// An event could not be taken.
    pub fn failed(&self, error: &AuditError) {
        if !error.is_final() {
            // The first failure is the one to tell.
            let _ = self.0.set(error.clone());
        }
    }
}

impl Link {
    /// The failure of an event before this one.
    pub fn failure(&self) -> Option<&AuditError> {
        self.chain.failure()
    }

    /// The event has its answer, or this error.
    pub fn answered(mut self, error: Option<&AuditError>) {
        self.is_answered = true;
        if let Some(error) = error {
            self.chain.failed(error);
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if !self.is_answered {
            let source = "the engine ended".into();
            self.chain.failed(&StoreError::Unknown { source }.into());
        }
    }
}
