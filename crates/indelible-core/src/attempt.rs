//! An attempt and its outcome, as two entries that belong together.

mod unresolved;

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value};

use crate::action::AuditAction;
use crate::catalogue::{self, Workflow};
use crate::clock::{Clock, SystemClock, SystemEntropy, uuid_v7};
use crate::error::AuditError;
use crate::event::AuditEvent;
use crate::outcome::Outcome;
use crate::protocol::{AuditProtocol, Receipt};

pub use unresolved::unresolved;

/// The context member that says why something failed or was denied.
const REASON: &str = "reason";

/// Beginning what may fail: the attempt is on record before it is made.
///
/// ```
/// use std::sync::Arc;
/// use indelible_core::{AuditAction, AuditError, AuditEvent, AuditProtocol, BeginAttempt};
///
/// async fn log_in(
///     audit: Arc<dyn AuditProtocol>,
///     user: &str,
///     is_password_right: bool,
/// ) -> Result<bool, AuditError> {
///     let event = AuditEvent::new(AuditAction::USER_LOGIN_ATTEMPTED, "session").user_id(user);
///     let attempt = audit.attempt(event).await?;
///     if is_password_right {
///         attempt.succeeded().await?; // user_login_success
///     } else {
///         attempt.failed("invalid_password").await?; // user_login_failed
///     }
///     Ok(is_password_right)
/// }
/// ```
#[async_trait]
pub trait BeginAttempt {
    /// Records that something is attempted, with `outcome` attempted, and answers what records how
    /// it ended.
    ///
    /// An action of the catalogue's workflows stands for its workflow: whichever of its actions is
    /// given, the one that opens it is recorded. Any other action is recorded as it is. The two
    /// entries have one `correlation_id`: the event's own, else a new one.
    ///
    /// # Errors
    /// Those of [`AuditProtocol::record`]. Whether the attempt is made all the same is the
    /// caller's choice.
    async fn attempt(&self, event: AuditEvent) -> Result<Attempt, AuditError>;
}

#[async_trait]
impl BeginAttempt for Arc<dyn AuditProtocol> {
    async fn attempt(&self, event: AuditEvent) -> Result<Attempt, AuditError> {
        Attempt::begin(self.clone(), event).await
    }
}

/// Something that was begun and whose outcome is still to be recorded, with
/// [`Attempt::succeeded`], [`Attempt::failed`] or [`Attempt::denied`].
///
/// Dropped without one of them, nothing is recorded: nobody knows how it ended, and the attempt
/// stays visible as one without outcome.
///
/// Where an outcome may have to be told again, a clone is kept: all clones tell the same outcome,
/// so that one that was recorded already is answered as a duplicate, and another one is
/// [`AuditError::IdConflict`].
#[derive(Clone)]
#[must_use = "an attempt without outcome stays unresolved"]
pub struct Attempt {
    audit: Arc<dyn AuditProtocol>,
    /// What the outcome has in common with the attempt.
    event: AuditEvent,
    workflow: Option<&'static Workflow>,
    receipt: Receipt,
}

impl Attempt {
    async fn begin(
        audit: Arc<dyn AuditProtocol>,
        mut event: AuditEvent,
    ) -> Result<Self, AuditError> {
        let workflow = catalogue::workflow_of(event.action.as_str());
        if let Some(workflow) = workflow {
            event.action = AuditAction::custom(workflow.attempted);
        }
        event.outcome = Some(Outcome::Attempted);
        event.correlation_id.get_or_insert_with(|| {
            let now = SystemClock::new().now();
            uuid_v7(now, &SystemEntropy).to_string()
        });
        let receipt = audit.record(event.clone()).await?;
        // The outcome is an event of its own, at its own time, and the same one whenever it is told.
        event.id = Some(uuid_v7(SystemClock::new().now(), &SystemEntropy));
        event.occurred_at = None;
        Ok(Self {
            audit,
            event,
            workflow,
            receipt,
        })
    }

    /// The receipt of the attempt.
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// The same with an outcome about which more is known than about the attempt, such as the id
    /// of what was made.
    pub fn learned(mut self, more: impl FnOnce(AuditEvent) -> AuditEvent) -> Self {
        let correlation_id = self.event.correlation_id.take();
        self.event = more(self.event);
        self.event.correlation_id = correlation_id;
        self
    }

    /// Records that it was done as asked.
    ///
    /// # Errors
    /// Those of [`AuditProtocol::record`]; the attempt is then without outcome.
    pub async fn succeeded(self) -> Result<Receipt, AuditError> {
        self.end(Outcome::Succeeded, None).await
    }

    /// Records that it was not done, for a technical reason or a wrong input; `reason` goes into
    /// the context.
    ///
    /// # Errors
    /// Those of [`AuditProtocol::record`]; the attempt is then without outcome.
    pub async fn failed(self, reason: impl Into<String> + Send) -> Result<Receipt, AuditError> {
        self.end(Outcome::Failed, Some(reason.into())).await
    }

    /// Records that it was not done because it was not allowed; `reason` goes into the context.
    ///
    /// # Errors
    /// Those of [`AuditProtocol::record`]; the attempt is then without outcome.
    pub async fn denied(self, reason: impl Into<String> + Send) -> Result<Receipt, AuditError> {
        self.end(Outcome::Denied, Some(reason.into())).await
    }

    async fn end(self, outcome: Outcome, reason: Option<String>) -> Result<Receipt, AuditError> {
        let Self {
            audit,
            mut event,
            workflow,
            ..
        } = self;
        if let Some(action) = workflow.and_then(|workflow| workflow.action(outcome)) {
            event.action = AuditAction::custom(action);
        }
        event.outcome = Some(outcome);
        if let Some(reason) = reason {
            event.context = Some(with_reason(event.context, reason));
        }
        audit.record(event).await
    }
}

/// A context that is no object is left for the door to refuse.
fn with_reason(context: Option<Value>, reason: String) -> Value {
    let mut context = match context {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(context)) => context,
        Some(other) => return other,
    };
    context.insert(REASON.to_owned(), reason.into());
    context.into()
}
