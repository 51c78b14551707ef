//! The embedded store of Indelible: trails in one SQLite file.
//!
//! It is the adapter behind `indelible_core`'s `Store` and `Registry` for SQLite and nothing
//! else: it makes rows durable, atomically and in order, and finds them again. It does not hash,
//! sign, read a clock or decide policy.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use indelible_core::Store;
//! use indelible_sqlite::SqliteStore;
//!
//! let folder = tempfile::tempdir()?;
//! let store = SqliteStore::open(folder.path().join("indelible.db"))?;
//! assert!(store.heads().await?.is_empty());
//! assert!(store.condition().await?.missing_guards.is_empty());
//! store.close().await?;
//! # Ok(())
//! # }
//! ```
//!
//! Five choices carry the rest; the README beside this crate shows the schema and the life of an
//! entry:
//!
//! - One thread writes and shares each flush among all who wait; a few connections read.
//! - The write-ahead log is flushed at every commit (`synchronous=FULL`): acknowledged is durable.
//! - Triggers refuse, loudly, to change or delete what is evidence, also for other programs that
//!   open the file. `condition` tells when one is missing or altered.
//! - The log alone is durable before a receipt is given; what searches look up is made of it by a
//!   second thread, in a second file, and an answer is the same with it and without.
//! - Searches leapfrog over postings and never count.

mod connection;
mod error;
mod files;
mod migration;
mod open;
pub mod outbox;
mod owner;
pub mod sql;

mod append;
mod checkpoint;
mod condition;
mod find;
mod index;
#[cfg(test)]
mod made;
mod projection;
mod read;
mod registry;
mod removal;
mod retention;
mod row;
mod store;
mod table;
mod wal;
mod writer;

pub use error::SqliteError;
#[doc(hidden)]
pub use index::forge;
pub use migration::MigrationStatus;
pub use open::Options;
pub use outbox::{SqliteOutbox, SqliteOutboxTable};
pub use owner::{Owner, owner};
/// The driver whose transactions [`SqliteOutbox`] joins.
pub use rusqlite;
pub use store::SqliteStore;
pub use table::SqliteTable;
