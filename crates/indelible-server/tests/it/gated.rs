//! A store over another one, at whose gate readings of entries wait for leave.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use indelible::TrailName;
use indelible::core::engine::{Engine, Ground, Options};
use indelible::core::entry::StoredEntry;
use indelible::core::store::{
    Commit, Condition, Find, Head, IndexCondition, Projected, ProjectionKind, Removal, Rollup,
    Span, Verdict,
};
use indelible::core::{Store, StoreError};
use indelible::merkle::Hash;
use indelible_server::App;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::desk::Desk;

pub struct Gated {
    store: Arc<dyn Store>,
    is_shut: AtomicBool,
    is_away: AtomicBool,
    come: Semaphore,
    leave: Semaphore,
}

impl Gated {
    pub fn over(store: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self {
            store,
            is_shut: AtomicBool::new(false),
            is_away: AtomicBool::new(false),
            come: Semaphore::new(0),
            leave: Semaphore::new(0),
        })
    }

    /// From now on readings wait.
    pub fn shut(&self) {
        self.is_shut.store(true, Ordering::SeqCst);
    }

    /// Those that come from now on do not wait any more.
    pub fn open(&self) {
        self.is_shut.store(false, Ordering::SeqCst);
    }

    /// From now on nothing can be recorded: the database is away.
    pub fn go_away(&self) {
        self.is_away.store(true, Ordering::SeqCst);
    }

    /// Waits until one more has come to the gate.
    pub async fn come(&self) {
        self.come.acquire().await.expect("it stays open").forget();
    }

    /// Lets one through.
    pub fn let_through(&self) {
        self.leave.add_permits(1);
    }
}

/// The desk with another server on the same database, whose readings pass a gate.
pub async fn serving(desk: Desk, mut ground: Ground) -> (Desk, Arc<Gated>) {
    let gate = Gated::over(ground.store.clone());
    ground.store = gate.clone();
    let options = Options {
        long_lived: false,
        ..Options::default()
    };
    let engine = Engine::open(ground, options).await.expect("opens");
    (desk.serving(App::new(engine)), gate)
}

#[async_trait]
impl Store for Gated {
    async fn append(&self, commits: &[Commit]) -> Result<Vec<Verdict>, StoreError> {
        if self.is_away.load(Ordering::SeqCst) {
            let source = "planned".into();
            return Err(StoreError::Unavailable { source });
        }
        self.store.append(commits).await
    }

    async fn heads(&self) -> Result<Vec<Head>, StoreError> {
        self.store.heads().await
    }

    async fn head(&self, trail: &TrailName) -> Result<Option<Head>, StoreError> {
        self.store.head(trail).await
    }

    async fn entries(
        &self,
        trail: &TrailName,
        range: Range<u64>,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        if self.is_shut.load(Ordering::SeqCst) && !trail.is_system() {
            self.come.add_permits(1);
            self.leave.acquire().await.expect("it stays open").forget();
        }
        self.store.entries(trail, range).await
    }

    async fn seqs(&self, trail: &TrailName, ids: &[Uuid]) -> Result<Vec<Option<u64>>, StoreError> {
        self.store.seqs(trail, ids).await
    }

    async fn find(&self, trail: &TrailName, find: &Find) -> Result<Vec<StoredEntry>, StoreError> {
        self.store.find(trail, find).await
    }

    async fn hashes(
        &self,
        trail: &TrailName,
        height: u8,
        range: Range<u64>,
    ) -> Result<Vec<(u64, Hash)>, StoreError> {
        self.store.hashes(trail, height, range).await
    }

    async fn spans(
        &self,
        trail: &TrailName,
        height: u8,
        range: Range<u64>,
    ) -> Result<Vec<Span>, StoreError> {
        self.store.spans(trail, height, range).await
    }

    async fn rollups(
        &self,
        trail: &TrailName,
        hours: Range<i64>,
    ) -> Result<Vec<Rollup>, StoreError> {
        self.store.rollups(trail, hours).await
    }

    async fn projection(
        &self,
        trail: &TrailName,
        kind: ProjectionKind,
        after: Option<&Projected>,
        limit: usize,
    ) -> Result<Vec<Projected>, StoreError> {
        self.store.projection(trail, kind, after, limit).await
    }

    async fn first_kept(&self, trail: &TrailName) -> Result<u64, StoreError> {
        self.store.first_kept(trail).await
    }

    fn removal(&self) -> Option<&dyn Removal> {
        self.store.removal()
    }

    async fn index(&self) -> Result<Option<IndexCondition>, StoreError> {
        self.store.index().await
    }

    async fn reindex(
        &self,
        progress: &mut (dyn FnMut(u64, u64) + Send),
    ) -> Result<bool, StoreError> {
        self.store.reindex(progress).await
    }

    async fn condition(&self) -> Result<Condition, StoreError> {
        self.store.condition().await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.store.close().await
    }
}
