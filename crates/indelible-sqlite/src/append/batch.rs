//! A commit packed into few allocations, so that it can go to the writing thread.
//!
//! Packing runs in the caller's task, in parallel to the writer.

use indelible_core::entry::StoredEntry;
use indelible_core::part::{Part, PerPart, SALT_BYTES};
use indelible_core::store::{Commit, Parent, Rollup, Span, StoreError};
use indelible_core::{HEAD_MAC_BYTES, Outcome, TrailName};
use indelible_merkle::{Hash, NodeId};

use crate::error::{SqliteError, backend};
use crate::row::SEQ_END;

/// One commit, owned, checked against itself.
pub(crate) struct Batch {
    pub(super) trail: TrailName,
    pub(super) parent: Option<Parent>,
    pub(super) head: HeadRow,
    pub(super) entries: Vec<EntryRow>,
    pub(super) nodes: Vec<(NodeId, Hash)>,
    pub(super) spans: Vec<Span>,
    pub(super) rollups: Vec<Rollup>,
    bytes: Vec<u8>,
}

/// The head after the commit, encoded.
pub(super) struct HeadRow {
    pub(super) size: u64,
    pub(super) root: Hash,
    pub(super) frontier: Vec<u8>,
    pub(super) key: String,
    pub(super) incarnation: u32,
    pub(super) incarnation_start: u64,
    pub(super) mac: [u8; HEAD_MAC_BYTES],
}

/// One entry, its texts in the batch's bytes.
pub(super) struct EntryRow {
    pub(super) seq: u64,
    pub(super) id: [u8; 16],
    pub(super) action: Slice,
    pub(super) outcome: Outcome,
    pub(super) resource_type: Slice,
    pub(super) tags: Slice,
    pub(super) occurred_at: i64,
    pub(super) created_at: i64,
    pub(super) erases: Option<Slice>,
    pub(super) part_hashes: PerPart<Option<Hash>>,
    pub(super) leaf_hash: Hash,
    pub(super) parts: PerPart<Option<([u8; SALT_BYTES], Slice)>>,
}

/// A stretch of the batch's bytes.
#[derive(Clone, Copy)]
pub(super) struct Slice {
    start: usize,
    end: usize,
}

impl Batch {
    /// Packs a commit.
    ///
    /// # Errors
    /// A commit whose entries do not lead to its head, seq by seq.
    pub(crate) fn pack(commit: &Commit) -> Result<Self, StoreError> {
        check(commit).map_err(|problem| backend(SqliteError::Unfit(problem)))?;
        let head = &commit.head;
        let mut batch = Self {
            trail: head.trail.clone(),
            parent: commit.parent,
            head: HeadRow {
                size: head.size,
                root: head.root,
                frontier: head.frontier.to_bytes(),
                key: head.key.to_string(),
                incarnation: head.incarnation,
                incarnation_start: head.incarnation_start,
                mac: head.mac,
            },
            entries: Vec::with_capacity(commit.entries.len()),
            nodes: commit.nodes.clone(),
            spans: commit.spans.clone(),
            rollups: commit.rollups.clone(),
            bytes: Vec::with_capacity(commit.entries.len() * 1024),
        };
        for new in &commit.entries {
            let row = batch.entry(&new.entry)?;
            batch.entries.push(row);
        }
        Ok(batch)
    }

    /// The bytes of a slice of this batch.
    pub(super) fn at(&self, slice: Slice) -> &[u8] {
        &self.bytes[slice.start..slice.end]
    }

    /// Whether the entries begin where the parent ends.
    pub(super) fn follows_parent(&self) -> bool {
        let size = self.parent.map_or(0, |parent| parent.size);
        self.entries.first().is_some_and(|first| first.seq == size)
    }

    /// The number of entries.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    fn entry(&mut self, entry: &StoredEntry) -> Result<EntryRow, StoreError> {
        let tags = self.bytes.len();
        for (place, tag) in entry.tags.iter().enumerate() {
            if place > 0 {
                self.bytes.push(b' ');
            }
            self.bytes.extend_from_slice(tag.as_bytes());
        }
        let tags = Slice {
            start: tags,
            end: self.bytes.len(),
        };
        let erases = match entry.erases.as_slice() {
            [] => None,
            erases => Some(self.keep(&serde_json::to_vec(erases).map_err(backend)?)),
        };
        Ok(EntryRow {
            seq: entry.seq,
            id: *entry.id.as_bytes(),
            action: self.keep(entry.action.as_bytes()),
            outcome: entry.outcome,
            resource_type: self.keep(entry.resource_type.as_bytes()),
            tags,
            occurred_at: entry.occurred_at.as_micros(),
            created_at: entry.created_at.as_micros(),
            erases,
            part_hashes: entry.part_hashes,
            leaf_hash: entry.leaf_hash,
            parts: PerPart {
                actor: self.part(entry.parts.actor.as_ref()),
                target: self.part(entry.parts.target.as_ref()),
                details: self.part(entry.parts.details.as_ref()),
            },
        })
    }

    fn part(&mut self, part: Option<&Part>) -> Option<([u8; SALT_BYTES], Slice)> {
        part.map(|part| (part.salt, self.keep(&part.body)))
    }

    fn keep(&mut self, bytes: &[u8]) -> Slice {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        Slice {
            start,
            end: self.bytes.len(),
        }
    }
}

/// What ties the pieces of a commit together; the database could not tell.
fn check(commit: &Commit) -> Result<(), &'static str> {
    let Some(first) = commit.entries.first() else {
        return Err("it has no entries");
    };
    let start = first.entry.seq;
    if commit.head.size > SEQ_END {
        return Err("the trail is full");
    }
    if start.checked_add(commit.entries.len() as u64) != Some(commit.head.size) {
        return Err("its entries do not lead to its head");
    }
    if commit.head.frontier.size() != commit.head.size {
        return Err("its frontier is of another size than its head");
    }
    if !commit
        .entries
        .iter()
        .zip(start..)
        .all(|(new, seq)| new.entry.seq == seq)
    {
        return Err("its entries do not follow each other");
    }
    Ok(())
}
