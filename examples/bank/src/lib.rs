//! A small bank that shows the eleven situations in which applications record.
//!
//! Customers, accounts and sessions live in memory: they are not what is shown. The trail is
//! wherever its URL says, and the bank knows nothing of it but [`indelible::AuditProtocol`].
//!
//! | # | Situation | Module |
//! |---|---|---|
//! | 1 | login, success and failure | [`login`] |
//! | 2 | a view of personal data | [`customers`] |
//! | 3 | a connection to a provider, success and failure | [`providers`] |
//! | 4 | an administrator suspends a user | [`administration`] |
//! | 5 | an automated backup, no user | [`jobs`] |
//! | 6 | "my activity" of the last 30 days | [`activity`] |
//! | 7 | failed logins of the last 24 hours | [`administration`] |
//! | 8 | the events of providers, page by page | [`providers`] |
//! | 9 | a domain event, recorded by a handler | [`passwords`], [`events`] |
//! | 10 | a deletion, on record before it happens | [`deletion`] |
//! | 11 | a test of the application | `tests/it/deletion.rs` |

pub mod accounts;
pub mod activity;
pub mod administration;
pub mod answer;
pub mod bank;
pub mod caller;
pub mod customers;
pub mod deadline;
pub mod deletion;
pub mod digest;
pub mod events;
pub mod jobs;
pub mod login;
#[cfg(doctest)]
pub mod pages;
pub mod passwords;
pub mod people;
pub mod providers;
pub mod sessions;
pub mod settings;

use axum::Router;
use axum::routing::{delete, get, post, put};
use indelible::axum::{DenialLayer, RequestContextLayer, TrustedProxies};

pub use bank::Bank;

/// The bank's routes. Every refusal is on record; every request knows its address, its user agent
/// and its id.
pub fn application(bank: Bank, proxies: TrustedProxies) -> Router {
    Router::new()
        .route("/login", post(login::log_in))
        .route("/customers/{user}", get(customers::show))
        .route("/providers/{provider}/connection", post(providers::connect))
        .route("/providers/events", get(providers::events))
        .route(
            "/admin/users/{user}/suspension",
            post(administration::suspend),
        )
        .route("/admin/failed-logins", get(administration::failed_logins))
        .route("/jobs/backup", post(jobs::back_up))
        .route("/me/activity", get(activity::mine))
        .route("/me/password", put(passwords::change))
        .route("/accounts/{account}", delete(deletion::delete))
        .fallback(answer::not_found)
        .method_not_allowed_fallback(answer::method_not_allowed)
        .layer(DenialLayer::new(bank.audit()).parameters(["account", "provider", "user"]))
        // The outermost comes last.
        .layer(RequestContextLayer::new(proxies))
        .with_state(bank)
}
