//! A trail as it is listed, the same in every interface.

use serde::Serialize;

use crate::store::Head;

/// A trail as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrailLine {
    /// Its name.
    pub trail: String,
    /// The number of its entries.
    pub size: u64,
    /// The root of the tree over them, in hexadecimal digits.
    pub root: String,
    /// The name that its checkpoints are under.
    pub origin: String,
    /// 1 for its first life, one more for each succession.
    pub incarnation: u32,
    /// The size at which that began.
    pub incarnation_start: u64,
    /// Origin and public key, as a signed-note verifier key.
    pub verifier_key: String,
}

impl From<Head> for TrailLine {
    fn from(head: Head) -> Self {
        Self {
            trail: head.trail.to_string(),
            size: head.size,
            root: head.root.to_string(),
            origin: head.key.name().to_owned(),
            incarnation: head.incarnation,
            incarnation_start: head.incarnation_start,
            verifier_key: head.key.to_string(),
        }
    }
}
