//! The shared store on real servers.

mod conformance;
mod fixture;

mod altered;
mod appending;
mod engine;
mod erasing;
mod faults;
mod finding;
mod foreign;
mod guards;
mod migrating;
mod misplaced;
mod opening;
mod outbox;
mod partitions;
mod pooler;
mod registry;
mod retention;
mod roles;
mod table;
mod tls;
mod view;
