//! Erasing by two people: one asks, another approves, and nothing goes before.
//!
//! The trail says who asked, who approved or refused, and of whom only by digests. Who is meant
//! stands in the state directory alone, for as long as the order waits.

mod bond;
mod claim;
mod expiry;
mod kept;
mod reject;
mod waiting;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Erased, ErasureOrder, ErasurePlan, ErasureProgress, RESOURCE, first, plan, said};
use crate::action::AuditAction;
use crate::engine::audit::Audit;
use crate::engine::retention::check_by;
use crate::engine::signatory::Signatory;
use crate::error::{AuditError, OrderProblem};
use crate::event::AuditEvent;
use crate::query::QueryError;
use crate::state::Purpose;
use crate::time::Timestamp;
pub(super) use claim::Approval;
pub(in crate::engine) use expiry::expire;
use expiry::expire_of;
use kept::Kept;
pub use reject::ErasureRejected;
pub use waiting::ErasureRequests;

/// Says that somebody asks for an erasure.
const REQUESTED: AuditAction = AuditAction::custom("audit_subject_erasure_requested");
/// Orders of one trail that wait at once.
const WAITING_MAX: usize = 100;

/// An erasure that somebody asked for and that waits for somebody else.
#[derive(Debug, Clone)]
pub struct ErasureRequest {
    /// Its id, which is that of the entry that says that it was asked for.
    pub id: Uuid,
    /// What was asked for.
    pub order: ErasureOrder,
    /// When.
    pub requested_at: Timestamp,
    /// Until when it waits.
    pub expires_at: Timestamp,
    /// What stands for the persons in the trail.
    pub subject_refs: Vec<String>,
    text: String,
    /// What binds it to its entry.
    bond: String,
}

impl Audit {
    /// Asks for an erasure, which is carried out once somebody else approves. Answers what would
    /// go as of now.
    ///
    /// # Errors
    /// Those of [`Audit::erase`] before anything goes; [`AuditError::Query`] where nobody is named
    /// as who asks.
    pub async fn request_erasure(
        &self,
        order: &ErasureOrder,
        progress: &mut (dyn FnMut(ErasureProgress) + Send),
    ) -> Result<(ErasureRequest, ErasurePlan), AuditError> {
        check_by(order.by.as_deref().unwrap_or_default())?;
        if !order.holds.is_empty() {
            let problem = "an order that waits keeps none; place a hold on the trail";
            return Err(QueryError::new("holds", problem).into());
        }
        self.check_may_erase(order).await?;
        let shared = &self.engine.shared;
        expire_of(self).await?;
        let state = &shared.ground.state;
        if state.erasure_requests(&self.trail)?.len() >= WAITING_MAX {
            return Err(OrderProblem::Full(WAITING_MAX).into());
        }
        let secret = self.engine.secret(Purpose::Subjects).await?;
        let plan = plan::under_holds(self, order, progress).await?;
        let refs = order.subjects.refs(&secret);
        self.check_unheld(order, &refs, &plan).await?;
        let requested_at = shared.ground.clock.now();
        let kept = Kept::of(order, requested_at);
        let (id, text) = (shared.door.fresh_id(), kept.to_text()?);
        let request = ErasureRequest {
            id,
            order: order.clone(),
            requested_at,
            expires_at: kept.expires_at,
            bond: bond::of(&secret, id, &text),
            text,
            subject_refs: refs,
        };
        let mut context = request.said();
        context.insert("records_affected".to_owned(), json!(plan.entries));
        context.insert("expires_at".to_owned(), json!(request.expires_at));
        let by = order.by.as_deref().unwrap_or_default();
        let event = AuditEvent::new(REQUESTED, RESOURCE)
            .id(request.id)
            .user_id(by)
            .context(Value::Object(context));
        // Without its entry nothing is carried out: one that is cut off here is bound to nothing.
        state.keep_erasure_request(&self.trail, request.id, &request.text)?;
        if let Err(error) = self.record_own(event, Vec::new()).await {
            self.take(request.id)?;
            return Err(error);
        }
        Ok((request, plan))
    }

    /// Approves an erasure that somebody else has asked for, and carries it out as of now: persons
    /// are looked for again, and so are holds.
    ///
    /// # Errors
    /// [`AuditError::SamePerson`], recorded, where the same person asked; [`AuditError::Order`]
    /// where nothing of this id waits as it was asked for; else as [`Audit::erase`]. After [`AuditError::Held`] it
    /// still waits.
    pub async fn approve_erasure(
        &self,
        id: Uuid,
        who: Signatory<'_>,
        progress: &mut (dyn FnMut(ErasureProgress) + Send),
    ) -> Result<(Erased, ErasurePlan), AuditError> {
        who.check()?;
        self.check_may_write().await?;
        let request = self.waiting(id).await?;
        if request.is_by(&who) {
            let more = json!({"erasure_request": id, "exception": "same_person"});
            let (order, refs) = (&request.order, &request.subject_refs);
            self.record_refusal(order, refs, Some(who.by), more).await?;
            return Err(AuditError::SamePerson {
                trail: self.trail.clone(),
                name: who.by.to_owned(),
            });
        }
        self.check_may_erase(&request.order).await?;
        self.check_asked(&request).await?;
        let order = request.order.clone();
        let approval = Approval::new(request, who);
        self.carry_out(&order, Some(approval), progress).await
    }

    async fn waiting(&self, id: Uuid) -> Result<ErasureRequest, AuditError> {
        expire_of(self).await?;
        self.erasure_request(id).await
    }

    fn take(&self, id: Uuid) -> Result<bool, AuditError> {
        let state = &self.engine.shared.ground.state;
        Ok(state.take_erasure_request(&self.trail, id)?)
    }

    fn give_back(&self, request: &ErasureRequest) -> Result<(), AuditError> {
        let state = &self.engine.shared.ground.state;
        state.keep_erasure_request(&self.trail, request.id, &request.text)?;
        Ok(())
    }
}

impl ErasureRequest {
    /// What the entry that it was asked for by says of it.
    fn said(&self) -> Map<String, Value> {
        let mut digest = Sha256::new();
        for one in &self.subject_refs {
            digest.update(one);
            digest.update("\n");
        }
        let bytes = digest.finalize();
        let digest: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut context = said(&self.order, first(&self.subject_refs));
        context.insert("erasure_request".to_owned(), json!(self.id));
        context.insert("subjects".to_owned(), json!(self.subject_refs.len()));
        context.insert("subjects_sha256".to_owned(), json!(digest));
        context.insert("parts".to_owned(), json!(self.order.subjects.widen));
        context.insert(bond::MEMBER.to_owned(), json!(self.bond));
        context
    }

    fn is_by(&self, who: &Signatory<'_>) -> bool {
        let asked = Signatory {
            by: self.order.by.as_deref().unwrap_or_default(),
            name: self.order.by_name.as_deref(),
        };
        asked.is_same_person(who)
    }
}
