//! A store that fails on command, or waits.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use indelible_core::TrailName;
use indelible_core::entry::{Erasure, StoredEntry};
use indelible_core::store::{
    Commit, Condition, Find, Head, Projected, ProjectionKind, Purged, Removal, Rollup, Span, Store,
    StoreError, Verdict,
};
use indelible_merkle::Hash;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::Site;

/// What a failing store does at its next append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Writes nothing and says so.
    Refused,
    /// Writes nothing and does not know.
    LostBefore,
    /// Writes all and does not know.
    LostAfter,
}

/// A store that fails on command.
pub struct FaultyStore {
    pub inner: Arc<dyn Store>,
    pub next_append: Mutex<Vec<Option<Fault>>>,
    /// Appends wait for one of these each.
    pub appends: Semaphore,
    /// One for every append that was asked for.
    pub asked: Semaphore,
    pub reads_until_failure: AtomicI64,
    /// So many calls that take content away are done, the next ones fail.
    pub removals_until_failure: AtomicI64,
    /// Whether its role may not erase.
    pub is_no_eraser: AtomicBool,
    /// Steps that take content away wait for one of these each.
    pub removals: Semaphore,
    /// One for every such step that was asked for.
    pub removals_asked: Semaphore,
    /// One for every time that somebody asked whether they may take content away.
    pub removals_checked: Semaphore,
    /// How many of them waited, or were done, when it was closed; `None` before.
    pub removals_at_close: Mutex<Option<usize>>,
    removing: Arc<()>,
    /// Whoever reads the leaves from the first seq on finds those before the second one removed.
    pub trimmed_at: Mutex<Option<(u64, u64)>>,
    /// How often it was purged, or was to be.
    pub purges: AtomicU64,
    /// What becomes of a commit on its way to the disk.
    pub spoil: Mutex<Option<fn(&mut Commit)>>,
    /// What somebody made of the rows: those that an index finds, and those that are read by seq.
    pub altered: Mutex<Option<Alteration>>,
}

/// Alters rows that were found by an index, or read by seq.
pub type Alteration = Box<dyn Fn(By, &mut Vec<StoredEntry>) + Send>;

/// How rows were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Index,
    Seq,
}

impl FaultyStore {
    pub fn over(inner: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            next_append: Mutex::default(),
            appends: Semaphore::new(usize::MAX >> 4),
            asked: Semaphore::new(0),
            reads_until_failure: AtomicI64::new(i64::MAX),
            removals_until_failure: AtomicI64::new(i64::MAX),
            removals: Semaphore::new(usize::MAX >> 4),
            removals_asked: Semaphore::new(0),
            removals_checked: Semaphore::new(0),
            removals_at_close: Mutex::default(),
            removing: Arc::default(),
            trimmed_at: Mutex::default(),
            is_no_eraser: AtomicBool::new(false),
            purges: AtomicU64::new(0),
            spoil: Mutex::default(),
            altered: Mutex::default(),
        })
    }

    /// The faults of the next appends, the first one last.
    pub fn plan(&self, faults: Vec<Option<Fault>>) {
        *self.next_append.lock().expect("unpoisoned") = faults;
    }

    /// From now on rows are read so.
    pub fn alter(&self, alteration: impl Fn(By, &mut Vec<StoredEntry>) + Send + 'static) {
        *self.altered.lock().expect("unpoisoned") = Some(Box::new(alteration));
    }

    fn seen(&self, by: By, mut entries: Vec<StoredEntry>) -> Vec<StoredEntry> {
        if let Some(alteration) = &*self.altered.lock().expect("unpoisoned") {
            alteration(by, &mut entries);
        }
        entries
    }

    /// Stops steps that take content away until some are let through.
    pub fn stop_removals(&self) {
        self.removals.forget_permits(usize::MAX);
        self.removals_asked.forget_permits(usize::MAX);
    }

    /// Waits until such a step is asked for.
    pub async fn removal_asked(&self) {
        let asked = self.removals_asked.acquire().await;
        asked.expect("never closed").forget();
    }

    async fn remove(&self) -> Result<(), StoreError> {
        let _removing = Arc::clone(&self.removing);
        self.removals_asked.add_permits(1);
        let turn = self.removals.acquire().await;
        turn.expect("never closed").forget();
        match self.removals_until_failure.fetch_sub(1, Ordering::SeqCst) > 0 {
            true => Ok(()),
            false => Err(StoreError::Unavailable {
                source: "planned".into(),
            }),
        }
    }

    fn read(&self) -> Result<(), StoreError> {
        if self.reads_until_failure.fetch_sub(1, Ordering::SeqCst) == 0 {
            return Err(StoreError::Unavailable {
                source: "planned".into(),
            });
        }
        Ok(())
    }
}

#[async_trait]
impl Removal for FaultyStore {
    async fn erase(&self, trail: &TrailName, erasures: &[Erasure]) -> Result<u64, StoreError> {
        if self.is_no_eraser.load(Ordering::SeqCst) {
            return Err(StoreError::Unsupported("no eraser".to_owned()));
        }
        if erasures.is_empty() {
            self.removals_checked.add_permits(1);
            return Ok(0);
        }
        self.remove().await?;
        let inner = self.inner.removal().expect("memory can erase");
        // Half of it, and then the process ends.
        let half = erasures.len().div_ceil(2);
        let gone = inner.erase(trail, &erasures[..half]).await?;
        self.remove().await?;
        Ok(gone + inner.erase(trail, &erasures[half..]).await?)
    }

    async fn purge(&self, trail: &TrailName, erasures: &[Erasure]) -> Result<Purged, StoreError> {
        self.purges.fetch_add(1, Ordering::SeqCst);
        self.remove().await?;
        let inner = self.inner.removal().expect("memory can erase");
        inner.purge(trail, erasures).await
    }

    async fn trim(&self, trail: &TrailName, first_kept: u64) -> Result<u64, StoreError> {
        self.remove().await?;
        let inner = self.inner.removal().expect("memory can remove");
        inner.trim(trail, first_kept).await
    }
}

#[async_trait]
impl Store for FaultyStore {
    fn removal(&self) -> Option<&dyn Removal> {
        Some(self)
    }

    async fn heads(&self) -> Result<Vec<Head>, StoreError> {
        self.read()?;
        self.inner.heads().await
    }

    async fn head(&self, trail: &TrailName) -> Result<Option<Head>, StoreError> {
        self.read()?;
        self.inner.head(trail).await
    }

    async fn first_kept(&self, trail: &TrailName) -> Result<u64, StoreError> {
        self.read()?;
        self.inner.first_kept(trail).await
    }

    async fn append(&self, commits: &[Commit]) -> Result<Vec<Verdict>, StoreError> {
        self.asked.add_permits(1);
        self.appends.acquire().await.expect("never closed").forget();
        let fault = self.next_append.lock().expect("unpoisoned").pop().flatten();
        match fault {
            None => {
                let mut commits = commits.to_vec();
                if let Some(spoil) = *self.spoil.lock().expect("unpoisoned") {
                    commits.iter_mut().for_each(spoil);
                }
                self.inner.append(&commits).await
            }
            Some(Fault::Refused) => Err(StoreError::Unavailable {
                source: "planned".into(),
            }),
            Some(Fault::LostBefore) => Err(StoreError::Unknown {
                source: "planned".into(),
            }),
            Some(Fault::LostAfter) => {
                self.inner.append(commits).await?;
                Err(StoreError::Unknown {
                    source: "planned".into(),
                })
            }
        }
    }

    async fn entries(
        &self,
        trail: &TrailName,
        range: Range<u64>,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        self.read()?;
        let entries = self.inner.entries(trail, range).await?;
        Ok(self.seen(By::Seq, entries))
    }

    async fn seqs(&self, trail: &TrailName, ids: &[Uuid]) -> Result<Vec<Option<u64>>, StoreError> {
        self.read()?;
        self.inner.seqs(trail, ids).await
    }

    async fn find(&self, trail: &TrailName, find: &Find) -> Result<Vec<StoredEntry>, StoreError> {
        self.read()?;
        let entries = self.inner.find(trail, find).await?;
        Ok(self.seen(By::Index, entries))
    }

    async fn hashes(
        &self,
        trail: &TrailName,
        height: u8,
        range: Range<u64>,
    ) -> Result<Vec<(u64, Hash)>, StoreError> {
        self.read()?;
        let trimmed = *self.trimmed_at.lock().expect("unpoisoned");
        if let Some((at, first_kept)) = trimmed
            && (height, range.start) == (0, at)
        {
            let inner = self.inner.removal().expect("memory can remove");
            while inner.trim(trail, first_kept).await? < first_kept {}
        }
        self.inner.hashes(trail, height, range).await
    }

    async fn spans(
        &self,
        trail: &TrailName,
        height: u8,
        range: Range<u64>,
    ) -> Result<Vec<Span>, StoreError> {
        self.read()?;
        self.inner.spans(trail, height, range).await
    }

    async fn rollups(
        &self,
        trail: &TrailName,
        hours: Range<i64>,
    ) -> Result<Vec<Rollup>, StoreError> {
        self.read()?;
        self.inner.rollups(trail, hours).await
    }

    async fn projection(
        &self,
        trail: &TrailName,
        kind: ProjectionKind,
        after: Option<&Projected>,
        limit: usize,
    ) -> Result<Vec<Projected>, StoreError> {
        self.read()?;
        self.inner.projection(trail, kind, after, limit).await
    }

    async fn reindex(
        &self,
        progress: &mut (dyn FnMut(u64, u64) + Send),
    ) -> Result<bool, StoreError> {
        self.inner.reindex(progress).await
    }

    async fn condition(&self) -> Result<Condition, StoreError> {
        self.inner.condition().await
    }

    async fn close(&self) -> Result<(), StoreError> {
        let removing = Arc::strong_count(&self.removing) - 1;
        *self.removals_at_close.lock().expect("unpoisoned") = Some(removing);
        self.inner.close().await
    }
}

/// A site whose store fails on command.
pub fn faulty() -> (Site, Arc<FaultyStore>) {
    let mut site = Site::new();
    let store = FaultyStore::over(site.store.clone());
    site.store = store.clone();
    (site, store)
}
