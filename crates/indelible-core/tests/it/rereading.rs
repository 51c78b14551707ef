//! The continuous check of what was just committed.

use indelible_core::engine::{Audit, ReadBack, Reader};
use indelible_core::store::{Commit, Store, StoreError};
use indelible_core::{AuditError, Timestamp, TrailName};
use indelible_merkle::Hash;
use serde_json::json;

use crate::ground::{Site, event, faulty};

async fn record(audit: &Audit, count: u32) {
    let context = |n| {
        event("x")
            .user_id(format!("u-{n}"))
            .context(json!({"n": n}))
    };
    let events = (0..count).map(context).collect();
    for answer in audit.record_all(events).await {
        answer.expect("recorded");
    }
}

async fn read(reader: &Reader) -> ReadBack {
    reader.wait().await;
    let read = reader.read().await.expect("readable");
    read.expect("something was committed")
}

#[tokio::test]
async fn what_was_committed_is_read_back_once() {
    let site = Site::new();
    let audit = site.audit().await;
    record(&audit, 3).await;
    let reader = audit.engine().reader();
    assert_eq!(reader.read().await.expect("readable"), None, "from then on");
    record(&audit, 600).await;
    let found = read(&reader).await;
    assert_eq!(found.entries, 3..603, "many commits are one stretch");
    assert_eq!(found.mismatch, None);
    assert_eq!(reader.read().await.expect("readable"), None);
    let figures = audit.engine().vitals().reread;
    assert_eq!(
        (figures.entries, figures.failures, figures.waiting),
        (600, 0, 0)
    );
    drop(reader);
    record(&audit, 1).await;
    assert_eq!(audit.engine().vitals().reread.waiting, 0, "nobody reads");
}

#[tokio::test]
async fn t62_a_bit_that_flips_between_hashing_and_storing_is_found() {
    let body: fn(&mut Commit) = |commit| {
        let part = commit.entries[0].entry.parts.details.as_mut();
        part.expect("a context").body[3] ^= 1;
    };
    let salt: fn(&mut Commit) = |commit| {
        let part = commit.entries[0].entry.parts.actor.as_mut();
        part.expect("an actor").salt[15] ^= 0x80;
    };
    let column: fn(&mut Commit) = |commit| {
        let time = &mut commit.entries[0].entry.created_at;
        *time = Timestamp::from_micros(time.as_micros() ^ 1);
    };
    let action: fn(&mut Commit) = |commit| commit.entries[0].entry.action = "y".to_owned();
    let lost: fn(&mut Commit) = |commit| commit.entries[0].entry.parts.details = None;
    let cases = [
        (lost, "the details part is missing"),
        (body, "the details part is altered"),
        (salt, "the actor part is altered"),
        (column, "the columns do not give the leaf hash"),
        (action, "the columns do not give the leaf hash"),
    ];
    for (spoil, detail) in cases {
        let (site, store) = faulty();
        let audit = site.audit().await;
        let reader = audit.engine().reader();
        record(&audit, 1).await;
        assert_eq!(read(&reader).await.mismatch, None);
        *store.spoil.lock().expect("unpoisoned") = Some(spoil);
        record(&audit, 1).await;
        let found = read(&reader).await;
        assert_eq!((&found.trail, found.entries), (audit.name(), 1..2));
        let mismatch = found.mismatch.expect(detail);
        assert_eq!((mismatch.seq, &*mismatch.detail), (Some(1), detail));
        assert_eq!(audit.engine().vitals().reread.failures, 1);
    }
}

#[tokio::test]
async fn t62_entries_whose_hashes_were_made_to_fit_are_found() {
    let (site, store) = faulty();
    let audit = site.audit().await;
    let reader = audit.engine().reader();
    *store.spoil.lock().expect("unpoisoned") = Some(|commit| {
        let (trail, entry) = (commit.head.trail.clone(), &mut commit.entries[0].entry);
        entry.action = "forged".to_owned();
        entry.leaf_hash = entry.derived_leaf(&trail, &mut Vec::new());
    });
    record(&audit, 2).await;
    let mismatch = read(&reader).await.mismatch.expect("found");
    assert_eq!(mismatch.seq, None);
    assert!(
        mismatch.detail.contains("others than those"),
        "{mismatch:?}"
    );
}

#[tokio::test]
async fn t62_a_node_of_the_tree_that_is_stored_wrong_is_found() {
    let (site, store) = faulty();
    let audit = site.audit().await;
    let reader = audit.engine().reader();
    record(&audit, 200).await;
    *store.spoil.lock().expect("unpoisoned") = Some(|commit| {
        for (_, hash) in &mut commit.nodes {
            let mut bytes = *hash.as_bytes();
            bytes[7] ^= 4;
            *hash = Hash::from_bytes(bytes);
        }
    });
    record(&audit, 100).await;
    let mismatch = read(&reader).await.mismatch.expect("found");
    assert_eq!(mismatch.seq, Some(0));
    assert!(
        mismatch.detail.contains("node 0 at height 8"),
        "{mismatch:?}"
    );
}

#[tokio::test]
async fn a_store_that_cannot_be_read_is_read_later() {
    use std::sync::atomic::Ordering;
    let (site, store) = faulty();
    let audit = site.audit().await;
    let reader = audit.engine().reader();
    record(&audit, 2).await;
    store.reads_until_failure.store(0, Ordering::SeqCst);
    let Err(AuditError::Store(error)) = reader.read().await else {
        panic!("the read was planned to fail")
    };
    assert!(matches!(*error, StoreError::Unavailable { .. }));
    store.reads_until_failure.store(i64::MAX, Ordering::SeqCst);
    record(&audit, 1).await;
    assert_eq!(read(&reader).await.entries, 0..3);
}

#[tokio::test]
async fn entries_of_other_writers_in_between_belong_to_the_stretch() {
    let site = Site::new();
    let (first, second) = (site.audit().await, site.audit().await);
    let reader = first.engine().reader();
    record(&first, 1).await;
    record(&second, 2).await;
    record(&first, 1).await;
    let found = read(&reader).await;
    assert_eq!((found.entries, found.mismatch), (0..4, None));
    let trail = TrailName::standard();
    let head = site.memory.head(&trail).await.expect("readable");
    assert_eq!(head.expect("a head").size, 4);
}
