//! What the file says of itself and of each trail, under a checksum.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Fault;
use super::block::{opened, sealed};
use super::run::Run;
use crate::read::Extent;

/// Of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Meta {
    /// Which file it is: drawn when it is made.
    pub epoch: u64,
    /// The number of the next run. None is given twice.
    pub next_run: u64,
    /// The merge that is under way.
    pub merging: Option<Merge>,
    /// How often others have met it since its last step: whoever began it may have been killed.
    #[serde(default)]
    pub met: u32,
    /// Whether free pages may hold what was removed from the log.
    pub is_unswept: bool,
    /// How often that was said; files of before do not have it.
    #[serde(default)]
    pub freed: u64,
    /// What was written for entries since somebody counts it.
    #[serde(default)]
    pub written: Written,
}

/// What was written to the disk for entries. Of entries that were there before it was counted
/// only what the index took is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Written {
    /// To the log's file and its write-ahead log, and the entries that came meanwhile.
    pub log: Tally,
    /// To those of the index, and the entries that it has come to cover.
    pub index: Tally,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tally {
    pub bytes: u64,
    pub entries: u64,
}

/// A merge under way, by whoever made its token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Merge {
    pub token: u64,
    pub run: u64,
    /// How many slices of it were written.
    pub slices: u64,
}

/// Of a trail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Covered {
    /// The runs: each begins where the one before ends.
    pub runs: Vec<Run>,
    /// The leaf hash of the last entry that they cover, in hexadecimal digits.
    pub leaf: String,
    /// Which database the log is of, which a copy of its entries elsewhere is not.
    pub log: String,
    /// The last change of the log that they show, by erasures; none where there was none.
    pub altered: Option<Alteration>,
}

/// A change of what entries hold, as the log has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Alteration {
    pub ordinal: u64,
    pub token: String,
}

/// What the checksum of the file's own record is bound to: no block has this id.
const META_ID: u64 = u64::MAX;
/// Ids from here on are those of records of trails.
const TRAIL_IDS: u64 = 1 << 63;

impl Meta {
    /// Free pages may hold what was removed from the log.
    pub fn has_freed(&mut self) {
        self.is_unswept = true;
        self.freed = self.freed.wrapping_add(1);
    }

    pub fn write(&self) -> Result<Vec<u8>, Fault> {
        write(0, META_ID, self)
    }

    pub fn read(body: &[u8]) -> Result<Self, Fault> {
        read(0, META_ID, body)
    }
}

impl Written {
    /// Both together.
    pub fn and(self, more: Self) -> Self {
        Self {
            log: self.log.and(more.log),
            index: self.index.and(more.index),
        }
    }

    /// Bytes for each entry; `None` where nothing was counted yet.
    pub fn per_entry(self) -> Option<f64> {
        Some(self.log.per_entry()? + self.index.per_entry()?)
    }
}

impl Tally {
    fn and(self, more: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_add(more.bytes),
            entries: self.entries.saturating_add(more.entries),
        }
    }

    fn per_entry(self) -> Option<f64> {
        (self.entries > 0).then(|| self.bytes as f64 / self.entries as f64)
    }
}

impl Covered {
    pub fn write(&self, epoch: u64, trail: i64) -> Result<Vec<u8>, Fault> {
        write(epoch, TRAIL_IDS | trail.cast_unsigned(), self)
    }

    pub fn read(epoch: u64, trail: i64, body: &[u8]) -> Result<Self, Fault> {
        let covered: Self = read(epoch, TRAIL_IDS | trail.cast_unsigned(), body)?;
        let meets = |pair: &[Run]| pair[0].end == pair[1].first;
        let is_sound = covered.runs.iter().all(|run| run.first < run.end)
            && covered.runs.windows(2).all(meets);
        match is_sound {
            true => Ok(covered),
            false => Err(Fault::damage("the runs of a trail do not meet")),
        }
    }

    /// Whether it can be of a trail that goes so far: not one of a longer log, nor without the
    /// beginning of this one, and there is something of it that was not removed.
    pub fn is_within(&self, extent: Extent) -> bool {
        let kept = extent.first_kept;
        self.first() <= kept && self.end() > kept && self.end() <= extent.size
    }

    /// The first entry that is covered; the end where none is.
    pub fn first(&self) -> u64 {
        self.runs.first().map_or(u64::MAX, |run| run.first)
    }

    /// The entry after the last one that is covered.
    pub fn end(&self) -> u64 {
        self.runs.last().map_or(0, |run| run.end)
    }
}

fn write(epoch: u64, id: u64, record: &impl Serialize) -> Result<Vec<u8>, Fault> {
    let text = serde_json::to_vec(record).map_err(Fault::damage)?;
    Ok(sealed(epoch, id, &text))
}

fn read<T: DeserializeOwned>(epoch: u64, id: u64, body: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(opened(epoch, id, body)?).map_err(Fault::damage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_of_before_says_of_itself_is_read() {
        let before = serde_json::json!({
            "epoch": 7,
            "next_run": 3,
            "merging": null,
            "is_unswept": true,
        });
        let body = write(0, META_ID, &before).expect("it is written");
        let meta = Meta::read(&body).expect("it reads");
        assert!(meta.is_unswept);
        assert_eq!((meta.epoch, meta.next_run, meta.freed), (7, 3, 0));
        assert_eq!(meta.written.per_entry(), None);
    }
}
