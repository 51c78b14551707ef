//! Orders that nobody decided about in time.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use serde_json::json;

use super::kept::WAIT_MAX;
use super::waiting::Found;
use crate::engine::audit::Audit;
use crate::engine::own::time_of;
use crate::engine::{Engine, Shared};
use crate::error::AuditError;

/// How often orders are looked for that are over.
const PACE: Duration = Duration::from_secs(60 * 60);

/// Forgets, in all trails, who was meant by orders that nobody decided about in time. Where that
/// cannot be done now it is done later: it keeps nobody from recording.
pub(in crate::engine) async fn expire(shared: &Arc<Shared>) {
    if shared.options.read_only || !is_due(shared) {
        return;
    }
    let trails = shared.ground.state.requested_trails().unwrap_or_default();
    for trail in trails {
        let audit = Engine::of(shared).trail(trail.clone());
        if let Err(error) = expire_of(&audit).await {
            tracing::warn!(%trail, %error, "orders of erasure that wait could not be looked at");
        }
    }
}

fn is_due(shared: &Shared) -> bool {
    let now = shared.ground.clock.elapsed();
    let mut last = shared
        .expired
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let is_due = last.is_none_or(|last| now.saturating_sub(last) >= PACE);
    if is_due {
        *last = Some(now);
    }
    is_due
}

/// The same in one trail.
pub(super) async fn expire_of(audit: &Audit) -> Result<(), AuditError> {
    let ground = &audit.engine.shared.ground;
    let now = ground.clock.now();
    ground.state.sweep_erasure_requests(&audit.trail)?;
    for id in ground.state.erasure_requests(&audit.trail)? {
        let recorded = match audit.found(id).await? {
            Some(Found::Readable(request)) => {
                if request.expires_at > now {
                    continue;
                }
                match audit.take(id) {
                    Ok(true) => {}
                    Ok(false) => continue,
                    // One that stays keeps no other from being decided.
                    Err(error) => {
                        let trail = &audit.trail;
                        tracing::warn!(%trail, %id, %error, "an order of erasure that expired stays");
                        continue;
                    }
                }
                let more = json!({
                    "erasure_request": id,
                    "exception": "expired",
                    "requested_by": request.order.by,
                });
                let (order, refs) = (&request.order, &request.subject_refs);
                audit.record_refusal(order, refs, None, more).await
            }
            Some(Found::Unreadable) => {
                // The time when it was asked for stands in its id, and nowhere else.
                let asked = time_of(id);
                if asked.is_none_or(|asked| asked.later(WAIT_MAX) > now) {
                    continue;
                }
                let more = json!({"erasure_request": id, "exception": "expired"});
                audit.forget_unreadable(id, None, more).await.map(drop)
            }
            None => continue,
        };
        // Who was meant is forgotten all the same.
        if let Err(error) = recorded {
            let trail = &audit.trail;
            tracing::warn!(%trail, %id, %error, "an order of erasure expired, which is not on record");
        }
    }
    Ok(())
}
