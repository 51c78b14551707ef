//! Entries that were removed from the front of a trail, and the entries that account for them.

use super::reading::{Trail, windows};
use super::report::{FindingKind, Findings, entries};
use crate::engine::removed_before;
use crate::entry::StoredEntry;
use crate::part::PartKind;
use crate::store::{Head, StoreError};

/// What was removed of a trail.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Removed {
    /// The seq of the first entry that the store has.
    pub first_kept: u64,
    /// The place before which an entry says that all are removed, as an earlier pass has read while
    /// they went; 0 where there was none.
    pub said: u64,
}

/// An entry says that all before a place were removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    pub place: u64,
    /// The root of the tree up to there, where the entry still tells it.
    pub root: Option<String>,
}

impl Removed {
    /// Reads what the store has.
    pub async fn read(
        trail: Trail<'_>,
        (head, said): (&Head, u64),
        findings: &mut Findings,
    ) -> Result<Self, StoreError> {
        let first_kept = trail.store.first_kept(trail.name).await?;
        if first_kept > head.size {
            let detail = format!(
                "its first kept entry is {first_kept}, its size {}",
                head.size
            );
            findings.push(None, FindingKind::HeadAltered, detail);
        }
        Ok(Self {
            first_kept: first_kept.min(head.size),
            said: said.min(head.size),
        })
    }

    /// The first entry that can be looked at.
    pub fn end(&self) -> u64 {
        self.first_kept.max(self.said)
    }

    /// Whether a tree of so many entries cannot be made again from what is left.
    pub fn hides(&self, size: u64) -> bool {
        size >> 8 < self.first_kept >> 8 && !size.is_multiple_of(256)
    }

    /// Reports entries that are there although the store says that they were removed.
    pub async fn strays(
        &self,
        trail: Trail<'_>,
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        for window in windows(0..self.first_kept) {
            let rows = trail.entries(window).await?;
            let first = rows.entries.first().map(|entry| entry.seq);
            if let Some(seq) = first.or(rows.unreadable.first().map(|(seq, _)| *seq)) {
                let detail = format!("entry {seq} was removed and is there");
                findings.push(seq, FindingKind::RowsStray, detail);
                break;
            }
        }
        Ok(())
    }

    /// Holds what is missing, from `from` on, against what the pass has read.
    pub fn account(&self, from: u64, claims: &Claims, findings: &mut Findings) {
        let end = self.end();
        if from >= end {
            return;
        }
        let largest = claims.largest.as_ref();
        if largest.is_none_or(|claim| claim.place < end) {
            let range = largest.map_or(0, |claim| claim.place)..end;
            let detail = format!(
                "{} are missing, and no entry says they were removed",
                entries(&range)
            );
            findings.push(range.start, FindingKind::EntryMissing, detail);
        }
        let Some(Claim {
            place,
            root: Some(root),
        }) = largest
        else {
            return;
        };
        if *place == end && claims.root.as_ref().is_some_and(|there| there != root) {
            let detail = format!(
                "the root of the {place} removed entries is not the one that was recorded when \
                 they were removed"
            );
            findings.push(None, FindingKind::RemovalDiffers, detail);
        }
    }
}

/// What the pass has read of removals.
#[derive(Debug, Default)]
pub(super) struct Claims {
    /// The one that goes farthest.
    largest: Option<Claim>,
    /// The root that the stored hashes give before the first entry that is looked at.
    pub root: Option<String>,
}

impl Claims {
    /// The place before which all are said to be removed.
    pub fn place(&self) -> u64 {
        self.largest.as_ref().map_or(0, |claim| claim.place)
    }

    /// Takes in what an entry says.
    pub fn add(&mut self, entry: &StoredEntry) {
        let Some(place) = removed_before(&entry.erases, entry.seq) else {
            return;
        };
        if self
            .largest
            .as_ref()
            .is_none_or(|claim| claim.place < place)
        {
            let details = entry.body(PartKind::Details).ok().flatten();
            let root = details.and_then(|details| {
                let root = details["context"]["retained_digest"].as_str();
                root.map(str::to_owned)
            });
            self.largest = Some(Claim { place, root });
        }
    }
}
