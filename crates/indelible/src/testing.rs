//! For the tests of applications: assertions on a trail that print what was recorded, a trail that
//! fails on demand, and stores that no other test sees.
//!
//! ```
//! use std::sync::Arc;
//! use indelible::testing::{AuditAssertions, FailingAudit, Fault};
//! use indelible::{AuditAction, AuditEvent, AuditProtocol, MemoryAuditAdapter, Query};
//!
//! /// What is tested: an account goes, whatever becomes of the record.
//! async fn delete_account(audit: &dyn AuditProtocol, account: &str) -> bool {
//!     let event = AuditEvent::new(AuditAction::DATA_DELETED, "account").resource_id(account);
//!     audit.record(event).await.is_ok()
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let audit = MemoryAuditAdapter::new().await?;
//! assert!(delete_account(&audit, "acc-1").await);
//! let deleted = Query::new().action(AuditAction::DATA_DELETED).resource_id("acc-1");
//! let entry = audit.assert_one(deleted.clone()).await;
//! assert_eq!(entry.resource_type, "account");
//!
//! let failing = FailingAudit::new(Arc::new(audit.clone()));
//! failing.fail_next(1, Fault::Unavailable);
//! assert!(!delete_account(&failing, "acc-1").await);
//! audit.assert_count(deleted, 1).await;
//! # Ok(())
//! # }
//! ```
//!
//! Behind the feature `testing`, which belongs to the dev-dependencies.

mod assertions;
mod failing;
mod isolated;

pub use assertions::AuditAssertions;
pub use failing::{FailingAudit, Fault};
#[cfg(feature = "sqlite")]
pub use isolated::IsolatedSqlite;
pub use isolated::isolated_trail;
