//! Events, the engine, verification and the seams of the Indelible audit trail.
//!
//! An [`AuditEvent`] goes through the [`door`], where its bytes become final, and through an
//! [`engine`], which gives it its place in a trail and has a [`Store`] make it durable. What is
//! recorded can be asked for with a [`Query`], proved to others, and [`verify`]ed.
//!
//! This crate knows no database, no network and no terminal, and reads no environment: clock and
//! randomness come in as [`Clock`] and [`Entropy`]. Applications depend on the crate `indelible`.

pub mod action;
mod attempt;
mod backoff;
pub mod catalogue;
mod clock;
pub mod door;
pub mod engine;
pub mod entry;
mod error;
mod event;
pub mod filter;
mod head_key;
mod hex;
pub mod json;
mod memory;
mod note;
pub mod outbox;
mod outcome;
pub mod pack;
pub mod part;
mod protocol;
mod query;
pub mod redact;
mod registry;
mod rotation;
pub mod scan;
pub mod sealing;
mod setters;
pub mod state;
pub mod store;
mod time;
mod trail;
pub mod verify;

pub use action::AuditAction;
pub use attempt::{Attempt, BeginAttempt, unresolved};
pub use backoff::Backoff;
pub use clock::{Clock, Entropy, SystemClock, SystemEntropy, uuid_of_name, uuid_v7};
pub use entry::Entry;
pub use error::{AuditError, OrderProblem, Refusal};
pub use event::{AuditEvent, EventError, KEPT_NESTING_MAX};
pub use head_key::{HEAD_MAC_BYTES, HeadKey};
pub use memory::{MemoryStore, Snapshot as MemorySnapshot};
pub use note::Note;
pub use outcome::Outcome;
pub use protocol::{AuditProtocol, Delivery, Page, Receipt, RecordInOrder};
pub use query::{CursorError, Following, LIMIT_MAX, Query, QueryError, span};
pub use registry::{Registry, Versioned};
pub use rotation::{KeyRotation, KeyRotationError};
pub use store::{Store, StoreError};
pub use time::{Timestamp, TimestampError};
pub use trail::{TrailLine, TrailName, TrailNameError};
