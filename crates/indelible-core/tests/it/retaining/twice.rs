//! Two processes that carry out retention of one trail at once.

use std::sync::atomic::Ordering::SeqCst;

use indelible_core::TrailName;
use indelible_core::engine::{Audit, Engine, Ground, Options};

use super::{aged, policy, retain, set, verified};
use crate::ground::{Cuttable, FaultyStore, HandClock, Site, faulty};

/// Begins a run, and has another process note, before anything is recorded of it, that there is
/// nothing to be done. Answers whether the run came to its end.
async fn crossed(site: &Site, store: &FaultyStore, audit: Audit) -> bool {
    store.appends.forget_permits(usize::MAX);
    store.asked.forget_permits(usize::MAX);
    let running = tokio::spawn(async move { audit.retain("officer", &mut |_| {}).await });
    let asked = store.asked.acquire().await.expect("never closed");
    asked.forget();
    // By its clock nothing is old enough.
    let other = Site {
        clock: HandClock::new(),
        ..site.clone()
    };
    let (retained, _) = retain(&other.audit().await).await;
    assert_eq!((retained.entries, retained.recorded), (0, vec![]));
    store.appends.add_permits(100);
    running.await.expect("it runs").is_ok()
}

#[tokio::test]
async fn what_another_one_takes_for_done_is_done() {
    let (site, store) = faulty();
    let audit = aged(&site, 300, 5).await;
    set(&audit, &policy(30)).await;
    assert!(crossed(&site, &store, audit.clone()).await);
    assert_eq!(audit.first_kept().await.expect("read"), 300);
    let report = verified(&audit).await;
    assert!(report.ok && report.complete, "{:?}", report.findings);
}

#[tokio::test]
async fn what_another_one_takes_for_done_is_told_where_it_is_cut_short() {
    let (site, store) = faulty();
    let audit = aged(&site, 300, 5).await;
    set(&audit, &policy(30)).await;
    store.removals_until_failure.store(0, SeqCst);
    assert!(!crossed(&site, &store, audit.clone()).await);
    let now = audit.engine().ground().clock.now();
    let state = audit.retention_state(now).await.expect("read");
    assert!(state.is_unfinished);
}

#[tokio::test]
async fn what_was_recorded_is_found_where_it_was_noted_as_done_before() {
    let (site, store) = faulty();
    let audit = aged(&site, 300, 5).await;
    set(&audit, &policy(30)).await;
    // It ends when all is recorded, and before that is noted.
    let ground = Ground {
        registry: Cuttable::of(&site.memory, "retention", 1),
        ..site.ground()
    };
    let options = Options {
        long_lived: false,
        ..Options::default()
    };
    let engine = Engine::open(ground, options).await.expect("opens");
    let cut = engine.trail(TrailName::standard());
    assert!(!crossed(&site, &store, cut).await);
    assert_eq!(audit.first_kept().await.expect("read"), 0);
    let engine = site.long_lived().await;
    engine.retention_resumed().await;
    assert_eq!(audit.first_kept().await.expect("read"), 300);
    let report = verified(&audit).await;
    assert!(report.ok && report.complete, "{:?}", report.findings);
}
