//! Taking an order that waits to carry it out.

use serde_json::{Map, Value, json};
use tokio::sync::oneshot;

use super::bond::NOT_CARRIED_OUT;
use super::{ErasureRequest, Signatory};
use crate::action::AuditAction;
use crate::engine::audit::Audit;
use crate::engine::erasure::{ErasurePlan, RESOURCE, first};
use crate::error::AuditError;
use crate::event::AuditEvent;

/// Says that somebody else approved it.
pub(super) const APPROVED: AuditAction = AuditAction::custom("audit_subject_erasure_approved");

/// What lets an order be carried out that takes two people.
pub(in crate::engine::erasure) struct Approval {
    request: ErasureRequest,
    by: String,
    name: Option<String>,
}

impl Approval {
    pub fn new(request: ErasureRequest, who: Signatory<'_>) -> Self {
        Self {
            request,
            by: who.by.to_owned(),
            name: who.name.map(str::to_owned),
        }
    }

    /// What an erasure entry says of it.
    pub fn said(&self) -> Map<String, Value> {
        let mut context = Map::new();
        context.insert("erasure_request".to_owned(), json!(self.request.id));
        context.insert("approved_by".to_owned(), json!(self.by));
        context
    }

    /// Takes the order away, puts the approval on record and these lines into the register.
    ///
    /// All of it is done by a task of its own: of a caller who leaves in between the order would
    /// neither wait nor be carried out.
    pub async fn claim(
        self,
        audit: &Audit,
        plan: &ErasurePlan,
        lines: Vec<String>,
    ) -> Result<(), AuditError> {
        let (told, claimed) = oneshot::channel();
        let (own, affected) = (audit.clone(), plan.entries);
        audit.engine.shared.thread.spawn(async move {
            let done = self.claim_whole(&own, affected, &lines).await;
            // Whoever asked may have left.
            let _ = told.send(done);
        });
        claimed.await.map_err(|_| AuditError::Closed)?
    }

    async fn claim_whole(
        &self,
        audit: &Audit,
        affected: u64,
        lines: &[String],
    ) -> Result<(), AuditError> {
        let request = &self.request;
        if !audit.take(request.id)? {
            return Err(audit.gone(request.id).await);
        }
        let mut context = self.said();
        context.insert("requested_by".to_owned(), json!(request.order.by));
        let refs = first(&request.subject_refs);
        context.insert("subject_refs".to_owned(), json!(refs));
        context.insert("records_affected".to_owned(), json!(affected));
        if let Some(name) = &self.name {
            context.insert("key_name".to_owned(), json!(name));
        }
        let event = AuditEvent::new(APPROVED, RESOURCE)
            .user_id(self.by.clone())
            .context(Value::Object(context));
        let state = &audit.engine.shared.ground.state;
        let done = match audit.record_own(event, Vec::new()).await {
            Ok(_) => match state.keep_erasures(&audit.trail, lines) {
                Ok(()) => Ok(()),
                Err(error) => {
                    let more = json!({
                        "erasure_request": request.id,
                        "exception": NOT_CARRIED_OUT,
                        "approved_by": self.by,
                    });
                    let (order, refs) = (&request.order, &request.subject_refs);
                    // Else the approval that is on record would be taken for one that was carried out.
                    if let Err(error) = audit.record_refusal(order, refs, None, more).await {
                        let (trail, id) = (&audit.trail, request.id);
                        tracing::error!(%trail, %id, %error, "an approval came to nothing, which is not on record");
                    }
                    Err(error.into())
                }
            },
            Err(error) => Err(error),
        };
        if done.is_err() {
            audit.give_back(request)?;
        }
        done
    }
}
