//! Erasures that are not finished: who goes on with them, when, and who says so.

use std::sync::atomic::Ordering;
use std::time::Duration;

use indelible_core::engine::UnfinishedErasure;

use super::*;
use crate::ground::{Fault, faulty};

/// The one erasure that is not finished.
async fn unfinished(audit: &Audit) -> Option<UnfinishedErasure> {
    let all = audit.engine().unfinished_erasures().await;
    let mut all = all.expect("readable");
    assert!(all.len() < 2, "{all:?}");
    all.pop()
}

#[tokio::test]
async fn a_purge_that_fails_is_left_alone_for_a_while_and_then_tried_again() {
    let (site, store) = faulty();
    let audit = site.audit().await;
    fill(&audit, 0..50).await;
    // All is blanked, and not purged.
    let left = |removals| {
        store
            .removals_until_failure
            .store(removals, Ordering::SeqCst)
    };
    left(2);
    let (erased, _) = erase(&audit, &order(&["u3"])).await;
    assert!(erased.unpurged.is_some());
    left(0);
    let purges = || store.purges.load(Ordering::SeqCst);
    assert_eq!(purges(), 1);
    let mut tries = 1;
    for pause in [60, 120, 240] {
        site.clock.pass(Duration::from_secs(pause - 1));
        let audit = site.audit().await;
        assert_eq!(purges(), tries, "it is too early");
        let there = unfinished(&audit).await.expect("it is not finished");
        assert_eq!(there.trail, *audit.name());
        assert!(!there.is_there && there.not_before.is_some());
        site.clock.pass(Duration::from_secs(2));
        site.audit().await;
        tries += 1;
        assert_eq!(purges(), tries);
    }
    // Who asks for an erasure does not wait.
    left(i64::MAX);
    let audit = site.audit().await;
    let (erased, _) = erase(&audit, &order(&["nobody"])).await;
    assert_eq!((erased.unpurged, erased.parts), (None, 0));
    assert_eq!(purges(), tries + 1);
    assert_eq!(unfinished(&audit).await, None);
    // What is done is not done again.
    site.clock.pass(Duration::from_secs(1 << 20));
    site.audit().await;
    assert_eq!(purges(), tries + 1);
}

#[tokio::test]
async fn an_erasure_answers_for_what_earlier_ones_had_left() {
    let (site, store) = faulty();
    let audit = site.audit().await;
    fill(&audit, 0..50).await;
    store.plan(vec![Some(Fault::Refused)]);
    let cut = audit.erase(&order(&["u3"]), &mut |_| {}).await;
    cut.expect_err("it is cut off");
    let there = unfinished(&audit).await.expect("it is not finished");
    assert!(there.is_there);
    let (erased, plan) = erase(&audit, &order(&["u2"])).await;
    assert_eq!(plan.entries, 10);
    assert_eq!((erased.parts, erased.recorded), (20, vec![50, 51]));
    assert_eq!(unfinished(&audit).await, None);
}
