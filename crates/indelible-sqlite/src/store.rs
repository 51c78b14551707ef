//! The store: every method of the port and where it is done.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use indelible_core::TrailName;
use indelible_core::entry::StoredEntry;
use indelible_core::store::{
    Commit, Condition, Find, Head, IndexCondition, Projected, ProjectionKind, Removal, Rollup,
    Span, Store, StoreError, Verdict,
};
use indelible_merkle::Hash;
use uuid::Uuid;

use crate::append::Batch;
use crate::connection::{Reader, Readers};
use crate::error::{SqliteError, unavailable};
use crate::index::{Index, Standing};
use crate::writer::{Done, Task, Writer};
use crate::{condition, find, projection, read, retention};

/// Trails in one SQLite file.
///
/// Its methods run inside a tokio runtime. Several stores, in this process and others of the same
/// host, may have the same file open.
pub struct SqliteStore {
    pub(crate) path: PathBuf,
    /// `None` when opened for reading only.
    pub(crate) writer: Option<Writer>,
    pub(crate) readers: Arc<Readers>,
    pub(crate) index: Arc<Index>,
    /// Steps that a search takes in one moment.
    pub(crate) search_entries: usize,
}

impl SqliteStore {
    pub(crate) fn writer(&self) -> Result<&Writer, StoreError> {
        let read_only = || StoreError::Unsupported("the database is open for reading only".into());
        self.writer.as_ref().ok_or_else(read_only)
    }

    /// Waits until the index covers what is in the log now. `progress` is told how many entries it
    /// covers, and of how many.
    ///
    /// # Errors
    /// `Unavailable` where it cannot be written, `Corrupt` where the log cannot be read.
    pub async fn indexed(
        &self,
        progress: &mut (dyn FnMut(u64, u64) + Send),
    ) -> Result<(), StoreError> {
        self.writer()?;
        self.index.make(false, progress).await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn heads(&self) -> Result<Vec<Head>, StoreError> {
        self.readers.read(|db, _| read::heads(db)).await
    }

    async fn head(&self, trail: &TrailName) -> Result<Option<Head>, StoreError> {
        let trail = trail.clone();
        self.readers.read(move |db, _| read::head(db, &trail)).await
    }

    async fn first_kept(&self, trail: &TrailName) -> Result<u64, StoreError> {
        let trail = trail.clone();
        self.readers
            .read(move |db, _| retention::first_kept(db, &trail))
            .await
    }

    async fn append(&self, commits: &[Commit]) -> Result<Vec<Verdict>, StoreError> {
        let batches: Vec<_> = commits.iter().map(Batch::pack).collect::<Result<_, _>>()?;
        if batches.is_empty() {
            return Ok(Vec::new());
        }
        match self.writer()?.done(Task::Append(batches)).await? {
            Done::Verdicts(verdicts) => Ok(verdicts),
            _ => Err(unavailable(SqliteError::Closed)),
        }
    }

    async fn entries(
        &self,
        trail: &TrailName,
        range: Range<u64>,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        let trail = trail.clone();
        self.readers
            .read(move |db, _| read::entries(db, &trail, range))
            .await
    }

    async fn seqs(&self, trail: &TrailName, ids: &[Uuid]) -> Result<Vec<Option<u64>>, StoreError> {
        let (trail, ids) = (trail.clone(), ids.to_vec());
        self.readers
            .read(move |db, _| read::seqs(db, &trail, &ids))
            .await
    }

    async fn find(&self, trail: &TrailName, find: &Find) -> Result<Vec<StoredEntry>, StoreError> {
        let (trail, wanted, steps) = (trail.clone(), find.clone(), self.search_entries);
        self.readers
            .search(move |reader, caller| find::find(reader, caller, &trail, (&wanted, steps)))
            .await
    }

    async fn hashes(
        &self,
        trail: &TrailName,
        height: u8,
        range: Range<u64>,
    ) -> Result<Vec<(u64, Hash)>, StoreError> {
        let trail = trail.clone();
        self.readers
            .read(move |db, _| read::hashes(db, &trail, height, range))
            .await
    }

    async fn spans(
        &self,
        trail: &TrailName,
        height: u8,
        range: Range<u64>,
    ) -> Result<Vec<Span>, StoreError> {
        let trail = trail.clone();
        self.readers
            .read(move |db, _| read::spans(db, &trail, height, range))
            .await
    }

    async fn rollups(
        &self,
        trail: &TrailName,
        hours: Range<i64>,
    ) -> Result<Vec<Rollup>, StoreError> {
        let trail = trail.clone();
        self.readers
            .read(move |db, _| read::rollups(db, &trail, hours))
            .await
    }

    async fn projection(
        &self,
        trail: &TrailName,
        kind: ProjectionKind,
        after: Option<&Projected>,
        limit: usize,
    ) -> Result<Vec<Projected>, StoreError> {
        let (trail, after) = (trail.clone(), after.cloned());
        if kind == ProjectionKind::Term {
            let after = match after {
                None => None,
                Some(Projected::Term(term)) => Some(term),
                Some(other) => return Err(projection::stranger(kind, &other)),
            };
            if after.is_none() {
                self.index.settle().await;
            }
            let index = Arc::clone(&self.index);
            let page = move |db: &_| {
                let after = (after.as_ref(), limit);
                index.scans().page(&index, db, &trail, after)
            };
            return self.readers.read(move |db, _| page(db)).await;
        }
        let read = move |db: &_| projection::page(db, &trail, kind, after.as_ref(), limit);
        self.readers.read(move |db, _| read(db)).await
    }

    /// An index that was made after a column was altered says what stands there now.
    fn keeps_index_rows(&self) -> bool {
        false
    }

    fn removal(&self) -> Option<&dyn Removal> {
        match self.writer {
            Some(_) => Some(self),
            None => None,
        }
    }

    async fn index(&self) -> Result<Option<IndexCondition>, StoreError> {
        let look = |Reader { db, index, .. }: &mut Reader, _: &_| {
            index.search(|index| Standing::of(index, db))
        };
        let standing = self.readers.search(look).await?;
        Ok(Some(self.index.condition(standing)))
    }

    async fn reindex(
        &self,
        progress: &mut (dyn FnMut(u64, u64) + Send),
    ) -> Result<bool, StoreError> {
        self.writer()?;
        self.index.make(true, progress).await?;
        Ok(true)
    }

    async fn condition(&self) -> Result<Condition, StoreError> {
        let settings = match &self.writer {
            Some(writer) => Some(writer.settings().await?),
            None => None,
        };
        let path = self.path.clone();
        let look = move |db: &_| condition::condition(db, &path, settings.as_ref());
        let condition = self.readers.read(move |db, _| look(db)).await?;
        Ok(Condition {
            index: self.index().await?,
            ..condition
        })
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.readers.close().await;
        self.index.scans().end();
        self.index.close().await;
        match &self.writer {
            Some(writer) => writer.close().await,
            None => Ok(()),
        }
    }
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
