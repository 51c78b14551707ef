//! Who is calling, and from where: the Indelible audit trail for applications on axum and tower.
//!
//! | Piece | What it does |
//! |---|---|
//! | [`RequestContextLayer`] | works out client address, user agent and request id of each request |
//! | [`TrustedProxies`] | says whose word on the client's address is believed |
//! | [`RequestContext`], [`ClientAddress`], [`Actor`] | what handlers extract |
//! | [`RequestAudit`] | is the trail for the request at hand, whose events carry all of that |
//! | [`AuditLayer`] | records chosen routes with their outcome |
//! | [`Ended`], [`Recorded`] | say of an answer how it ended, and that it is on record |
//! | [`DenialLayer`] | records answers of 401 and 403 as `access_denied` |
//!
//! ```
//! use std::sync::Arc;
//!
//! use axum::Router;
//! use axum::routing::post;
//! use indelible_axum::{DenialLayer, RequestAudit, RequestContextLayer, TrustedProxies};
//! use indelible_core::{AuditAction, AuditEvent, AuditProtocol};
//!
//! type Audit = Arc<dyn AuditProtocol>;
//!
//! async fn log_out(audit: RequestAudit) -> &'static str {
//!     match audit.record(AuditEvent::new(AuditAction::USER_LOGOUT, "session")).await {
//!         Ok(_receipt) => "good-bye",
//!         Err(_) => "good-bye, unrecorded",
//!     }
//! }
//!
//! /// The outermost layer comes last.
//! fn application(audit: Audit) -> Result<Router, indelible_axum::NetworkError> {
//!     let proxies = TrustedProxies::new(["10.0.0.0/8", "::1"])?;
//!     Ok(Router::new()
//!         .route("/logout", post(log_out))
//!         .layer(DenialLayer::new(audit.clone()))
//!         .layer(RequestContextLayer::new(proxies))
//!         .with_state(audit))
//! }
//! # fn audit() -> Audit {
//! #     struct Nowhere;
//! #     #[async_trait::async_trait]
//! #     impl AuditProtocol for Nowhere {
//! #         async fn record(
//! #             &self,
//! #             _: AuditEvent,
//! #         ) -> Result<indelible_core::Receipt, indelible_core::AuditError> {
//! #             Err(indelible_core::AuditError::Closed)
//! #         }
//! #         async fn query(
//! #             &self,
//! #             _: indelible_core::Query,
//! #         ) -> Result<indelible_core::Page, indelible_core::AuditError> {
//! #             Err(indelible_core::AuditError::Closed)
//! #         }
//! #     }
//! #     Arc::new(Nowhere)
//! # }
//! # application(audit()).expect("two networks");
//! ```
//!
//! Serve with [`into_make_service_with_connect_info`], which tells the layer who is at the other
//! end of the connection; without it no header is believed and there is no client address.
//!
//! This crate authenticates nobody and opens no database. It never fails a request.
//!
//! [`into_make_service_with_connect_info`]: axum::Router::into_make_service_with_connect_info

mod actor;
mod asked;
mod audit;
mod client;
mod context;
mod denial;
mod ended;
mod forwarded;
mod layer;
mod network;
mod node;
mod recorded;
mod recorder;
mod request_id;
mod route;

pub use actor::{Actor, ActorMissing};
pub use audit::RequestAudit;
pub use client::{ClientAddress, ProxyHeader, TrustedProxies};
pub use context::{ClientAddressMissing, RequestContext, RequestContextMissing};
pub use denial::{DenialLayer, DenialService};
pub use ended::Ended;
pub use layer::{RequestContextLayer, RequestContextService};
pub use network::{Network, NetworkError};
pub use recorded::Recorded;
pub use recorder::RecordCounts;
pub use request_id::RequestId;
pub use route::{AuditLayer, AuditService};

/// The guide's page, so that its code is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/axum.md")]
struct Guide;
