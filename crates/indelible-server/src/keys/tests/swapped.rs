//! Somebody who may write the rows of keys, and has not the secret, writes between two readings.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use indelible_core::{MemoryStore, Registry};
use serde_json::json;

use super::reader;
use crate::keys::{KeyError, Keys, State};
use crate::limits::KEY_CACHE_TIME;
use crate::site::{Hook, Hooked, Site};

/// A key's row is made an admin's before a reading that is chosen.
struct Swapping {
    /// Readings of keys before it.
    before: AtomicI64,
}

#[async_trait]
impl Hook for Swapping {
    async fn before_get(&self, rows: &MemoryStore, kind: &str, key: &str) {
        if kind == "api_key" && self.before.fetch_sub(1, Ordering::SeqCst) == 0 {
            let row = rows.get(kind, key).await.expect("readable");
            let mut row = row.expect("a row");
            row.value["role"] = json!("admin");
            let put = rows.put(kind, key, Some(row.version), Some(&row.value));
            put.await.expect("written").expect("nobody else writes");
        }
    }
}

async fn swapping() -> (Site, Arc<Hooked<Swapping>>, Keys) {
    let before = AtomicI64::new(i64::MAX);
    let (site, registry) = Hooked::site(Swapping { before }).await;
    let keys = Keys::new(site.engine.clone());
    (site, registry, keys)
}

#[tokio::test]
async fn the_use_of_a_key_seals_no_row_that_was_changed_meanwhile() {
    let (site, registry, keys) = swapping().await;
    let new = keys.create(reader(), "test").await.expect("made");
    // After the reading that authenticates, before the one that notes the use.
    registry.hook.before.store(1, Ordering::SeqCst);
    let opened = keys.authenticate(&new.token).await.expect("read");
    assert!(opened.is_ok());
    assert!(
        registry.hook.before.load(Ordering::SeqCst) < 0,
        "it was changed"
    );
    site.clock.pass(KEY_CACHE_TIME);
    let there = keys.get(&new.key.id).await.expect("readable");
    assert_eq!(there.state(keys.now()), State::Unsealed);
    let opened = keys.authenticate(&new.token).await.expect("read");
    assert!(opened.is_err(), "{opened:?}");
}

#[tokio::test]
async fn no_row_without_a_seal_is_sealed_in_passing() {
    let (_site, registry, keys) = swapping().await;
    let new = keys.create(reader(), "test").await.expect("made");
    registry.hook.before.store(0, Ordering::SeqCst);
    let (there, version) = keys.row(&new.key.id).await.expect("readable");
    let stored = keys.store(&there, Some(version)).await;
    assert!(matches!(stored, Err(KeyError::Unsealed(_))), "{stored:?}");
    let rotated = keys.rotate(&new.key.id, KEY_CACHE_TIME, "test").await;
    assert!(matches!(rotated, Err(KeyError::Unsealed(_))), "{rotated:?}");
    // To end it, it is sealed.
    keys.revoke(&new.key.id, "test").await.expect("revoked");
    let there = keys.get(&new.key.id).await.expect("readable");
    assert_eq!(there.state(keys.now()), State::Revoked);
}
