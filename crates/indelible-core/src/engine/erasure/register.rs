//! The lines of the erasure register: what must be gone, so that it can be taken away again from a
//! copy that was made before.
//!
//! A line is one erasure entry in the making: its id, what it erases, and what its details say. It
//! names no person, only digests, places and hashes, and who had it done.

use indelible_merkle::Hash;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::entry::Erasure;
use crate::part::PartKind;
use crate::store::StoreError;

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    /// The id of the erasure entry.
    pub id: Uuid,
    /// What it erases.
    pub erases: Vec<Pinned>,
    /// Who had it done.
    pub by: Option<String>,
    /// What links the lines of one erasure.
    pub correlation_id: Option<String>,
    /// The context of the erasure entry.
    pub context: Value,
}

/// An erased range, pinned to the history that it is of: after a restored copy was succeeded, other
/// entries may stand at its seqs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pinned {
    pub first: u64,
    pub last: u64,
    pub parts: Vec<PartKind>,
    /// The beginning of the leaf hash of the first entry, in hex.
    pub leaf: String,
}

/// Hexadecimal digits of a leaf hash that pin a range.
const LEAF_DIGITS: usize = 16;

impl Line {
    /// The line as it stands in the register.
    pub fn to_text(&self) -> Result<String, StoreError> {
        serde_json::to_string(self).map_err(|error| malformed(error.to_string()))
    }

    /// Reads a line.
    pub fn read(text: &str) -> Result<Self, StoreError> {
        serde_json::from_str(text).map_err(|error| malformed(error.to_string()))
    }

    /// What it erases, as an erasure entry lists it.
    pub fn erasures(&self) -> Vec<Erasure> {
        self.erases.iter().map(Pinned::erasure).collect()
    }
}

impl Pinned {
    /// A range whose first entry has this leaf.
    pub fn new(erasure: Erasure, leaf: &Hash) -> Self {
        let Erasure { first, last, parts } = erasure;
        let mut leaf = leaf.to_string();
        leaf.truncate(LEAF_DIGITS);
        Self {
            first,
            last,
            parts,
            leaf,
        }
    }

    /// Whether it is a range of the history in which this leaf is that of its first entry.
    pub fn is_of(&self, leaf: &Hash) -> bool {
        leaf.to_string().starts_with(&self.leaf) && self.leaf.len() == LEAF_DIGITS
    }

    /// The same without the pin.
    pub fn erasure(&self) -> Erasure {
        Erasure {
            first: self.first,
            last: self.last,
            parts: self.parts.clone(),
        }
    }
}

fn malformed(problem: String) -> StoreError {
    StoreError::Corrupt {
        what: "the erasure register in the state directory".to_owned(),
        seq: None,
        problem,
    }
}
