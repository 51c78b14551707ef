//! What a test has ordered of its proxy, and what has come of it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, mpsc};

use tokio::sync::{oneshot, watch};

/// What has happened at a proxy since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections taken from clients.
    pub connections: u64,
    /// `COMMIT` messages that clients sent.
    pub commits: u64,
    /// Commits that were cut, before or after.
    pub cut: u64,
    /// Commits that were held back, released ones included.
    pub held: u64,
    /// Held commits that were released and answered.
    pub released: u64,
}

/// What the server answered to a `COMMIT` that had been held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The transaction is durable.
    Committed,
    /// The transaction had failed before, and was rolled back.
    RolledBack,
    /// The server refused it: the code of its error.
    Refused(String),
    /// The server's connection had ended: it had given up the transaction.
    Lost,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Plan {
    CutBefore,
    CutAfter,
    Hold,
}

/// Released with the place to tell the answer.
pub(super) type Release = oneshot::Sender<mpsc::Sender<Answer>>;

#[derive(Debug, Default)]
pub(super) struct Orders {
    plan: Mutex<Option<Plan>>,
    held: Mutex<VecDeque<Release>>,
    pub(super) counts: watch::Sender<Counts>,
    pub(super) hole: watch::Sender<bool>,
    pub(super) cuts: watch::Sender<u64>,
}

impl Orders {
    pub(super) fn plan(&self, plan: Plan) {
        *lock(&self.plan) = Some(plan);
    }

    /// The plan for the commit that has just come: it is carried out once.
    pub(super) fn take_plan(&self) -> Option<Plan> {
        self.count(|counts| counts.commits += 1);
        lock(&self.plan).take()
    }

    pub(super) fn count(&self, change: impl FnOnce(&mut Counts)) {
        self.counts.send_modify(change);
    }

    pub(super) fn hold(&self) -> oneshot::Receiver<mpsc::Sender<Answer>> {
        let (release, released) = oneshot::channel();
        lock(&self.held).push_back(release);
        self.count(|counts| counts.held += 1);
        released
    }

    pub(super) fn release(&self) -> Answer {
        let release = lock(&self.held).pop_front();
        let release = release.expect("a COMMIT is held: wait for `Counts::held`");
        let (tell, told) = mpsc::channel();
        release.send(tell).ok();
        // Nobody tells when the link has ended.
        told.recv().unwrap_or(Answer::Lost)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}
