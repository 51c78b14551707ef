//! A registry in which something happens around a reading or a writing.

use std::sync::Arc;

use async_trait::async_trait;
use indelible_core::{MemoryStore, Registry, StoreError, Versioned};
use serde_json::Value;

use super::Site;

/// What happens around calls.
#[async_trait]
pub trait Hook: Send + Sync + 'static {
    /// Before a reading.
    async fn before_get(&self, _: &MemoryStore, _kind: &str, _key: &str) {}
    /// When something was read, before it comes home.
    async fn after_get(&self, _kind: &str) {}
    /// Before a writing.
    async fn before_put(&self, _: &MemoryStore, _kind: &str, _key: &str, _is_new: bool) {}
}

pub struct Hooked<H> {
    inner: Arc<MemoryStore>,
    pub hook: H,
}

impl<H: Hook> Hooked<H> {
    /// A site whose engine has such a registry.
    pub async fn site(hook: H) -> (Site, Arc<Self>) {
        let mut registry = None;
        let site = Site::over(|inner| registry.insert(Arc::new(Self { inner, hook })).clone());
        (site.await, registry.expect("made"))
    }
}

#[async_trait]
impl<H: Hook> Registry for Hooked<H> {
    async fn get(&self, kind: &str, key: &str) -> Result<Option<Versioned>, StoreError> {
        self.hook.before_get(&self.inner, kind, key).await;
        let read = self.inner.get(kind, key).await;
        self.hook.after_get(kind).await;
        read
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
        let is_new = expected.is_none();
        self.hook.before_put(&self.inner, kind, key, is_new).await;
        self.inner.put(kind, key, expected, value).await
    }
}
