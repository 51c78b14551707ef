//! What became of a commit whose outcome was not heard, or that contradicted what is there.
//!
//! Both are answered under the head's lock: whoever held it has ended by then, one way or the
//! other.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use indelible_core::TrailName;
use indelible_core::store::{Head, StoreError, Verdict};
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
    trails: Mutex<HashSet<TrailName>>,
}

impl Unsettled {
    pub(crate) fn add(&self, trail: &TrailName) {
        self.lock().insert(trail.clone());
    }

    /// Waits until no transaction of before is left on the trail's head.
    pub(crate) async fn settle(
        &self,
        store: &PostgresStore,
        trail: &TrailName,
    ) -> Result<(), StoreError> {
        if !self.lock().contains(trail) {
            return Ok(());
        }
        locked(store, trail, &[]).await?;
        self.lock().remove(trail);
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<TrailName>> {
        self.trails.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a commit whose COMMIT was not answered is there.
pub(super) async fn settle(store: &PostgresStore, batch: &Batch<'_>) -> Result<bool, StoreError> {
    let ids = ids(batch);
    let (_, found) = locked(store, &batch.commit.head.trail, &ids).await?;
    let entries = &batch.commit.entries;
    // Whole or not at all: the same ids at the same seqs are this very commit, or one that was
    // built of the same events on the same head.
    Ok(found.len() == entries.len()
        && entries
            .iter()
            .all(|new| found.contains(&(new.entry.id, new.entry.seq))))
}

/// The verdict on a commit that `error` speaks of: behind, a duplicate, or neither, and then it is
/// the error.
pub(super) async fn judge(
    store: &PostgresStore,
    batch: &Batch<'_>,
    error: StoreError,
) -> Result<Verdict, StoreError> {
    let (head, found) = locked(store, &batch.commit.head.trail, &ids(batch)).await?;
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

type Under = (Option<Head>, Vec<(Uuid, u64)>);

/// The head of a trail and which of `ids` stand in it, read while nobody else changes it.
async fn locked(
    store: &PostgresStore,
    trail: &TrailName,
    ids: &[Uuid],
) -> Result<Under, StoreError> {
    let lent = store.connections.lend().await?;
    let found = read(store, &lent, trail, ids).await;
    if !matches!(lent.batch(sql::ROLLBACK).await, Ok(Ok(()))) {
        lent.abandon();
    }
    found
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
    Ok((head, found.collect::<Result<_, StoreError>>()?))
}

/// Waits for a first commit of the trail that may still be on its way, by taking its head's place
/// in a transaction that is rolled back. Answers whether the place was free.
async fn is_free(lent: &Lent, name: &str) -> Result<bool, StoreError> {
    let params: [Param<'_>; 1] = [(&name, Type::TEXT)];
    let rows = lent.execute(sql::HEAD_PLACE, &params).await?;
    Ok(rows.map_err(refused)? == 1)
}
