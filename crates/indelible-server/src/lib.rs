//! The HTTP API of the Indelible audit trail: the engine behind URLs.
//!
//! | module | what it knows |
//! |---|---|
//! | `router` | every URL on one page |
//! | `trails`, `events`, `entry`, … | one resource each |
//! | `ingest` | event bodies: one object, an array, lines |
//! | `console` | all that as pages, for people |
//! | `reports`, `reviews` | what is said of a trail's controls, and what reviewers decide |
//! | `retention` | what goes by age, and what legal holds keep |
//! | `subjects`, `erasures` | what is known of a person, and that it goes |
//! | `openapi` | the description of all that, for programs and for people |
//! | `tail` | entries as they are recorded, as server-sent events |
//! | `problem` | errors as RFC 9457, and which status code each is |
//! | `keys`, `access` | API keys, roles, and who may do what |
//! | `tally` | what happens again and again, recorded in bounded room |
//! | `gate` | what every request goes through: id, headers, panics |
//! | `checkup` | the condition of a database, judged |
//! | `counters`, `metrics` | what the server counts, for Prometheus |
//! | `verification` | verifying a trail, one at a time, and what that came to |
//! | `watch` | verification on a schedule, and the reading back of commits |
//! | `tls` | certificates, which may be read again while the server runs |
//! | `patience` | clients that ask and do not read |
//! | `errand` | clients that ask and hang up |
//! | `listen` | connections: time limits, orderly shutdown |
//!
//! Only this crate knows status codes. It decides nothing of what a trail holds or proves, opens
//! no database and reads no environment: it is handed an open engine.

pub mod limits;

pub mod checkup;

mod problem;

pub mod keys;
mod pace;
mod pause;
mod seats;
mod tally;

mod access;
mod counters;

mod app;
mod recorder;
mod reply;
mod reports;
mod request;
mod retention;
mod reviews;

mod credentials;
mod entry;
mod erasures;
mod events;
mod export;
mod fields;
mod health;
mod ingest;
mod metrics;
mod proofs;
mod subjects;
mod summary;
mod tail;
mod trails;
mod verification;
mod verify;

mod console;
mod gate;
mod openapi;
mod router;

mod errand;
mod patience;
mod tls;

mod listen;
mod watch;

#[cfg(test)]
mod site;

pub use access::Access;
pub use app::App;
pub use indelible_axum::TrustedProxies;
pub use listen::{Door, ServeError, Times, serve};
pub use openapi::document;
pub use router::{operator_router, pages, router, urls};
pub use tls::{Tls, TlsError};
pub use watch::{check_commits, verify_all, watch};
