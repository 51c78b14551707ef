//! What verification answers.

use std::collections::BTreeMap;
use std::fmt;

use indelible_merkle::Hash;
use serde::{Deserialize, Serialize};

use crate::trail::TrailName;

/// The findings on all trails that were asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// Whether every trail is as it was recorded.
    pub ok: bool,
    /// One report for each trail.
    pub trails: Vec<TrailReport>,
}

impl From<Vec<TrailReport>> for Report {
    fn from(trails: Vec<TrailReport>) -> Self {
        Self {
            ok: trails.iter().all(|trail| trail.ok),
            trails,
        }
    }
}

/// The findings on one trail.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TrailReport {
    /// The trail.
    pub trail: TrailName,
    /// Whether there is no finding but warnings.
    pub ok: bool,
    /// The size in the head; entries that came while verification ran are not looked at.
    pub size: u64,
    /// The root in the head.
    #[serde(with = "crate::hex")]
    pub root: Hash,
    /// The first seq that was looked at: 0, the size of the checkpoint that was trusted, or the
    /// first entry that was not removed.
    pub checked_from: u64,
    /// The entries that were read and hashed again.
    pub entries_checked: u64,
    /// Whether all entries of the trail were looked at, and every table with them. False where
    /// only those after a checkpoint were asked for, and where rows are missing or unreadable.
    pub complete: bool,
    /// The entries of which a part was erased.
    pub erased: u64,
    /// The entries that were removed from the front of the trail, as an entry of it says.
    #[serde(default)]
    pub removed: u64,
    /// The checkpoints kept outside that the trail was compared with.
    pub checkpoints_compared: u64,
    /// All findings, those that are not listed included.
    pub findings_total: u64,
    /// The findings, by seq; at most [`FINDINGS_MAX`], and [`FINDINGS_PER_KIND_MAX`] of one kind.
    pub findings: Vec<Finding>,
}

/// The most findings listed in one report.
pub const FINDINGS_MAX: usize = 1000;
/// The most findings of one kind listed in one report, so that one kind does not hide another.
pub const FINDINGS_PER_KIND_MAX: u64 = 200;

/// One thing that is not as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The first entry concerned; none where it is the head or a count.
    pub seq: Option<u64>,
    /// What was found.
    pub kind: FindingKind,
    /// The same in words. Never holds the content of an entry.
    pub detail: String,
}

/// What verification can find. The names are stable; `docs/guide/verifying.md` explains each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FindingKind {
    /// The trail has rows, or is known to have had some, and no head.
    HeadMissing,
    /// The head is there and cannot be read.
    HeadUnreadable,
    /// Size, root, frontier, key, origin or incarnation in the head.
    HeadAltered,
    /// The database is behind a checkpoint that was given out.
    RolledBack,
    /// The history is not the one that a checkpoint was given out for.
    Forked,
    /// Entries at the end are gone.
    TailCut,
    /// Entries before the end are gone.
    EntryMissing,
    /// A row that was never recorded.
    EntryInserted,
    /// Rows that stand where other entries were recorded.
    Reordered,
    /// The same entry a second time.
    Duplicated,
    /// A row that is there and cannot be read.
    RowUnreadable,
    /// Entries rewritten together with their leaf hashes: the tree holds other leaves.
    EntryAltered,
    /// A column of the skeleton.
    ColumnDiffers,
    /// The leaf hash stored beside the columns.
    LeafDiffers,
    /// Salt or body of a part.
    PartAltered,
    /// A part that is gone without an entry that erased it.
    PartMissing,
    /// A part where the entry had none.
    PartInserted,
    /// A stored node of the tree.
    NodeAltered,
    /// A node that should be stored.
    NodeMissing,
    /// A node that should not be stored.
    NodeExtra,
    /// A row of the id index with another seq.
    IdWrong,
    /// A row of the id index that should be there.
    IdMissing,
    /// A row of the id index that should not be there.
    IdExtra,
    /// An index row that should be there.
    IndexRowMissing,
    /// An index row that should not be there.
    IndexRowExtra,
    /// Index or id rows of many entries, not named one by one.
    IndexDiffers,
    /// The times kept for a block of entries.
    SpanDiffers,
    /// The times of a block that should be there.
    SpanMissing,
    /// The times of a block that should not be there.
    SpanExtra,
    /// A count.
    RollupDiffers,
    /// A count that should be there.
    RollupMissing,
    /// A count that should not be there.
    RollupExtra,
    /// A table or trigger of the database that guards evidence is missing or altered, or a foreign
    /// trigger is there.
    GuardsAltered,
    /// Rows of a trail that has no head, or for entries that are not there.
    RowsStray,
    /// No trusted key was at hand, so that nothing says whose entries these are.
    KeyUnconfirmed,
    /// A checkpoint kept outside that no trusted key has signed.
    CheckpointBadSignature,
    /// A checkpoint kept outside that is another trail's.
    CheckpointForeign,
    /// A warning: a checkpoint of entries that were lost before the trail was succeeded.
    CheckpointSuperseded,
    /// A warning: a checkpoint of a size that cannot be made again, because entries were removed.
    CheckpointNotComparable,
    /// A warning: the registry knows a legal hold of which the trail has no entry.
    HoldWithoutEntry,
    /// A warning: which legal holds are in force cannot be told.
    HoldsUnread,
    /// A warning: no high-water mark was at hand, so that a rollback would not be seen.
    MarkMissing,
    /// A warning: counts changed faster than they could be compared.
    RollupUnchecked,
    /// A warning: index rows changed while they were compared, as during an erasure.
    IndexUnchecked,
    /// The root of removed entries, as it was recorded with their removal.
    RemovalDiffers,
    /// A warning: an erased part is there again.
    ErasureUndone,
}

impl TrailReport {
    /// Adds a warning of whoever asked for the verification.
    pub(crate) fn warn(&mut self, kind: FindingKind, detail: String) {
        self.findings_total += 1;
        if self.findings.len() < FINDINGS_MAX {
            // Those without a seq come first.
            let seq = None;
            self.findings.insert(0, Finding { seq, kind, detail });
        }
    }
}

impl FindingKind {
    /// Whether a trail with nothing worse is still as it was recorded.
    pub const fn is_warning(self) -> bool {
        matches!(
            self,
            Self::CheckpointSuperseded
                | Self::CheckpointNotComparable
                | Self::HoldWithoutEntry
                | Self::HoldsUnread
                | Self::MarkMissing
                | Self::RollupUnchecked
                | Self::IndexUnchecked
                | Self::ErasureUndone
        )
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// Findings as they come in, bounded.
#[derive(Debug, Default)]
pub(super) struct Findings {
    kept: Vec<Finding>,
    counts: BTreeMap<FindingKind, u64>,
}

impl Findings {
    pub fn push(&mut self, seq: impl Into<Option<u64>>, kind: FindingKind, detail: String) {
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        if *count <= FINDINGS_PER_KIND_MAX && self.kept.len() < FINDINGS_MAX {
            self.kept.push(Finding {
                seq: seq.into(),
                kind,
                detail,
            });
        }
    }

    pub fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            self.push(finding.seq, finding.kind, finding.detail);
        }
    }

    /// Takes over the findings of another pass, the counts of those it did not keep included.
    pub fn absorb(&mut self, other: Self) {
        let mut unlisted = other.counts;
        for finding in other.kept {
            if let Some(count) = unlisted.get_mut(&finding.kind) {
                *count = count.saturating_sub(1);
            }
            self.push(finding.seq, finding.kind, finding.detail);
        }
        for (kind, count) in unlisted {
            *self.counts.entry(kind).or_default() += count;
        }
    }

    /// Gives the findings of `kind` on `seq` other words.
    pub fn reword(&mut self, seq: u64, kind: FindingKind, detail: &str) {
        let same = |finding: &&mut Finding| finding.seq == Some(seq) && finding.kind == kind;
        for finding in self.kept.iter_mut().filter(same) {
            detail.clone_into(&mut finding.detail);
        }
    }

    pub fn has(&self, kind: FindingKind) -> bool {
        self.counts.contains_key(&kind)
    }

    pub fn is_ok(&self) -> bool {
        self.counts.keys().all(|kind| kind.is_warning())
    }

    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// By seq, those without one first; in the order of discovery where equal.
    pub fn into_sorted(mut self) -> Vec<Finding> {
        self.kept.sort_by_key(|finding| finding.seq);
        self.kept
    }
}

/// `entry 5` or `entries 5 to 9`, for a range that is not empty.
pub(super) fn entries(range: &std::ops::Range<u64>) -> String {
    let last = range.end.saturating_sub(1);
    if last <= range.start {
        format!("entry {}", range.start)
    } else {
        format!("entries {} to {last}", range.start)
    }
}
