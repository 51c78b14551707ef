//! The importers and exporters from outside.

mod actions;
mod actors;
mod cloudtrail;
mod door;
mod explaining;
mod exports;
mod fixture;
mod formats;
mod hostile;
mod hostile_lines;
mod mapping;
mod ndjson;
mod resuming;
mod shared;
mod shared_formats;
mod sorted;
mod sources;
