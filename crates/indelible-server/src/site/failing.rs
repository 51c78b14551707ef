//! A registry that fails at a call that is chosen.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use indelible_core::{MemoryStore, Registry, StoreError, Versioned};
use serde_json::Value;

use super::Site;

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It fails, and so do all after it: the process is gone.
    Gone,
    /// As `Gone`, but the first one has written before.
    GoneAfter,
    /// It alone fails.
    Refused,
    /// It alone fails, and has written all the same.
    Lost,
}

pub struct Failing {
    inner: Arc<MemoryStore>,
    fault: Fault,
    /// Calls that go well before the fault.
    before: AtomicI64,
}

/// All of them.
pub const FAULTS: [Fault; 4] = [Fault::Gone, Fault::GoneAfter, Fault::Refused, Fault::Lost];

/// What happens to one call.
struct Fate {
    is_done: bool,
    is_told: bool,
}

impl Failing {
    /// A site whose own engine has a registry that fails so when it is told to.
    pub async fn site(fault: Fault) -> (Site, Arc<Self>) {
        let mut registry = None;
        let site = Site::over(|inner| {
            let before = AtomicI64::new(i64::MAX);
            let failing = Self {
                inner,
                fault,
                before,
            };
            registry.insert(Arc::new(failing)).clone()
        });
        (site.await, registry.expect("made"))
    }

    /// The fault comes after so many more calls.
    pub fn fail_after(&self, calls: i64) {
        self.before.store(calls, Ordering::SeqCst);
    }

    /// Whether it came.
    pub fn has_failed(&self) -> bool {
        self.before.load(Ordering::SeqCst) < 0
    }

    fn fate(&self) -> Fate {
        let before = self.before.fetch_sub(1, Ordering::SeqCst);
        let is_hit = match self.fault {
            Fault::Gone | Fault::GoneAfter => before <= 0,
            Fault::Refused | Fault::Lost => before == 0,
        };
        let is_late = matches!(self.fault, Fault::GoneAfter | Fault::Lost);
        Fate {
            is_done: !is_hit || (is_late && before == 0),
            is_told: !is_hit,
        }
    }
}

fn planned() -> StoreError {
    StoreError::Unavailable {
        source: "planned".into(),
    }
}

#[async_trait]
impl Registry for Failing {
    async fn get(&self, kind: &str, key: &str) -> Result<Option<Versioned>, StoreError> {
        match self.fate().is_told {
            true => self.inner.get(kind, key).await,
            false => Err(planned()),
        }
    }

    async fn list(&self, kind: &str) -> Result<Vec<(String, Versioned)>, StoreError> {
        match self.fate().is_told {
            true => self.inner.list(kind).await,
            false => Err(planned()),
        }
    }

    async fn put(
        &self,
        kind: &str,
        key: &str,
        expected: Option<u64>,
        value: Option<&Value>,
    ) -> Result<Option<u64>, StoreError> {
        let Fate { is_done, is_told } = self.fate();
        if !is_done {
            return Err(planned());
        }
        let put = self.inner.put(kind, key, expected, value).await?;
        if is_told { Ok(put) } else { Err(planned()) }
    }
}
