//! The embedded store on real files.

mod fixture;

mod appending;
mod conformance;
mod damage;
mod erasing;
mod finding;
mod guards;
mod index_beside;
mod index_damage;
mod opening;
mod outbox;
mod owner;
mod reindexing;
mod retention;
mod statements;
mod table;
