//! Keys end whole or not at all, whoever writes at the same time and whatever fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use indelible_core::{MemoryStore, Registry};

use super::reader;
use crate::keys::{KeyError, Keys, State};
use crate::site::{FAULTS, Failing, Hook, Hooked, Site};

/// Somebody else writes the row of a key before each of its next writes.
struct Crowded {
    writes: AtomicI64,
}

#[async_trait]
impl Hook for Crowded {
    async fn before_put(&self, rows: &MemoryStore, kind: &str, key: &str, is_new: bool) {
        let is_next = kind == "api_key" && !is_new;
        if is_next && self.writes.fetch_sub(1, Ordering::SeqCst) > 0 {
            let row = rows.get(kind, key).await.expect("readable");
            let row = row.expect("a row");
            let put = rows.put(kind, key, Some(row.version), Some(&row.value));
            put.await.expect("written").expect("nobody else writes");
        }
    }
}

async fn crowded() -> (Site, Arc<Hooked<Crowded>>, Keys) {
    let writes = AtomicI64::new(0);
    let (site, registry) = Hooked::site(Crowded { writes }).await;
    let keys = Keys::new(site.engine.clone());
    (site, registry, keys)
}

async fn state(keys: &Keys, id: &str) -> State {
    keys.get(id).await.expect("readable").state(keys.now())
}

#[tokio::test]
async fn whoever_writes_the_row_meanwhile_keeps_no_key_from_ending() {
    // Even one who always comes first.
    for writes in [1, 3, i64::MAX] {
        let (_site, registry, keys) = crowded().await;
        let old = keys.create(reader(), "test").await.expect("made").key.id;
        registry.hook.writes.store(writes, Ordering::SeqCst);
        let new = keys.rotate(&old, Duration::ZERO, "test").await;
        let new = new.expect("rotated").key.id;
        assert_eq!(state(&keys, &old).await, State::Expired);
        let there = keys.get(&old).await.expect("readable");
        assert_eq!(there.rotated_to.as_ref(), Some(&new));
        registry.hook.writes.store(writes, Ordering::SeqCst);
        assert_eq!(state(&keys, &new).await, State::Active);
        let revoked = keys.revoke(&new, "test").await.expect("revoked");
        assert_eq!(revoked.state(keys.now()), State::Revoked);
        assert_eq!(state(&keys, &new).await, State::Revoked);
        assert_eq!(keys.list().await.expect("readable").len(), 2);
    }
}

#[tokio::test]
async fn of_many_that_rotate_a_key_at_once_one_does() {
    let site = Site::new().await;
    let keys = Arc::new(Keys::new(site.engine.clone()));
    let old = keys.create(reader(), "test").await.expect("made").key.id;
    let mut rotating = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (keys, old) = (keys.clone(), old.clone());
        rotating.spawn(async move { keys.rotate(&old, Duration::ZERO, "test").await });
    }
    let (done, not): (Vec<_>, Vec<_>) = rotating
        .join_all()
        .await
        .into_iter()
        .partition(Result::is_ok);
    assert_eq!(done.len(), 1);
    let is_told = |rotated: &Result<_, KeyError>| matches!(rotated, Err(KeyError::Ended(_)));
    assert!(not.iter().all(is_told), "{not:?}");
    let list = keys.list().await.expect("readable");
    let active = list
        .iter()
        .filter(|key| key.state(keys.now()) == State::Active);
    assert_eq!(active.count(), 1);
}

#[tokio::test]
async fn a_rotation_that_fails_leaves_a_key_to_rotate() {
    for fault in FAULTS {
        for before in 0.. {
            let (site, registry) = Failing::site(fault).await;
            let keys = Keys::new(site.engine.clone());
            let old = keys.create(reader(), "test").await.expect("made").key.id;
            registry.fail_after(before);
            let rotated = keys.rotate(&old, Duration::ZERO, "test").await;
            let came = registry.has_failed();
            let next = Keys::new(site.another(&site.clock).await);
            let there = next.get(&old).await.expect("readable");
            match &rotated {
                Ok(new) => {
                    assert_eq!(there.rotated_to.as_ref(), Some(&new.key.id));
                    assert_eq!(
                        there.state(next.now()),
                        State::Expired,
                        "{fault:?} {before}"
                    );
                    assert_eq!(state(&next, &new.key.id).await, State::Active);
                }
                Err(_) => {
                    let left = there.rotated_to.as_ref().unwrap_or(&old);
                    let rotated = next.rotate(left, Duration::ZERO, "test").await;
                    rotated.unwrap_or_else(|error| panic!("{fault:?} {before}: {error}"));
                }
            }
            if !came {
                assert!(rotated.is_ok() && before > 3, "{fault:?} {before}");
                break;
            }
        }
    }
}
