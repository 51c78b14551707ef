//! The suite that every Indelible store runs: the contract of [`Store`](indelible_core::Store)
//! and [`Registry`](indelible_core::Registry), written as cases.
//!
//! Each case is a plain async function in [`cases`], named for the one duty that it checks, on a
//! fresh [`Database`]. [`suite!`] turns the names into tests and does nothing else, so that a
//! case can be read, called and debugged as any function. [`model`] adds what nobody thought of:
//! random operations on the store and on [`MemoryStore`](indelible_core::MemoryStore), the
//! oracle, every answer compared.
//!
//! A store of your own joins with one file:
//!
//! ```text
//! struct Folder(TempDir);
//!
//! impl Database for Folder { /* open the store in the folder */ }
//!
//! indelible_conformance::suite! {
//!     database: Folder(TempDir::new().expect("a folder")),
//!     effort: Effort::SHORT,
//!     claims: [survives_reopen, shared_by_two],
//! }
//! ```
//!
//! What this suite does not check: that the database itself refuses changes (its guards are its
//! own), that an acknowledged commit survives the loss of power (that takes a machine to switch
//! off), and how fast anything is.

mod database;
pub mod derivation;
pub mod fixture;
mod handle;
mod observation;
mod suite;

pub mod cases;
pub mod model;

pub use database::{Database, End, OutboxUnderTest, StoreUnderTest};
pub use handle::{Handle, NO_SEQS, all};
pub use model::Effort;
pub use observation::Observation;
pub use suite::run;
