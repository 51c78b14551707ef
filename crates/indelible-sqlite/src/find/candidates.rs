//! The seqs that every list has: what the index leaves of a trail.

use indelible_core::store::StoreError;

use super::Search;
use super::blocks::Blocks;
use super::postings::List;
use crate::index::Uncovered;

/// Seqs that may match, in the order of the way.
pub(super) struct Candidates {
    lists: Vec<List>,
    /// Entries that no list tells of: each may match.
    uncovered: Uncovered,
    blocks: Option<Blocks>,
    /// The seq that is looked at next; none at the way's end.
    at: Option<u64>,
    /// Steps that are left: a candidate is one, and so is a leap to where there may be one.
    steps: usize,
}

impl Candidates {
    /// The candidates from `start` on, in so many steps, but in one at least.
    pub(super) fn new(
        (lists, uncovered): (Vec<List>, Uncovered),
        blocks: Option<Blocks>,
        (start, steps): (Option<u64>, usize),
    ) -> Self {
        Self {
            lists,
            uncovered,
            blocks,
            at: start,
            steps: steps.max(1),
        }
    }

    /// The seq that was not looked at any more; none where the way has ended.
    pub(super) fn at(&self) -> Option<u64> {
        self.at
    }

    /// Candidates in pieces, each of which is covered, or is not.
    pub(super) fn pieces<'c>(&self, chunk: &'c [u64]) -> Vec<(&'c [u64], bool)> {
        if self.uncovered.is_empty() {
            return vec![(chunk, false)];
        }
        let is_uncovered = |seq: &u64| self.uncovered.contains(*seq);
        let pieces = chunk.chunk_by(|one, next| is_uncovered(one) == is_uncovered(next));
        pieces
            .map(|piece| (piece, is_uncovered(&piece[0])))
            .collect()
    }

    /// The next `count` candidates, fewer only at the end or after the last step.
    pub(super) fn chunk(&mut self, search: Search, count: usize) -> Result<Vec<u64>, StoreError> {
        let mut chunk = Vec::with_capacity(count);
        while chunk.len() < count {
            let Some(seq) = self.next(search)? else { break };
            chunk.push(seq);
        }
        Ok(chunk)
    }

    /// Those of neighbouring candidates whose `occurred_at` is within the bounds.
    pub(super) fn in_time(
        &mut self,
        search: Search,
        seqs: Vec<u64>,
    ) -> Result<Vec<u64>, StoreError> {
        let Some(blocks) = &mut self.blocks else {
            return Ok(seqs);
        };
        let mut chosen = Vec::with_capacity(seqs.len());
        for block in seqs.chunk_by(|a, b| a >> 8 == b >> 8) {
            if blocks.all_match(search, block[0])? {
                chosen.extend_from_slice(block);
                continue;
            }
            let times = search.times(block)?;
            let pairs = block.iter().zip(times);
            chosen.extend(
                pairs
                    .filter(|(_, time)| blocks.contains(*time))
                    .map(|(seq, _)| *seq),
            );
        }
        Ok(chosen)
    }

    fn next(&mut self, search: Search) -> Result<Option<u64>, StoreError> {
        let mut at = self.at.take();
        'on: while let Some(seq) = at {
            let Some(left) = self.steps.checked_sub(1) else {
                self.at = Some(seq);
                return Ok(None);
            };
            self.steps = left;
            for list in &mut self.lists {
                let listed = list.seek(search, seq)?;
                let unlisted = self.uncovered.seek(seq, search.way.either(false, true));
                let nearer =
                    |one: u64, other: u64| match search.way.rank(one) >= search.way.rank(other) {
                        true => one,
                        false => other,
                    };
                let found = match (listed, unlisted) {
                    (Some(listed), Some(unlisted)) => Some(nearer(listed, unlisted)),
                    (listed, unlisted) => listed.or(unlisted),
                };
                if found != Some(seq) {
                    at = found.and_then(|found| search.way.reaching(found));
                    continue 'on;
                }
            }
            if let Some(blocks) = &mut self.blocks {
                let found = blocks.seek(search, seq)?;
                if found != Some(seq) {
                    at = found;
                    continue 'on;
                }
            }
            self.at = search.way.after(seq, 1);
            break;
        }
        Ok(at)
    }
}
