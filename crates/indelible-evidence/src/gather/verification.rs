//! The last verification of a trail that is on record: whether entries were altered or are
//! missing no report measures.

use indelible_core::engine::Audit;
use indelible_core::{AuditError, AuditProtocol, Query, Timestamp, TrailName};
use serde::Serialize;

/// A verification on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// When.
    pub at: Timestamp,
    /// Whether it found the trail as it was recorded.
    pub sound: bool,
}

/// Verifications that are looked through for one that was recorded early enough.
const LOOKED_MAX: i64 = 1_000;

/// The last verification of a trail on record in `system` up to an instant.
///
/// # Errors
/// [`AuditError::Store`].
pub(crate) async fn last_verified(
    audit: &Audit,
    known_to: Timestamp,
) -> Result<Option<Verified>, AuditError> {
    let system = audit.engine().trail(TrailName::system());
    let mut last: Option<(u64, Verified)> = None;
    // One that was cut short is on record as failed, and found nothing.
    for (action, outcome, sound) in [
        ("audit_integrity_verified", "completed", true),
        ("audit_integrity_failed", "failed", false),
    ] {
        let of = Query::new().action(action).outcome(outcome);
        let of = of.resource_id(audit.name().as_str()).limit(LOOKED_MAX);
        let page = system.query(of).await?;
        let Some(entry) = page.iter().find(|entry| entry.created_at <= known_to) else {
            continue;
        };
        if last.as_ref().is_none_or(|(seq, _)| *seq < entry.seq) {
            let at = entry.created_at;
            last = Some((entry.seq, Verified { at, sound }));
        }
    }
    Ok(last.map(|(_, verified)| verified))
}
