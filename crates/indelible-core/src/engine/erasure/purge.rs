//! Making the bytes go, now or when it is worth another try.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::progress::Progress;
use super::register::Line;
use super::{Erased, ErasureProgress};
use crate::engine::Shared;
use crate::entry::Erasure;
use crate::error::AuditError;
use crate::part::PartKind;
use crate::store::StoreError;
use crate::time::Timestamp;
use crate::trail::TrailName;

/// Whether a purge that failed before is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Purging {
    /// It is, since somebody asked for it.
    Now,
    /// Only once the pause after a failure is over.
    WhenDue,
}

/// Entries of one block, for which a purge is told one stretch.
const BLOCK: u64 = 4096;

/// Where something was erased, in room that grows with the trail and not with what was erased.
pub(in crate::engine) struct Stretches {
    size: u64,
    blocks: BTreeMap<u64, (u64, u64)>,
}

impl Stretches {
    /// Nowhere in a trail of this size.
    pub fn within(size: u64) -> Self {
        let blocks = BTreeMap::new();
        Self { size, blocks }
    }

    pub fn add(&mut self, range: &Erasure) {
        let end = range.last.saturating_add(1).min(self.size);
        let mut first = range.first;
        while first < end {
            let block = first / BLOCK;
            let last = end.min((block + 1) * BLOCK) - 1;
            let (from, to) = self.blocks.entry(block).or_insert((first, last));
            (*from, *to) = (first.min(*from), last.max(*to));
            first = last + 1;
        }
    }

    /// What earlier runs have blanked and not purged.
    pub(super) fn add_unpurged(&mut self, register: &Progress) -> Result<(), StoreError> {
        for text in register.unpurged() {
            let erasures = Line::read(text)?.erasures();
            erasures.iter().for_each(|range| self.add(range));
        }
        if register.is_whole_unpurged() {
            let (first, last) = (0, u64::MAX);
            let parts = PartKind::ALL.to_vec();
            self.add(&Erasure { first, last, parts });
        }
        Ok(())
    }

    pub fn ranges(&self) -> Vec<Erasure> {
        let blocks = self.blocks.values();
        let range = |&(first, last): &(u64, u64)| Erasure {
            first,
            last,
            parts: PartKind::ALL.to_vec(),
        };
        blocks.map(range).collect()
    }
}

/// Purges stretches and keeps how that ended.
pub(super) async fn purge(
    shared: &Arc<Shared>,
    trail: &TrailName,
    register: &mut Progress,
    stretches: Stretches,
    (purging, progress): (Purging, &mut (dyn FnMut(ErasureProgress) + Send)),
    erased: &mut Erased,
) -> Result<(), AuditError> {
    let ground = &shared.ground;
    let ranges = stretches.ranges();
    if ranges.is_empty() {
        return match register.is_done() {
            true => Ok(()),
            false => register.purged(ground, trail).await,
        };
    }
    if let Some(until) = register.rests_until(ground.clock.now())
        && purging == Purging::WhenDue
        && erased.parts == 0
    {
        tracing::warn!(%trail, %until, "{STILL_THERE}; that failed before and is left alone now");
        erased.unpurged = Some(rests(until));
        return Ok(());
    }
    progress(ErasureProgress::Purge);
    match super::finish::removal(shared)?.purge(trail, &ranges).await {
        Ok(purged) => {
            erased.leftovers = purged.leftovers;
            tracing::info!(%trail, "what was erased is gone from the database's files");
            register.purged(ground, trail).await
        }
        Err(error) => {
            tell(trail, &error);
            erased.unpurged = Some(error.to_string());
            register.failed(ground, trail).await
        }
    }
}

/// Says that a purge is left alone.
pub(in crate::engine) fn rests(until: Timestamp) -> String {
    format!("it failed before and is left alone until {until}")
}

const STILL_THERE: &str = "what was erased is still in the database's files";

/// Logs that a purge failed.
pub(in crate::engine) fn tell(trail: &TrailName, error: &StoreError) {
    tracing::warn!(%trail, %error, "{STILL_THERE}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_take_room_for_blocks_and_not_for_ranges() {
        let mut stretches = Stretches::within(10_000);
        let parts = vec![PartKind::Actor];
        for first in (1..9_000).step_by(2) {
            let (last, parts) = (first, parts.clone());
            stretches.add(&Erasure { first, last, parts });
        }
        let (first, last) = (8_999, u64::MAX);
        stretches.add(&Erasure { first, last, parts });
        let ranges = stretches.ranges();
        let ends: Vec<_> = ranges
            .iter()
            .map(|range| (range.first, range.last))
            .collect();
        assert_eq!(ends, [(1, 4_095), (4_097, 8_191), (8_193, 9_999)]);
    }
}
