//! Entries and commits for the cases, written in the words of the domain.

mod author;
mod draft;

pub use author::{Author, trail, verifier_key};
pub use draft::{Draft, draft, id, time};
