//! A sample that neither side can steer: the auditor names a seed, and the entries come in the
//! order of SHA-256(seed ‖ seq), the seq in decimal digits.

use std::collections::BinaryHeap;

use indelible_core::Timestamp;
use indelible_core::entry::StoredEntry;
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The most entries of a sample.
pub const SAMPLE_MAX: usize = 1_000;
/// The entries of a sample when the caller does not say.
pub const SAMPLE_STANDARD: usize = 25;

/// How a sample is drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sampling {
    /// The auditor's own text.
    pub seed: String,
    /// Entries of each control, at most [`SAMPLE_MAX`].
    pub size: usize,
}

/// The place of an entry in the order of a seed.
pub fn rank(seed: &str, seq: u64) -> [u8; 32] {
    Sha256::new()
        .chain_update(seed.as_bytes())
        .chain_update(seq.to_string().as_bytes())
        .finalize()
        .into()
}

/// One entry of a sample.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sampled {
    /// Its position.
    pub seq: u64,
    /// Its id.
    pub id: Uuid,
    /// What was done.
    pub action: String,
    /// How it ended.
    pub outcome: &'static str,
    /// When.
    pub occurred_at: Timestamp,
    /// Its leaf in the trail's tree.
    pub leaf_hash: String,
    /// Where the proof of it is to be had: under `/v1/trails/{trail}/events/`, or with
    /// `indelible prove` and the id.
    pub proof: String,
}

impl Sampled {
    fn of(entry: &StoredEntry) -> Self {
        Self {
            seq: entry.seq,
            id: entry.id,
            action: entry.action.clone(),
            outcome: entry.outcome.as_str(),
            occurred_at: entry.occurred_at,
            leaf_hash: entry.leaf_hash.to_string(),
            proof: format!("{}/proof", entry.id),
        }
    }
}

/// The first entries in the order of a seed, among those that were offered.
#[derive(Debug, Default)]
pub(super) struct Draw(BinaryHeap<Drawn>);

#[derive(Debug)]
struct Drawn {
    rank: [u8; 32],
    item: Sampled,
}

impl Draw {
    /// Offers an entry, of this rank, to a sample of this size.
    pub fn offer(&mut self, rank: [u8; 32], entry: &StoredEntry, size: usize) {
        let is_full = self.0.len() >= size;
        if is_full && self.0.peek().is_none_or(|last| last.rank <= rank) {
            return;
        }
        if is_full {
            self.0.pop();
        }
        let item = Sampled::of(entry);
        self.0.push(Drawn { rank, item });
    }

    /// The sample, in its order.
    pub fn into_sample(self) -> Vec<Sampled> {
        let drawn = self.0.into_sorted_vec().into_iter();
        drawn.map(|drawn| drawn.item).collect()
    }
}

impl PartialEq for Drawn {
    fn eq(&self, other: &Self) -> bool {
        self.rank == other.rank
    }
}

impl Eq for Drawn {}

impl PartialOrd for Drawn {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Drawn {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank.cmp(&other.rank)
    }
}
