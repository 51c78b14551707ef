//! The server's answers, through its router and through real connections. Each body runs on both
//! stores.

mod desk;
mod dice;
mod gated;

mod connections;
mod console_entries;
mod console_health;
mod console_integrity;
mod console_keys;
mod console_links;
mod console_login;
mod console_markup;
mod console_pages;
mod console_permissions;
mod console_refusals;
mod console_sessions;
mod console_trails;
mod cutting;
mod description;
mod hanging_up;
mod hostile;
mod ingest;
mod key_rows;
mod keys;
mod metrics;
mod pages;
mod permissions;
mod proofs;
mod refusing;
mod self_audit;
mod slowness;
mod surface;
mod tail;
mod tail_crowd;
mod watching;
