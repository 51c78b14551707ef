mod ending;
mod first;
mod swapped;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Semaphore;

use super::cache::Seen;
use super::{InUse, Keys, NewKey, Rejection, Role, Wish};
use crate::limits::KEY_CACHE_TIME;
use crate::site::{Hook, Hooked, Site};

/// The next reading of a key comes home when it is told to.
struct Slow {
    reads: AtomicU64,
    is_slow: AtomicBool,
    home: Semaphore,
}

#[async_trait]
impl Hook for Slow {
    async fn after_get(&self, kind: &str) {
        if kind == "api_key" {
            self.reads.fetch_add(1, Ordering::SeqCst);
            if self.is_slow.swap(false, Ordering::SeqCst) {
                self.home.acquire().await.expect("open").forget();
            }
        }
    }
}

async fn slow() -> (Site, Arc<Hooked<Slow>>, Arc<Keys>, NewKey) {
    let slow = Slow {
        reads: AtomicU64::new(0),
        is_slow: AtomicBool::new(false),
        home: Semaphore::new(0),
    };
    let (site, registry) = Hooked::site(slow).await;
    let keys = Arc::new(Keys::new(site.engine.clone()));
    let new = keys.create(reader(), "test").await.expect("made");
    (site, registry, keys, new)
}

fn reader() -> Wish {
    Wish {
        name: "a reader".to_owned(),
        role: Role::Reader,
        trail: None,
        expires_at: None,
    }
}

#[tokio::test]
async fn a_reading_that_the_end_of_the_key_overtook_is_not_kept() {
    let (_site, registry, keys, new) = slow().await;
    registry.hook.is_slow.store(true, Ordering::SeqCst);
    let (reader, id) = (keys.clone(), new.key.id.clone());
    let reading = tokio::spawn(async move {
        let mut key = InUse::of(id);
        reader.still_opens(&mut key).await
    });
    while registry.hook.is_slow.load(Ordering::SeqCst) {
        tokio::task::yield_now().await;
    }
    // It has read, and comes home after the key has ended.
    let ended = keys.rotate(&new.key.id, Duration::ZERO, "test").await;
    ended.expect("rotated");
    registry.hook.home.add_permits(1);
    // The row that it read knows nothing of the end; the trail does.
    assert!(!reading.await.expect("no panic").expect("read"));
    let opened = keys.authenticate(&new.token).await.expect("read");
    assert!(matches!(opened, Err(Rejection::Expired(_))), "{opened:?}");
}

#[tokio::test]
async fn what_was_read_before_a_change_is_not_remembered_after_it() {
    let (_site, _, keys, new) = slow().await;
    let (id, at) = (new.key.id.clone(), Duration::ZERO);
    let generation = keys.cache.generation();
    let key = Arc::new(new.key);
    let seen = Seen {
        at,
        generation,
        key,
    };
    keys.cache.remember(&seen);
    assert!(keys.cache.get(&id, at).is_some());
    keys.cache.forget(&id);
    keys.cache.remember(&seen);
    assert!(keys.cache.get(&id, at).is_none());
}

#[tokio::test]
async fn a_key_in_use_is_looked_up_once_in_a_while_and_its_end_is_known_at_once() {
    let (site, registry, keys, new) = slow().await;
    let mut key = InUse::of(new.key.id.clone());
    for _ in 0..10 {
        assert!(keys.still_opens(&mut key).await.expect("read"));
    }
    assert_eq!(registry.hook.reads.load(Ordering::SeqCst), 1);
    site.clock.pass(KEY_CACHE_TIME);
    assert!(keys.still_opens(&mut key).await.expect("read"));
    assert_eq!(registry.hook.reads.load(Ordering::SeqCst), 2);
    // Here at once.
    keys.revoke(&new.key.id, "test").await.expect("revoked");
    assert!(!keys.still_opens(&mut key).await.expect("read"));
    // And of another process within the time that a key is taken for what it was.
    let other = keys.create(reader(), "test").await.expect("made");
    let mut key = InUse::of(other.key.id.clone());
    assert!(keys.still_opens(&mut key).await.expect("read"));
    let elsewhere = Keys::new(site.another(&site.clock).await);
    elsewhere
        .revoke(&other.key.id, "test")
        .await
        .expect("revoked");
    site.clock.pass(KEY_CACHE_TIME - Duration::from_millis(1));
    assert!(keys.still_opens(&mut key).await.expect("read"));
    site.clock.pass(Duration::from_millis(1));
    assert!(!keys.still_opens(&mut key).await.expect("read"));
}
