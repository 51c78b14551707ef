//! What of the register is about the very history that a database holds.

use indelible_merkle::Hash;

use super::register::{Line, Pinned};
use crate::engine::Ground;
use crate::engine::hold::InForce;
use crate::entry::Erasure;
use crate::error::AuditError;
use crate::store::{Head, StoreError};

/// Leaves that are read at once.
const LEAVES: u64 = 4096;
/// Entries whose parts are looked at at once.
const ENTRIES: u64 = 256;

/// The leaves of a trail, read in blocks.
pub(super) struct History<'a> {
    ground: &'a Ground,
    head: Head,
    /// Where the block begins that was read last.
    block: Option<u64>,
    leaves: Vec<(u64, Hash)>,
}

impl<'a> History<'a> {
    pub fn of(ground: &'a Ground, head: Head) -> Self {
        Self {
            ground,
            head,
            block: None,
            leaves: Vec::new(),
        }
    }

    /// The size of the trail.
    pub fn size(&self) -> u64 {
        self.head.size
    }

    /// What a line erases of this history, none beyond its end: a range ends where other entries
    /// stand than those that were ordered.
    pub async fn ranges(&mut self, line: &Line) -> Result<Vec<Erasure>, StoreError> {
        let mut ranges = Vec::with_capacity(line.erases.len());
        for range in &line.erases {
            if let Some((first, last)) = self.part_of(range).await? {
                let parts = range.parts.clone();
                ranges.push(Erasure { first, last, parts });
            }
        }
        Ok(ranges)
    }

    async fn part_of(&mut self, range: &Pinned) -> Result<Option<(u64, u64)>, StoreError> {
        let mut found: Option<(u64, u64)> = None;
        let (mut next, end) = (
            range.first,
            range.last.saturating_add(1).min(self.head.size),
        );
        while next < end {
            let seq = next;
            next += 1;
            let is_of = match self.leaf(seq).await? {
                // It is kept no longer, and what stands above it may still be.
                None if found.is_none() => continue,
                None => {
                    // Retention may have removed it since the block before was read.
                    next = self.ground.store.first_kept(&self.head.trail).await?;
                    if seq < next {
                        continue;
                    }
                    break;
                }
                Some(leaf) if range.pins(seq) => range.is_of(seq, &leaf),
                // Without a pin of its own it is of the incarnation of the first one.
                Some(_) => found.is_some_and(|(first, _)| {
                    let begun = self.head.incarnation_start;
                    begun <= first || seq < begun
                }),
            };
            if !is_of {
                break;
            }
            found = Some((found.map_or(seq, |(first, _)| first), seq));
        }
        Ok(found)
    }

    async fn leaf(&mut self, seq: u64) -> Result<Option<Hash>, StoreError> {
        let block = seq / LEAVES * LEAVES;
        if self.block != Some(block) {
            let (store, trail) = (&self.ground.store, &self.head.trail);
            let end = self.head.size.min(block + LEAVES);
            self.leaves = store.hashes(trail, 0, block..end).await?;
            self.block = Some(block);
        }
        let place = self.leaves.binary_search_by_key(&seq, |(at, _)| *at);
        Ok(place.ok().map(|place| self.leaves[place].1))
    }

    /// Whether any of the parts of these ranges is there.
    pub async fn is_there(&self, ranges: &[Erasure]) -> Result<bool, AuditError> {
        for range in ranges {
            if self.any(range, None).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether any of the parts of these ranges is there and held.
    pub async fn is_held(
        &self,
        ranges: &[Erasure],
        holds: &mut InForce,
    ) -> Result<bool, AuditError> {
        if holds.is_empty() {
            return Ok(false);
        }
        for range in ranges {
            if self.any(range, Some(&mut *holds)).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether there is an entry of which any of the parts of a range is there, and which holds
    /// name where they are given.
    async fn any(
        &self,
        range: &Erasure,
        mut holds: Option<&mut InForce>,
    ) -> Result<bool, AuditError> {
        let (store, trail) = (&self.ground.store, &self.head.trail);
        let mut first = range.first;
        while first <= range.last {
            let end = range.last.min(first + (ENTRIES - 1)) + 1;
            let entries = store.entries(trail, first..end).await?;
            if let Some(holds) = &mut holds {
                holds.look_at(&entries).await?;
            }
            for entry in &entries {
                let mut parts = range.parts.iter();
                if !parts.any(|kind| entry.parts.get(*kind).is_some()) {
                    continue;
                }
                match &holds {
                    None => return Ok(true),
                    Some(holds) if holds.of(entry)?.is_some() => return Ok(true),
                    Some(_) => {}
                }
            }
            first = end;
        }
        Ok(false)
    }

    /// What the entry at `seq`, where it is still kept, accounts for of these ranges. More than that
    /// is never taken away: nothing would explain it.
    pub async fn accounted(
        &self,
        ranges: Vec<Erasure>,
        seq: u64,
    ) -> Result<Vec<Erasure>, StoreError> {
        let (store, trail) = (&self.ground.store, &self.head.trail);
        let entry = store.entries(trail, seq..seq + 1).await?.pop();
        Ok(match entry {
            Some(entry) => within(ranges, &entry.erases),
            None => ranges,
        })
    }
}

/// The parts of ranges that lie in others too, which rise and do not overlap.
fn within(ranges: Vec<Erasure>, others: &[Erasure]) -> Vec<Erasure> {
    if ranges == others {
        return ranges;
    }
    let mut both = Vec::with_capacity(ranges.len());
    for range in ranges {
        let begin = others.partition_point(|other| other.last < range.first);
        let others = others.get(begin..).unwrap_or_default();
        for other in others.iter().take_while(|other| other.first <= range.last) {
            let mut parts = range.parts.clone();
            parts.retain(|kind| other.parts.contains(kind));
            if !parts.is_empty() {
                both.push(Erasure {
                    first: range.first.max(other.first),
                    last: range.last.min(other.last),
                    parts,
                });
            }
        }
    }
    both
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::part::PartKind::{self, Actor, Target};

    fn range(first: u64, last: u64, parts: &[PartKind]) -> Erasure {
        let parts = parts.to_vec();
        Erasure { first, last, parts }
    }

    #[test]
    fn what_two_lists_have_in_common() {
        let ordered = vec![
            range(0, 9, &[Actor, Target]),
            range(20, 29, &[Actor]),
            range(40, 40, &[Target]),
        ];
        assert_eq!(within(ordered.clone(), &ordered), ordered);
        assert_eq!(within(ordered.clone(), &[]), []);
        let said = [
            range(0, 3, &[Actor]),
            range(5, 24, &[Actor, Target]),
            range(28, 50, &[Actor]),
        ];
        let both = [
            range(0, 3, &[Actor]),
            range(5, 9, &[Actor, Target]),
            range(20, 24, &[Actor]),
            range(28, 29, &[Actor]),
        ];
        assert_eq!(within(ordered, &said), both);
    }
}
