//! Persons in a trail: what is known of them, and that it goes, as it is answered on the command
//! line, over HTTP and on pages.

mod erasing;
mod known;
mod waiting;

pub use erasing::{Erasure, Parts};
pub use known::{Known, KnownLine, KnownWriter, Listed, Wanted, each_known, known};
pub use waiting::{Rejected, Request, Requests};
