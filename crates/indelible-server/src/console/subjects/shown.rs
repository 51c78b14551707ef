//! What is known of persons, and erasures, as a page shows them.

use indelible_core::{Timestamp, TrailName};
use indelible_evidence::subject::{Known as KnownSubject, Request};

use crate::console::href;
use crate::console::integrity::took;
use crate::console::moment::Moment;
use crate::erasures::{Came, Ended, Running as RunningErasure};

/// What is known about a person.
pub struct Known {
    pub id: String,
    pub as_of: u64,
    pub all: u64,
    /// Whether there are older ones.
    pub is_cut: bool,
    pub lines: Vec<Line>,
}

/// One entry as the person may see it.
pub struct Line {
    pub seq: u64,
    pub url: String,
    pub at: Moment,
    pub action: String,
    pub named_in: String,
    pub by: Option<String>,
    pub purpose: Option<String>,
    pub recipient: Option<String>,
}

impl Known {
    /// What is listed of it, the newest first.
    pub fn of(known: KnownSubject, trail: &TrailName, now: Timestamp) -> Self {
        let lines = known.entries.into_iter().rev();
        let lines = lines.map(|line| Line {
            seq: line.seq,
            url: href::entry(trail, line.seq),
            at: Moment::of(line.occurred_at, now),
            action: line.action,
            named_in: parts(&line.named_in),
            by: line.by,
            purpose: line.purpose,
            recipient: line.recipient,
        });
        Self {
            id: known.id,
            as_of: known.as_of,
            all: known.total,
            is_cut: known.truncated,
            lines: lines.collect(),
        }
    }
}

fn parts(parts: &[indelible_core::part::PartKind]) -> String {
    let names: Vec<_> = parts.iter().map(|part| part.as_str()).collect();
    names.join(", ")
}

/// An erasure that runs.
pub struct Running {
    pub by: String,
    pub said: String,
    pub done: u64,
    /// At least 1: nothing is no measure.
    pub all: u64,
}

impl Running {
    pub fn of(running: RunningErasure) -> Self {
        let (step, done, all) = (running.step, running.done, running.all);
        let said = match all {
            0 => step.to_owned(),
            all => format!("{step}, {done} of {all}"),
        };
        Self {
            by: running.key_name,
            said,
            done,
            all: all.max(1),
        }
    }
}

/// How an erasure ended.
pub struct Last {
    pub by: String,
    pub at: Moment,
    pub took: String,
    pub came: Came,
    /// The entries that say so, with their pages.
    pub recorded: Vec<(u64, String)>,
}

impl Last {
    pub fn of(ended: Ended, trail: &TrailName, now: Timestamp) -> Self {
        let recorded = match &ended.came {
            Came::Done(done) => &done.recorded[..],
            Came::Failed(_) => &[],
        };
        let link = |seq: &u64| (*seq, href::entry(trail, *seq));
        Self {
            recorded: recorded.iter().map(link).collect(),
            by: ended.key_name,
            at: Moment::of(ended.begun_at, now),
            took: took(ended.took_ms.saturating_mul(1000)),
            came: ended.came,
        }
    }
}

/// An erasure that waits for somebody else.
pub struct Waiting {
    pub id: String,
    pub by: String,
    /// Whether the key of this session has asked for it.
    pub is_own: bool,
    pub at: Moment,
    pub until: Moment,
    pub reason: String,
    pub legal_basis: Option<String>,
    pub request_id: Option<String>,
    /// What stands for the persons in the trail.
    pub refs: Vec<String>,
    /// They themselves, where somebody asked for that, which is on record.
    pub persons: Vec<String>,
    pub all: usize,
    pub parts: String,
}

/// Persons of one order that a page names, and digests that it shows.
const PERSONS_MAX: usize = 50;
const REFS_MAX: usize = 3;

impl Waiting {
    pub fn of(request: Request, own: &str, now: Timestamp) -> Self {
        let is_own = request.by.as_deref() == Some(own);
        let all = request.ids.len() + request.also.len();
        Self {
            id: request.id.to_string(),
            by: request.key_name.or(request.by).unwrap_or_default(),
            is_own,
            at: Moment::of(request.requested_at, now),
            until: Moment::of(request.expires_at, now),
            reason: request.reason,
            legal_basis: request.legal_basis,
            request_id: request.request_id,
            refs: request.subject_refs.into_iter().take(REFS_MAX).collect(),
            persons: Vec::new(),
            all,
            parts: parts(&request.parts),
        }
    }

    /// Names the persons of this order, who are the same as when it was listed.
    pub fn name(&mut self, request: Request) {
        let persons = request.ids.into_iter().chain(request.also);
        self.persons = persons.take(PERSONS_MAX).collect();
    }
}
