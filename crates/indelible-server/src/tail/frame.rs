//! The text of server-sent events.
//!
//! A block that has an `id` and no `data` is no event to a client, but the id counts: it says
//! where to go on from. So a client that is cut off before its first entry goes on without a gap,
//! and one whose filters match rarely need not be read the same entries again.

use std::ops::Range;

use axum::body::Bytes;

use crate::limits::STREAM_RETRY_MS;
use crate::problem::Problem;

/// The first block: where the stream begins, and how long to wait before coming back to it.
pub fn beginning(place: &str) -> Bytes {
    Bytes::from(format!("retry: {STREAM_RETRY_MS}\nid: {place}\n\n"))
}

/// Nothing but the place that was reached.
pub fn heartbeat(place: &str) -> Bytes {
    Bytes::from(format!(": nothing new\nid: {place}\n\n"))
}

/// What is passed over, since retention has removed it, and the place after it.
pub fn skipped(seqs: Range<u64>, place: &str) -> Bytes {
    let Range { start, end } = seqs;
    Bytes::from(format!(
        ": retention has removed the entries {start} to {}; an `audit_records_expired` says why\nid: {place}\n\n",
        end.saturating_sub(1)
    ))
}

/// The last block of a stream that a client should come back to.
pub fn farewell(why: &str, place: &str) -> Bytes {
    Bytes::from(format!(
        ": {why}\nretry: {STREAM_RETRY_MS}\nid: {place}\n\n"
    ))
}

/// The last block of a stream that could not go on: an event of the type `problem`.
pub fn problem(problem: &Problem, request_id: &str) -> Bytes {
    // The body is texts and a number, which JSON always holds.
    let body = serde_json::to_string(&problem.body(request_id)).unwrap_or_default();
    Bytes::from(format!("event: problem\ndata: {body}\n\n"))
}

/// Appends an entry; `place` lies after it. JSON has no line ends but those it is laid out with.
pub fn entry(text: &mut Vec<u8>, place: &str, json: &[u8]) {
    text.extend_from_slice(b"id: ");
    text.extend_from_slice(place.as_bytes());
    text.extend_from_slice(b"\ndata: ");
    text.extend_from_slice(json);
    text.extend_from_slice(b"\n\n");
}
