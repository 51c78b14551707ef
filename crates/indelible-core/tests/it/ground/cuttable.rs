//! A registry that can be cut off.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use indelible_core::store::StoreError;
use indelible_core::{MemoryStore, Registry, Versioned};
use serde_json::Value;

/// A registry that can be cut off.
pub struct Cuttable {
    inner: Arc<MemoryStore>,
    /// Of rows of this kind.
    kind: &'static str,
    /// So many times it is told how far something is, and then no more.
    pub tellings_until_cut: AtomicI64,
}

impl Cuttable {
    pub fn of(inner: &Arc<MemoryStore>, kind: &'static str, tellings_until_cut: i64) -> Arc<Self> {
        Arc::new(Self {
            inner: inner.clone(),
            kind,
            tellings_until_cut: AtomicI64::new(tellings_until_cut),
        })
    }
}

#[async_trait]
impl Registry for Cuttable {
    async fn get(&self, kind: &str, key: &str) -> Result<Option<Versioned>, StoreError> {
        self.inner.get(kind, key).await
    }

    async fn list(&self, kind: &str) -> Result<Vec<(String, Versioned)>, StoreError> {
        self.inner.list(kind).await
    }

    async fn put(
        &self,
        kind: &str,
        key: &str,
        expected: Option<u64>,
        value: Option<&Value>,
    ) -> Result<Option<u64>, StoreError> {
        let is_told = || self.tellings_until_cut.fetch_sub(1, Ordering::SeqCst) > 0;
        if kind == self.kind && !is_told() {
            return Err(StoreError::Unavailable {
                source: "cut".into(),
            });
        }
        self.inner.put(kind, key, expected, value).await
    }
}
