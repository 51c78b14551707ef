//! Jumping over blocks of entries whose times cannot match.

use indelible_core::store::StoreError;
use rusqlite::{OptionalExtension, params};

use super::Search;
use crate::error::refused;
use crate::sql;

/// Heights of the blocks whose spans are kept, largest first.
const HEIGHTS: [u8; 3] = [24, 16, 8];

/// The bounds on `occurred_at`, in µs, both inclusive.
pub(super) struct Blocks {
    earliest: i64,
    latest: i64,
    /// The block last looked at, by height: searches go on block by block.
    seen: [Option<(u64, Overlap)>; HEIGHTS.len()],
}

/// How a block's times and the bounds lie.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Overlap {
    /// No entry can match.
    Apart,
    /// Every entry matches.
    Inside,
    /// The entries must be looked at. So are those of a block that is not complete yet.
    Partly,
}

impl Blocks {
    pub(super) fn new(earliest: i64, latest: i64) -> Self {
        Self {
            earliest,
            latest,
            seen: [None; HEIGHTS.len()],
        }
    }

    pub(super) fn contains(&self, time: i64) -> bool {
        (self.earliest..=self.latest).contains(&time)
    }

    /// The first seq from `at` on, along the way, whose block may match.
    pub(super) fn seek(&mut self, search: Search, at: u64) -> Result<Option<u64>, StoreError> {
        let mut at = Some(at);
        while let Some(seq) = at {
            let (height, overlap) = self.overlap(search, seq)?;
            if overlap != Overlap::Apart {
                return Ok(Some(seq));
            }
            at = search.way.after_block(seq, height);
        }
        Ok(None)
    }

    /// Whether every entry of the block of 256 around `seq` matches.
    pub(super) fn all_match(&mut self, search: Search, seq: u64) -> Result<bool, StoreError> {
        Ok(self.overlap(search, seq)?.1 == Overlap::Inside)
    }

    /// What the largest block around `seq` that settles it says, and its height.
    fn overlap(&mut self, search: Search, seq: u64) -> Result<(u8, Overlap), StoreError> {
        for (place, height) in HEIGHTS.into_iter().enumerate() {
            let index = seq >> height;
            let overlap = match self.seen[place] {
                Some((seen, overlap)) if seen == index => overlap,
                _ => self.look_up(search, height, index)?,
            };
            self.seen[place] = Some((index, overlap));
            if overlap != Overlap::Partly {
                return Ok((height, overlap));
            }
        }
        Ok((0, Overlap::Partly))
    }

    fn look_up(&self, search: Search, height: u8, index: u64) -> Result<Overlap, StoreError> {
        let mut statement = search.statement(sql::SPAN)?;
        let span = statement
            .query_row(params![search.trail, height, index], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
            })
            .optional()
            .map_err(refused)?;
        Ok(match span {
            Some((first, last)) if last < self.earliest || first > self.latest => Overlap::Apart,
            Some((first, last)) if self.earliest <= first && last <= self.latest => Overlap::Inside,
            _ => Overlap::Partly,
        })
    }
}
