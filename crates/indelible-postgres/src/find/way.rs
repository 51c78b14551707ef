//! Which way a search walks through the trail.

use std::ops::Range;

use indelible_core::store::Find;

/// The way of a search.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// From the newest entry down to the first one.
    Down,
    /// From a place upwards.
    Up,
}

impl Way {
    /// The way of a search of a trail of `size` entries, of which those before `first` were
    /// removed, and the seqs on it.
    pub(super) fn of(find: &Find, first: u64, size: u64) -> (Self, Range<u64>) {
        let end = find.below.min(size);
        match find.from {
            None => (Self::Down, first.min(end)..end),
            Some(from) => (Self::Up, from.max(first).min(end)..end),
        }
    }

    /// The one of some numbers that is met first.
    pub(super) fn first(self, numbers: &Range<u64>) -> Option<u64> {
        let last = numbers.end.checked_sub(1);
        let first = self.either(last, Some(numbers.start));
        first.filter(|first| numbers.contains(first))
    }

    /// The first so many of some numbers, and those that come after them.
    pub(super) fn split(self, numbers: &Range<u64>, count: u64) -> (Range<u64>, Range<u64>) {
        let Range { start, end } = *numbers;
        match self {
            Self::Down => {
                let middle = end.saturating_sub(count).max(start);
                (middle..end, start..middle)
            }
            Self::Up => {
                let middle = start.saturating_add(count).min(end);
                (start..middle, middle..end)
            }
        }
    }

    /// Some numbers up to one of them, it included, and those that come after it.
    pub(super) fn cut(self, numbers: &Range<u64>, last: u64) -> (Range<u64>, Range<u64>) {
        let Range { start, end } = *numbers;
        match self {
            Self::Down => (last..end, start..last),
            Self::Up => (start..last + 1, last + 1..end),
        }
    }

    /// A number that is the larger the sooner a seq comes.
    pub(super) fn rank(self, seq: u64) -> u64 {
        self.either(seq, !seq)
    }

    /// One of two things: that for the way down, or that for the way up.
    pub(super) fn either<T>(self, down: T, up: T) -> T {
        match self {
            Self::Down => down,
            Self::Up => up,
        }
    }
}
