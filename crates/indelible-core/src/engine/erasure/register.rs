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

/// An erased range, pinned to the history that it is of, entry by entry: in a copy that went on
/// elsewhere, other entries stand at some of its seqs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pinned {
    pub first: u64,
    pub last: u64,
    pub parts: Vec<PartKind>,
    /// The beginning of the leaf hash of the first entry, in hex.
    pub leaf: String,
    /// The beginnings of the leaf hashes of those after it, in hex, one after the other.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub rest: String,
}

/// Hexadecimal digits of a leaf hash that pin the first entry of a range.
pub(super) const LEAF_DIGITS: usize = 16;
/// Those that pin each entry after it.
pub(super) const REST_DIGITS: usize = 8;

impl Line {
    /// The line as it stands in the register.
    pub fn to_text(&self) -> Result<String, StoreError> {
        serde_json::to_string(self).map_err(|error| malformed(error.to_string()))
    }

    /// Reads a line.
    pub fn read(text: &str) -> Result<Self, StoreError> {
        serde_json::from_str(text).map_err(|error| malformed(error.to_string()))
    }

    /// The id of a line, which need not be read whole for it.
    pub fn id_of(text: &str) -> Result<Uuid, StoreError> {
        #[derive(Deserialize)]
        struct Named {
            id: Uuid,
        }
        let named: Result<Named, _> = serde_json::from_str(text);
        named
            .map(|named| named.id)
            .map_err(|error| malformed(error.to_string()))
    }

    /// What it erases, as an erasure entry lists it.
    pub fn erasures(&self) -> Vec<Erasure> {
        self.erases.iter().map(Pinned::erasure).collect()
    }
}

impl Pinned {
    /// Whether an entry of it is pinned. Registers of before pinned the first one alone.
    pub fn pins(&self, seq: u64) -> bool {
        self.pin(seq).is_some()
    }

    /// Whether it is of the history in which this leaf stands at a seq.
    pub fn is_of(&self, seq: u64, leaf: &Hash) -> bool {
        self.pin(seq)
            .is_some_and(|pin| leaf.to_string().starts_with(pin))
    }

    fn pin(&self, seq: u64) -> Option<&str> {
        let after = usize::try_from(seq.checked_sub(self.first)?).ok()?;
        let Some(place) = after.checked_sub(1) else {
            return Some(&self.leaf)
                .filter(|pin| pin.len() == LEAF_DIGITS)
                .map(String::as_str);
        };
        let begin = place.checked_mul(REST_DIGITS)?;
        self.rest.get(begin..begin.checked_add(REST_DIGITS)?)
    }

    /// The same without the pins.
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
