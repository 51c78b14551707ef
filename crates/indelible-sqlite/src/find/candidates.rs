//! The seqs that every list has: what the index leaves of a trail.

use indelible_core::store::StoreError;

use super::Search;
use super::blocks::Blocks;
use super::postings::List;

/// Falling seqs that may match.
pub(super) struct Candidates {
    lists: Vec<List>,
    blocks: Option<Blocks>,
    below: u64,
}

impl Candidates {
    pub(super) fn new(lists: Vec<List>, blocks: Option<Blocks>, below: u64) -> Self {
        Self {
            lists,
            blocks,
            below,
        }
    }

    /// The next `count` candidates, fewer only at the end.
    pub(super) fn chunk(&mut self, search: Search, count: usize) -> Result<Vec<u64>, StoreError> {
        let mut chunk = Vec::with_capacity(count);
        while chunk.len() < count {
            let Some(seq) = self.next(search)? else { break };
            chunk.push(seq);
        }
        Ok(chunk)
    }

    /// Those of falling `seqs` whose `occurred_at` is within the bounds.
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
        let Some(mut seq) = self.below.checked_sub(1) else {
            return Ok(None);
        };
        'lower: loop {
            for list in &mut self.lists {
                match list.seek(search, seq + 1)? {
                    Some(found) if found == seq => {}
                    Some(found) => {
                        seq = found;
                        continue 'lower;
                    }
                    None => return self.end(),
                }
            }
            let Some(blocks) = &mut self.blocks else {
                break;
            };
            match blocks.seek(search, seq + 1)? {
                Some(found) if found == seq => break,
                Some(found) => seq = found,
                None => return self.end(),
            }
        }
        self.below = seq;
        Ok(Some(seq))
    }

    fn end(&mut self) -> Result<Option<u64>, StoreError> {
        self.below = 0;
        Ok(None)
    }
}
