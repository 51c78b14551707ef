//! When the database is written anew for parts that went by age: once, and after a failure again.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use indelible_core::engine::{Audit, Hold};
use indelible_core::part::PartKind;
use indelible_core::{AuditProtocol, Query, TrailName};

use super::held::{place, release};
use super::{aged, fill, of_parts, retain, set, verified};
use crate::ground::{FaultyStore, Site, faulty};

/// A site in which a run that would blank parts was cut short before, and one entry of which was
/// held since.
async fn held_since() -> (Site, Arc<FaultyStore>, Audit, Hold) {
    let (site, store) = faulty();
    let audit = aged(&site, 300, 5).await;
    set(&audit, &of_parts(&[PartKind::Actor])).await;
    store.removals_until_failure.store(0, SeqCst);
    let cut = audit.retain("officer", &mut |_| {}).await;
    cut.expect_err("it is cut off");
    store.removals_until_failure.store(i64::MAX, SeqCst);
    let hold = place(&audit, Query::new().resource_id("r123")).await;
    (site, store, audit, hold)
}

async fn start(site: &Site) {
    site.long_lived().await.retention_resumed().await;
}

#[tokio::test]
async fn what_is_held_back_is_no_reason_to_write_the_database_anew() {
    let (site, store, audit, hold) = held_since().await;
    let purges = || store.purges.load(SeqCst);
    start(&site).await;
    assert_eq!(purges(), 1);
    for _ in 0..2 {
        start(&site).await;
        let (retained, _) = retain(&audit).await;
        assert_eq!((retained.parts, retained.is_held_back), (0, true));
        assert_eq!(purges(), 1);
    }
    release(&audit, &hold).await;
    let (retained, _) = retain(&audit).await;
    assert_eq!((retained.parts, retained.is_held_back), (1, false));
    assert_eq!(purges(), 2);
    let report = verified(&audit).await;
    assert!(report.ok && report.complete, "{:?}", report.findings);
}

#[tokio::test]
async fn a_purge_that_failed_rests_at_starts_and_is_tried_by_a_run() {
    let (site, store, audit, _hold) = held_since().await;
    let purges = || store.purges.load(SeqCst);
    // It is blanked, and not purged.
    store.removals_until_failure.store(2, SeqCst);
    let (retained, _) = retain(&audit).await;
    assert_eq!((retained.parts, retained.unpurged.is_some()), (299, true));
    assert_eq!(purges(), 1);
    start(&site).await;
    assert_eq!(purges(), 1, "a minute is not over");
    site.clock.pass(Duration::from_secs(61));
    start(&site).await;
    assert_eq!(purges(), 2);
    start(&site).await;
    assert_eq!(purges(), 2, "nor are two");
    store.removals_until_failure.store(i64::MAX, SeqCst);
    let (retained, _) = retain(&audit).await;
    assert_eq!((retained.parts, retained.unpurged), (0, None));
    assert_eq!(purges(), 3);
    site.clock.pass(Duration::from_secs(1_000));
    start(&site).await;
    assert_eq!(purges(), 3);
}

#[tokio::test]
async fn what_was_blanked_before_a_cut_is_purged_by_the_next_start() {
    let (site, store, audit, _hold) = held_since().await;
    // Half of the first piece, and then the process ends.
    store.removals_until_failure.store(1, SeqCst);
    let cut = audit.retain("officer", &mut |_| {}).await;
    cut.expect_err("it is cut off");
    let all = Query::new().user_id("u1").limit(1000);
    let left = audit.query(all).await.expect("a page").entries.len();
    assert!(left < 61, "{left}");
    place(&audit, Query::new()).await;
    store.removals_until_failure.store(i64::MAX, SeqCst);
    assert_eq!(store.purges.load(SeqCst), 0);
    start(&site).await;
    assert_eq!(store.purges.load(SeqCst), 1);
}

#[tokio::test]
async fn a_run_that_is_asked_for_waits_for_a_purge_that_is_under_way() {
    let (site, store, _audit, _hold) = held_since().await;
    store.stop_removals();
    let engine = site.long_lived().await;
    // Both halves of what is blanked.
    store.removals.add_permits(2);
    for _ in 0..3 {
        store.removal_asked().await;
    }
    let purges = || store.purges.load(SeqCst);
    assert_eq!(purges(), 1);
    let audit = engine.trail(TrailName::standard());
    let other = audit.clone();
    store.removals_checked.forget_permits(usize::MAX);
    let running = tokio::spawn(async move { retain(&audit).await.0 });
    // After that it asks for its turn, before anything else here goes on.
    let checked = store.removals_checked.acquire().await;
    checked.expect("never closed").forget();
    // Whoever would make way for it has had the engine's thread by then.
    for number in 0..3 {
        fill(&other, number..number + 1).await;
    }
    store.removals.add_permits(100);
    let retained = running.await.expect("it runs");
    assert_eq!((retained.parts, retained.unpurged), (0, None));
    engine.retention_resumed().await;
    assert_eq!(purges(), 1);
}
