//! Removing entries from the front of a trail, a few blocks at a time between commits.

use indelible_core::TrailName;
use indelible_core::entry::StoredEntry;
use indelible_core::store::{Find, StoreError, next_first_kept};
use tokio_postgres::types::Type;

use crate::connection::{Lent, Param};
use crate::error::refused;
use crate::open::one;
use crate::removal::{denied, not_an_eraser};
use crate::row::number;
use crate::store::PostgresStore;
use crate::{find, read, sql};

/// Entries that are removed in one transaction.
const STEP_ENTRIES: u64 = 256;

/// The seq of the first entry that was not removed.
pub(crate) async fn first_kept(lent: &Lent, trail: &TrailName) -> Result<u64, StoreError> {
    let sql = "SELECT first_kept FROM indelible.kept WHERE trail_id = $1";
    let found = lent.rows(sql, &[(&trail.as_str(), Type::TEXT)]).await?;
    let first = found.first().map(|row| number(row, 0, "kept", None));
    first.transpose().map(Option::unwrap_or_default)
}

/// The entries that `wanted` asks for. Asked again where the trail lost entries from its front
/// while it was searched: what an index had before was gone from the log afterwards.
pub(crate) async fn find(
    store: &PostgresStore,
    trail: &TrailName,
    wanted: &Find,
) -> Result<Vec<StoredEntry>, StoreError> {
    loop {
        let found = find::find(store, trail, wanted).await;
        let Err(StoreError::Corrupt { seq: Some(seq), .. }) = &found else {
            return found;
        };
        if *seq >= first_kept(&store.connections.lend().await?, trail).await? {
            return found;
        }
    }
}

impl PostgresStore {
    /// One step of `Removal::trim`.
    pub(crate) async fn trim_step(
        &self,
        trail: &TrailName,
        wanted: u64,
    ) -> Result<u64, StoreError> {
        self.writable()?;
        let lent = self.connections.lend().await?;
        if !one::<bool>(&lent, sql::MAY_ERASE).await? {
            return Err(not_an_eraser());
        }
        let size = read::size(&lent, trail).await?;
        let now = first_kept(&lent, trail).await?;
        let next = next_first_kept(now, wanted, size, STEP_ENTRIES);
        if next == now {
            return Ok(now);
        }
        // No further than the month of the first one goes: one partition at a time.
        let stretches = self.placements.of(&lent, trail, now..next, size).await?;
        let Some(stretch) = stretches.first() else {
            return Ok(now);
        };
        let next = next.min(stretch.seqs.end);
        let name = trail.as_str();
        let (before, after) = (read::signed(now), read::signed(next));
        let params: [Param<'_>; 5] = [
            (&name, Type::TEXT),
            (&before, Type::INT8),
            (&after, Type::INT8),
            (&stretch.from, Type::TIMESTAMPTZ),
            (&stretch.to, Type::TIMESTAMPTZ),
        ];
        let is_last = next == wanted.min(size);
        let done = self.trimmed(&lent, &params, is_last).await;
        if done.is_err() && (lent.is_silent() || lent.batch(sql::ROLLBACK).await.is_err()) {
            lent.abandon();
            return done;
        }
        let reached = done?;
        if stretches.len() > 1 || is_last {
            // The month may be empty now. What stands in the way is tried again by the next step.
            if self.dropped(&lent).await.is_err()
                && (lent.is_silent() || lent.batch(sql::ROLLBACK).await.is_err())
            {
                lent.abandon();
            }
        }
        Ok(reached)
    }

    /// Drops months of which nothing is left, in a transaction that reads what others committed
    /// before the lock: the session's own level may be one that does not see them.
    async fn dropped(&self, lent: &Lent) -> Result<(), StoreError> {
        lent.batch(&self.begin).await?.map_err(refused)?;
        lent.batch(sql::PARTITIONS_DROP).await?.map_err(refused)?;
        lent.batch(sql::COMMIT).await?.map_err(refused)
    }

    /// One step; the last one of those that were asked for is on disk, and on the standby, when
    /// this answers, and so are all before it. Writers do not wait for the others' way to the disk:
    /// where a crash takes one back, the last one does not fit and is not taken.
    async fn trimmed(
        &self,
        lent: &Lent,
        params: &[Param<'_>],
        is_last: bool,
    ) -> Result<u64, StoreError> {
        let begin = match is_last {
            true => self.begin.clone(),
            false => format!("{}; SET LOCAL synchronous_commit = off", self.begin),
        };
        lent.batch(&begin).await?.map_err(refused)?;
        let rows = lent.rows(sql::TRIM, params).await?;
        let reached = rows.first().map(|row| number(row, 0, "kept", None));
        let reached = reached.transpose()?.unwrap_or_default();
        lent.batch(sql::COMMIT).await?.map_err(denied)?;
        Ok(reached)
    }
}
