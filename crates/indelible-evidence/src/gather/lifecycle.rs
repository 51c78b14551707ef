//! When recording began and ended: the installation says so in its own trail.

use indelible_core::engine::Audit;
use indelible_core::{AuditError, Timestamp, TrailName};

use super::RUN_ENTRIES;
use super::journal::{Journal, LIFECYCLE};
use crate::period::Period;

/// Adds what the trail `system` says of the period, as far as it was said when the report's own
/// trail was as it is reported.
pub(super) async fn gather(
    audit: &Audit,
    period: &Period,
    pinned_at: Timestamp,
    journal: &mut Journal,
) -> Result<(), AuditError> {
    let system = TrailName::system();
    if *audit.name() == system {
        return Ok(());
    }
    let trail = audit.engine().trail(system.clone());
    let Some(head) = trail.head().await? else {
        return Ok(());
    };
    let mut found = Vec::new();
    for action in LIFECYCLE {
        let query = period.query().action(*action).as_of(head.size);
        let query = query.limit(RUN_ENTRIES);
        let mut next = Some(0);
        while let Some(seq) = next {
            let run = trail.stored_from(&query, seq).await?;
            next = run.next;
            let known = run.entries.into_iter();
            found.extend(known.filter(|entry| entry.created_at <= pinned_at));
        }
    }
    found.sort_by_key(|entry| entry.seq);
    for entry in &found {
        journal.lived(&system, entry);
    }
    Ok(())
}
