//! Runs: the sorted terms of a stretch of a trail, as a tree of blocks that never changes.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::Fault;
use super::block::{Fence, Leaf};

/// All terms of the entries from `first` up to `end` of one trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Run {
    /// Its number in the file.
    pub id: u64,
    pub first: u64,
    pub end: u64,
    #[serde(flatten)]
    pub shape: Shape,
}

/// Where its blocks are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shape {
    /// The number of the topmost block among those of the run.
    pub root: u32,
    /// How many blocks stand above a leaf.
    pub height: u8,
    pub blocks: u32,
    pub terms: u64,
}

/// Bits of a block's id that hold its number within the run.
const BLOCK_BITS: u32 = 32;

/// Where blocks come from, checked and read.
pub(super) trait Blocks {
    fn leaf(&self, id: u64) -> Result<Rc<Leaf>, Fault>;
    fn fence(&self, id: u64) -> Result<Rc<Fence>, Fault>;
}

impl Run {
    pub fn block_id(run: u64, number: u32) -> u64 {
        run << BLOCK_BITS | u64::from(number)
    }

    /// The number of entries.
    pub fn len(&self) -> u64 {
        self.end - self.first
    }

    /// Adds the seqs of a key, up to `most` of them from `at` on, rising or falling.
    pub fn postings(
        &self,
        blocks: &dyn Blocks,
        key: &[u8],
        (at, rises): (u64, bool),
        most: usize,
        found: &mut Vec<u64>,
    ) -> Result<(), Fault> {
        let mut position = Position::at(self, blocks, key, at)?;
        let mut left = most;
        loop {
            let place = position.leaf.find(key);
            if let Ok(place) = place
                && let Some((_, seqs)) = position.leaf.group(place)
            {
                let (from, step): (usize, &mut dyn Iterator<Item = &u64>) = if rises {
                    let from = seqs.partition_point(|seq| *seq < at);
                    (seqs.len() - from, &mut seqs[from..].iter())
                } else {
                    let to = seqs.partition_point(|seq| *seq <= at);
                    (to, &mut seqs[..to].iter().rev())
                };
                found.extend(step.take(left));
                left -= from.min(left);
            }
            // The key may go on in the next block that way, unless another one stands between.
            let may_go_on = match (rises, place) {
                (true, Ok(place)) => place + 1 == position.leaf.len(),
                (true, Err(place)) => place == position.leaf.len(),
                (false, Ok(place) | Err(place)) => place == 0,
            };
            if left == 0 || !may_go_on || !position.step(self, blocks, rises)? {
                return Ok(());
            }
        }
    }

    /// The terms from one on, rising.
    pub fn terms<'r>(
        &'r self,
        blocks: &'r dyn Blocks,
        key: &[u8],
        seq: u64,
    ) -> Result<Terms<'r>, Fault> {
        let position = Position::at(self, blocks, key, seq)?;
        let (mut group, mut within) = match position.leaf.find(key) {
            Ok(group) | Err(group) => (group, 0),
        };
        if let Some((there, seqs)) = position.leaf.group(group)
            && there == key
        {
            within = seqs.partition_point(|there| *there < seq);
            if within == seqs.len() {
                (group, within) = (group + 1, 0);
            }
        }
        let mut terms = Terms {
            run: self,
            blocks,
            position,
            group,
            within,
        };
        terms.settle()?;
        Ok(terms)
    }
}

/// A leaf of a run, and how it was reached.
struct Position {
    path: Vec<(Rc<Fence>, usize)>,
    leaf: Rc<Leaf>,
}

impl Position {
    /// The leaf in which a term stands, or before which it would.
    fn at(run: &Run, blocks: &dyn Blocks, key: &[u8], seq: u64) -> Result<Self, Fault> {
        let mut path = Vec::with_capacity(run.shape.height.into());
        let mut number = run.shape.root;
        for _ in 0..run.shape.height {
            let fence = blocks.fence(Run::block_id(run.id, number))?;
            let place = fence.find(key, seq);
            number = fence.child(place).unwrap_or_default();
            path.push((fence, place));
        }
        let leaf = blocks.leaf(Run::block_id(run.id, number))?;
        Ok(Self { path, leaf })
    }

    /// Goes to the leaf after, or before; whether there is one.
    fn step(&mut self, run: &Run, blocks: &dyn Blocks, rises: bool) -> Result<bool, Fault> {
        let has_next = |(fence, place): &(Rc<Fence>, usize)| match rises {
            true => *place < fence.last(),
            false => *place > 0,
        };
        let Some(turn) = self.path.iter().rposition(has_next) else {
            return Ok(false);
        };
        let (fence, place) = &mut self.path[turn];
        *place = match rises {
            true => *place + 1,
            false => *place - 1,
        };
        let mut number = fence.child(*place).unwrap_or_default();
        for depth in turn + 1..self.path.len() {
            let fence = blocks.fence(Run::block_id(run.id, number))?;
            let place = match rises {
                true => 0,
                false => fence.last(),
            };
            number = fence.child(place).unwrap_or_default();
            self.path[depth] = (fence, place);
        }
        self.leaf = blocks.leaf(Run::block_id(run.id, number))?;
        Ok(true)
    }
}

/// Terms in their order.
pub(super) struct Terms<'r> {
    run: &'r Run,
    blocks: &'r dyn Blocks,
    position: Position,
    group: usize,
    within: usize,
}

impl Terms<'_> {
    /// The term that comes next.
    pub fn peek(&self) -> Option<(&[u8], u64)> {
        let (key, seqs) = self.ahead()?;
        Some((key, *seqs.first()?))
    }

    /// The key of the term that comes next, and the seqs of it that stand beside each other.
    pub fn ahead(&self) -> Option<(&[u8], &[u64])> {
        let (key, seqs) = self.position.leaf.group(self.group)?;
        Some((key, seqs.get(self.within..)?))
    }

    /// Goes on behind so many of the terms that are ahead.
    pub fn advance(&mut self, terms: usize) -> Result<(), Fault> {
        self.within += terms;
        let group = self.position.leaf.group(self.group);
        if group.is_some_and(|(_, seqs)| self.within == seqs.len()) {
            (self.group, self.within) = (self.group + 1, 0);
        }
        self.settle()
    }

    /// Goes on to the next leaf where this one is read to its end.
    fn settle(&mut self) -> Result<(), Fault> {
        while self.group >= self.position.leaf.len()
            && self.position.step(self.run, self.blocks, true)?
        {
            (self.group, self.within) = (0, 0);
        }
        Ok(())
    }
}
