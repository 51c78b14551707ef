//! The times kept for blocks of entries, made again from the entries.

use crate::store::Span;
use crate::time::Timestamp;

/// The smallest and largest `occurred_at` of the block that is open at each height.
///
/// Unlike the engine's, it knows of gaps: a block with a missing entry has no times.
#[derive(Debug)]
pub(super) struct Blocks {
    open: [Option<Open>; LEVELS],
    /// Blocks that begin earlier cannot be told: they hold entries that were not seen.
    known_from: u64,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    index: u64,
    earliest: Timestamp,
    latest: Timestamp,
}

/// Heights 8, 16, …, 56.
const LEVELS: usize = 7;

impl Blocks {
    /// Begins with the entry at `from`.
    pub fn new(from: u64) -> Self {
        Self {
            open: [None; LEVELS],
            known_from: from,
        }
    }

    /// No entry was seen at `seq`.
    pub fn gap(&mut self, seq: u64) {
        self.known_from = seq + 1;
    }

    /// Takes an entry in; the spans of the blocks that it completes go to `made`, the lowest
    /// first. Blocks with a gap are left out.
    pub fn add(&mut self, seq: u64, occurred_at: Timestamp, made: &mut Vec<Span>) {
        let (mut earliest, mut latest) = (occurred_at, occurred_at);
        for (level, open) in self.open.iter_mut().enumerate() {
            let height = 8 * (level as u8 + 1);
            let index = seq >> height;
            if let Some(open) = open.filter(|open| open.index == index) {
                earliest = earliest.min(open.earliest);
                latest = latest.max(open.latest);
            }
            *open = Some(Open {
                index,
                earliest,
                latest,
            });
            if !(seq + 1).is_multiple_of(1 << height) {
                return;
            }
            if index << height >= self.known_from {
                made.push(Span {
                    height,
                    index,
                    earliest,
                    latest,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sealing::OpenSpans;

    fn time(seq: u64) -> Timestamp {
        // Neither rising nor falling.
        Timestamp::from_micros((seq.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20) as i64)
    }

    #[test]
    fn agrees_with_the_engine() {
        let (mut blocks, mut engine) = (Blocks::new(0), OpenSpans::default());
        let (mut made, mut expected) = (Vec::new(), Vec::new());
        for seq in 0..66_000 {
            blocks.add(seq, time(seq), &mut made);
            engine.add(time(seq), seq + 1, &mut expected);
        }
        assert_eq!(made, expected);
        assert_eq!(made.len(), 257 + 1);
    }

    #[test]
    fn a_block_with_a_gap_has_no_times() {
        let mut blocks = Blocks::new(0);
        let mut made = Vec::new();
        for seq in 0..1024 {
            if seq == 300 || seq == 767 {
                blocks.gap(seq);
            } else {
                blocks.add(seq, time(seq), &mut made);
            }
        }
        let indexes: Vec<_> = made.iter().map(|span| span.index).collect();
        assert_eq!(indexes, [0, 3]);
        let times = (768..1024).map(time);
        assert_eq!(Some(made[1].earliest), times.clone().min());
        assert_eq!(Some(made[1].latest), times.max());
    }
}
