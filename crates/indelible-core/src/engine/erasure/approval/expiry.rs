//! Orders that nobody decided about in time.

use std::sync::Arc;

use serde_json::json;

use super::kept::Kept;
use crate::engine::audit::Audit;
use crate::engine::{Engine, Shared};
use crate::error::AuditError;
use crate::state::Purpose;

/// Forgets, in all trails, who was meant by orders that nobody decided about in time. Where that
/// cannot be done now it is done later: it keeps nobody from recording.
pub(in crate::engine) async fn expire(shared: &Arc<Shared>) {
    let trails = shared.ground.state.requested_trails().unwrap_or_default();
    for trail in trails {
        let audit = Engine::of(shared).trail(trail.clone());
        if let Err(error) = expire_of(&audit).await {
            tracing::warn!(%trail, %error, "orders of erasure that wait could not be looked at");
        }
    }
}

/// The same in one trail.
pub(super) async fn expire_of(audit: &Audit) -> Result<(), AuditError> {
    let ground = &audit.engine.shared.ground;
    let now = ground.clock.now();
    for (id, text) in ground.state.erasure_requests(&audit.trail)? {
        let kept = Kept::read(&text)?;
        if kept.expires_at > now || !audit.take(id)? {
            continue;
        }
        let order = kept.into_order();
        let secret = audit.engine.secret(Purpose::Subjects).await?;
        let refs = order.subjects.refs(&secret);
        let more = json!({
            "erasure_request": id,
            "exception": "expired",
            "requested_by": order.by,
        });
        let recorded = audit.record_refusal(&order, &refs, None, more).await;
        // Who was meant is forgotten all the same.
        if let Err(error) = recorded {
            let trail = &audit.trail;
            tracing::warn!(%trail, %id, %error, "an order of erasure expired, which is not on record");
        }
    }
    Ok(())
}
