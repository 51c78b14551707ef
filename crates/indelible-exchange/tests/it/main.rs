//! The importers and exporters from outside.

mod cloudtrail;
mod door;
mod fixture;
mod hostile;
mod mapping;
mod ndjson;
mod shared;
mod sorted;
mod sources;
