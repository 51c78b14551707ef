//! Comparing large tables without sorting them: keyed sums that do not depend on order.
//!
//! Every row is hashed with SipHash-128 under a key that is new for each run, and the hashes are
//! added up modulo 2^128, once over the rows as the entries give them and once over the rows as
//! they are stored. Who altered the tables did not know the key, so that sums of different
//! tables differ but for a chance of about 2^-128. A sum for each bucket of entries tells where
//! to look closer.

use std::ops::Range;

use indelible_merkle::Hash;
use siphasher::sip128::SipHasher13;
use uuid::Uuid;

use crate::outcome::Outcome;
use crate::store::{Span, TermField};

/// Hashes of rows under one key.
#[derive(Clone)]
pub(super) struct Rows {
    sip: SipHasher13,
    buffer: Vec<u8>,
}

impl Rows {
    pub fn new(key: &[u8; 16]) -> Self {
        Self {
            sip: SipHasher13::new_with_key(key),
            buffer: Vec::with_capacity(256),
        }
    }

    pub fn id(&self, id: &Uuid, seq: u64) -> u128 {
        let mut row = [0; 24];
        row[..16].copy_from_slice(id.as_bytes());
        row[16..].copy_from_slice(&seq.to_le_bytes());
        self.sip.hash(&row).into()
    }

    pub fn term(&mut self, field: TermField, value: &[u8], seq: u64) -> u128 {
        self.buffer.clear();
        self.buffer.push(field as u8);
        self.buffer.extend_from_slice(&seq.to_le_bytes());
        self.buffer.extend_from_slice(value);
        self.sip.hash(&self.buffer).into()
    }

    /// One event in the count of its hour; a row of `n` events has `n` times this.
    pub fn rollup(&mut self, hour: i64, action: &str, outcome: Outcome) -> u128 {
        self.buffer.clear();
        self.buffer.push(outcome as u8);
        self.buffer.extend_from_slice(&hour.to_le_bytes());
        self.buffer.extend_from_slice(action.as_bytes());
        self.sip.hash(&self.buffer).into()
    }

    pub fn node(&mut self, height: u8, index: u64, hash: &Hash) -> u128 {
        self.buffer.clear();
        self.buffer.push(height);
        self.buffer.extend_from_slice(&index.to_le_bytes());
        self.buffer.extend_from_slice(hash.as_bytes());
        self.sip.hash(&self.buffer).into()
    }

    pub fn span(&mut self, span: &Span) -> u128 {
        self.buffer.clear();
        self.buffer.push(span.height);
        self.buffer.extend_from_slice(&span.index.to_le_bytes());
        self.buffer
            .extend_from_slice(&span.earliest.as_micros().to_le_bytes());
        self.buffer
            .extend_from_slice(&span.latest.as_micros().to_le_bytes());
        self.sip.hash(&self.buffer).into()
    }
}

/// How ranges of entries are divided into buckets of `1 << shift` entries.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    ranges: Vec<Range<u64>>,
    /// The first bucket of each range.
    firsts: Vec<usize>,
    shift: u32,
    len: usize,
}

/// The most buckets of a layout over one range.
const BUCKETS_MAX: u64 = 4096;
/// The narrowest buckets: rows of so many entries are compared one by one.
const NARROWEST_SHIFT: u32 = 8;

impl Layout {
    /// Divides ranges, which rise and do not meet, as finely as the limits let it.
    pub fn over(ranges: Vec<Range<u64>>) -> Self {
        let entries: u64 = ranges.iter().map(|range| range.end - range.start).sum();
        let mut shift = NARROWEST_SHIFT;
        while entries >> shift >= BUCKETS_MAX {
            shift += 1;
        }
        let mut firsts = Vec::with_capacity(ranges.len());
        let mut len = 0;
        for range in &ranges {
            firsts.push(len);
            len += usize::try_from((range.end - range.start).div_ceil(1 << shift))
                .expect("a few thousand buckets");
        }
        Self {
            ranges,
            firsts,
            shift,
            len,
        }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_narrowest(&self) -> bool {
        self.shift == NARROWEST_SHIFT
    }

    /// The bucket of an entry, where it has one.
    pub fn bucket(&self, seq: u64) -> Option<usize> {
        let place = self.ranges.partition_point(|range| range.end <= seq);
        let range = self.ranges.get(place).filter(|range| range.start <= seq)?;
        let within = usize::try_from((seq - range.start) >> self.shift).ok()?;
        Some(self.firsts[place] + within)
    }

    /// The entries of a bucket.
    pub fn range(&self, bucket: usize) -> Range<u64> {
        let place = self.firsts.partition_point(|first| *first <= bucket) - 1;
        let range = &self.ranges[place];
        let start = range.start + (((bucket - self.firsts[place]) as u64) << self.shift);
        start..range.end.min(start + (1 << self.shift))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_of_a_layout_is_in_the_range_of_its_bucket() {
        let shapes: [&[(u64, u64)]; 3] = [
            &[(0, 1)],
            &[(0, 256), (512, 513), (700, 1400)],
            &[(5, 3_000_000)],
        ];
        for shape in shapes {
            let ranges: Vec<_> = shape.iter().map(|(start, end)| *start..*end).collect();
            let layout = Layout::over(ranges.clone());
            assert!(layout.len() as u64 <= BUCKETS_MAX + ranges.len() as u64);
            for range in &ranges {
                for seq in [
                    range.start,
                    range.start + (range.end - range.start) / 2,
                    range.end - 1,
                ] {
                    let bucket = layout.bucket(seq).expect("within");
                    assert!(bucket < layout.len());
                    assert!(layout.range(bucket).contains(&seq), "{seq}");
                }
                assert!(!layout.range(layout.len() - 1).contains(&range.end));
            }
            assert_eq!(layout.bucket(3_000_000), None);
        }
        assert_eq!(Layout::over(vec![0..256, 512..513]).bucket(300), None);
        assert_eq!(Layout::over(Vec::new()).len(), 0);
    }

    #[test]
    fn rows_differ_in_every_field() {
        let mut rows = Rows::new(&[7; 16]);
        let term = rows.term(TermField::Action, b"ab", 1);
        assert_ne!(term, rows.term(TermField::Action, b"ab", 2));
        assert_ne!(term, rows.term(TermField::Action, b"a", 1));
        assert_ne!(term, rows.term(TermField::Tag, b"ab", 1));
        assert_ne!(term, Rows::new(&[8; 16]).term(TermField::Action, b"ab", 1));
        let count = rows.rollup(1, "a", Outcome::Failed);
        assert_ne!(count, rows.rollup(1, "a", Outcome::Denied));
        assert_ne!(count, rows.rollup(2, "a", Outcome::Failed));
    }
}
