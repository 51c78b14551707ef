//! Evidence packs: one file that answers one question, and is checked with nothing but itself and
//! the trail's verifier key.
//!
//! The format is `docs/formats/pack.md`. [`Audit::pack`](crate::engine::Audit::pack) writes packs
//! in pieces, [`verify_pack`] checks them line by line; neither holds more than a few entries at a
//! time. [`verify_proof`] judges single inclusion proofs with the same [`Reason`]s.

mod body;
mod claim;
mod line;
mod manifest;
mod question;
mod reason;
mod skeleton;
mod trust;
mod verdict;
mod verify;
mod write;

pub use claim::{ProvedEntry, verify_proof};
pub use manifest::{Coverage, PackRange};
pub use reason::{Reason, Refused};
pub use verdict::Verdict;
pub use verify::verify_pack;

pub(crate) use manifest::Manifest;
pub(crate) use write::{
    EntryLine, Shown, Sums, frontier_line, head_line, line as manifest_line, link_line,
    trailer_line,
};

use crate::part::PartKind;
use crate::query::Query;
use crate::time::Timestamp;

/// The most bytes of a line, its line feed included.
pub const LINE_BYTES_MAX: usize = 2 * 1024 * 1024;

/// What a pack is asked for.
#[derive(Debug, Clone)]
pub struct PackRequest {
    /// The question. `as_of` is the end of the range, the newest checkpoint where it is absent;
    /// `limit`, `offset` and `cursor` have no place here.
    pub query: Query,
    /// The seq with which the range begins: the size of the first head.
    pub first: u64,
    /// What has a line.
    pub coverage: Coverage,
    /// Parts that are not to be shown, whatever they hold.
    pub without: Vec<PartKind>,
    /// Who asked, at most 255 bytes of it.
    pub asked_by: Option<String>,
    /// When the pack is made.
    pub created: Timestamp,
    /// What makes it.
    pub software: String,
}
