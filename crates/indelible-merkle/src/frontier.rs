//! The right edge of a growing tree: all that appending needs to remember.

use crate::hash::{Hash, node_hash};

/// The largest tree that a [`Frontier`] takes: sizes fit the signed 64-bit columns of databases.
pub const TREE_SIZE_MAX: u64 = i64::MAX as u64;

/// Names one node: the complete subtree of `2^height` leaves that starts at leaf
/// `index << height`. Height 0 is the leaves themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId {
    /// Levels above the leaves, 0..=63.
    pub height: u8,
    /// Position among the nodes of that height, from 0.
    pub index: u64,
}

/// The roots of the complete subtrees that make up a tree, largest first.
///
/// There is one per set bit of the size, so at most 63. Together with the size they fix the
/// root, and appending needs nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    hashes: Vec<Hash>,
}

impl Frontier {
    /// The frontier of the tree without leaves.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            size: 0,
            hashes: Vec::new(),
        }
    }

    /// Puts a frontier together from a tree size and its subtree roots, largest first.
    ///
    /// # Errors
    ///
    /// A number of hashes that differs from the set bits of `size`, and a size above
    /// [`TREE_SIZE_MAX`]. Whether the hashes are the right ones shows only in [`Self::root`].
    pub fn from_parts(size: u64, hashes: Vec<Hash>) -> Result<Self, FrontierError> {
        if size > TREE_SIZE_MAX {
            return Err(FrontierError::Size { size });
        }
        if hashes.len() != size.count_ones() as usize {
            return Err(FrontierError::HashCount {
                size,
                found: hashes.len(),
            });
        }
        Ok(Self { size, hashes })
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    ///
    /// As [`Self::from_parts`], and bytes that are no whole number of hashes.
    pub fn from_bytes(size: u64, bytes: &[u8]) -> Result<Self, FrontierError> {
        let (hashes, rest) = bytes.as_chunks::<{ Hash::LEN }>();
        if !rest.is_empty() {
            return Err(FrontierError::ByteCount { found: bytes.len() });
        }
        Self::from_parts(size, hashes.iter().copied().map(Hash::from_bytes).collect())
    }

    /// The hashes one after another, largest subtree first: 32 bytes per set bit of the size.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.hashes
            .iter()
            .flat_map(|hash| *hash.as_bytes())
            .collect()
    }

    /// Number of leaves of the tree.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The subtree roots, largest subtree first.
    #[must_use]
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// The root of the tree, from at most 62 node hashes.
    #[must_use]
    pub fn root(&self) -> Hash {
        fold_right(&self.hashes).unwrap_or(Hash::EMPTY_ROOT)
    }

    /// Appends one leaf and reports every interior node that it completes, from the lowest up.
    ///
    /// `made` sees all heights from 1; a store keeps those that are multiples of
    /// [`STORED_HEIGHT_STEP`](crate::plan::STORED_HEIGHT_STEP).
    pub fn push(&mut self, leaf: Hash, made: &mut dyn FnMut(NodeId, Hash)) {
        let mut node = NodeId {
            height: 0,
            index: self.size,
        };
        let mut hash = leaf;
        while node.index & 1 == 1 {
            let left = self.hashes.pop().expect("one hash per set bit of the size");
            hash = node_hash(&left, &hash);
            node = NodeId {
                height: node.height + 1,
                index: node.index >> 1,
            };
            made(node, hash);
        }
        self.hashes.push(hash);
        self.size += 1;
    }
}

/// Folds neighbouring subtrees, largest and leftmost first, into the root above them all.
pub(crate) fn fold_right(hashes: &[Hash]) -> Option<Hash> {
    hashes
        .iter()
        .rev()
        .copied()
        .reduce(|right, left| node_hash(&left, &right))
}

/// Why parts are not a [`Frontier`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrontierError {
    /// The size is above [`TREE_SIZE_MAX`].
    #[error("tree size {size} is above {TREE_SIZE_MAX}")]
    Size {
        /// The size given.
        size: u64,
    },
    /// One hash per set bit of the size is needed.
    #[error("a tree of size {size} has {} frontier hashes, found {found}", size.count_ones())]
    HashCount {
        /// The size given.
        size: u64,
        /// Hashes given.
        found: usize,
    },
    /// The bytes are no whole number of hashes.
    #[error("{found} bytes are no whole number of 32-byte hashes")]
    ByteCount {
        /// Bytes given.
        found: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::leaf_hash;

    #[test]
    fn three_leaves_promote_the_odd_one() {
        // T56: the third leaf moves up as it is, it is not paired with itself.
        let leaves = [leaf_hash(b""), leaf_hash(&[0x00]), leaf_hash(&[0x10])];
        let mut frontier = Frontier::new();
        let mut made = Vec::new();
        for leaf in leaves {
            frontier.push(leaf, &mut |node, hash| made.push((node, hash)));
        }
        let pair = node_hash(&leaves[0], &leaves[1]);
        assert_eq!(
            made,
            [(
                NodeId {
                    height: 1,
                    index: 0
                },
                pair
            )]
        );
        assert_eq!(frontier.hashes(), [pair, leaves[2]]);
        assert_eq!(frontier.root(), node_hash(&pair, &leaves[2]));
    }

    #[test]
    fn bytes_are_read_back_and_counted() {
        let mut frontier = Frontier::new();
        assert_eq!(frontier.root(), Hash::EMPTY_ROOT);
        assert_eq!(Frontier::from_bytes(0, &[]), Ok(Frontier::new()));
        for seq in 0..11_u8 {
            frontier.push(leaf_hash(&[seq]), &mut |_, _| ());
        }
        let bytes = frontier.to_bytes();
        assert_eq!(bytes.len(), 3 * 32);
        assert_eq!(Frontier::from_bytes(11, &bytes), Ok(frontier));
        assert_eq!(
            Frontier::from_bytes(12, &bytes),
            Err(FrontierError::HashCount { size: 12, found: 3 })
        );
        assert_eq!(
            Frontier::from_bytes(11, &bytes[1..]),
            Err(FrontierError::ByteCount { found: 95 })
        );
        assert_eq!(
            Frontier::from_parts(1 << 63, vec![Hash::EMPTY_ROOT]),
            Err(FrontierError::Size { size: 1 << 63 })
        );
    }
}
