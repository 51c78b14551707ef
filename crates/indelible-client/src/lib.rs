//! Recording into a trail that an Indelible server keeps, and asking it, over HTTP.
//!
//! [`HttpAudit`] implements [`AuditProtocol`](indelible_core::AuditProtocol), so that an
//! application moves from a database of its own to a server by another address. An event gets its
//! id and time, and loses its secrets, in the caller's process and before the first attempt; the
//! attempts that follow send the same bytes under the same id, so that it is recorded once,
//! however often it arrives.
//!
//! What the server says of its trail is not believed but checked: the client knows one origin and
//! one key, given or taken over at the first use, and remembers the last checkpoint. A server that
//! tells another history, or an older one, is refused ([`ClientError`]).
//!
//! ```no_run
//! use indelible_client::{HttpAudit, TrustedServer};
//! use indelible_core::{AuditAction, AuditEvent, AuditProtocol};
//!
//! # async fn example(key: String) -> Result<(), Box<dyn std::error::Error>> {
//! let audit = HttpAudit::builder("https://audit.example.com")
//!     .key(key)
//!     .trail("shop".parse()?)
//!     .trust(TrustedServer::first_use().kept_in("/var/lib/shop/audit-server"))
//!     .build()?;
//! let event = AuditEvent::new(AuditAction::USER_LOGIN_FAILED, "session").user_id("u-17");
//! let receipt = audit.record(event).await?;
//! println!("recorded as #{}", receipt.seq.unwrap_or_default());
//! # Ok(())
//! # }
//! ```
//!
//! # What it is not
//!
//! It keeps nothing on the local disk: an event that no attempt could deliver is an error to its
//! caller, who may put a spool around the client. It follows no redirect and no proxy setting, and
//! reads no environment. It is no auditor: it checks that the trail only grows, not what the
//! entries say; `indelible verify` does.

mod key;

mod error;

mod address;

mod problem;

mod pause;

mod tls;

mod connection;

mod exchange;

mod attempts;

mod trust;

mod kept;

mod check;

mod audit;

mod batch;
mod builder;

pub use address::AddressError;
pub use audit::HttpAudit;
pub use builder::{BuildError, HttpAuditBuilder};
pub use error::ClientError;
pub use kept::KeptError;
pub use pause::{Pause, SystemPause};
pub use tls::TlsError;
pub use trust::{TrustedServer, Verify};
