//! The parts that go by age, in little room: there may be a range for every entry.

use crate::entry::Erasure;
use crate::part::{PartKind, PartSet};

/// Ranges by seq that do not overlap, 24 bytes each.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Ranges(Vec<Range>);

#[derive(Debug, Clone, Copy, PartialEq)]
struct Range {
    first: u64,
    last: u64,
    parts: PartSet,
}

impl Ranges {
    /// Adds parts of the next entry of which something goes.
    pub fn add(&mut self, seq: u64, parts: &[PartKind]) {
        let parts = PartSet::of(parts);
        if let Some(range) = self.0.last_mut()
            && range.last + 1 == seq
            && range.parts == parts
        {
            range.last = seq;
            return;
        }
        let (first, last) = (seq, seq);
        self.0.push(Range { first, last, parts });
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The ranges as removal entries list them.
    pub fn erasures(&self) -> impl Iterator<Item = Erasure> {
        self.0.iter().map(Range::erasure)
    }

    /// The same, so many at once.
    pub fn chunks(&self, ranges: usize) -> impl Iterator<Item = Vec<Erasure>> {
        let chunks = self.0.chunks(ranges);
        chunks.map(|some| some.iter().map(Range::erasure).collect())
    }
}

impl Range {
    fn erasure(&self) -> Erasure {
        Erasure {
            first: self.first,
            last: self.last,
            parts: self.parts.kinds(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::part::PartKind::{Actor, Details};

    #[test]
    fn a_range_takes_24_bytes_and_grows_with_what_follows() {
        assert_eq!(size_of::<Range>(), 24);
        let mut ranges = Ranges::default();
        assert!(ranges.is_empty());
        for (seq, parts) in [
            (3, &[Actor][..]),
            (4, &[Actor]),
            (6, &[Actor]),
            (7, &[Actor, Details]),
            (8, &[Details, Actor]),
        ] {
            ranges.add(seq, parts);
        }
        let listed = ranges.erasures().map(|it| (it.first, it.last, it.parts));
        let expected = [
            (3, 4, vec![Actor]),
            (6, 6, vec![Actor]),
            (7, 8, vec![Actor, Details]),
        ];
        assert!(listed.eq(expected));
    }
}
