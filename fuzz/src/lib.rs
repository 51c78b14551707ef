//! What must hold of every input that a parser of Indelible's is given.
//!
//! Each [`Target`] takes any bytes and panics where a promise is broken: not only that nothing
//! panics, but that what is printed is what was read, that one text has one meaning, that an event
//! which is taken verifies. `fuzz/engine` feeds the targets with what a fuzzer makes up, the tests
//! of this package with `corpus/<target>/`: inputs written by hand, and one for each bug found.
//!
//! Nothing here reads a clock or randomness: an input does the same every time.

mod event;
mod exchange;
mod http;
mod json;
mod memory;
mod merkle;
mod outbox;
mod pack;
mod query;
mod redaction;
mod spool;

/// A parser and what must hold of it.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, that of its folder below `corpus`.
    pub name: &'static str,
    /// Tries one input.
    pub run: fn(&[u8]),
}

/// Every target.
pub const TARGETS: &[Target] = &[
    target("note", merkle::note),
    target("checkpoint", merkle::checkpoint),
    target("tlog_proof", merkle::tlog_proof),
    target("consistency", merkle::consistency),
    target("verifier_key", merkle::verifier_key),
    target("pack", pack::pack),
    target("json", json::json),
    target("event", event::event),
    target("cursor", query::cursor),
    target("parameters", query::parameters),
    target("mapping", exchange::mapping),
    target("records", exchange::records),
    target("array", exchange::array),
    target("http", http::http),
    target("spool", spool::spool),
    target("outbox", outbox::outbox),
    target("redaction", redaction::redaction),
];

const fn target(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, run }
}

/// The target of this name.
pub fn find(name: &str) -> Option<Target> {
    TARGETS.iter().copied().find(|target| target.name == name)
}
