//! Delivery of audit events as the caller chooses, with a durable queue on the local disk for
//! when the trail is away.
//!
//! [`Delivering`] wraps any [`AuditProtocol`](indelible_core::AuditProtocol), a database's or a
//! server's, and is one itself. What becomes of an event that the trail cannot take is said by
//! its [`DeliveryMode`], for the handle or for one call:
//!
//! ```
//! use std::sync::Arc;
//!
//! use indelible_core::{AuditAction, AuditError, AuditEvent, AuditProtocol, Delivery, TrailName};
//! use indelible_spool::{Delivering, DeliveryMode, Options};
//!
//! async fn log_in(trail: Arc<dyn AuditProtocol>) -> Result<(), Box<dyn std::error::Error>> {
//!     let mut options = Options::default();
//!     options.mode = DeliveryMode::Spooled;
//!     options.folder = Some("/var/lib/bank/spool/default".into());
//!     let audit = Delivering::open(trail, TrailName::standard(), options)?;
//!
//!     let event = AuditEvent::new(AuditAction::USER_LOGIN_SUCCESS, "session").user_id("u-17");
//!     let receipt = audit.record(event).await?;
//!     if receipt.delivery == Delivery::Spooled {
//!         // On the local disk; the trail gets it under the same id when it is back.
//!     }
//!
//!     let view = AuditEvent::new(AuditAction::DATA_VIEWED, "statement");
//!     audit.record_with(view, DeliveryMode::BestEffort).await?;
//!     Ok(())
//! }
//! # let _ = log_in;
//! ```
//!
//! The queue is made of append-only files and no database, so that it links beside anything. Only
//! redacted events are written to it, each with a checksum, and synced before a caller is told
//! `spooled`. The form of the files is in `docs/formats/spool.md`.

mod delivering;
mod drain;
mod error;
mod exposition;
mod folder;
mod inspection;
mod ledger;
mod line;
mod losses;
mod mode;
mod options;
mod segment;
mod spool;
mod vitals;
mod writer;

pub use delivering::Delivering;
pub use error::SpoolError;
pub use exposition::exposition;
pub use inspection::{Inspection, inspect};
pub use mode::{DeliveryMode, NameError, WhenFull};
pub use options::Options;
pub use vitals::Vitals;
