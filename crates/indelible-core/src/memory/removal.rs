//! Taking content away.

use async_trait::async_trait;
use indelible_merkle::{NodeId, STORED_HEIGHT_STEP};

use super::{Log, MemoryStore};
use crate::entry::{Columns, Erasure};
use crate::store::{NewEntry, Purged, Removal, StoreError, next_first_kept};
use crate::trail::TrailName;

/// Entries that go in one step at most.
const STEP_ENTRIES: u64 = 512;

#[async_trait]
impl Removal for MemoryStore {
    async fn erase(&self, trail: &TrailName, erasures: &[Erasure]) -> Result<u64, StoreError> {
        let mut kept = self.kept();
        let Some(log) = kept.trails.get_mut(trail) else {
            return Ok(0);
        };
        let mut gone = 0;
        for Erasure { first, last, parts } in erasures {
            let begin = log.entries.partition_point(|new| new.entry.seq < *first);
            let end = log.entries.partition_point(|new| new.entry.seq <= *last);
            for new in log.entries.get_mut(begin..end).unwrap_or_default() {
                let mut entry = new.entry.clone();
                let there = parts.iter().filter(|&&kind| {
                    let part = entry.parts.get_mut(kind);
                    part.take().is_some()
                });
                let there = there.count() as u64;
                if there > 0 {
                    let columns = Columns::derive(&entry).map_err(StoreError::unreadable)?;
                    *new = NewEntry { entry, columns };
                    gone += there;
                }
            }
        }
        Ok(gone)
    }

    async fn purge(&self, _: &TrailName, _: &[Erasure]) -> Result<Purged, StoreError> {
        Ok(Purged::default())
    }

    async fn trim(&self, trail: &TrailName, first_kept: u64) -> Result<u64, StoreError> {
        let mut kept = self.kept();
        let log = kept.trails.get_mut(trail);
        Ok(log.map_or(0, |log| log.trim(first_kept)))
    }
}

impl Log {
    fn trim(&mut self, first_kept: u64) -> u64 {
        let next = next_first_kept(self.first_kept, first_kept, self.head.size, STEP_ENTRIES);
        let block = next >> STORED_HEIGHT_STEP << STORED_HEIGHT_STEP;
        self.nodes
            .retain(|node, _| node.height > 0 || node.index >= block);
        let gone = self.entries.partition_point(|new| new.entry.seq < next);
        for NewEntry { entry, .. } in self.entries.drain(..gone) {
            self.ids.remove(&entry.id);
            if entry.seq >= block {
                let (height, index) = (0, entry.seq);
                self.nodes.insert(NodeId { height, index }, entry.leaf_hash);
            }
            let hour = (entry.occurred_at.hour(), entry.action, entry.outcome);
            if let Some(count) = self.rollups.get_mut(&hour) {
                *count -= 1;
                if *count == 0 {
                    self.rollups.remove(&hour);
                }
            }
        }
        self.spans
            .retain(|(height, index), _| (index + 1) << height > next);
        self.first_kept = next;
        next
    }
}
