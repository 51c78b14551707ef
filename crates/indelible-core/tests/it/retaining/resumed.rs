//! A start after a run that was cut short: it goes on beside all else, and stands in nobody's way.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use indelible_core::engine::{Audit, Engine};
use indelible_core::{AuditError, AuditProtocol, TrailName};

use super::{aged, all, policy, retain, set, verified};
use crate::ground::{By, FaultyStore, Site, event, faulty};

/// A site of which a run was cut short before anything went.
async fn cut(old: u64) -> (Site, Arc<FaultyStore>) {
    let (site, store) = faulty();
    let audit = aged(&site, old, 5).await;
    set(&audit, &policy(30)).await;
    cut_run(&store, &audit).await;
    (site, store)
}

async fn cut_run(store: &FaultyStore, audit: &Audit) {
    store.removals_until_failure.store(0, SeqCst);
    let cut = audit.retain("officer", &mut |_| {}).await;
    cut.expect_err("it is cut off");
    store.removals_until_failure.store(i64::MAX, SeqCst);
}

async fn is_unfinished(audit: &Audit) -> bool {
    let now = audit.engine().ground().clock.now();
    let state = audit.retention_state(now).await;
    state.expect("readable").is_unfinished
}

/// An engine that goes on and has come to the first step.
async fn stopped_at_the_first_step(site: &Site, store: &FaultyStore) -> Engine {
    store.stop_removals();
    let engine = site.long_lived().await;
    store.removal_asked().await;
    engine
}

#[tokio::test]
async fn what_is_cut_short_is_finished_by_the_next_run_or_start() {
    for cut in 0..4 {
        for is_start in [false, true] {
            let (site, faulty) = faulty();
            let audit = aged(&site, 1500, 5).await;
            set(&audit, &policy(30)).await;
            let ends = |n| faulty.removals_until_failure.store(n, SeqCst);
            ends(cut);
            let failed = audit.retain("officer", &mut |_| {}).await;
            assert_eq!(failed.is_err(), cut < 3, "{cut}");
            ends(i64::MAX);
            // What was recorded and is not done yet is no finding.
            let report = verified(&audit).await;
            assert!(report.ok, "{cut}: {:?}", report.findings);
            drop(audit);
            let engine = match is_start {
                true => site.long_lived().await,
                false => site.engine().await,
            };
            let audit = engine.trail(TrailName::standard());
            match is_start {
                true => engine.retention_resumed().await,
                false => drop(retain(&audit).await),
            }
            assert_eq!(
                audit.first_kept().await.expect("read"),
                1500,
                "{cut}, {is_start}"
            );
            let report = verified(&audit).await;
            assert!(report.ok && report.complete, "{cut}: {:?}", report.findings);
            let removals = all(&audit).await;
            let removals = removals
                .iter()
                .filter(|e| e.action == "audit_records_expired");
            assert_eq!(removals.count(), 1, "{cut}, {is_start}");
        }
    }
}

#[tokio::test]
async fn a_start_does_not_wait_for_what_was_cut_short() {
    let (site, store) = cut(1_500).await;
    let engine = stopped_at_the_first_step(&site, &store).await;
    let audit = engine.trail(TrailName::standard());
    audit.record(event("x")).await.expect("recorded");
    assert_eq!(audit.first_kept().await.expect("read"), 0);
    assert!(is_unfinished(&audit).await);
    store.removals.add_permits(100);
    engine.retention_resumed().await;
    assert_eq!(audit.first_kept().await.expect("read"), 1_500);
    assert!(!is_unfinished(&audit).await);
    let report = verified(&audit).await;
    assert!(report.ok && report.complete, "{:?}", report.findings);
}

#[tokio::test]
async fn an_orderly_stop_does_not_wait_for_it_and_the_next_start_goes_on() {
    let (site, store) = cut(1_500).await;
    let engine = stopped_at_the_first_step(&site, &store).await;
    engine.close().await.expect("closes");
    let at_close = *store.removals_at_close.lock().expect("unpoisoned");
    assert_eq!(at_close, Some(0), "its step is given up before");
    store.removals.add_permits(100);
    assert_eq!(
        site.store.first_kept(&TrailName::standard()).await.ok(),
        Some(0)
    );
    let engine = site.long_lived().await;
    engine.retention_resumed().await;
    let audit = engine.trail(TrailName::standard());
    assert_eq!(audit.first_kept().await.expect("read"), 1_500);
}

#[tokio::test]
async fn it_ends_with_the_engine() {
    let (site, store) = cut(1_500).await;
    let engine = stopped_at_the_first_step(&site, &store).await;
    let used = Arc::downgrade(&store);
    drop((engine, site, store));
    while used.upgrade().is_some() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_run_that_is_asked_for_takes_its_place() {
    let (site, store) = cut(1_500).await;
    let engine = stopped_at_the_first_step(&site, &store).await;
    let audit = engine.trail(TrailName::standard());
    let running = tokio::spawn(async move { retain(&audit).await.0 });
    // Nobody waits for the step that was asked for first.
    store.removal_asked().await;
    store.removals.add_permits(100);
    let retained = running.await.expect("it runs");
    assert_eq!((retained.entries, retained.first_kept), (1_500, 1_500));
    engine.retention_resumed().await;
}

#[tokio::test]
async fn a_trail_that_cannot_be_gone_on_with_stands_in_no_other_ones_way() {
    let (site, store) = faulty();
    let engine = site.engine().await;
    let mut trails = Vec::new();
    for (name, entries) in [("a", 40_u64), ("b", 50)] {
        let audit = engine.trail(name.parse().expect("a name"));
        super::fill(&audit, 0..entries).await;
        trails.push(audit);
    }
    site.clock.pass(super::DAY * 40);
    for audit in &trails {
        super::fill(audit, 100..103).await;
        set(audit, &policy(30)).await;
        cut_run(&store, audit).await;
    }
    // Of trail a the entry that says what went is altered.
    store.alter(|by, entries| {
        let removals = entries
            .iter_mut()
            .filter(|it| it.seq == 44 && by == By::Index);
        for entry in removals.filter(|it| it.action == "audit_records_expired") {
            entry.erases[0].last += 1;
        }
    });
    let engine = site.long_lived().await;
    engine.retention_resumed().await;
    let audits = ["a", "b"].map(|name| engine.trail(name.parse().expect("a name")));
    for (audit, first_kept) in audits.iter().zip([0, 50]) {
        assert_eq!(audit.first_kept().await.expect("read"), first_kept);
        assert_eq!(is_unfinished(audit).await, first_kept == 0);
        audit.record(event("x")).await.expect("recorded");
    }
    // Whoever runs it is told.
    let refused = audits[0].retain("officer", &mut |_| {}).await;
    assert!(matches!(refused, Err(AuditError::Store(_))), "{refused:?}");
}
