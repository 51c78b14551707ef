//! An event once recorded: what is stored of it, its skeleton and leaf, and what a reader sees.

mod columns;
mod skeleton;
mod view;

use indelible_merkle::{Hash, leaf_hash};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use columns::{Columns, address};
pub use view::{Entry, Unreadable};

use crate::outcome::Outcome;
use crate::part::{Part, PartKind, PerPart};
use crate::time::Timestamp;
use crate::trail::TrailName;

/// An entry as a store keeps it: the typed columns of the skeleton, the hashes, and those parts
/// that have content and are not erased.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEntry {
    /// Position in the trail, 0-based and gap-free; the leaf index.
    pub seq: u64,
    /// The event's id.
    pub id: Uuid,
    /// What was done.
    pub action: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The kind of resource.
    pub resource_type: String,
    /// Sorted, unique tags.
    pub tags: Vec<String>,
    /// When it happened, as told by the caller.
    pub occurred_at: Timestamp,
    /// When it was recorded, by the engine's clock.
    pub created_at: Timestamp,
    /// What this entry erased; empty for all but erasure entries.
    pub erases: Vec<Erasure>,
    /// The hash of each part that had content when the entry was recorded.
    pub part_hashes: PerPart<Option<Hash>>,
    /// SHA-256(0x00 ‖ skeleton).
    pub leaf_hash: Hash,
    /// The parts still there.
    pub parts: PerPart<Option<Part>>,
}

/// Parts of a range of entries that an erasure entry erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// The first seq of the range.
    pub first: u64,
    /// The last seq of the range, inclusive.
    pub last: u64,
    /// The parts erased, sorted by name.
    pub parts: Vec<PartKind>,
}

impl StoredEntry {
    /// The entry's skeleton: RFC 8785 canonical JSON, rebuilt from the typed columns.
    pub fn skeleton(&self, trail: &TrailName) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(512);
        self.write_skeleton(trail, &mut bytes);
        bytes
    }

    /// Appends the skeleton to `out`, for callers that reuse the buffer.
    pub fn write_skeleton(&self, trail: &TrailName, out: &mut Vec<u8>) {
        skeleton::write(self, trail, out);
    }

    /// The leaf hash that the columns give; equal to `leaf_hash` unless something was altered.
    pub fn derived_leaf(&self, trail: &TrailName, buffer: &mut Vec<u8>) -> Hash {
        buffer.clear();
        self.write_skeleton(trail, buffer);
        leaf_hash(buffer)
    }

    /// The first part whose content does not give its hash; parts that are not there do not count.
    pub fn altered_part(&self) -> Option<PartKind> {
        PartKind::ALL.into_iter().find(|&kind| {
            let part = self.parts.get(kind).as_ref();
            part.is_some_and(|part| Some(part.hash(kind)) != *self.part_hashes.get(kind))
        })
    }

    /// The parts that once had content and are there no more, sorted by name.
    pub fn erased(&self) -> Vec<PartKind> {
        PartKind::ALL
            .into_iter()
            .filter(|&kind| self.part_hashes.get(kind).is_some() && self.parts.get(kind).is_none())
            .collect()
    }
}
