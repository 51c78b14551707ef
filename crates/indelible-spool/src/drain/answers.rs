//! What the trail answers to events of the spool, in their order.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;

use indelible_core::{AuditError, AuditEvent, Receipt, StoreError};

use super::unanswered;
use crate::delivering::Core;

type Answer = Result<Receipt, AuditError>;

/// The answers to events that are given to the trail so that none gets before another: together
/// where the trail keeps their order itself, otherwise each once the one before is answered.
pub(super) struct Answers {
    untried: VecDeque<AuditEvent>,
    given: VecDeque<Answer>,
    is_together: bool,
}

impl Answers {
    pub fn to(events: VecDeque<AuditEvent>, core: &Core) -> Self {
        Self {
            untried: events,
            given: VecDeque::new(),
            is_together: core.inner.in_order().is_some(),
        }
    }

    /// The answer to the next event. After one that is not final, nothing further may be asked.
    pub async fn next(&mut self, core: &Arc<Core>) -> Answer {
        if self.given.is_empty() {
            if self.is_together {
                self.given = core.attempt_all(self.untried.drain(..).collect()).await;
            } else if let Some(event) = self.untried.pop_front() {
                return core.attempt(event).await;
            }
        }
        // A trail that answers for fewer events than it was given has said nothing of the rest.
        let missing = || unknown("the trail did not answer for each event".into());
        self.given.pop_front().unwrap_or_else(|| Err(missing()))
    }
}

impl Core {
    /// One try, within the deadline.
    pub(super) async fn attempt(self: &Arc<Self>, event: AuditEvent) -> Answer {
        let core = Arc::clone(self);
        let tried = self.tried(async move { core.inner.record(event).await });
        tried.await.unwrap_or_else(Err)
    }

    /// One try of several events together, within the deadline of one.
    async fn attempt_all(self: &Arc<Self>, events: Vec<AuditEvent>) -> VecDeque<Answer> {
        let core = Arc::clone(self);
        let tried = self.tried(async move {
            match core.inner.in_order() {
                Some(trail) => trail.record_in_order(events).await.into(),
                None => VecDeque::new(),
            }
        });
        let failed = |error| VecDeque::from([Err(error)]);
        tried.await.unwrap_or_else(failed)
    }

    /// In a task of its own, so that a panic is an answer.
    async fn tried<T: Send + 'static>(
        &self,
        answer: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, AuditError> {
        let deadline = self.options.deadline;
        let within = tokio::spawn(tokio::time::timeout(deadline, answer));
        match within.await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(unanswered(deadline)),
            Err(panicked) => Err(unknown(panicked.into())),
        }
    }
}

fn unknown(source: Box<dyn std::error::Error + Send + Sync>) -> AuditError {
    StoreError::Unknown { source }.into()
}
