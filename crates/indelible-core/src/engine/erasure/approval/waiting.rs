//! The orders of a trail that wait.

use uuid::Uuid;

use super::expiry::expire_of;
use super::kept::Kept;
use super::{ErasureRequest, REQUESTED, bond};
use crate::engine::audit::Audit;
use crate::error::{AuditError, OrderProblem};
use crate::state::Purpose;

/// The erasures of a trail that wait for somebody else.
#[derive(Debug, Clone, Default)]
pub struct ErasureRequests {
    /// They, the oldest first.
    pub waiting: Vec<ErasureRequest>,
    /// Those of which nothing can be read: they can be rejected, and nothing else.
    pub unreadable: Vec<Uuid>,
}

/// What stands of an order in the state directory.
pub(super) enum Found {
    Readable(Box<ErasureRequest>),
    Unreadable,
}

impl Audit {
    /// The erasures that wait for somebody else. What nobody has decided about in time is forgotten
    /// first, where this process may write.
    ///
    /// # Errors
    /// [`AuditError::State`], [`AuditError::Store`].
    pub async fn erasure_requests(&self) -> Result<ErasureRequests, AuditError> {
        let shared = &self.engine.shared;
        if !shared.options.read_only
            && let Err(error) = expire_of(self).await
        {
            let trail = &self.trail;
            tracing::warn!(%trail, %error, "orders of erasure that are over could not be forgotten");
        }
        let (now, mut requests) = (shared.ground.clock.now(), ErasureRequests::default());
        for id in shared.ground.state.erasure_requests(&self.trail)? {
            match self.found(id).await? {
                Some(Found::Readable(request)) if request.expires_at > now => {
                    requests.waiting.push(*request);
                }
                Some(Found::Unreadable) => requests.unreadable.push(id),
                // Over, or just decided.
                Some(Found::Readable(_)) | None => {}
            }
        }
        let waiting = &mut requests.waiting;
        waiting.sort_by_key(|request| (request.requested_at, request.id));
        Ok(requests)
    }

    /// The erasure of this id that waits.
    ///
    /// # Errors
    /// [`AuditError::Order`] where none does, or it cannot be read; as
    /// [`Audit::erasure_requests`].
    pub async fn erasure_request(&self, id: Uuid) -> Result<ErasureRequest, AuditError> {
        let now = self.engine.shared.ground.clock.now();
        match self.found(id).await? {
            Some(Found::Readable(request)) if request.expires_at > now => Ok(*request),
            Some(Found::Unreadable) => Err(OrderProblem::Unreadable(id).into()),
            Some(Found::Readable(_)) | None => Err(self.gone(id).await),
        }
    }

    /// What stands of an order, read without any other.
    pub(super) async fn found(&self, id: Uuid) -> Result<Option<Found>, AuditError> {
        let read = self
            .engine
            .shared
            .ground
            .state
            .erasure_request(&self.trail, id);
        let kept = match read {
            Ok(None) => return Ok(None),
            Ok(Some(text)) => Kept::read(&text)
                .map(|kept| (kept, text))
                .map_err(AuditError::from),
            Err(error) => Err(error.into()),
        };
        let (kept, text) = match kept {
            Ok(read) => read,
            Err(error) => {
                let trail = &self.trail;
                tracing::warn!(%trail, %id, %error, "an order of erasure cannot be read");
                return Ok(Some(Found::Unreadable));
            }
        };
        let secret = self.engine.secret(Purpose::Subjects).await?;
        let (requested_at, expires_at) = (kept.requested_at, kept.expires_at);
        let order = kept.into_order();
        Ok(Some(Found::Readable(Box::new(ErasureRequest {
            id,
            requested_at,
            expires_at,
            subject_refs: order.subjects.refs(&secret),
            order,
            bond: bond::of(&secret, id, &text),
            text,
        }))))
    }

    /// Why nothing of this id waits.
    pub(super) async fn gone(&self, id: Uuid) -> AuditError {
        match self.is_asked_for(id).await {
            Ok(true) => OrderProblem::Decided(id).into(),
            Ok(false) => OrderProblem::Unknown(id).into(),
            Err(error) => error,
        }
    }

    async fn is_asked_for(&self, id: Uuid) -> Result<bool, AuditError> {
        let sight = match self.seq_of(id).await? {
            Some(seq) => self.sight_for_itself(seq).await?,
            None => None,
        };
        Ok(sight.is_some_and(|sight| sight.entry.action == REQUESTED.as_str()))
    }
}
