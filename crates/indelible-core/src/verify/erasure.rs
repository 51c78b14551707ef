//! Missing parts and the entries that account for them.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::entry::{Erasure, StoredEntry};
use crate::part::{PartKind, PerPart};

/// Parts that are gone, until a later entry says that it erased them.
#[derive(Debug, Default)]
pub(crate) struct Erasures {
    missing: PerPart<Ranges>,
    listed: PerPart<Ranges>,
}

impl Erasures {
    /// A part of an entry is not there although it had content.
    pub fn missing(&mut self, part: PartKind, seq: u64) {
        self.missing.get_mut(part).add(seq..seq + 1);
    }

    /// Takes in what an entry says it erased. It can only have erased what came before it.
    pub fn account(&mut self, entry: &StoredEntry) {
        for (part, range) in said(entry) {
            self.missing.get_mut(part).remove(range);
        }
    }

    /// The same, and keeps it for [`Self::listed`], which takes memory for every range.
    pub fn account_and_list(&mut self, entry: &StoredEntry) {
        self.account(entry);
        for (part, range) in said(entry) {
            self.listed.get_mut(part).add(range);
        }
    }

    /// Whether every missing part was accounted for.
    pub fn is_settled(&self) -> bool {
        PartKind::ALL
            .iter()
            .all(|part| self.missing.get(*part).is_empty())
    }

    /// The parts missing without account, by part and range of entries.
    pub fn unaccounted(&self) -> impl Iterator<Item = (PartKind, Range<u64>)> {
        PartKind::ALL.into_iter().flat_map(|part| {
            self.missing
                .get(part)
                .iter()
                .map(move |range| (part, range))
        })
    }

    /// What entries say they erased.
    pub fn listed(&self) -> impl Iterator<Item = (PartKind, Range<u64>)> {
        PartKind::ALL
            .into_iter()
            .flat_map(|part| self.listed.get(part).iter().map(move |range| (part, range)))
    }
}

/// What an entry says it erased, of those before it.
fn said(entry: &StoredEntry) -> impl Iterator<Item = (PartKind, Range<u64>)> {
    entry
        .erases
        .iter()
        .flat_map(|Erasure { first, last, parts }| {
            let range = *first..last.saturating_add(1).min(entry.seq);
            let parts = parts
                .iter()
                .filter(|_| *first < last.saturating_add(1).min(entry.seq));
            parts.map(move |part| (*part, range.clone()))
        })
}

/// Numbers as ranges that do not meet, start → end.
#[derive(Debug, Default)]
struct Ranges(BTreeMap<u64, u64>);

impl Ranges {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn iter(&self) -> impl Iterator<Item = Range<u64>> {
        self.0.iter().map(|(start, end)| *start..*end)
    }

    fn add(&mut self, range: Range<u64>) {
        let Range { mut start, mut end } = range;
        while let Some((&before, &reach)) = self.0.range(..=end).next_back()
            && reach >= start
        {
            self.0.remove(&before);
            start = start.min(before);
            end = end.max(reach);
        }
        self.0.insert(start, end);
    }

    fn remove(&mut self, range: Range<u64>) {
        while let Some((&start, &end)) = self.0.range(..range.end).next_back()
            && end > range.start
        {
            self.0.remove(&start);
            if end > range.end {
                self.0.insert(range.end, end);
            }
            if start < range.start {
                self.0.insert(start, range.start);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ranges_hold_what_a_set_holds(
            steps in proptest::collection::vec((any::<bool>(), 0_u64..40, 1_u64..12), 0..40)
        ) {
            let mut ranges = Ranges::default();
            let mut set = BTreeSet::new();
            for (adds, start, len) in steps {
                if adds {
                    ranges.add(start..start + len);
                    set.extend(start..start + len);
                } else {
                    ranges.remove(start..start + len);
                    set.retain(|n| !(start..start + len).contains(n));
                }
                let all: Vec<_> = ranges.iter().collect();
                prop_assert!(all.windows(2).all(|pair| pair[0].end < pair[1].start));
                prop_assert!(all.into_iter().flatten().eq(set.iter().copied()));
            }
        }
    }
}
