//! What waits in the spool: which segments there are and how far they are dealt with.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use indelible_core::Timestamp;

use crate::segment::Segment;

/// The segments in their order. Writer and drainer share it; neither holds it while it waits for
/// the disk.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    segments: Mutex<VecDeque<Segment>>,
}

/// How much waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Depth {
    pub events: u64,
    pub bytes: u64,
    pub since: Option<Timestamp>,
}

impl Ledger {
    pub fn new(segments: Vec<Segment>) -> Self {
        Self {
            segments: Mutex::new(segments.into()),
        }
    }

    fn segments(&self) -> MutexGuard<'_, VecDeque<Segment>> {
        // Every change is complete before anything in it can panic.
        self.segments.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bytes of all segments on disk.
    pub fn bytes(&self) -> u64 {
        self.segments().iter().map(|segment| segment.bytes).sum()
    }

    pub fn depth(&self) -> Depth {
        let segments = self.segments();
        Depth {
            events: segments.iter().map(|segment| segment.events).sum(),
            bytes: segments.iter().map(|segment| segment.bytes).sum(),
            since: segments.iter().find_map(|segment| segment.since),
        }
    }

    /// The first segment in which something waits.
    pub fn front(&self) -> Option<Segment> {
        let segments = self.segments();
        segments.iter().find(|segment| !segment.is_done()).cloned()
    }

    pub fn begun(&self, segment: Segment) {
        self.segments().push_back(segment);
    }

    /// The segment is `bytes` long now, by `events` more.
    pub fn grew(&self, number: u64, bytes: u64, events: u64, since: Option<Timestamp>) {
        let mut segments = self.segments();
        if let Some(segment) = segments.iter_mut().find(|s| s.number == number) {
            segment.bytes = bytes;
            segment.events += events;
            segment.since = segment.since.or(since);
        }
    }

    /// The segment is dealt with up to byte `done`, by `events` more; since when the next one
    /// waits is `since`, where that is known.
    pub fn advanced(&self, number: u64, done: u64, events: u64, since: Option<Timestamp>) {
        let mut segments = self.segments();
        if let Some(segment) = segments.iter_mut().find(|s| s.number == number) {
            segment.done_bytes = done;
            segment.events = segment.events.saturating_sub(events);
            segment.since = if segment.is_done() {
                None
            } else {
                since.or(segment.since)
            };
        }
    }

    /// Takes out the segments that are dealt with.
    pub fn take_done(&self) -> Vec<Segment> {
        let mut segments = self.segments();
        let mut done = Vec::new();
        while segments.front().is_some_and(Segment::is_done) {
            done.extend(segments.pop_front());
        }
        done
    }
}
