//! A trail that fails on demand.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use indelible_core::{AuditError, AuditEvent, AuditProtocol, Page, Query, Receipt, StoreError};

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The store is not available: nothing is recorded or found.
    Unavailable,
    /// The queue is full and the deadline passed: nothing is recorded or found.
    Overloaded,
    /// The event is recorded, and its caller hears that this is not known. To record the same id
    /// again must be harmless.
    AnswerLost,
    /// Nothing is recorded, and the call never ends: what a deadline is for.
    Hangs,
}

/// An [`AuditProtocol`] that passes every call on to another one until it is told to fail. Clones
/// share what they were told.
#[derive(Clone)]
pub struct FailingAudit {
    inner: Arc<dyn AuditProtocol>,
    plan: Arc<Mutex<Plan>>,
}

#[derive(Default)]
struct Plan {
    next: Option<(u64, Fault)>,
    always: Option<Fault>,
    failed: Vec<AuditEvent>,
}

impl FailingAudit {
    /// A trail that does what `inner` does.
    pub fn new(inner: Arc<dyn AuditProtocol>) -> Self {
        Self {
            inner,
            plan: Arc::default(),
        }
    }

    /// The next `calls` calls fail so, those after them as before.
    pub fn fail_next(&self, calls: u64, fault: Fault) {
        self.plan().next = Some((calls, fault));
    }

    /// Every call fails so, until [`FailingAudit::recover`].
    pub fn fail_always(&self, fault: Fault) {
        self.plan().always = Some(fault);
    }

    /// Calls are passed on again.
    pub fn recover(&self) {
        let mut plan = self.plan();
        (plan.next, plan.always) = (None, None);
    }

    /// The events whose recording was made to fail, oldest first.
    pub fn failed(&self) -> Vec<AuditEvent> {
        self.plan().failed.clone()
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Plan {
    fn turn(&mut self) -> Option<Fault> {
        match &mut self.next {
            Some((calls, fault)) if *calls > 0 => {
                *calls -= 1;
                Some(*fault)
            }
            _ => self.always,
        }
    }
}

#[async_trait]
impl AuditProtocol for FailingAudit {
    async fn record(&self, event: AuditEvent) -> Result<Receipt, AuditError> {
        let fault = {
            let mut plan = self.plan();
            let fault = plan.turn();
            if fault.is_some() {
                plan.failed.push(event.clone());
            }
            fault
        };
        match fault {
            None => self.inner.record(event).await,
            Some(Fault::AnswerLost) => {
                self.inner.record(event).await?;
                let source = "told to lose the answer".into();
                Err(StoreError::Unknown { source }.into())
            }
            Some(fault) => fault.answer().await,
        }
    }

    async fn query(&self, query: Query) -> Result<Page, AuditError> {
        let fault = self.plan().turn();
        match fault {
            None => self.inner.query(query).await,
            Some(fault) => fault.answer().await,
        }
    }
}

impl Fault {
    async fn answer<T>(self) -> Result<T, AuditError> {
        match self {
            Self::Unavailable | Self::AnswerLost => {
                let source = "told to fail".into();
                Err(StoreError::Unavailable { source }.into())
            }
            Self::Overloaded => Err(AuditError::Overloaded),
            Self::Hangs => std::future::pending().await,
        }
    }
}
