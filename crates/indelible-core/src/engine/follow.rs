//! Following a trail: entries as they are recorded, by whichever process.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::Audit;
use crate::entry::StoredEntry;
use crate::error::AuditError;
use crate::query::{Following, Query};
use crate::store::StoreError;
use crate::trail::TrailName;

impl Audit {
    /// Compiles a question that is to be put to each entry as it is recorded. Its spans of time
    /// are counted back from now.
    ///
    /// # Errors
    /// [`AuditError::Query`] names the ill-formed field; limit, offset, cursor and `as_of` are
    /// for pages.
    pub fn following(&self, query: &Query) -> Result<Following, AuditError> {
        let shared = &self.engine.shared;
        let now = shared.ground.clock.now();
        Ok(Following::new(query, &self.trail, &shared.door, now)?)
    }

    /// The entries of `range` as they are stored, by seq, without a gap and from its start on; it
    /// may end beyond the trail.
    ///
    /// # Errors
    /// [`AuditError::Store`].
    pub async fn stored(&self, range: Range<u64>) -> Result<Vec<StoredEntry>, AuditError> {
        self.check_shown()?;
        // A row beyond the head was never recorded.
        let size = self.head().await?.map_or(0, |head| head.size);
        let end = range.end.min(size);
        if range.start >= end {
            return Ok(Vec::new());
        }
        let store = &self.engine.shared.ground.store;
        let found = store.entries(&self.trail, range.start..end).await?;
        let missing = (range.start..end)
            .zip(
                found
                    .iter()
                    .map(|entry| Some(entry.seq))
                    .chain(std::iter::repeat(None)),
            )
            .find(|(wanted, found)| Some(*wanted) != *found);
        match missing {
            None => Ok(found),
            Some((seq, _)) => {
                self.check_kept(seq).await?;
                let problem = "it is missing; `indelible verify` says more";
                Err(StoreError::damaged_row(seq, problem).into())
            }
        }
    }

    /// Word of what this process commits to the trail from now on. Other processes that write to
    /// the same database send none: who follows a trail looks for entries from time to time too.
    pub fn growth(&self) -> Growth {
        self.engine.shared.growing.of(&self.trail)
    }
}

/// Word of a trail's growth, as far as this process makes it grow.
#[derive(Debug)]
pub struct Growth(watch::Receiver<()>);

impl Growth {
    /// Waits until this process has committed since the last call; several commits are one word.
    /// Dropping the wait loses nothing.
    pub async fn more(&mut self) {
        if self.0.changed().await.is_err() {
            // The engine is gone, and nothing more will come of it.
            std::future::pending::<()>().await;
        }
    }
}

/// Who is to be told of the growth of which trail.
#[derive(Default)]
pub(super) struct Growing(Mutex<HashMap<TrailName, watch::Sender<()>>>);

impl Growing {
    fn of(&self, trail: &TrailName) -> Growth {
        let mut told = self.told();
        told.retain(|_, sender| sender.receiver_count() > 0);
        let sender = told
            .entry(trail.clone())
            .or_insert_with(|| watch::Sender::new(()));
        Growth(sender.subscribe())
    }

    /// Tells those who follow the trail that it has grown.
    pub fn tell(&self, trail: &TrailName) {
        if let Some(sender) = self.told().get(trail) {
            sender.send_replace(());
        }
    }

    fn told(&self) -> MutexGuard<'_, HashMap<TrailName, watch::Sender<()>>> {
        // Nothing between lock and unlock can panic half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
