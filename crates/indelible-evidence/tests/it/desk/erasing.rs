//! A store whose entries are read as they are after parts of them were erased.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use indelible_core::entry::StoredEntry;
use indelible_core::store::{
    Commit, Condition, Find, Head, IndexCondition, Projected, ProjectionKind, Rollup, Span, Store,
    Verdict,
};
use indelible_core::{MemoryStore, StoreError, TrailName};
use indelible_merkle::Hash;
use uuid::Uuid;

/// What is left of an entry.
pub type Left = fn(&StoredEntry) -> StoredEntry;

pub struct Erasing {
    pub store: Arc<MemoryStore>,
    pub left: Left,
}

impl Erasing {
    fn all(&self, entries: &[StoredEntry]) -> Vec<StoredEntry> {
        entries.iter().map(self.left).collect()
    }
}

#[async_trait]
impl Store for Erasing {
    async fn heads(&self) -> Result<Vec<Head>, StoreError> {
        self.store.heads().await
    }

    async fn head(&self, trail: &TrailName) -> Result<Option<Head>, StoreError> {
        self.store.head(trail).await
    }

    async fn append(&self, commits: &[Commit]) -> Result<Vec<Verdict>, StoreError> {
        self.store.append(commits).await
    }

    async fn entries(
        &self,
        trail: &TrailName,
        range: Range<u64>,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        Ok(self.all(&self.store.entries(trail, range).await?))
    }

    async fn seqs(&self, trail: &TrailName, ids: &[Uuid]) -> Result<Vec<Option<u64>>, StoreError> {
        self.store.seqs(trail, ids).await
    }

    async fn find(&self, trail: &TrailName, find: &Find) -> Result<Vec<StoredEntry>, StoreError> {
        Ok(self.all(&self.store.find(trail, find).await?))
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
