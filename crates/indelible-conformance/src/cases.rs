//! The duties of a store, one case each, one file per topic.
//!
//! A case takes a fresh database, opens it and panics where the store does not keep the duty that
//! the case's name states.

pub mod append;
pub mod condition;
pub mod duplicates;
pub mod entries;
pub mod erasure;
pub mod erasure_beside;
pub mod filters;
pub mod filters_address;
pub mod filters_context;
pub mod filters_text;
pub mod hashes;
pub mod heads;
pub mod ids;
pub mod order;
pub mod outbox;
pub mod projections;
pub mod registry;
pub mod reopen;
pub mod retaining;
pub mod retention;
pub mod rollups;
pub mod shared;
pub mod spans;
pub mod upwards;
pub mod writers;
