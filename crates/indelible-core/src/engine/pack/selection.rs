//! Which entries of the range have a line: those that match, and the entries that account for
//! what was erased of them.

use std::collections::BTreeMap;
use std::ops::Range;

use super::{ENTRIES_AHEAD, PackSource};
use crate::entry::StoredEntry;
use crate::error::AuditError;
use crate::part::{PartKind, PerPart};
use crate::store::Find;

/// Entries of one answer of the store.
const PAGE_ENTRIES: usize = 512;
/// Entries between two selected ones that are rather read than asked around.
const GAP_MAX: u64 = 8;

/// A set of seqs, two bytes for each.
#[derive(Debug, Default)]
pub(super) struct Selection {
    blocks: BTreeMap<u64, Vec<u16>>,
    position: u64,
}

impl Selection {
    /// Adds a seq.
    pub fn add(&mut self, seq: u64) {
        let block = self.blocks.entry(seq >> 16).or_default();
        // The mask leaves 16 bits.
        let place = (seq & 0xffff) as u16;
        // What is found newest first is sorted when it is taken.
        block.push(place);
    }

    /// Whether no seq of the range is in it. The blocks must be sorted.
    fn meets(&self, range: &Range<u64>) -> bool {
        let blocks = self.blocks.range(range.start >> 16..=range.end >> 16);
        let mut seqs = blocks
            .flat_map(|(block, places)| places.iter().map(move |p| block << 16 | u64::from(*p)));
        seqs.any(|seq| range.contains(&seq))
    }

    fn sort(&mut self) {
        for places in self.blocks.values_mut() {
            places.sort_unstable();
            places.dedup();
        }
    }

    /// The seq after the last one that was taken.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Takes the smallest seqs out, at most `most` of them; `None` where none is left.
    pub fn take(&mut self, most: u64) -> Option<Vec<u64>> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let mut entry = self.blocks.first_entry()?;
        let block = *entry.key() << 16;
        let places = entry.get_mut();
        places.sort_unstable();
        places.dedup();
        let taken = places.drain(..most.min(places.len()));
        let seqs: Vec<u64> = taken.map(|place| block | u64::from(place)).collect();
        if entry.get().is_empty() {
            entry.remove();
        }
        self.position = seqs.last().map_or(self.position, |last| last + 1);
        Some(seqs)
    }
}

/// The ranges to be read for these seqs: small gaps are read along.
pub(super) fn runs(seqs: &[u64]) -> Vec<Range<u64>> {
    let mut runs: Vec<Range<u64>> = Vec::new();
    for &seq in seqs {
        match runs.last_mut() {
            Some(run) if seq - run.end <= GAP_MAX && seq - run.start < ENTRIES_AHEAD => {
                run.end = seq + 1;
            }
            _ => runs.push(seq..seq + 1),
        }
    }
    runs
}

impl PackSource {
    /// Finds the entries that have a line.
    pub(super) async fn select(&self) -> Result<Selection, AuditError> {
        let store = &self.audit.engine.shared.ground.store;
        let range = self.manifest.range;
        let mut selection = Selection::default();
        let mut erased: PerPart<Selection> = PerPart::default();
        let mut find = Find {
            filter: self.manifest.question.clone(),
            below: range.size,
            from: None,
            skip: 0,
            limit: PAGE_ENTRIES,
        };
        loop {
            let found = store.find(&self.audit.trail, &find).await?;
            for entry in found.iter().filter(|entry| entry.seq >= range.first) {
                selection.add(entry.seq);
                for part in entry.erased() {
                    erased.get_mut(part).add(entry.seq);
                }
            }
            match found.last() {
                Some(last) if found.len() == PAGE_ENTRIES && last.seq > range.first => {
                    find.below = last.seq;
                }
                _ => break,
            }
        }
        self.add_erasures(&mut selection, erased).await?;
        selection.position = range.first;
        Ok(selection)
    }

    /// Adds the entries that account for erased parts. No index leads to them, so that all behind
    /// the first part that was erased are read.
    async fn add_erasures(
        &self,
        selection: &mut Selection,
        mut erased: PerPart<Selection>,
    ) -> Result<(), AuditError> {
        for kind in PartKind::ALL {
            erased.get_mut(kind).sort();
        }
        let first = |kind| {
            let (block, places) = erased.get(kind).blocks.first_key_value()?;
            Some(block << 16 | u64::from(*places.first()?))
        };
        let Some(mut start) = PartKind::ALL.into_iter().filter_map(first).min() else {
            return Ok(());
        };
        let store = &self.audit.engine.shared.ground.store;
        let size = self.manifest.range.size;
        while start < size {
            let end = size.min(start + ENTRIES_AHEAD);
            let entries = store.entries(&self.audit.trail, start..end).await?;
            for entry in entries.iter().filter(|entry| accounts(entry, &erased)) {
                selection.add(entry.seq);
            }
            start = end;
        }
        Ok(())
    }
}

/// Whether an entry records the erasure of any of these parts.
fn accounts(entry: &StoredEntry, erased: &PerPart<Selection>) -> bool {
    entry.erases.iter().any(|erasure| {
        let range = erasure.first..erasure.last.saturating_add(1).min(entry.seq);
        let mut parts = erasure.parts.iter();
        !range.is_empty() && parts.any(|part| erased.get(*part).meets(&range))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seqs_are_taken_by_size_and_each_once() {
        let mut selection = Selection::default();
        for seq in [70_000, 65_536, 65_535, 9, 7, 9] {
            selection.add(seq);
        }
        let mut taken = Vec::new();
        while let Some(seqs) = selection.take(2) {
            assert!(seqs.len() <= 2);
            taken.extend(seqs);
        }
        assert_eq!(taken, [7, 9, 65_535, 65_536, 70_000]);
        assert_eq!(selection.position(), 70_001);
    }

    #[test]
    fn small_gaps_are_read_along() {
        assert_eq!(runs(&[1, 2, 5, 50, 51]), [1..6, 50..52]);
        assert_eq!(runs(&[]), []);
    }
}
