//! Real servers and a real browser for tests: throwaway clusters of PostgreSQL, a database per
//! test, a proxy that breaks connections at the commit, a real PgBouncer, and Chromium.
//!
//! Tests share one cluster, which the binary of this package starts around them:
//!
//! ```text
//! cargo run -p indelible-testbed -- run -- cargo nextest run -p indelible-postgres
//! ```
//!
//! A test that kills the server, or needs TLS, starts a private one with [`Cluster::start`].
//!
//! A [`Browser`] needs no cluster. A page is played as a visitor would, and asked at the end for
//! what holds of every page:
//!
//! ```no_run
//! # async fn play(url: &str) {
//! use testbed::{Browser, Look};
//!
//! let page = Browser::start().open(Look::DESK).await;
//! page.goto(url).await;
//! page.fill("#key", "a key").await;
//! page.follow("form button").await;
//! assert_eq!(page.text("h1").await, "Events");
//! for look in [Look::DESK, Look::PHONE.dark(), Look::PHONE.without_javascript()] {
//!     page.appear(look).await;
//!     page.reload().await;
//!     assert!(page.transferred().await < 100_000, "{:#?}", page.traffic().await);
//!     assert_eq!(page.axe().await, []);
//! }
//! assert_eq!(page.complaints().await, []);
//! # }
//! ```
//!
//! Everything here is for tests, so what goes wrong panics with its reason, and nothing is ever
//! passed over because a program is missing. All functions but those of a page are synchronous and
//! block the thread that calls them, never its runtime: they may be called from plain tests and
//! from async ones. Linux only: processes are found through `/proc`.

mod browser;
mod certificates;
mod cluster;
mod database;
mod folder;
mod pooler;
mod port;
mod process;
mod programs;
mod proxy;
mod server;
mod session;

pub use browser::{Browser, Complaint, Cookie, Fault, Fetched, Look, Page, Traffic, Violation};
pub use certificates::Certificates;
pub use cluster::{Cluster, Profile};
pub use database::TestDatabase;
pub use pooler::Pooler;
pub use proxy::{Answer, Counts, Proxy};

/// Removes the clusters that killed processes have left behind, and ends what still runs of them.
///
/// # Errors
/// The folders cannot be read.
pub fn sweep() -> anyhow::Result<()> {
    folder::sweep_all()
}

/// Sends a signal, named without `SIG`, to a process. One that is gone already is no error.
pub fn signal(name: &str, pid: u32) {
    process::signal(name, &[pid]);
}

/// The most memory that a running process has had at once, in KiB.
pub fn memory_kib_max(pid: u32) -> u64 {
    process::memory_kib_max(pid)
}
