//! The handle on one trail.

use async_trait::async_trait;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::chain::Chain;
use super::queue::{Job, Queue};
use super::{Engine, copy, load};
use crate::entry::{Entry, StoredEntry};
use crate::error::{AuditError, Refusal};
use crate::event::AuditEvent;
use crate::protocol::{AuditProtocol, Page, Receipt, RecordInOrder};
use crate::query::{Plan, Query, QueryError, plan};
use crate::store::{Find, Head, Rollup, StoreError};
use crate::trail::TrailName;

/// The handle on one trail: recording, asking, proving. Clones are cheap and may be used from
/// many tasks at once.
#[derive(Debug, Clone)]
pub struct Audit {
    pub(super) engine: Engine,
    pub(super) trail: TrailName,
}

/// One page of entries as they are stored.
#[derive(Debug, Clone)]
pub struct StoredPage {
    /// The entries, newest seq first.
    pub entries: Vec<StoredEntry>,
    /// The tree size that the page answers for.
    pub as_of: u64,
    /// Where the next page begins; `None` on the last.
    pub next_cursor: Option<String>,
    /// The limit that was applied.
    pub limit: usize,
}

/// Events handed to the queue at once by [`Audit::record_all`] before it looks at answers.
const AHEAD_MAX: usize = 1024;

impl Audit {
    pub(super) fn new(engine: Engine, trail: TrailName) -> Self {
        Self { engine, trail }
    }

    /// The trail's name.
    pub fn name(&self) -> &TrailName {
        &self.trail
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Records many events, in order; each has its own answer, in the same order. Events that
    /// wait together share commits.
    pub async fn record_all(&self, events: Vec<AuditEvent>) -> Vec<Result<Receipt, AuditError>> {
        self.record_many(events, true, None).await
    }

    /// As [`Audit::record_all`], for an importer whose ids come from keys that may turn out not to
    /// be unique: a conflict is an answer to it, which has another id at hand, and no record in
    /// `system`.
    pub async fn try_record_all(
        &self,
        events: Vec<AuditEvent>,
    ) -> Vec<Result<Receipt, AuditError>> {
        self.record_many(events, false, None).await
    }

    async fn record_many(
        &self,
        events: Vec<AuditEvent>,
        records_conflict: bool,
        chain: Option<Chain>,
    ) -> Vec<Result<Receipt, AuditError>> {
        let mut answers = Vec::with_capacity(events.len());
        let mut waiting = std::collections::VecDeque::new();
        for event in events {
            if waiting.len() == AHEAD_MAX
                && let Some(answer) = waiting.pop_front()
            {
                answers.push(answered(answer).await);
            }
            waiting.push_back(self.hand_in(event, records_conflict, chain.as_ref()).await);
        }
        for answer in waiting {
            answers.push(answered(answer).await);
        }
        answers
    }

    async fn hand_in(
        &self,
        event: AuditEvent,
        records_conflict: bool,
        chain: Option<&Chain>,
    ) -> Result<Answer, AuditError> {
        if let Some(failure) = chain.and_then(Chain::failure) {
            return Err(failure.clone());
        }
        let handed_in = self.queued(event, records_conflict, chain).await;
        if let (Some(chain), Err(error)) = (chain, &handed_in) {
            chain.failed(error);
        }
        handed_in
    }

    async fn queued(
        &self,
        event: AuditEvent,
        records_conflict: bool,
        chain: Option<&Chain>,
    ) -> Result<Answer, AuditError> {
        if self.trail.is_system() {
            return Err(AuditError::Reserved(self.trail.clone()));
        }
        let shared = &self.engine.shared;
        if shared.options.read_only {
            let (trail, refusal) = (self.trail.clone(), Refusal::ReadOnly);
            return Err(AuditError::Refused { trail, refusal });
        }
        let event = Box::new(shared.door.admit(event)?);
        let (answer, answered) = oneshot::channel();
        let job = Job {
            event,
            answer,
            records_conflict,
            link: chain.map(Chain::link),
        };
        Queue::of(shared, &self.trail)?.put(job, shared).await?;
        Ok(answered)
    }

    /// The trail's head, `None` where it has no entry yet.
    ///
    /// # Errors
    /// [`AuditError::Store`].
    pub async fn head(&self) -> Result<Option<Head>, AuditError> {
        Ok(self.engine.shared.ground.store.head(&self.trail).await?)
    }

    /// Looks whether this process would go on with the trail, as it does at its first record, and
    /// writes nothing. What the store itself refuses is not asked: [`crate::store::Condition`].
    ///
    /// # Errors
    /// Why it would not: [`AuditError::Refused`], [`AuditError::Store`], [`AuditError::State`].
    pub async fn check_writable(&self) -> Result<(), AuditError> {
        let shared = &self.engine.shared;
        copy::check_moved(&shared.ground, &self.trail).await?;
        load::checked(shared, &self.trail).await?;
        shared.check_marks(&self.trail)
    }

    /// The entry of an id, `None` where the trail does not have it.
    ///
    /// # Errors
    /// [`AuditError::Store`].
    pub async fn entry(&self, id: Uuid) -> Result<Option<Entry>, AuditError> {
        match self.seq_of(id).await? {
            Some(seq) => self.entry_at(seq).await,
            None => Ok(None),
        }
    }

    /// The position of the entry of an id, `None` where the trail does not have it.
    ///
    /// # Errors
    /// [`AuditError::Store`].
    pub async fn seq_of(&self, id: Uuid) -> Result<Option<u64>, AuditError> {
        let store = &self.engine.shared.ground.store;
        let seqs = store.seqs(&self.trail, &[id]).await?;
        Ok(seqs.into_iter().next().flatten())
    }

    /// The entry at a position, `None` where the trail does not reach so far.
    ///
    /// # Errors
    /// [`AuditError::Store`], also where the stored bytes do not give the entry's leaf: what was
    /// altered is not shown as if it were recorded.
    pub async fn entry_at(&self, seq: u64) -> Result<Option<Entry>, AuditError> {
        Ok(self.sight(seq).await?.map(|sight| sight.entry))
    }

    /// The same page as [`AuditProtocol::query`] answers, of entries as they are stored: for those
    /// who look at more of them than a reader sees.
    ///
    /// # Errors
    /// [`AuditError::Query`] names the ill-formed field; [`AuditError::Store`].
    pub async fn query_stored(&self, query: Query) -> Result<StoredPage, AuditError> {
        let plan = self.compiled(&query)?;
        let Some(asked) = plan.as_of else {
            let size = self.size().await?;
            return self.stored_page(&plan, size).await;
        };
        // Whether the trail was ever so long is looked up beside the page.
        let (page, size) = tokio::join!(self.stored_page(&plan, asked), self.size());
        as_of(&plan, size?)?;
        page
    }

    fn compiled(&self, query: &Query) -> Result<Plan, AuditError> {
        self.check_shown()?;
        Ok(plan(query, &self.trail, &self.engine.shared.door)?)
    }

    /// How many entries the trail has now.
    async fn size(&self) -> Result<u64, AuditError> {
        Ok(self.head().await?.map_or(0, |head| head.size))
    }

    /// A question compiled, and the tree size that it asks for.
    pub(super) async fn planned(&self, query: &Query) -> Result<(Plan, u64), AuditError> {
        let plan = self.compiled(query)?;
        let as_of = as_of(&plan, self.size().await?)?;
        Ok((plan, as_of))
    }

    /// The same, of a trail that had `size` entries just now.
    pub(super) fn planned_of(&self, query: &Query, size: u64) -> Result<(Plan, u64), AuditError> {
        let plan = self.compiled(query)?;
        let as_of = as_of(&plan, size)?;
        Ok((plan, as_of))
    }

    /// The newest entries before a question's place.
    pub(super) async fn stored_page(
        &self,
        plan: &Plan,
        as_of: u64,
    ) -> Result<StoredPage, AuditError> {
        // One more than the page holds tells whether another page follows.
        let find = Find {
            below: plan.place.unwrap_or(as_of).min(as_of),
            from: None,
            skip: plan.offset,
            limit: plan.limit + 1,
            filter: plan.filter.clone(),
        };
        let store = &self.engine.shared.ground.store;
        let mut entries = store.find(&self.trail, &find).await?;
        let has_more = entries.len() > plan.limit;
        entries.truncate(plan.limit);
        let next_cursor = match entries.last() {
            Some(last) if has_more => Some(plan.cursor(last.seq, as_of)),
            _ => None,
        };
        Ok(StoredPage {
            entries,
            as_of,
            next_cursor,
            limit: plan.limit,
        })
    }

    /// Takes no more events for any trail of the database, waits for those taken, and releases it.
    ///
    /// # Errors
    /// The first failure met.
    pub async fn close(&self) -> Result<(), AuditError> {
        self.engine.close().await
    }

    /// Exact counts by hour of `occurred_at`, action and outcome, for the hours in `hours` (hours
    /// since 1970, half-open).
    ///
    /// # Errors
    /// [`AuditError::Store`].
    pub async fn summary(&self, hours: std::ops::Range<i64>) -> Result<Vec<Rollup>, AuditError> {
        Ok(self
            .engine
            .shared
            .ground
            .store
            .rollups(&self.trail, hours)
            .await?)
    }

    /// A page as a reader sees it.
    pub(super) fn open_page(&self, found: StoredPage) -> Result<Page, AuditError> {
        let entries = found.entries.into_iter().map(|stored| self.open(stored));
        Ok(Page {
            entries: entries.collect::<Result<_, _>>()?,
            as_of: found.as_of,
            has_more: found.next_cursor.is_some(),
            next_cursor: found.next_cursor,
            limit: found.limit,
        })
    }

    pub(super) fn open(&self, stored: StoredEntry) -> Result<Entry, AuditError> {
        stored.open(&self.trail).map_err(|unreadable| {
            StoreError::Corrupt {
                what: format!("the {} part", unreadable.part),
                seq: Some(unreadable.seq),
                problem: unreadable.source.to_string(),
            }
            .into()
        })
    }
}

fn as_of(plan: &Plan, size: u64) -> Result<u64, QueryError> {
    let as_of = plan.as_of.unwrap_or(size);
    if as_of > size {
        let problem = format!("the trail has {size} entries, not yet {as_of}");
        return Err(QueryError::new("as_of", problem));
    }
    Ok(as_of)
}

type Answer = oneshot::Receiver<Result<Receipt, AuditError>>;

async fn answered(answer: Result<Answer, AuditError>) -> Result<Receipt, AuditError> {
    // A sequencer that ended without an answer may have committed before.
    let ended = |_| StoreError::Unknown {
        source: "the engine ended".into(),
    };
    answer?.await.map_err(ended)?
}

#[async_trait]
impl RecordInOrder for Audit {
    async fn record_in_order(&self, events: Vec<AuditEvent>) -> Vec<Result<Receipt, AuditError>> {
        self.record_many(events, true, Some(Chain::default())).await
    }
}

#[async_trait]
impl AuditProtocol for Audit {
    async fn record(&self, event: AuditEvent) -> Result<Receipt, AuditError> {
        answered(self.hand_in(event, true, None).await).await
    }

    async fn query(&self, query: Query) -> Result<Page, AuditError> {
        let found = self.query_stored(query).await?;
        self.open_page(found)
    }
}
