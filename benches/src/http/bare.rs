//! Stores that take events and answer nothing: what a server costs without its database.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use indelible_core::entry::StoredEntry;
use indelible_core::part::PartKind;
use indelible_core::store::{
    Commit, Condition, Find, Head, Projected, ProjectionKind, Rollup, Span, Verdict,
};
use indelible_core::{Store, StoreError, TrailName};
use indelible_merkle::Hash;
use uuid::Uuid;

/// Keeps nothing, or appends to a file that nothing is read from.
pub struct Bare(Option<Arc<Mutex<File>>>);

impl Bare {
    /// Keeps nothing.
    pub fn nothing() -> Self {
        Self(None)
    }

    /// Appends skeletons and parts to a file, durably.
    pub fn file(path: &Path) -> anyhow::Result<Self> {
        let file = OpenOptions::new()
            .create_new(true)
            .append(true)
            .open(path)?;
        Ok(Self(Some(Arc::new(Mutex::new(file)))))
    }
}

/// The bytes of a commit that a log must keep.
fn bytes(commit: &Commit) -> Vec<u8> {
    let mut bytes = Vec::new();
    for new in &commit.entries {
        new.entry.write_skeleton(&commit.head.trail, &mut bytes);
        for kind in PartKind::ALL {
            if let Some(part) = new.entry.parts.get(kind) {
                bytes.extend_from_slice(&part.salt);
                bytes.extend_from_slice(&part.body);
            }
        }
        bytes.extend_from_slice(new.entry.leaf_hash.as_bytes());
    }
    bytes
}

#[async_trait]
impl Store for Bare {
    async fn heads(&self) -> Result<Vec<Head>, StoreError> {
        Ok(Vec::new())
    }

    async fn head(&self, _: &TrailName) -> Result<Option<Head>, StoreError> {
        Ok(None)
    }

    async fn append(&self, commits: &[Commit]) -> Result<Vec<Verdict>, StoreError> {
        if let Some(file) = &self.0 {
            let bytes: Vec<u8> = commits.iter().flat_map(bytes).collect();
            let file = Arc::clone(file);
            let written = tokio::task::spawn_blocking(move || {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.write_all(&bytes)?;
                file.sync_data()
            });
            let unavailable = |source| StoreError::Unavailable { source };
            let written = written.await.map_err(|error| unavailable(error.into()))?;
            written.map_err(|error| unavailable(error.into()))?;
        }
        Ok(commits.iter().map(|_| Verdict::Committed).collect())
    }

    async fn entries(&self, _: &TrailName, _: Range<u64>) -> Result<Vec<StoredEntry>, StoreError> {
        Ok(Vec::new())
    }

    async fn seqs(&self, _: &TrailName, ids: &[Uuid]) -> Result<Vec<Option<u64>>, StoreError> {
        Ok(vec![None; ids.len()])
    }

    async fn find(&self, _: &TrailName, _: &Find) -> Result<Vec<StoredEntry>, StoreError> {
        Ok(Vec::new())
    }

    async fn hashes(
        &self,
        _: &TrailName,
        _: u8,
        _: Range<u64>,
    ) -> Result<Vec<(u64, Hash)>, StoreError> {
        Ok(Vec::new())
    }

    async fn spans(&self, _: &TrailName, _: u8, _: Range<u64>) -> Result<Vec<Span>, StoreError> {
        Ok(Vec::new())
    }

    async fn rollups(&self, _: &TrailName, _: Range<i64>) -> Result<Vec<Rollup>, StoreError> {
        Ok(Vec::new())
    }

    async fn projection(
        &self,
        _: &TrailName,
        _: ProjectionKind,
        _: Option<&Projected>,
        _: usize,
    ) -> Result<Vec<Projected>, StoreError> {
        Ok(Vec::new())
    }

    async fn condition(&self) -> Result<Condition, StoreError> {
        Ok(Condition::default())
    }

    async fn close(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
