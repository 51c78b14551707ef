//! What entries of a trail say was erased, ready to be asked about one entry.

use crate::engine::audit::Audit;
use crate::engine::erasure::{ERASED, ordered};
use crate::engine::included::Tree;
use crate::engine::retention::EXPIRED;
use crate::entry::{Erasure, StoredEntry};
use crate::error::AuditError;
use crate::filter::Filter;
use crate::part::{PartKind, PerPart};
use crate::store::Find;

/// Entries that say what they erased and are read at once.
const CHUNK: usize = 64;

/// Ranges of seqs, first and last, that rise and neither overlap nor touch once they are merged.
type Ranges = Vec<(u64, u64)>;

/// What entries say was erased, each of which is read once, and what the register outside the
/// database orders: of a restored copy that goes before an entry says so.
pub(super) struct Accounted {
    audit: Audit,
    tree: Tree,
    /// Where the next look begins.
    next: u64,
    ranges: PerPart<Ranges>,
}

impl Accounted {
    pub fn of(audit: &Audit) -> Result<Self, AuditError> {
        let mut accounted = Self {
            audit: audit.clone(),
            tree: audit.tree(),
            next: 0,
            ranges: PerPart::default(),
        };
        for erasure in ordered(audit)? {
            accounted.add(&erasure, u64::MAX);
        }
        accounted.merge();
        Ok(accounted)
    }

    /// Reads what was recorded since the last look.
    ///
    /// # Errors
    /// [`AuditError::Store`].
    pub async fn go_on(&mut self) -> Result<(), AuditError> {
        let mut find = Find {
            filter: Filter {
                actions: Some(vec![
                    ERASED.as_str().to_owned(),
                    EXPIRED.as_str().to_owned(),
                ]),
                ..Filter::default()
            },
            below: u64::MAX,
            from: Some(self.next),
            skip: 0,
            limit: CHUNK,
        };
        let mut is_more = false;
        loop {
            let store = &self.audit.engine.shared.ground.store;
            let entries = store.find(&self.audit.trail, &find).await?;
            let Some(newest) = entries.first() else { break };
            self.next = newest.seq + 1;
            find.from = Some(self.next);
            // In the order of the trail, for the tree.
            for entry in entries.iter().rev() {
                let says = entry.erases.iter().any(|erasure| !erasure.parts.is_empty());
                if says && self.tree.has(entry).await? {
                    is_more = true;
                    for erasure in &entry.erases {
                        self.add(erasure, entry.seq);
                    }
                }
            }
        }
        if is_more {
            self.merge();
        }
        Ok(())
    }

    /// Whether each part that is missing of an entry is accounted for.
    pub fn accounts_for(&self, entry: &StoredEntry) -> bool {
        let is_accounted = |kind: &PartKind| {
            let ranges = self.ranges.get(*kind);
            let place = ranges.partition_point(|(_, last)| *last < entry.seq);
            ranges
                .get(place)
                .is_some_and(|(first, _)| *first <= entry.seq)
        };
        entry.erased().iter().all(is_accounted)
    }

    /// Takes what an entry at `seq` says: it can only account for those before it.
    fn add(&mut self, erasure: &Erasure, seq: u64) {
        let Some(last) = seq.checked_sub(1).map(|before| before.min(erasure.last)) else {
            return;
        };
        if erasure.first <= last {
            for kind in &erasure.parts {
                self.ranges.get_mut(*kind).push((erasure.first, last));
            }
        }
    }

    fn merge(&mut self) {
        for kind in PartKind::ALL {
            merge(self.ranges.get_mut(kind));
        }
    }
}

fn merge(ranges: &mut Ranges) {
    ranges.sort_unstable();
    ranges.dedup_by(|later, kept| {
        let joins = later.0 <= kept.1.saturating_add(1);
        if joins {
            kept.1 = kept.1.max(later.1);
        }
        joins
    });
}

#[cfg(test)]
mod tests {
    use super::merge;

    #[test]
    fn ranges_that_overlap_or_touch_become_one() {
        let mut ranges = vec![
            (7, 9),
            (0, 3),
            (20, 20),
            (2, 5),
            (10, 12),
            (21, u64::MAX),
            (30, 31),
        ];
        merge(&mut ranges);
        assert_eq!(ranges, [(0, 5), (7, 12), (20, u64::MAX)]);
    }
}
