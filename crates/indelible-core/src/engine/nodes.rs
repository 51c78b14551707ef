//! Stored hashes that one proof after another needs, read in whole blocks.

use std::collections::BTreeMap;

use indelible_merkle::{Hash, NodeRange, NodeSet, STORED_HEIGHT_STEP, StoredNodes};

use super::prove::missing;
use super::{Audit, load};
use crate::error::AuditError;
use crate::query::QueryError;
use crate::store::Store;
use crate::trail::TrailName;

/// Blocks that are held; a proof needs at most two of each of eight heights.
const BLOCKS_MAX: usize = 64;

/// The blocks of 256 neighbouring hashes that were read last, of a tree of one size.
pub(super) struct NodeCache {
    size: u64,
    blocks: BTreeMap<(u8, u64), Vec<Hash>>,
}

impl NodeCache {
    pub fn new(size: u64) -> Self {
        Self {
            size,
            blocks: BTreeMap::new(),
        }
    }

    /// Reads what is not at hand of these ranges. Proofs that are asked for by seq need the blocks
    /// of the one before.
    pub async fn fill(
        &mut self,
        store: &dyn Store,
        trail: &TrailName,
        ranges: Vec<NodeRange>,
    ) -> Result<(), AuditError> {
        let key = |range: &NodeRange| (range.height, range.start >> STORED_HEIGHT_STEP);
        let lacking: Vec<_> = ranges
            .iter()
            .map(key)
            .filter(|key| !self.blocks.contains_key(key))
            .collect();
        if self.blocks.len() + lacking.len() > BLOCKS_MAX {
            let needed: Vec<_> = ranges.iter().map(key).collect();
            self.blocks.retain(|key, _| needed.contains(key));
        }
        for (height, block) in lacking {
            let start = block << STORED_HEIGHT_STEP;
            let end = (start + (1 << STORED_HEIGHT_STEP)).min(self.size >> height);
            let rows = store.hashes(trail, height, start..end).await?;
            if !rows.iter().map(|(index, _)| *index).eq(start..end) {
                return Err(missing().into());
            }
            let hashes = rows.into_iter().map(|(_, hash)| hash).collect();
            self.blocks.insert((height, block), hashes);
        }
        Ok(())
    }
}

impl StoredNodes for NodeCache {
    fn stored(&self, height: u8, index: u64) -> Option<Hash> {
        let block = self.blocks.get(&(height, index >> STORED_HEIGHT_STEP))?;
        let place = usize::try_from(index & ((1 << STORED_HEIGHT_STEP) - 1)).ok()?;
        block.get(place).copied()
    }
}

impl Audit {
    /// The hashes from which something of the trail as it was with `size` entries is made.
    pub(super) async fn nodes_of(
        &self,
        (field, size): (&'static str, u64),
        ranges: Vec<NodeRange>,
    ) -> Result<NodeSet, AuditError> {
        let store = &*self.engine.shared.ground.store;
        if let Some(nodes) = load::nodes(store, &self.trail, ranges).await? {
            return Ok(nodes);
        }
        let block = store.first_kept(&self.trail).await? >> 8 << 8;
        if size >= block || size.is_multiple_of(256) {
            return Err(missing().into());
        }
        let problem = format!(
            "entries were removed by retention: of what was before {block} entries, only sizes \
             that are a multiple of 256 can be proved"
        );
        Err(QueryError::new(field, problem).into())
    }
}
