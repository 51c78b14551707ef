//! The ranges of an erasure in the making, in little room: there may be one for every entry.

use indelible_merkle::Hash;

use super::register::{LEAF_DIGITS, Pinned, REST_DIGITS};
use crate::entry::Erasure;
use crate::part::{PartKind, PartSet};

/// Ranges by seq that do not overlap: 32 bytes each, and 4 for each entry of one after its first.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Ranges {
    list: Vec<Range>,
    /// The pins of the entries after the first one of their range, one range after the other.
    rest: Vec<[u8; REST_DIGITS / 2]>,
}

#[derive(Debug, Clone, PartialEq)]
struct Range {
    first: u64,
    last: u64,
    leaf: [u8; LEAF_DIGITS / 2],
    parts: PartSet,
}

impl Ranges {
    /// Adds parts of the next entry of which something goes.
    pub fn add(&mut self, seq: u64, parts: &[PartKind], leaf: &Hash) {
        let parts = PartSet::of(parts);
        if let Some(range) = self.list.last_mut()
            && range.last + 1 == seq
            && range.parts == parts
        {
            range.last = seq;
            self.rest.push(start(leaf));
            return;
        }
        self.list.push(Range {
            first: seq,
            last: seq,
            leaf: start(leaf),
            parts,
        });
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// The ranges as an erasure entry lists them.
    pub fn erasures(&self) -> impl Iterator<Item = Erasure> {
        self.list.iter().map(|range| Erasure {
            first: range.first,
            last: range.last,
            parts: range.parts.kinds(),
        })
    }

    /// The ranges as the register has them.
    pub fn pinned(&self) -> impl Iterator<Item = Pinned> {
        let mut rest = self.rest.iter();
        self.list.iter().map(move |range| {
            let more = rest.by_ref().take((range.last - range.first) as usize);
            Pinned {
                first: range.first,
                last: range.last,
                parts: range.parts.kinds(),
                leaf: hex(&range.leaf),
                rest: more.map(|pin| hex(pin)).collect(),
            }
        })
    }
}

fn start<const N: usize>(leaf: &Hash) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&leaf.as_bytes()[..N]);
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::part::PartKind::{Actor, Target};

    #[test]
    fn a_range_takes_32_bytes_and_pins_every_entry() {
        assert_eq!(size_of::<Range>(), 32);
        let leaf = |seq: u64| indelible_merkle::leaf_hash(&seq.to_be_bytes());
        let mut ranges = Ranges::default();
        for seq in [3, 4, 5, 7, 8] {
            ranges.add(seq, &[Actor], &leaf(seq));
        }
        for seq in [9, 10] {
            ranges.add(seq, &[Actor, Target], &leaf(seq));
        }
        let pinned: Vec<_> = ranges.pinned().collect();
        let ends: Vec<_> = pinned
            .iter()
            .map(|range| (range.first, range.last))
            .collect();
        assert_eq!(ends, [(3, 5), (7, 8), (9, 10)]);
        assert!(ranges.erasures().eq(pinned.iter().map(Pinned::erasure)));
        assert_eq!(pinned[2].parts, [Actor, Target]);
        for range in pinned {
            for seq in range.first..=range.last {
                assert!(range.is_of(seq, &leaf(seq)), "{seq}");
                assert!(!range.is_of(seq, &leaf(seq + 1)), "{seq}");
            }
            assert!(!range.pins(range.last + 1) && !range.pins(range.first - 1));
        }
    }
}
