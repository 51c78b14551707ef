//! The sequencer of one trail: group commit without timers.
//!
//! While one commit is on its way to the disk, events queue; the next commit takes them all. A
//! lone event pays one flush, a crowd shares one.

mod batch;

use std::sync::{Arc, Weak};

use tokio::sync::mpsc::Receiver;
use uuid::Uuid;

use super::queue::Job;
use super::{Shared, copy, instance, load};
use crate::door::{Admitted, Sameness};
use crate::entry::StoredEntry;
use crate::error::AuditError;
use crate::protocol::{Delivery, Receipt};
use crate::sealing::{Base, seal};
use crate::store::{Commit, Head, NewEntry, StoreError, Verdict};
use crate::trail::TrailName;
use batch::{Batch, answer, answer_all, held_back};

/// Runs until the queue is closed and empty.
pub(super) async fn run(shared: Weak<Shared>, trail: TrailName, mut jobs: Receiver<Job>) {
    let Some(most) = shared.upgrade().map(|s| s.options.commit_events_max.max(1)) else {
        return;
    };
    let mut sequencer = Sequencer {
        trail,
        base: None,
        last: None,
        due: None,
    };
    let mut waiting: Vec<Job> = Vec::new();
    loop {
        // Taking no more than one commit holds keeps the queue itself the bound of what waits.
        if jobs.recv_many(&mut waiting, most).await == 0 {
            return;
        }
        let Some(shared) = shared.upgrade() else {
            return;
        };
        loop {
            while waiting.len() < most
                && let Ok(job) = jobs.try_recv()
            {
                waiting.push(job);
            }
            if waiting.is_empty() {
                break;
            }
            let rest = waiting.split_off(commit_length(&waiting, &shared));
            let batch = std::mem::replace(&mut waiting, rest);
            sequencer.commit(&shared, batch).await;
            // A store that answers at once would leave all else on this thread without a turn.
            tokio::task::coop::consume_budget().await;
        }
        sequencer.answer_due(&shared).await;
    }
}

/// How many of the waiting events the next commit takes.
fn commit_length(waiting: &[Job], shared: &Shared) -> usize {
    let mut bytes = 0;
    for (place, job) in waiting.iter().enumerate() {
        if bytes >= shared.options.commit_bytes_max {
            return place;
        }
        let parts = &job.event.new.entry.parts;
        bytes += [&parts.actor, &parts.target, &parts.details]
            .into_iter()
            .flatten()
            .map(|part| part.body.len())
            .sum::<usize>();
    }
    waiting.len()
}

/// Lost races after which a batch is given back to its callers. Each was won by somebody else, so
/// that the trail goes on meanwhile; a store that answers so without end must not be asked so.
const ATTEMPTS_MAX: u32 = 1_000;

struct Sequencer {
    trail: TrailName,
    /// Where the tree stands, as far as this process knows; `None` when it must be read again.
    base: Option<Base>,
    /// The last head that this process went on from or wrote: the mark outside the database may be
    /// older than what was acknowledged.
    last: Option<Head>,
    /// What was committed and is not answered yet: its receipts are handed out while the next
    /// commit is on its way, so that the store need not wait for that.
    due: Option<Due>,
}

/// Jobs and the commit that has their entries, in the same order.
struct Due {
    jobs: Vec<Job>,
    commit: Commit,
}

impl Sequencer {
    async fn commit(&mut self, shared: &Arc<Shared>, jobs: Vec<Job>) {
        let mut batch = Batch::sort(held_back(jobs));
        let appended = self.append(shared, &mut batch).await;
        if appended.is_err() || !batch.known.is_empty() || !batch.again.is_empty() {
            self.answer_due(shared).await;
        }
        let Batch {
            fresh,
            known,
            again,
        } = batch;
        self.answer_known(shared, known).await;
        match appended {
            Ok(()) => self.answer_again(shared, again).await,
            Err(error) => {
                answer_all(fresh.into_iter().chain(again), &error);
            }
        }
    }

    /// Answers events whose first one of the same id was in the same batch and is recorded now.
    async fn answer_again(&mut self, shared: &Arc<Shared>, again: Vec<Job>) {
        if again.is_empty() {
            return;
        }
        let mut batch = Batch {
            fresh: again,
            known: Vec::new(),
            again: Vec::new(),
        };
        let looked_up = self.look_up(shared, &mut batch, |_| true).await;
        self.answer_known(shared, batch.known).await;
        if let Err(error) = looked_up {
            answer_all(batch.fresh, &error);
        }
    }

    /// Appends the fresh ones of a batch and answers them. On an error they are still there.
    async fn append(&mut self, shared: &Arc<Shared>, batch: &mut Batch) -> Result<(), AuditError> {
        // Only an id that a caller chose can be an old one; the store has the last word anyway.
        self.look_up(shared, batch, |job| job.event.given.id)
            .await?;
        for _ in 0..ATTEMPTS_MAX {
            if batch.fresh.is_empty() {
                return Ok(());
            }
            shared.check_marks(&self.trail)?;
            let base = self.base(shared).await?;
            let now = shared.ground.clock.now();
            instance::watch_clock(shared, now);
            let entries: Vec<NewEntry> = batch.fresh.iter().map(|j| j.event.new.clone()).collect();
            let mut commit = seal(&base, entries, now);
            commit.head.mac = shared.code_of(&commit.head)?;
            let begun = shared.ground.clock.elapsed();
            let appending = shared.ground.store.append(std::slice::from_ref(&commit));
            // The first of both is asked first: it is under way when the answers are handed out.
            let (appended, ()) =
                tokio::join!(biased; appending, answer_due(shared, self.due.take()));
            match appended {
                Ok(verdicts) => match verdicts.into_iter().next() {
                    Some(Verdict::Committed) => {
                        let took = shared.ground.clock.elapsed().saturating_sub(begun);
                        shared.pulse.committed(commit.entries.len(), took, now);
                        let is_first = commit.parent.is_none();
                        self.committed(shared, base, commit, batch);
                        if is_first {
                            // No other commit before the trail's first mark is on the disk.
                            self.answer_due(shared).await;
                        }
                        return Ok(());
                    }
                    Some(Verdict::Duplicate(known)) => batch.set_aside(&known),
                    Some(Verdict::Behind(head)) => {
                        let head = head.map(|head| *head);
                        if let Some(base) = load::advance(shared, base, head).await {
                            copy::check_moved(&shared.ground, &self.trail).await?;
                            self.last = Some(base.head.clone());
                            self.base = Some(base);
                        }
                    }
                    None => self.base = None,
                },
                Err(error @ StoreError::Unknown { .. }) => {
                    shared.pulse.failed();
                    self.base = None;
                    return self.settle_unknown(shared, batch, error).await;
                }
                Err(error) => {
                    shared.pulse.failed();
                    self.base = None;
                    return Err(error.into());
                }
            }
        }
        Err(AuditError::Overloaded)
    }

    /// Where to go on. A move begins with an entry, so that whoever asks for the move after it has
    /// read the trail's end need not ask again while that end is its own.
    async fn base(&mut self, shared: &Arc<Shared>) -> Result<Base, AuditError> {
        if let Some(base) = self.base.take() {
            return Ok(base);
        }
        // First for whoever is refused: of a trail that left, not even its mark is ours to judge.
        copy::check_moved(&shared.ground, &self.trail).await?;
        let base = load::base(shared, &self.trail).await?;
        copy::check_moved(&shared.ground, &self.trail).await?;
        // Without the key of that head it is another's to go on from there.
        let known = self
            .last
            .as_ref()
            .and_then(|last| shared.checkpoint_of(last).ok());
        shared.check_mark(known.as_deref(), &base.head).await?;
        self.last = (base.head.size > 0).then(|| base.head.clone());
        Ok(base)
    }

    fn committed(&mut self, shared: &Arc<Shared>, base: Base, commit: Commit, batch: &mut Batch) {
        shared.reread.add(&base.head, &commit.head);
        self.last = Some(commit.head.clone());
        self.base = Some(base.after(&commit));
        shared.growing.tell(&self.trail);
        let jobs = std::mem::take(&mut batch.fresh);
        self.due = Some(Due { jobs, commit });
    }

    async fn answer_due(&mut self, shared: &Arc<Shared>) {
        answer_due(shared, self.due.take()).await;
    }

    /// Asks the trail for the ids of the `wanted` events and sets those aside that it has.
    async fn look_up(
        &mut self,
        shared: &Arc<Shared>,
        batch: &mut Batch,
        wanted: impl Fn(&Job) -> bool,
    ) -> Result<(), AuditError> {
        let asked = batch.fresh.iter().filter(|job| wanted(job));
        let ids: Vec<Uuid> = asked.map(|job| job.event.new.entry.id).collect();
        if ids.is_empty() {
            return Ok(());
        }
        self.answer_due(shared).await;
        let seqs = shared.ground.store.seqs(&self.trail, &ids).await?;
        let known: Vec<(Uuid, u64)> = ids
            .into_iter()
            .zip(seqs)
            .filter_map(|(id, seq)| Some((id, seq?)))
            .collect();
        batch.set_aside(&known);
        Ok(())
    }

    /// After a commit of unknown outcome: what of it is in the trail is recorded, the rest is not.
    async fn settle_unknown(
        &mut self,
        shared: &Arc<Shared>,
        batch: &mut Batch,
        error: StoreError,
    ) -> Result<(), AuditError> {
        if self.look_up(shared, batch, |_| true).await.is_err() {
            return Err(error.into());
        }
        if batch.fresh.is_empty() {
            return Ok(());
        }
        // A commit is there whole or not at all, so the rest was not written.
        let StoreError::Unknown { source } = error else {
            return Err(error.into());
        };
        Err(StoreError::Unavailable { source }.into())
    }

    /// Answers events whose id stands in the trail: a duplicate, the event's own entry from a
    /// commit whose outcome was not known, or a conflict.
    async fn answer_known(&mut self, shared: &Arc<Shared>, known: Vec<(Job, u64)>) {
        for (job, seq) in known {
            let result = self.known(shared, &job.event, seq).await;
            if let Err(conflict @ AuditError::IdConflict { .. }) = &result
                && job.records_conflict
            {
                instance::record_conflict(shared, &self.trail, conflict);
            }
            answer(job, result);
        }
    }

    async fn known(
        &self,
        shared: &Shared,
        event: &Admitted,
        seq: u64,
    ) -> Result<Receipt, AuditError> {
        let store = &shared.ground.store;
        let found = store.entries(&self.trail, seq..seq + 1).await?;
        let corrupt = |problem: String| StoreError::damaged_row(seq, problem);
        let Some(stored) = found.into_iter().next() else {
            return Err(corrupt("its id is known but the entry is not there".to_owned()).into());
        };
        let size = store
            .head(&self.trail)
            .await?
            .map_or(seq + 1, |head| head.size);
        if is_made_of(&stored, event) {
            return Ok(receipt(&self.trail, &stored, size, Delivery::Recorded));
        }
        let sameness = shared
            .door
            .compare(event, &stored)
            .map_err(|unreadable| corrupt(unreadable.to_string()))?;
        let mut receipt = receipt(&self.trail, &stored, size, Delivery::Duplicate);
        match sameness {
            Sameness::Equal => receipt.content_checked = Some(true),
            Sameness::Unchecked => receipt.content_checked = Some(false),
            Sameness::Differs(field) => {
                return Err(AuditError::IdConflict {
                    id: event.new.entry.id,
                    seq,
                    field,
                });
            }
        }
        Ok(receipt)
    }
}

/// Signs the head of a commit and hands out its receipts.
async fn answer_due(shared: &Arc<Shared>, due: Option<Due>) {
    let Some(Due { jobs, commit }) = due else {
        return;
    };
    let Commit { head, entries, .. } = &commit;
    shared.sign(head, commit.parent.is_none()).await;
    for (job, new) in jobs.into_iter().zip(entries) {
        let receipt = receipt(&head.trail, &new.entry, head.size, Delivery::Recorded);
        answer(job, Ok(receipt));
    }
}

/// Whether an entry was made of this very event: salts and ids of our own are never equal by
/// chance.
fn is_made_of(stored: &StoredEntry, event: &Admitted) -> bool {
    let hashes = &event.new.entry.part_hashes;
    let salted = hashes.actor.or(hashes.target).or(hashes.details).is_some();
    stored.part_hashes == *hashes && (salted || !event.given.id)
}

fn receipt(trail: &TrailName, entry: &StoredEntry, size: u64, delivery: Delivery) -> Receipt {
    Receipt {
        trail: trail.clone(),
        id: entry.id,
        seq: Some(entry.seq),
        created_at: Some(entry.created_at),
        leaf_hash: Some(entry.leaf_hash),
        tree_size: Some(size),
        delivery,
        content_checked: None,
    }
}
