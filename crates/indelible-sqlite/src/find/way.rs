//! Which way a search walks through the trail.

use indelible_core::store::Find;

/// The way of a search, which ends where the trail or the question does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// From the newest entry down to the first one that is kept.
    Down {
        /// The seq of that entry.
        first: u64,
    },
    /// From a place upwards.
    Up {
        /// The seq that is not reached.
        end: u64,
    },
}

impl Way {
    /// The way of a search of a trail of `size` entries, of which those before `first` were
    /// removed, and the first seq on it, if there is one.
    pub(super) fn of(find: &Find, first: u64, size: u64) -> (Self, Option<u64>) {
        let end = find.below.min(size);
        let way = match find.from {
            None => Self::Down { first },
            Some(_) => Self::Up { end },
        };
        let start = match find.from {
            None => end.checked_sub(1),
            Some(from) => Some(from.max(first)),
        };
        (way, start.and_then(|seq| way.reaching(seq)))
    }

    /// The seq that comes `steps` after `seq`.
    pub(super) fn after(self, seq: u64, steps: u64) -> Option<u64> {
        match self {
            Self::Down { .. } => self.reaching(seq.checked_sub(steps)?),
            Self::Up { .. } => self.reaching(seq.checked_add(steps)?),
        }
    }

    /// The first seq after the block of a height around `seq`.
    pub(super) fn after_block(self, seq: u64, height: u8) -> Option<u64> {
        let first = seq >> height << height;
        match self {
            Self::Down { .. } => self.reaching(first.checked_sub(1)?),
            Self::Up { .. } => self.reaching(first + (1 << height)),
        }
    }

    /// A seq, if the way reaches so far.
    pub(super) fn reaching(self, seq: u64) -> Option<u64> {
        match self {
            Self::Down { first } => Some(seq).filter(|seq| *seq >= first),
            Self::Up { end } => Some(seq).filter(|seq| *seq < end),
        }
    }

    /// A number that is the larger the sooner a seq comes; of that number, the seq again.
    pub(super) fn rank(self, seq: u64) -> u64 {
        match self {
            Self::Down { .. } => seq,
            Self::Up { .. } => !seq,
        }
    }

    /// One of two things: that for the way down, or that for the way up.
    pub(super) fn either<T>(self, down: T, up: T) -> T {
        match self {
            Self::Down { .. } => down,
            Self::Up { .. } => up,
        }
    }
}
