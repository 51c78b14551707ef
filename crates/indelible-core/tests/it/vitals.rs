//! The engine's figures of its own work.

use std::time::Duration;

use indelible_core::engine::{Engine, Options};
use indelible_core::{AuditError, AuditProtocol, TrailName};

use crate::ground::{Fault, Site, event, faulty};

#[tokio::test]
async fn commits_are_counted_with_their_size() {
    let site = Site::new();
    let audit = site.audit().await;
    let before = audit.engine().vitals();
    assert_eq!((before.commit_entries.sum, before.committed_at), (0, None));
    for _ in 0..3 {
        audit.record(event("x")).await.expect("recorded");
    }
    let after = audit.engine().vitals();
    assert_eq!(after.commit_entries.sum, 3);
    assert_eq!(after.commit_entries.counts[0], 3, "each went alone");
    assert_eq!(after.commit_micros.counts.iter().sum::<u64>(), 3);
    assert!(after.committed_at.is_some());
    assert_eq!((after.queued, after.commits_failed), (0, 0));
}

#[tokio::test]
async fn commits_that_failed_are_counted() {
    let (site, store) = faulty();
    let audit = site.audit().await;
    audit.record(event("x")).await.expect("recorded");
    store.plan(vec![Some(Fault::Refused), Some(Fault::LostBefore)]);
    for _ in 0..2 {
        audit.record(event("x")).await.expect_err("planned");
    }
    let vitals = audit.engine().vitals();
    assert_eq!((vitals.commits_failed, vitals.commit_entries.sum), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_wait_and_events_that_are_given_back_are_counted() {
    let (site, store) = faulty();
    let options = Options {
        queue_events_max: 2,
        commit_events_max: 1,
        patience: Duration::ZERO,
        long_lived: false,
        ..Options::default()
    };
    let engine = Engine::open(site.ground(), options).await.expect("opens");
    let audit = engine.trail(TrailName::standard());
    audit.record(event("x")).await.expect("recorded");
    // From now on no commit comes through.
    store.appends.forget_permits(usize::MAX);
    let waiting: Vec<_> = (0..8)
        .map(|_| {
            let audit = audit.clone();
            tokio::spawn(async move { audit.record(event("x")).await })
        })
        .collect();
    let mut given_back = 0;
    while engine.vitals().overloaded == 0 || engine.vitals().queued < 2 {
        tokio::task::yield_now().await;
    }
    store.appends.add_permits(100);
    for task in waiting {
        match task.await.expect("no panic") {
            Err(AuditError::Overloaded) => given_back += 1,
            answer => drop(answer.expect("recorded")),
        }
    }
    let vitals = engine.vitals();
    assert_eq!((vitals.overloaded, vitals.queued), (given_back, 0));
    assert_eq!(vitals.commit_entries.sum, 9 - given_back);
}
