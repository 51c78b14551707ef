//! The thread that makes the index: when it covers, merges and sweeps.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::Duration;

use indelible_core::store::StoreError;
use tokio::sync::mpsc;

use super::Fault;
use super::handle::{Job, LAG_ENTRIES_MAX, Shared, lock};
use super::upkeep::{MAKING, STEADY, Upkeep};

/// How long entries wait for more, so that runs are not too short.
const IDLE: Duration = Duration::from_millis(200);
/// Entries that are worth a run although more are coming: with fewer left a search tests these on
/// the log in a few milliseconds.
const WORTH_ENTRIES: u64 = 1_024;

pub(super) struct Thread {
    shared: Arc<Shared>,
    work: Upkeep,
    /// Entries that were left when they were waited for last.
    left_before: u64,
    /// Whether the index was abreast of the log since it was begun: nobody waits for one that is
    /// being made.
    is_abreast: bool,
    /// How often in a row the index was found damaged.
    damages: u32,
    broom: Broom,
}

/// When the file is written anew without what was removed: once nothing more is removed, and more
/// and more rarely while that does not succeed.
#[derive(Default)]
struct Broom {
    /// Words since the last one of something that was removed.
    quiet: u32,
    /// Attempts in a row that came to nothing, and for how many words nobody tries again.
    failures: u32,
    rest: u32,
    /// Times that the thread has waited while there was something to sweep.
    waits: u32,
}

/// Words without one of a removal after which that is over, for somebody who never has a rest.
const QUIET_MIN: u32 = 64;
/// Waits that take a minute at least.
const LONG_WAITS: u32 = 300;
/// Failures after which the pauses between attempts stay as they are.
const FAILURES_MAX: u32 = 9;

impl Broom {
    /// Takes note of a word; whether it is time to sweep.
    fn is_due(&mut self, is_removal: bool, is_idle: bool) -> bool {
        self.quiet = if is_removal {
            0
        } else {
            self.quiet.saturating_add(1)
        };
        self.rest = self.rest.saturating_sub(1);
        self.rest == 0 && (is_idle || self.quiet >= QUIET_MIN)
    }

    /// Whether so many times more were waited for that who has not moved since is gone.
    fn has_waited_long(&mut self, has_waited: bool) -> bool {
        self.waits += u32::from(has_waited);
        let is_long = self.waits == LONG_WAITS;
        self.waits %= LONG_WAITS;
        is_long
    }

    fn swept(&mut self, is_done: bool) {
        self.failures = if is_done {
            0
        } else {
            (self.failures + 1).min(FAILURES_MAX)
        };
        self.rest = (1 << self.failures) - 1;
    }
}

/// So often the index is made anew without being told to: one that cannot be taken away, or does
/// not keep what is written, is not tried for ever.
const DAMAGES_MAX: u32 = 3;

impl Thread {
    pub fn new(shared: Arc<Shared>, work: Upkeep) -> Self {
        Self {
            shared,
            work,
            left_before: 0,
            is_abreast: false,
            damages: 0,
            broom: Broom::default(),
        }
    }

    pub fn run(mut self, queue: &Receiver<Job>) {
        // What another process has left, or a database without an index, is found so.
        let (mut goes_on, mut is_left) = (false, true);
        let mut least = u64::MAX;
        loop {
            let next = match (goes_on, is_left) {
                (true, _) => queue.try_recv().map_err(|error| match error {
                    TryRecvError::Empty => RecvTimeoutError::Timeout,
                    TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
                }),
                (false, true) => queue.recv_timeout(IDLE),
                (false, false) => queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            let has_waited = !goes_on && matches!(next, Err(RecvTimeoutError::Timeout));
            let is_still = has_waited && self.is_still();
            let is_removal = matches!(next, Ok(Job::Trimmed));
            let is_time = self.broom.is_due(is_removal, is_still);
            if has_waited {
                least = if is_still { 1 } else { WORTH_ENTRIES };
            }
            match next {
                // Until the time is over nobody tells it again.
                Ok(Job::Look) => {
                    is_left = true;
                    if !goes_on {
                        continue;
                    }
                }
                // However they are spread over trails: the one that lacks most.
                Ok(Job::Urge) => {
                    self.shared.is_urged.store(false, Ordering::Release);
                    let worked = self.work.flush(1);
                    self.tell(&worked);
                }
                Ok(Job::Doubt) => {
                    self.work.doubt();
                    self.shared.is_doubted.store(false, Ordering::Release);
                    least = 1;
                }
                Ok(Job::Damaged(file)) => self.work.damaged(file),
                Ok(Job::Trimmed) => self.work.has_lost(),
                Ok(Job::Settle(reply)) => {
                    self.settle(&|| reply.is_closed());
                    let _ = reply.send(());
                }
                Ok(Job::Make {
                    is_new,
                    steps,
                    reply,
                }) => {
                    self.work.watch = Some(steps.clone());
                    let made = self.make(is_new, &steps);
                    self.work.watch = None;
                    let _ = reply.send(made);
                }
                Ok(Job::Purge(reply)) => {
                    self.leaves_off();
                    let purged = self.work.purge();
                    let _ = reply.send(purged);
                }
                Ok(Job::LetGo(reply)) => {
                    self.work.let_go();
                    let _ = reply.send(());
                }
                Ok(Job::Close(reply)) => {
                    self.work.close();
                    let _ = reply.send(());
                    return;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            // Before it looks: whatever comes after that is told again.
            self.shared.is_told.store(false, Ordering::Release);
            let worked = self.work.step(least);
            (goes_on, is_left) = self.tell(&worked);
            if !goes_on {
                least = u64::MAX;
            }
            if is_time && !goes_on && self.work.is_unswept() {
                self.leaves_off();
                // Whoever still reads it is not waited for.
                let swept = self.work.sweep(Duration::ZERO);
                self.broom.swept(swept.is_ok());
            }
            let is_unswept = self.work.is_unswept();
            is_left |= is_unswept;
            if self.broom.has_waited_long(has_waited && is_unswept) {
                self.shared.scans.end_idle();
            }
        }
    }

    /// Whether no entries came since they were waited for last.
    fn is_still(&mut self) -> bool {
        let left = self.shared.lag.load(Ordering::Relaxed);
        std::mem::replace(&mut self.left_before, left) == left
    }

    /// Covers all that is in the log now, and nothing that comes meanwhile, as long as somebody
    /// waits for it.
    fn settle(&mut self, is_given_up: &dyn Fn() -> bool) {
        let goal: BTreeMap<i64, u64> = self.work.ends();
        while !self.work.has_reached(&goal) && !is_given_up() {
            let worked = self.work.advance(STEADY);
            if !self.tell(&worked).0 {
                return;
            }
        }
    }

    /// Covers everything while somebody watches, step by step.
    fn make(
        &mut self,
        is_new: bool,
        steps: &mpsc::UnboundedSender<(u64, u64)>,
    ) -> Result<(), StoreError> {
        if is_new {
            self.work.empty()?;
        }
        let mut unreadable = None;
        loop {
            let worked = self.work.advance(MAKING);
            self.tell(&worked);
            self.leaves_off();
            let is_watched = steps.send(self.work.progress()).is_ok();
            match worked {
                Ok(true) if is_watched => {}
                Ok(_) if !is_watched || self.work.lag() == 0 => break,
                Ok(_) => return Err(Fault::Busy.into()),
                // One trail that cannot be read keeps no other from being covered.
                Err(Fault::Other(error @ StoreError::Corrupt { .. })) => {
                    unreadable.get_or_insert(error);
                }
                Err(fault) => return Err(fault.into()),
            }
        }
        self.work.merge_all()?;
        unreadable.map_or(Ok(()), Err)
    }

    /// For as long as it covers nothing that comes: nobody who writes is to wait for that.
    fn leaves_off(&self) {
        self.shared.works.store(false, Ordering::Relaxed);
        self.shared.moved.notify_all();
    }

    /// Tells how far it is; whether there is more to do at once, and whether something is left.
    fn tell(&mut self, worked: &Result<bool, Fault>) -> (bool, bool) {
        self.damages = match worked {
            Ok(_) => 0,
            Err(Fault::Damage(_)) => self.damages + 1,
            Err(_) => self.damages,
        };
        // It was taken away, and nobody may ever tell of entries that come.
        let is_gone = (1..=DAMAGES_MAX).contains(&self.damages);
        let lag = self.work.lag();
        self.shared.lag.store(lag, Ordering::Relaxed);
        let (goes_on, problem) = match worked {
            Ok(goes_on) => (*goes_on, None),
            Err(fault) => (false, fault.problem()),
        };
        // Farther behind than writers let it fall: it is being made anew, here or elsewhere.
        let keeps_up = self.is_abreast && lag <= 2 * LAG_ENTRIES_MAX;
        self.is_abreast = self.damages == 0 && (keeps_up || self.work.is_abreast());
        let works = problem.is_none() && self.is_abreast;
        self.shared.works.store(works, Ordering::Relaxed);
        let is_left = is_gone || lag > 0 && problem.is_none();
        *lock(&self.shared.problem) = problem;
        self.shared.moved.notify_all();
        (goes_on, is_left)
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        // Nobody waits for what does not come any more.
        self.shared.works.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod cases;
