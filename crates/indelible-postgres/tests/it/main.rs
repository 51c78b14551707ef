//! The shared store on real servers.

mod conformance;
mod fixture;

mod finding;
mod guards;
mod migrating;
mod opening;
mod partitions;
mod registry;
mod roles;
mod view;
