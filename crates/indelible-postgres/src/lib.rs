//! The shared store of Indelible: trails in one PostgreSQL database, for any number of processes.
//!
//! It is the adapter behind `indelible_core`'s `Store` and `Registry` for PostgreSQL and nothing
//! else: it makes rows durable, atomically and in order, and finds them again. It does not hash,
//! sign, read a clock or decide policy.
//!
//! Five choices carry the rest; the README beside this crate shows the schema and the life of an
//! entry:
//!
//! - A commit is one transaction of few statements, each for a whole batch. The head's row is
//!   taken first, by compare-and-swap: whoever comes second waits there and finds out.
//! - Every statement is sent unnamed and every setting is local to its transaction, so that a
//!   pooler may hand each transaction to another connection.
//! - Entries lie in one partition per month of `created_at`; a small table tells which seqs lie in
//!   which, so that reading opens one.
//! - Triggers refuse, loudly, to change or delete what is evidence, on the tables and on each of
//!   their partitions, and the role that writes has no privilege to try.
//! - The schema changes on request only: [`PostgresStore::migrate`].

mod access;
mod address;
mod connection;
mod error;
mod migration;
mod open;
pub mod outbox;
pub mod sql;

mod append;
mod condition;
mod find;
mod partition;
mod placement;
mod projection;
mod read;
mod registry;
mod removal;
mod retention;
mod row;
mod store;
mod table;

pub use address::{Address, AddressError, SslMode};
pub use error::{GUARD, PostgresError};
pub use migration::{Migrated, MigrationStatus};
pub use open::Options;
pub use outbox::{PostgresOutbox, PostgresOutboxTable};
pub use store::PostgresStore;
pub use table::PostgresTable;
/// The driver whose transactions [`PostgresOutbox`] joins.
pub use tokio_postgres;
