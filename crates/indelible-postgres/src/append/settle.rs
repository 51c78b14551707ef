//! What became of a commit whose outcome was not heard, or that contradicted what is there.
//!
//! Both are answered under the head's lock: whoever held it has ended by then, one way or the
//! other.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use indelible_core::TrailName;
use indelible_core::store::{Head, NewEntry, StoreError, Verdict};
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::Batch;
use crate::connection::{Lent, Param};
use crate::error::{corrupt, refused};
use crate::store::PostgresStore;
use crate::{row, sql};

/// Trails with a commit whose outcome could not be learnt: before their ids are looked up, the
/// transaction that may still hold the head must have ended.
#[derive(Default)]
pub(crate) struct Unsettled {
    /// By trail, how many such commits there were.
    trails: Mutex<HashMap<TrailName, u64>>,
}

impl Unsettled {
    pub(crate) fn add(&self, trail: &TrailName) {
        *self.lock().entry(trail.clone()).or_default() += 1;
    }

    /// Waits until no transaction of before is left on the trail's head.
    pub(crate) async fn settle(
        &self,
        store: &PostgresStore,
        trail: &TrailName,
    ) -> Result<(), StoreError> {
        let Some(doubts) = self.lock().get(trail).copied() else {
            return Ok(());
        };
        locked(store, trail, &[]).await?;
        let mut trails = self.lock();
        // One that came meanwhile stays.
        if trails.get(trail) == Some(&doubts) {
            trails.remove(trail);
        }
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<TrailName, u64>> {
        self.trails.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What became of a commit whose COMMIT was not answered.
pub(super) enum Settled {
    /// It is there.
    There,
    /// It is not there, and will not come.
    Gone,
    /// Another commit stands where it would: the events may be its own, sent again by another
    /// process, and then they have other times and leaves. The head as it is now.
    Another(Option<Box<Head>>),
}

/// Learns what became of a commit whose COMMIT was not answered.
pub(super) async fn settle(
    store: &PostgresStore,
    batch: &Batch<'_>,
) -> Result<Settled, StoreError> {
    let under = locked(store, &batch.commit.head.trail, &ids(batch)).await?;
    let entries = &batch.commit.entries;
    let is_there = |new: &NewEntry| under.ids.contains(&(new.entry.id, new.entry.seq));
    // Whole or not at all.
    if !entries.iter().all(is_there) {
        return Ok(Settled::Gone);
    }
    let Some((first, last)) = entries.first().zip(entries.last()) else {
        return Ok(Settled::Gone);
    };
    let range = first.entry.seq..last.entry.seq + 1;
    let there = crate::read::hashes(store, &batch.commit.head.trail, 0, range).await?;
    let ours = entries
        .iter()
        .map(|new| (new.entry.seq, new.entry.leaf_hash));
    match there.into_iter().eq(ours) {
        true => Ok(Settled::There),
        false => Ok(Settled::Another(under.head.map(Box::new))),
    }
}

/// The verdict on a commit that `error` speaks of: behind, a duplicate, or neither, and then it is
/// the error.
pub(super) async fn judge(
    store: &PostgresStore,
    batch: &Batch<'_>,
    error: StoreError,
) -> Result<Verdict, StoreError> {
    let Under { head, ids: found } = locked(store, &batch.commit.head.trail, &ids(batch)).await?;
    if head.as_ref().map(Head::parent) != batch.commit.parent {
        return Ok(Verdict::Behind(head.map(Box::new)));
    }
    match found.is_empty() {
        true => Err(error),
        false => Ok(Verdict::Duplicate(found)),
    }
}

fn ids(batch: &Batch<'_>) -> Vec<Uuid> {
    let ids = batch.commit.entries.iter().map(|new| new.entry.id);
    ids.collect()
}

/// The head of a trail and which of some ids stand in it.
struct Under {
    head: Option<Head>,
    ids: Vec<(Uuid, u64)>,
}

/// What stands under the lock of a trail's head, read while nobody else changes it.
async fn locked(
    store: &PostgresStore,
    trail: &TrailName,
    ids: &[Uuid],
) -> Result<Under, StoreError> {
    let lent = store.connections.lend().await?;
    let found = read(store, &lent, trail, ids).await;
    // Where a standby must have what is acknowledged, this COMMIT waits for it as the one that was
    // not answered should have. A place that was taken for a moment is given back.
    let end = match &found {
        Ok(under) if under.head.is_some() => sql::COMMIT,
        _ => sql::ROLLBACK,
    };
    if lent.is_silent() {
        lent.abandon();
        return found;
    }
    match lent.batch(end).await {
        Ok(Ok(())) => found,
        ended => {
            lent.abandon();
            let found = found?;
            ended?.map_err(refused)?;
            Ok(found)
        }
    }
}

async fn read(
    store: &PostgresStore,
    lent: &Lent,
    trail: &TrailName,
    ids: &[Uuid],
) -> Result<Under, StoreError> {
    lent.batch(&store.begin).await?.map_err(refused)?;
    let name = trail.as_str();
    let params: [Param<'_>; 1] = [(&name, Type::TEXT)];
    let mut head = lent.rows(sql::HEAD_LOCK, &params).await?;
    if head.is_empty() && !is_free(lent, name).await? {
        head = lent.rows(sql::HEAD_LOCK, &params).await?;
    }
    let head = head.first().map(row::head).transpose()?;
    let params: [Param<'_>; 2] = [(&name, Type::TEXT), (&ids, Type::UUID_ARRAY)];
    let rows = lent.rows(sql::EVENT_ID_SEQS, &params).await?;
    let found = rows.iter().map(|row| {
        let id: Uuid = row.try_get(0).map_err(|e| corrupt("an id", None, e))?;
        let seq: i64 = row.try_get(1).map_err(|e| corrupt("an id", None, e))?;
        let seq = u64::try_from(seq).map_err(|e| corrupt("an id", None, e))?;
        Ok((id, seq))
    });
    Ok(Under {
        head,
        ids: found.collect::<Result<_, StoreError>>()?,
    })
}

/// Waits for a first commit of the trail that may still be on its way, by taking its head's place
/// in a transaction that is rolled back. Answers whether the place was free.
async fn is_free(lent: &Lent, name: &str) -> Result<bool, StoreError> {
    let params: [Param<'_>; 1] = [(&name, Type::TEXT)];
    let rows = lent.execute(sql::HEAD_PLACE, &params).await?;
    Ok(rows.map_err(refused)? == 1)
}
