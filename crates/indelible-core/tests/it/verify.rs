//! Verification: clean trails are found clean, and every alteration is found and named.

mod bits;
pub mod building;
mod clean;
mod derived;
mod erasing;
mod growing;
mod order;
mod outside;
mod rows;
mod tampered;

use std::collections::BTreeSet;

use indelible_core::TrailName;
use indelible_core::verify::{FindingKind, Request, TrailReport, verify};

use building::{key, signed};
use rows::Rows;

/// Verifies with the trusted key and a mark of the untouched trail.
fn report(rows: &Rows, mark: &Rows) -> TrailReport {
    run(rows, &request(mark))
}

fn request(mark: &Rows) -> Request {
    Request {
        trusted: vec![key(1).verifier_key()],
        mark: Some(signed(mark.head(), &key(1))),
        digest_key: *b"0123456789abcdef",
        ..Request::default()
    }
}

fn run(rows: &Rows, request: &Request) -> TrailReport {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let trail: TrailName = rows::TRAIL.parse().expect("a name");
    runtime
        .block_on(spawnable(verify(rows, &trail, request, &mut |_| ())))
        .expect("rows are readable")
}

/// A server runs verification on any of its threads.
fn spawnable<T: Send>(future: T) -> T {
    future
}

fn kinds(report: &TrailReport) -> BTreeSet<FindingKind> {
    report.findings.iter().map(|finding| finding.kind).collect()
}

fn has(report: &TrailReport, kind: FindingKind, seq: impl Into<Option<u64>>) -> bool {
    let seq = seq.into();
    report
        .findings
        .iter()
        .any(|finding| finding.kind == kind && finding.seq == seq)
}
