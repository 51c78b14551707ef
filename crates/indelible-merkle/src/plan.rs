//! Which stored rows a proof or a root needs, so that a store can be asked for them in one go.
//!
//! A store keeps the leaf hashes and the complete subtrees at heights 8, 16, 24, …; every other
//! node is folded from at most 128 of those rows. A complete subtree never changes, so the same
//! rows serve every old size of the tree.
//!
//! All plans are lists of ranges inside blocks of 256 neighbouring rows, at most two per stored
//! height: one about the path, one about the right edge.

use std::collections::BTreeMap;

use crate::frontier::NodeId;

/// Stored heights are the multiples of this.
pub const STORED_HEIGHT_STEP: u8 = 8;

/// A run of neighbouring stored nodes of one height, half open: `start..end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeRange {
    /// A multiple of [`STORED_HEIGHT_STEP`]; 0 means leaf hashes.
    pub height: u8,
    /// Index of the first node.
    pub start: u64,
    /// Index after the last node.
    pub end: u64,
}

impl NodeRange {
    /// Number of nodes in the range.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// Whether the range holds no node.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The stored nodes below `node`, or itself: at most 128, all within one block of 256.
    pub(crate) fn below(node: NodeId) -> Self {
        let levels = node.height % STORED_HEIGHT_STEP;
        let start = node.index << levels;
        Self {
            height: node.height - levels,
            start,
            end: start + (1 << levels),
        }
    }
}

/// The rows for [`inclusion_proof`](crate::proof::inclusion_proof) of `index` in the tree of
/// `size` leaves; none when there is no such leaf.
#[must_use]
pub fn inclusion_ranges(index: u64, size: u64) -> Vec<NodeRange> {
    ranges(&inclusion_subtrees(index, size))
}

/// The rows for [`consistency_proof`](crate::proof::consistency_proof) from `old` to `new`
/// leaves; none when the proof is empty or `old` is above `new`.
#[must_use]
pub fn consistency_ranges(old: u64, new: u64) -> Vec<NodeRange> {
    ranges(&consistency_subtrees(old, new))
}

/// The rows for [`root_at`](crate::proof::root_at) and
/// [`frontier_at`](crate::proof::frontier_at) of the tree of `size` leaves.
#[must_use]
pub fn root_ranges(size: u64) -> Vec<NodeRange> {
    ranges(&[Subtree {
        start: 0,
        end: size,
    }])
}

/// A node of some tree by its leaves `start..end`: complete, or the ragged right edge.
///
/// `start` is a multiple of the largest power of two within the length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subtree {
    pub(crate) start: u64,
    pub(crate) end: u64,
}

impl Subtree {
    /// The complete subtrees that make it up, largest and leftmost first.
    pub(crate) fn complete_nodes(self) -> impl Iterator<Item = NodeId> {
        let mut start = self.start;
        std::iter::from_fn(move || {
            let height = (self.end - start).checked_ilog2()?;
            let node = NodeId {
                height: height as u8,
                index: start >> height,
            };
            start += 1 << height;
            Some(node)
        })
    }

    /// The children of a subtree with more than one leaf: RFC 6962 splits at the largest power of
    /// two below the number of leaves.
    fn split(self) -> (Self, Self) {
        let middle = self.start + (1 << (self.end - self.start - 1).ilog2());
        (
            Self {
                end: middle,
                ..self
            },
            Self {
                start: middle,
                ..self
            },
        )
    }
}

/// The siblings along the path of a leaf, the leaf's own first (RFC 6962 §2.1.1).
pub(crate) fn inclusion_subtrees(index: u64, size: u64) -> Vec<Subtree> {
    let mut path = Vec::new();
    if index >= size {
        return path;
    }
    let mut node = Subtree {
        start: 0,
        end: size,
    };
    while node.end - node.start > 1 {
        let (left, right) = node.split();
        let (next, sibling) = if index < right.start {
            (left, right)
        } else {
            (right, left)
        };
        path.push(sibling);
        node = next;
    }
    path.reverse();
    path
}

/// The subtrees that lead from the old root to the new one (RFC 6962 §2.1.2).
pub(crate) fn consistency_subtrees(old: u64, new: u64) -> Vec<Subtree> {
    let mut path = Vec::new();
    if old == 0 || old >= new {
        return path;
    }
    let mut node = Subtree { start: 0, end: new };
    while node.end > old {
        let (left, right) = node.split();
        let (next, sibling) = if old <= right.start {
            (left, right)
        } else {
            (right, left)
        };
        path.push(sibling);
        node = next;
    }
    // The verifier holds the old root; only a smaller subtree of the old tree must be told.
    if node.start > 0 {
        path.push(node);
    }
    path.reverse();
    path
}

/// The stored rows below all these subtrees, merged within blocks of 256 rows.
///
/// The gap that merging bridges is cheaper to read than a second range is to ask for.
fn ranges(subtrees: &[Subtree]) -> Vec<NodeRange> {
    let mut blocks = BTreeMap::<(u8, u64), NodeRange>::new();
    for node in subtrees.iter().flat_map(|subtree| subtree.complete_nodes()) {
        let range = NodeRange::below(node);
        blocks
            .entry((range.height, range.start >> STORED_HEIGHT_STEP))
            .and_modify(|block| {
                block.start = block.start.min(range.start);
                block.end = block.end.max(range.end);
            })
            .or_insert(range);
    }
    blocks.into_values().collect()
}
