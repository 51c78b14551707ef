//! What an erasure would take away.

use std::collections::{BTreeSet, HashSet};

use super::ranges::Ranges;
use super::{ErasureOrder, ErasureProgress, check};
use crate::engine::audit::Audit;
use crate::engine::hold::{self, InForce};
use crate::entry::{Columns, Erasure, StoredEntry};
use crate::error::AuditError;
use crate::part::PerPart;
use crate::store::StoreError;

/// What an erasure would take away.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ErasurePlan {
    /// The size of the trail that was looked at.
    pub as_of: u64,
    /// The entries of which something goes.
    pub entries: u64,
    /// How many parts go, by kind.
    pub parts: PerPart<u64>,
    /// The entries that are held, by seq. Where there is one, nothing is erased.
    pub held: Vec<u64>,
    /// The ids that the trail names nowhere, in the order asked.
    pub unknown: Vec<String>,
    /// The entries of which the actor part goes although it holds the `user_id` of another: one who
    /// acted on behalf of the person, as a rule.
    pub of_other_actors: u64,
    /// The entries that keep their details although they were asked for, since they are Indelible's
    /// own records.
    pub kept_own: u64,
    pub(super) ranges: Ranges,
}

impl ErasurePlan {
    /// The parts, as the erasure entries are to list them: ranges by seq that do not overlap.
    pub fn erasures(&self) -> Vec<Erasure> {
        self.ranges.erasures().collect()
    }
}

/// A plan under the holds of its end: one that was placed while the trail was looked at keeps what
/// it names.
pub(super) async fn under_holds(
    audit: &Audit,
    order: &ErasureOrder,
    progress: &mut (dyn FnMut(ErasureProgress) + Send),
) -> Result<ErasurePlan, AuditError> {
    let mut holds = hold::held(audit).await?;
    loop {
        let mut in_force = InForce::over(audit, &holds);
        in_force.look_at_all().await?;
        let plan = plan(audit, (order, &in_force), progress).await?;
        let later = hold::held(audit).await?;
        if later == holds {
            return Ok(plan);
        }
        holds = later;
    }
}

async fn plan(
    audit: &Audit,
    (order, in_force): (&ErasureOrder, &InForce),
    progress: &mut (dyn FnMut(ErasureProgress) + Send),
) -> Result<ErasurePlan, AuditError> {
    check(order)?;
    let mut plan = ErasurePlan::default();
    let mut seen: HashSet<String> = HashSet::new();
    let mut failed: Option<StoreError> = None;
    let mut each = |sighting: crate::engine::Sighting<'_>| {
        let entry = sighting.entry;
        for id in sighting.ids {
            if !seen.contains(id) {
                seen.insert(id.to_owned());
            }
        }
        plan.kept_own += u64::from(sighting.keeps_details);
        if sighting.parts.is_empty() {
            return;
        }
        match is_held(entry, order, in_force) {
            Ok(true) => plan.held.push(entry.seq),
            Ok(false) => {}
            Err(error) => failed = Some(error),
        }
        plan.entries += 1;
        for &kind in &sighting.parts {
            *plan.parts.get_mut(kind) += 1;
        }
        plan.of_other_actors += u64::from(sighting.names_another);
        plan.ranges
            .add(entry.seq, &sighting.parts, &entry.leaf_hash);
    };
    let as_of = audit
        .sightings(&order.subjects, &mut each, &mut |done, all| {
            progress(ErasureProgress::Search(done, all));
        })
        .await?;
    if let Some(failed) = failed {
        return Err(failed.into());
    }
    plan.as_of = as_of;
    let mut told = BTreeSet::new();
    let ids = order.subjects.ids.iter();
    plan.unknown = ids
        .filter(|id| !seen.contains(*id) && told.insert(id.as_str()))
        .cloned()
        .collect();
    Ok(plan)
}

/// Whether the order's own holds, or those of the trail, name an entry.
fn is_held(
    entry: &StoredEntry,
    order: &ErasureOrder,
    in_force: &InForce,
) -> Result<bool, StoreError> {
    if in_force.of(entry)?.is_some() {
        return Ok(true);
    }
    if order.holds.is_empty() {
        return Ok(false);
    }
    let columns = Columns::derive(entry).map_err(StoreError::unreadable)?;
    for hold in &order.holds {
        let is_named = hold.matches(entry, &columns);
        if is_named.map_err(StoreError::unreadable)? {
            return Ok(true);
        }
    }
    Ok(false)
}
