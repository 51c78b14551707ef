//! The first key is said, and never two, whatever is cut short.

use std::collections::BTreeSet;
use std::sync::Arc;

use indelible_core::{Registry, Timestamp};
use serde_json::json;

use crate::keys::{Keys, Token};
use crate::site::{FAULTS, Failing, Site};

/// A start: makes the key, says it where there is one, and keeps that it did.
async fn start(keys: &Keys, said: &mut Vec<String>) -> bool {
    let Ok(first) = keys.first().await else {
        return false;
    };
    if let Some(first) = first {
        said.push(first.key.token.expose().to_owned());
        let _ = keys.first_was_said(&first).await;
    }
    true
}

async fn opens(keys: &Keys, text: &str) -> bool {
    let token = Token::read(text).expect("a key");
    keys.authenticate(&token).await.expect("read").is_ok()
}

#[tokio::test]
async fn whenever_the_first_start_fails_the_next_one_says_the_key() {
    for fault in FAULTS {
        for before in 0.. {
            let (site, registry) = Failing::site(fault).await;
            registry.fail_after(before);
            let mut said = Vec::new();
            let started = start(&Keys::new(site.engine.clone()), &mut said).await;
            let came = registry.has_failed();
            let next = Keys::new(site.another(&site.clock).await);
            assert!(start(&next, &mut said).await);
            let text = said.first().expect("said").clone();
            assert!(
                said.iter().all(|other| *other == text),
                "{fault:?} {before}"
            );
            assert!(opens(&next, &text).await, "{fault:?} after {before}");
            // And nothing more is said from now on, nor is there another key.
            let count = said.len();
            assert!(start(&Keys::new(site.another(&site.clock).await), &mut said).await);
            assert_eq!(said.len(), count, "{fault:?} after {before}");
            assert_eq!(next.list().await.expect("readable").len(), 1);
            if !came {
                assert!(
                    started && count == 1 && before > 5,
                    "{fault:?} after {before}"
                );
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_key_that_was_not_said_is_said_at_the_next_start() {
    let site = Site::new().await;
    let unsaid = Keys::new(site.engine.clone()).first().await.expect("made");
    let unsaid = unsaid.expect("the first");
    let mut said = Vec::new();
    let next = Keys::new(site.another(&site.clock).await);
    assert!(start(&next, &mut said).await);
    assert_eq!(said, [unsaid.key.token.expose()]);
    // Where it was revoked meanwhile, nobody says it any more.
    let site = Site::new().await;
    let keys = Keys::new(site.engine.clone());
    let unsaid = keys.first().await.expect("made").expect("the first");
    keys.revoke(&unsaid.key.key.id, "test")
        .await
        .expect("revoked");
    let mut said = Vec::new();
    assert!(start(&keys, &mut said).await && said.is_empty());
}

#[tokio::test]
async fn a_start_that_was_cut_short_before_seeds_were_kept_is_made_good() {
    let site = Site::new().await;
    let made_at = Timestamp::from_micros(0);
    let mark = json!({ "made_at": made_at });
    let put = site.memory.put("api_key_first", "admin", None, Some(&mark));
    put.await.expect("written");
    let mut said = Vec::new();
    let keys = Keys::new(site.engine.clone());
    assert!(start(&keys, &mut said).await);
    assert!(opens(&keys, &said[0]).await);
    let again = Keys::new(site.another(&site.clock).await);
    assert!(start(&again, &mut said).await);
    assert_eq!(said.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_start_at_once_all_that_speak_say_the_same() {
    let site = Site::new().await;
    let mut starting = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let keys = Arc::new(Keys::new(site.another(&site.clock).await));
        starting.spawn(async move {
            let mut said = Vec::new();
            assert!(start(&keys, &mut said).await);
            said
        });
    }
    let said: BTreeSet<_> = starting.join_all().await.into_iter().flatten().collect();
    assert_eq!(said.len(), 1, "{said:?}");
    let keys = Keys::new(site.another(&site.clock).await);
    assert!(opens(&keys, said.first().expect("said")).await);
    assert_eq!(keys.list().await.expect("readable").len(), 1);
}
