//! The events of one commit, by what is known of their ids.

use std::collections::HashMap;

use uuid::Uuid;

use crate::engine::chain::Link;
use crate::engine::queue::Job;
use crate::error::AuditError;
use crate::protocol::Receipt;

/// The jobs of one batch, by what is known of their ids.
pub(super) struct Batch {
    /// To be appended.
    pub fresh: Vec<Job>,
    /// Events whose id stands in the trail already.
    pub known: Vec<(Job, u64)>,
    /// Events with the id of an earlier one of this batch.
    pub again: Vec<Job>,
}

impl Batch {
    pub fn sort(jobs: Vec<Job>) -> Self {
        let mut seen = HashMap::with_capacity(jobs.len());
        let (mut fresh, mut again) = (Vec::with_capacity(jobs.len()), Vec::new());
        for job in jobs {
            if seen.insert(job.event.new.entry.id, ()).is_none() {
                fresh.push(job);
            } else {
                again.push(job);
            }
        }
        Self {
            fresh,
            known: Vec::new(),
            again,
        }
    }

    /// Moves the jobs of these ids from the fresh to the known.
    pub fn set_aside(&mut self, known: &[(Uuid, u64)]) {
        if known.is_empty() {
            return;
        }
        let seqs: HashMap<Uuid, u64> = known.iter().copied().collect();
        for job in std::mem::take(&mut self.fresh) {
            match seqs.get(&job.event.new.entry.id) {
                Some(&seq) => self.known.push((job, seq)),
                None => self.fresh.push(job),
            }
        }
    }
}

/// Answers the jobs that stand behind a failed one, and leaves the others.
pub(super) fn held_back(jobs: Vec<Job>) -> Vec<Job> {
    let mut left = Vec::with_capacity(jobs.len());
    for job in jobs {
        match job.link.as_ref().and_then(Link::failure).cloned() {
            Some(error) => answer(job, Err(error)),
            None => left.push(job),
        }
    }
    left
}

pub(super) fn answer_all(jobs: impl IntoIterator<Item = Job>, error: &AuditError) {
    for job in jobs {
        answer(job, Err(error.clone()));
    }
}

pub(super) fn answer(job: Job, result: Result<Receipt, AuditError>) {
    if let Some(link) = job.link {
        link.answered(result.as_ref().err());
    }
    // A caller that is gone wants no answer; its event is recorded all the same.
    let _ = job.answer.send(result);
}
