//! An order that waits, as the state directory has it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::engine::{ErasureOrder, Subjects};
use crate::part::PartKind;
use crate::store::StoreError;
use crate::time::Timestamp;

/// How long an order waits.
pub(super) const WAIT_MAX: Duration = Duration::from_secs(14 * 24 * 60 * 60);
/// An order as the state directory has it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    ids: Vec<String>,
    also: Vec<String>,
    parts: Vec<PartKind>,
    reason: String,
    legal_basis: Option<String>,
    request_id: Option<String>,
    by: Option<String>,
    by_name: Option<String>,
    pub requested_at: Timestamp,
    pub expires_at: Timestamp,
}

impl Kept {
    pub fn of(order: &ErasureOrder, requested_at: Timestamp) -> Self {
        let subjects = order.subjects.clone();
        Self {
            ids: subjects.ids,
            also: subjects.also,
            parts: subjects.widen,
            reason: order.reason.clone(),
            legal_basis: order.legal_basis.clone(),
            request_id: order.request_id.clone(),
            by: order.by.clone(),
            by_name: order.by_name.clone(),
            requested_at,
            expires_at: requested_at.later(WAIT_MAX),
        }
    }

    pub fn into_order(self) -> ErasureOrder {
        ErasureOrder {
            subjects: Subjects {
                ids: self.ids,
                also: self.also,
                widen: self.parts,
            },
            reason: self.reason,
            legal_basis: self.legal_basis,
            request_id: self.request_id,
            by: self.by,
            by_name: self.by_name,
            holds: Vec::new(),
        }
    }

    pub fn to_text(&self) -> Result<String, StoreError> {
        serde_json::to_string(self).map_err(|error| malformed(&error))
    }

    pub fn read(text: &str) -> Result<Self, StoreError> {
        serde_json::from_str(text).map_err(|error| malformed(&error))
    }
}

// The words of the reader say places in the text, and no more of it than a name.
fn malformed(error: &serde_json::Error) -> StoreError {
    StoreError::Corrupt {
        what: "an order of erasure that waits, in the state directory".to_owned(),
        seq: None,
        problem: format!(
            "it cannot be read at line {}, column {}",
            error.line(),
            error.column()
        ),
    }
}
