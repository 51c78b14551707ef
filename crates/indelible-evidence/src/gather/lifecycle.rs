//! When recording began and ended: the installation says so in its own trail.

use std::collections::BTreeMap;

use indelible_core::engine::Audit;
use indelible_core::entry::StoredEntry;
use indelible_core::part::PartKind;
use indelible_core::{AuditError, Timestamp, TrailName};

use super::RUN_ENTRIES;
use super::journal::{JOURNAL_MAX, Journal, LIFECYCLE, item, member};
use crate::period::Period;

/// Adds what the trail `system` says of the period and of this trail or the whole installation, as
/// far as it was said at an instant. What it says of other trails is theirs.
pub(super) async fn gather(
    audit: &Audit,
    period: &Period,
    known_to: Timestamp,
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
    let mut count = 0;
    let mut first = BTreeMap::new();
    for action in LIFECYCLE {
        let query = period.query().action(*action).as_of(head.size);
        let query = query.limit(RUN_ENTRIES);
        let mut next = Some(0);
        while let Some(seq) = next {
            let run = trail.stored_from(&query, seq).await?;
            next = run.next;
            for entry in &run.entries {
                trail.check_entry(entry)?;
                if entry.created_at > known_to || !concerns(entry, audit.name()) {
                    continue;
                }
                journal.started(entry);
                count += 1;
                first.insert(entry.seq, item(&system, entry));
                if first.len() > JOURNAL_MAX {
                    first.pop_last();
                }
            }
        }
    }
    journal.told(count, first.into_values());
    Ok(())
}

/// Whether an entry of `system` is about a trail, or about no single one.
fn concerns(entry: &StoredEntry, trail: &TrailName) -> bool {
    let named = member(entry, PartKind::Target, "resource_id");
    named.is_none_or(|named| named.as_str() == Some(trail.as_str()))
}
