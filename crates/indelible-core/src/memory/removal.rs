//! Taking content away.

use async_trait::async_trait;

use super::MemoryStore;
use crate::entry::{Columns, Erasure};
use crate::store::{NewEntry, Purged, Removal, StoreError};
use crate::trail::TrailName;

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
}
