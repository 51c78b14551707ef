//! An audit trail that can prove itself: records who did what to which resource, keeps it so that
//! nobody can change it unnoticed, and proves it to anybody.
//!
//! An application depends on [`AuditProtocol`] (`record` and `query`) and gets it from
//! [`connect`] or [`get_audit`]; where the trail is kept is a URL.
//!
//! ```
//! use indelible::{AuditAction, AuditEvent, AuditProtocol, Query};
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let audit = indelible::connect("memory:").await?;
//! let event = AuditEvent::new(AuditAction::USER_LOGIN_FAILED, "session")
//!     .user_id("u-17")
//!     .ip_address("203.0.113.9")
//!     .context(json!({"reason": "invalid_password"}));
//! let receipt = audit.record(event).await?;
//! assert_eq!(receipt.seq, Some(0));
//!
//! let page = audit.query(Query::new().user_id("u-17")).await?;
//! assert_eq!(page.entries[0].action, "user_login_failed");
//! audit.close().await?;
//! # Ok(())
//! # }
//! ```
//!
//! A record is on disk when `record` returns. It is independent of the caller's own transaction:
//! it survives a rollback. [`Audit::close`] at the end of the program records the orderly stop; a
//! process that ends without it is recorded as having ended uncleanly. Where the state directory
//! is comes from the environment, see [`Settings::from_environment`]; [`Database::open`] with
//! settings of one's own reads none of it.

mod adapter;
mod any;
mod database;
#[cfg(feature = "spool")]
mod deliver;
#[cfg(feature = "spool")]
mod delivery;
mod environment;
mod error;
mod handler;
mod known;
pub mod outbox;
mod outside;
#[cfg(doctest)]
pub mod pages;
mod self_check;
#[cfg(feature = "client")]
mod server;
#[cfg(feature = "testing")]
pub mod testing;
mod url;

pub use adapter::MemoryAuditAdapter;
#[cfg(feature = "postgres")]
pub use adapter::PostgresAuditAdapter;
#[cfg(feature = "sqlite")]
pub use adapter::SqliteAuditAdapter;
pub use any::{AnyAudit, connect_protocol};
pub use database::{Database, Settings};
#[cfg(feature = "spool")]
pub use deliver::{DeliveringAudit, deliver, deliver_with};
#[cfg(feature = "spool")]
pub use delivery::DeliverySettings;
pub use environment::{database_url, database_url_is_shared, get_audit};
pub use error::ConnectError;
pub use handler::{
    AuditEventHandler, EventMappings, EventType, HandleError, HandlerCounts, Treatment,
};
pub use self_check::{SelfCheckError, self_check};
#[cfg(feature = "client")]
pub use server::{ApiKey, ClientSettings};
pub use url::DatabaseUrl;

#[cfg(feature = "axum")]
pub use indelible_axum as axum;
#[cfg(feature = "client")]
pub use indelible_client as client;
pub use indelible_core as core;
pub use indelible_core::engine::Audit;
pub use indelible_core::{
    Attempt, AuditAction, AuditError, AuditEvent, AuditProtocol, BeginAttempt, Delivery, Entry,
    EventError, Note, Outcome, Page, Query, QueryError, Receipt, Timestamp, TrailName, unresolved,
};
pub use indelible_merkle as merkle;
#[cfg(feature = "spool")]
pub use indelible_spool as spool;
#[cfg(feature = "spool")]
pub use indelible_spool::{Delivering, DeliveryMode};

/// Opens the database at `url` and answers its trail `default`, which implements
/// [`AuditProtocol`]: `Arc::new(audit)` is an `Arc<dyn AuditProtocol>`.
///
/// | url | store |
/// |---|---|
/// | `memory:` | in this process, ends with it |
/// | `sqlite:PATH` | one file, made where it is missing |
/// | `postgres://USER:PASSWORD@HOST:PORT/DATABASE` | a PostgreSQL database that any number of processes share; `indelible migrate up` makes its schema |
///
/// # Errors
/// [`ConnectError`] where the URL is none of these or the database cannot be opened.
pub async fn connect(url: &str) -> Result<Audit, ConnectError> {
    let database = Database::open(&url.parse()?, Settings::from_environment()?).await?;
    Ok(database.trail(TrailName::standard()))
}
