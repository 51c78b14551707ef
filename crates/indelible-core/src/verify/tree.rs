//! The tree, made again from the rows, beside the tree as it is stored.
//!
//! Rows and nodes form levels of 256: leaf hashes, nodes at height 8, at height 16, and so on.
//! At each level every item is known twice, as what lies beneath gives it and as it is stored.
//! Where the two differ, the node above tells which of them belongs to the tree; it is looked at
//! when its 256 items are complete. The edge that no stored node covers is held against the
//! head's frontier. Memory: two hashes for each of at most 256 items of each of eight levels.

use indelible_merkle::{Frontier, Hash, NodeId, STORED_HEIGHT_STEP, node_hash};

/// One item of a level.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Item {
    /// What the row's columns, or the nodes beneath, give; none where rows are missing.
    pub below: Option<Hash>,
    /// What is stored.
    pub stored: Option<Hash>,
}

/// Two sources of one hash that differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Contradiction {
    /// Height 0: a leaf.
    pub node: NodeId,
    pub culprit: Culprit,
}

/// Which of two sources is not what the tree holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Culprit {
    /// The stored hash.
    Stored,
    /// The rows beneath it.
    Below,
    /// It cannot be told: more than one thing was altered at once.
    Unknown,
}

/// Which source of a hash to prefer where both are at hand.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source {
    Below,
    Stored,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    levels: [Vec<Item>; LEVELS],
    size: u64,
    row: Vec<Hash>,
}

/// Heights 0, 8, …, 56: enough for every size that fits 63 bits.
const LEVELS: usize = 8;
/// Items of one level under one node of the next.
const GROUP: usize = 1 << STORED_HEIGHT_STEP;
/// So many differing items of one group are tried in all combinations.
const COMBINED_MAX: usize = 6;

impl Tree {
    /// The tree of `size` leaves whose edge is taken as it is stored; `None` from `stored` leaves
    /// a gap.
    pub fn resume(size: u64, stored: impl Fn(u8, u64) -> Option<Hash>) -> Self {
        let mut tree = Self {
            size,
            ..Self::default()
        };
        for (level, items) in tree.levels.iter_mut().enumerate() {
            let height = STORED_HEIGHT_STEP * level as u8;
            let end = size >> height;
            items.extend(
                (end >> STORED_HEIGHT_STEP << STORED_HEIGHT_STEP..end).map(|index| {
                    let hash = stored(height, index);
                    Item {
                        below: hash,
                        stored: hash,
                    }
                }),
            );
        }
        tree
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf. `stored` gives the stored nodes that it completes.
    pub fn push(
        &mut self,
        leaf: Item,
        stored: &dyn Fn(NodeId) -> Option<Hash>,
        found: &mut Vec<Contradiction>,
    ) {
        self.levels[0].push(leaf);
        self.size += 1;
        let mut level = 0;
        while self.levels[level].len() == GROUP {
            let height = STORED_HEIGHT_STEP * (level as u8 + 1);
            let above = NodeId {
                height,
                index: (self.size >> height) - 1,
            };
            let reference = stored(above);
            let first = NodeId {
                height: height - STORED_HEIGHT_STEP,
                index: above.index << STORED_HEIGHT_STEP,
            };
            let below = settle(&self.levels[level], first, reference, &mut self.row, found);
            self.levels[level].clear();
            self.levels[level + 1].push(Item {
                below,
                stored: reference,
            });
            level += 1;
        }
    }

    /// The root of the tree as far as it goes; none where a gap lies in the way.
    pub fn root(&mut self, prefer: Source) -> Option<Hash> {
        let pick = |item: &Item| match prefer {
            Source::Below => item.below.or(item.stored),
            Source::Stored => item.stored.or(item.below),
        };
        let mut hashes = Vec::new();
        for items in self.levels.iter().rev() {
            for (start, len) in complete(items.len()) {
                self.row.clear();
                for item in &items[start..start + len] {
                    self.row.push(pick(item)?);
                }
                hashes.push(fold(&mut self.row));
            }
        }
        Some(Frontier::from_parts(self.size, hashes).ok()?.root())
    }

    /// Holds the edge against the frontier of a head of the same size. Contradictions among the
    /// items beneath an edge go to `found`; the edges that do not fit are answered.
    pub fn finish(&mut self, frontier: &Frontier, found: &mut Vec<Contradiction>) -> Edge {
        let mut edge = Edge::default();
        let mut references = frontier.hashes().iter();
        let mut hashes = Vec::new();
        for (level, items) in self.levels.iter().enumerate().rev() {
            let height = STORED_HEIGHT_STEP * level as u8;
            let base = (self.size >> height) - items.len() as u64;
            for (start, len) in complete(items.len()) {
                let reference = references.next().copied();
                let first = NodeId {
                    height,
                    index: base + start as u64,
                };
                let group = &items[start..start + len];
                let hash = settle(group, first, reference, &mut self.row, found);
                if hash.is_some() && hash != reference {
                    let first = first.index << height;
                    edge.differing.push(first..first + ((len as u64) << height));
                }
                hashes.push(hash);
            }
        }
        let hashes: Option<Vec<_>> = hashes.into_iter().collect();
        edge.root = hashes.and_then(|h| Some(Frontier::from_parts(self.size, h).ok()?.root()));
        edge
    }
}

/// The right edge of the tree beside the head.
#[derive(Debug, Default)]
pub(super) struct Edge {
    /// The root that the rows give; none where rows are missing.
    pub root: Option<Hash>,
    /// The entries under the subtrees that the head's frontier has other hashes for.
    pub differing: Vec<std::ops::Range<u64>>,
}

/// Start and length of the complete subtrees that `len` items form, the largest first.
fn complete(len: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let part = 1 << (len - start).checked_ilog2()?;
        start += part;
        Some((start - part, part))
    })
}

/// Folds a power of two of hashes to the node above them, in place.
fn fold(row: &mut Vec<Hash>) -> Hash {
    while row.len() > 1 {
        for pair in 0..row.len() / 2 {
            row[pair] = node_hash(&row[2 * pair], &row[2 * pair + 1]);
        }
        row.truncate(row.len() / 2);
    }
    row[0]
}

/// Folds a group to the node above, choosing between the sources of its items so that the
/// reference comes out, and says which source of each differing item was wrong.
fn settle(
    items: &[Item],
    first: NodeId,
    reference: Option<Hash>,
    row: &mut Vec<Hash>,
    found: &mut Vec<Contradiction>,
) -> Option<Hash> {
    let differs = |item: &Item| matches!((item.below, item.stored), (Some(b), Some(s)) if b != s);
    let odd: Vec<usize> = (0..items.len())
        .filter(|place| differs(&items[*place]))
        .collect();
    let mut fold_with = |stored: &dyn Fn(usize) -> bool| {
        row.clear();
        for (place, item) in items.iter().enumerate() {
            row.push(if stored(place) {
                item.stored
            } else {
                item.below.or(item.stored)
            }?);
        }
        Some(fold(row))
    };
    let mut blame = |culprit: &dyn Fn(usize) -> Culprit| {
        found.extend(odd.iter().enumerate().map(|(bit, place)| Contradiction {
            node: NodeId {
                index: first.index + *place as u64,
                ..first
            },
            culprit: culprit(bit),
        }));
    };
    let below = fold_with(&|_| false);
    if odd.is_empty() || below.is_none() || reference.is_none() {
        blame(&|_| Culprit::Unknown);
        return below;
    }
    let bit_of = |place: usize| odd.iter().position(|odd| *odd == place);
    let all = (1_u32 << odd.len().min(COMBINED_MAX)) - 1;
    let choices = if odd.len() <= COMBINED_MAX {
        0..=all
    } else {
        0..=1
    };
    for choice in choices {
        let is_stored = |bit: usize| {
            if odd.len() <= COMBINED_MAX {
                choice >> bit & 1 == 1
            } else {
                choice == 1
            }
        };
        let hash = fold_with(&|place| bit_of(place).is_some_and(is_stored));
        if hash == reference {
            blame(&|bit| {
                if is_stored(bit) {
                    Culprit::Below
                } else {
                    Culprit::Stored
                }
            });
            return hash;
        }
    }
    blame(&|_| Culprit::Unknown);
    below
}

#[cfg(test)]
mod tests {
    use indelible_merkle::leaf_hash;

    use super::*;

    fn leaf(seq: u64) -> Hash {
        leaf_hash(&seq.to_be_bytes())
    }

    fn same(hash: Hash) -> Item {
        Item {
            below: Some(hash),
            stored: Some(hash),
        }
    }

    #[test]
    fn agrees_with_the_frontier_at_every_size() {
        let mut frontier = Frontier::new();
        let mut tree = Tree::default();
        let mut nodes = std::collections::HashMap::new();
        let mut found = Vec::new();
        assert_eq!(tree.root(Source::Below), Some(Hash::EMPTY_ROOT));
        for seq in 0..66_000 {
            frontier.push(leaf(seq), &mut |node, hash| {
                nodes.insert(node, hash);
            });
            tree.push(
                same(leaf(seq)),
                &|node| nodes.get(&node).copied(),
                &mut found,
            );
            if seq % 997 == 0 || seq < 600 || (65_530..65_540).contains(&seq) {
                assert_eq!(tree.root(Source::Stored), Some(frontier.root()), "{seq}");
                let edge = tree.clone().finish(&frontier, &mut found);
                assert!(edge.differing.is_empty() && edge.root == Some(frontier.root()));
                let stored = |height, index| match height {
                    0 => Some(leaf(index)),
                    _ => nodes.get(&NodeId { height, index }).copied(),
                };
                let mut resumed = Tree::resume(seq + 1, stored);
                assert_eq!(resumed.root(Source::Below), Some(frontier.root()));
            }
        }
        assert_eq!(found, []);
    }

    #[test]
    fn the_node_above_tells_what_was_altered() {
        let stored = |seq| if seq == 5 { leaf(999) } else { leaf(seq) };
        let mut frontier = Frontier::new();
        let mut reference = None;
        for seq in 0..256 {
            frontier.push(leaf(seq), &mut |node, hash| {
                reference = (node.height == 8).then_some(hash);
            });
        }
        for (swap, culprit) in [(false, Culprit::Stored), (true, Culprit::Below)] {
            let mut tree = Tree::default();
            let mut found = Vec::new();
            for seq in 0..256 {
                let (below, stored) = (Some(leaf(seq)), Some(stored(seq)));
                let item = if swap {
                    Item {
                        below: stored,
                        stored: below,
                    }
                } else {
                    Item { below, stored }
                };
                tree.push(item, &|_| reference, &mut found);
            }
            let node = NodeId {
                height: 0,
                index: 5,
            };
            assert_eq!(found, [Contradiction { node, culprit }]);
            assert_eq!(tree.root(Source::Below), Some(frontier.root()));
        }
    }
}
