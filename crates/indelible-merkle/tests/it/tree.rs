//! A tree as a store keeps it, and the plain definition that it is held against.

use std::collections::BTreeMap;

use indelible_merkle::{
    Frontier, Hash, NodeRange, NodeSet, STORED_HEIGHT_STEP, StoredNodes, leaf_hash, node_hash,
};

/// Leaf hashes and complete subtrees at stored heights, filled by appending.
pub struct StoredTree {
    pub leaves: Vec<Hash>,
    pub frontier: Frontier,
    rows: BTreeMap<(u8, u64), Hash>,
}

impl StoredTree {
    pub fn of(leaves: impl IntoIterator<Item = Hash>) -> Self {
        let mut tree = Self {
            leaves: Vec::new(),
            frontier: Frontier::new(),
            rows: BTreeMap::new(),
        };
        for leaf in leaves {
            tree.push(leaf);
        }
        tree
    }

    /// The tree of `size` numbered leaves.
    pub fn numbered(size: u32) -> Self {
        Self::of((0..size).map(numbered_leaf))
    }

    pub fn push(&mut self, leaf: Hash) {
        let index = self.leaves.len() as u64;
        self.leaves.push(leaf);
        assert!(self.rows.insert((0, index), leaf).is_none());
        self.frontier.push(leaf, &mut |node, hash| {
            if node.height.is_multiple_of(STORED_HEIGHT_STEP) {
                let before = self.rows.insert((node.height, node.index), hash);
                assert!(before.is_none(), "T76: a node is made once");
            }
        });
    }

    /// Number of rows above the leaves.
    pub fn node_rows(&self) -> usize {
        self.rows.len() - self.leaves.len()
    }

    /// Answers a plan like a store: exactly the rows asked for, all of which must exist.
    pub fn read(&self, plan: &[NodeRange]) -> NodeSet {
        let mut nodes = NodeSet::new();
        for range in plan {
            let hashes = (range.start..range.end)
                .map(|index| self.rows[&(range.height, index)])
                .collect();
            nodes.insert(*range, hashes).expect("one hash per row");
        }
        nodes
    }
}

impl StoredNodes for StoredTree {
    fn stored(&self, height: u8, index: u64) -> Option<Hash> {
        self.rows.get(&(height, index)).copied()
    }
}

pub fn numbered_leaf(number: u32) -> Hash {
    leaf_hash(&number.to_be_bytes())
}

/// `MTH` of RFC 6962 §2.1, over leaf hashes.
pub fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::EMPTY_ROOT,
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&root(left), &root(right))
        }
    }
}

/// `PATH` of RFC 6962 §2.1.1.
pub fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut below, sibling) = if index < left.len() {
        (path(index, left), root(right))
    } else {
        (path(index - left.len(), right), root(left))
    };
    below.push(sibling);
    below
}

/// `PROOF` of RFC 6962 §2.1.2.
pub fn proof(old: usize, leaves: &[Hash]) -> Vec<Hash> {
    subproof(old, leaves, true)
}

fn subproof(old: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if whole {
            Vec::new()
        } else {
            vec![root(leaves)]
        };
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut below, sibling) = if old <= left.len() {
        (subproof(old, left, whole), root(right))
    } else {
        (subproof(old - left.len(), right, false), root(left))
    };
    below.push(sibling);
    below
}

/// The largest power of two below a number of leaves.
fn split(leaves: usize) -> usize {
    leaves.next_power_of_two() / 2
}
