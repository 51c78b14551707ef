//! The nodes that a store keeps, as proofs read them.

use crate::hash::Hash;
use crate::plan::NodeRange;

/// Gives the hashes of stored nodes: leaf hashes at height 0, complete subtrees at heights that
/// are multiples of [`STORED_HEIGHT_STEP`](crate::plan::STORED_HEIGHT_STEP).
pub trait StoredNodes {
    /// The hash of one node, or `None` when it is not at hand.
    fn stored(&self, height: u8, index: u64) -> Option<Hash>;
}

/// The answers to a plan: ranges of stored nodes with their hashes.
///
/// Lookup walks the ranges, of which a plan has a handful.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeSet {
    runs: Vec<(NodeRange, Vec<Hash>)>,
}

impl NodeSet {
    /// A set without nodes.
    #[must_use]
    pub const fn new() -> Self {
        Self { runs: Vec::new() }
    }

    /// Adds the hashes of one range, in order of their index.
    ///
    /// # Errors
    ///
    /// A number of hashes that differs from the length of the range: a store that lacks a row
    /// must not shift its neighbours.
    pub fn insert(&mut self, range: NodeRange, hashes: Vec<Hash>) -> Result<(), NodeCountError> {
        if range.len() != hashes.len() as u64 {
            return Err(NodeCountError {
                range,
                found: hashes.len(),
            });
        }
        self.runs.push((range, hashes));
        Ok(())
    }
}

impl StoredNodes for NodeSet {
    fn stored(&self, height: u8, index: u64) -> Option<Hash> {
        self.runs.iter().find_map(|(range, hashes)| {
            let offset = index.checked_sub(range.start)?;
            let hash = hashes.get(usize::try_from(offset).ok()?)?;
            (range.height == height).then_some(*hash)
        })
    }
}

/// A range was answered with the wrong number of hashes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{found} hashes for the {} nodes {}..{} at height {}",
    range.len(), range.start, range.end, range.height
)]
pub struct NodeCountError {
    /// The range asked for.
    pub range: NodeRange,
    /// Hashes given.
    pub found: usize,
}

/// A node that a proof or a root needs is not at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("node {index} at height {height} is missing")]
pub struct MissingNode {
    /// Stored height: 0 means a leaf hash.
    pub height: u8,
    /// Index among the nodes of that height.
    pub index: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::leaf_hash;

    #[test]
    fn nodes_are_found_by_height_and_index() {
        let mut nodes = NodeSet::new();
        let range = NodeRange {
            height: 8,
            start: 4,
            end: 6,
        };
        assert_eq!(
            nodes.insert(range, vec![leaf_hash(b"a"), leaf_hash(b"b")]),
            Ok(())
        );
        assert_eq!(nodes.stored(8, 4), Some(leaf_hash(b"a")));
        assert_eq!(nodes.stored(8, 5), Some(leaf_hash(b"b")));
        for (height, index) in [(8, 3), (8, 6), (0, 4), (16, 4), (8, u64::MAX)] {
            assert_eq!(nodes.stored(height, index), None);
        }
        let refused = nodes
            .insert(range, vec![leaf_hash(b"a")])
            .expect_err("one hash is missing");
        assert_eq!(
            refused.to_string(),
            "1 hashes for the 2 nodes 4..6 at height 8"
        );
    }
}
