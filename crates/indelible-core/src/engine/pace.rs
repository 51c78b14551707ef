//! Taking content away beside writers: in pieces, between which they have their time.

use std::time::Duration;

use super::Shared;
use crate::entry::Erasure;

/// Entries of which something is taken away under one look at the holds.
pub(super) const PIECE_ENTRIES: u64 = 1024;
/// For one part of the time that a piece takes, writers have so many for themselves.
const SHARE: u32 = 4;
/// The longest pause between two pieces.
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// Cuts ranges into pieces of a bounded number of entries, in their order.
pub(super) fn pieces(ranges: &[Erasure]) -> impl Iterator<Item = Vec<Erasure>> {
    let mut left = ranges.iter().cloned().peekable();
    std::iter::from_fn(move || {
        let (mut piece, mut room) = (Vec::new(), PIECE_ENTRIES);
        while room > 0
            && let Some(range) = left.peek_mut()
        {
            let last = range.last.min(range.first.saturating_add(room - 1));
            room -= last - range.first + 1;
            let (first, parts) = (range.first, range.parts.clone());
            piece.push(Erasure { first, last, parts });
            match last < range.last {
                true => range.first = last + 1,
                false => drop(left.next()),
            }
        }
        (!piece.is_empty()).then_some(piece)
    })
}

/// Leaves writers their time between pieces.
pub(super) struct Pace<'a> {
    shared: &'a Shared,
    /// When the last piece was begun.
    begun: Option<Duration>,
}

impl<'a> Pace<'a> {
    pub fn of(shared: &'a Shared) -> Self {
        let begun = None;
        Self { shared, begun }
    }

    /// To be called before each piece.
    pub async fn give_way(&mut self) {
        let clock = &self.shared.ground.clock;
        if let Some(begun) = self.begun {
            let took = clock.elapsed().saturating_sub(begun);
            let pause = took.saturating_mul(SHARE).min(PAUSE_MAX);
            if !pause.is_zero() {
                self.shared.thread.pause(pause).await;
            }
        }
        self.begun = Some(clock.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::part::PartKind::Actor;

    fn range(first: u64, last: u64) -> Erasure {
        let parts = vec![Actor];
        Erasure { first, last, parts }
    }

    #[test]
    fn pieces_hold_every_entry_once_and_few_at_a_time() {
        let ranges = [range(0, 0), range(5, 3_000), range(3_002, 3_002)];
        let pieces: Vec<_> = pieces(&ranges).collect();
        assert_eq!(pieces.len(), 2_998_usize.div_ceil(1024));
        for piece in &pieces {
            let entries = piece.iter().map(|it| it.last - it.first + 1);
            assert!((1..=PIECE_ENTRIES).contains(&entries.sum()));
        }
        let all = pieces.iter().flatten().flat_map(|it| it.first..=it.last);
        assert!(all.eq([0..=0, 5..=3_000, 3_002..=3_002].into_iter().flatten()));
        assert_eq!(super::pieces(&[]).count(), 0);
    }
}
