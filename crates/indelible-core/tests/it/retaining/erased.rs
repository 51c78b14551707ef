//! Legal holds that come while persons are erased: the hold wins.

use std::sync::atomic::Ordering;

use indelible_core::engine::{Audit, Engine, ErasureProgress, Options};
use indelible_core::{AuditError, AuditProtocol, Query};

use super::held::{erasure, place, release};
use super::watched::place_at_once;
use super::{aged, all, verified};
use crate::ground::{Fault, Site, event, faulty};

/// The seqs of the entries of u3 whose actor is there.
async fn of_u3(audit: &Audit) -> Vec<u64> {
    let page = audit.query(Query::new().user_id("u3").limit(1000)).await;
    let entries = page.expect("a page").entries;
    entries.into_iter().map(|entry| entry.seq).collect()
}

/// Whoever may only read.
async fn reading(site: &Site) -> Result<Engine, AuditError> {
    let options = Options {
        read_only: true,
        ..Options::default()
    };
    Engine::open(site.ground(), options).await
}

#[tokio::test(flavor = "multi_thread")]
async fn t91_a_hold_that_is_placed_while_persons_are_looked_for_is_heeded() {
    let site = Site::new();
    let audit = aged(&site, 300, 5).await;
    let there = of_u3(&audit).await;
    let mut is_placed = false;
    let mut progress = |progress| {
        if let ErasureProgress::Search(..) = progress
            && !std::mem::replace(&mut is_placed, true)
        {
            place_at_once(&audit, "r123");
        }
    };
    let held = audit.erase(&erasure("u3"), &mut progress).await;
    assert!(
        matches!(held, Err(AuditError::Held { first: 123, .. })),
        "{held:?}"
    );
    assert_eq!(of_u3(&audit).await, there);
    let kept = site.state.erasures(audit.name()).expect("readable");
    assert_eq!(kept, [""; 0], "nothing is ordered");
}

#[tokio::test]
async fn t91_an_order_that_was_cut_short_waits_for_a_hold_that_was_placed_since() {
    let (site, store) = faulty();
    let audit = aged(&site, 300, 5).await;
    let there = of_u3(&audit).await;
    store.plan(vec![Some(Fault::Refused)]);
    let cut = audit.erase(&erasure("u3"), &mut |_| {}).await;
    cut.expect_err("it is cut off");
    let hold = place(&audit, Query::new().resource_id("r123")).await;

    // The next start says what was ordered, and takes nothing.
    let audit = site.audit().await;
    assert_eq!(of_u3(&audit).await, there);
    let unfinished = audit.engine().unfinished_erasures().await.expect("read");
    assert_eq!(
        unfinished
            .iter()
            .map(|one| (one.is_there, one.held))
            .collect::<Vec<_>>(),
        [(false, 1)]
    );
    let report = verified(&audit).await;
    assert!(report.ok && report.complete, "{:?}", report.findings);
    reading(&site).await.expect("what is held may be read");
    // Others go meanwhile, and the database is not written anew for what waits.
    let (erased, _) = audit
        .erase(&erasure("u2"), &mut |_| {})
        .await
        .expect("nothing of u2 is held");
    assert!(erased.parts > 0);
    assert_eq!(erased.held_back, 1);
    let purges = store.purges.load(Ordering::SeqCst);
    let audit = site.audit().await;
    assert_eq!(store.purges.load(Ordering::SeqCst), purges);
    assert_eq!(of_u3(&audit).await, there);

    // Once it is released, the order is carried out, and its bytes go too.
    release(&audit, &hold).await;
    let refused = reading(&site).await.expect_err("it is to be gone");
    assert!(matches!(refused, AuditError::BroughtBack(_)), "{refused}");
    let audit = site.audit().await;
    assert_eq!(of_u3(&audit).await, [0; 0]);
    assert_eq!(store.purges.load(Ordering::SeqCst), purges + 1);
    let unfinished = audit.engine().unfinished_erasures().await.expect("read");
    assert_eq!(unfinished, []);
    let says = all(&audit).await;
    let says = says.iter().filter(|entry| !entry.erases.is_empty());
    assert_eq!(says.count(), 2, "nothing is said twice");
    let report = verified(&audit).await;
    assert!(report.ok && report.complete, "{:?}", report.findings);
}

#[tokio::test]
async fn what_a_hold_had_kept_is_purged_later_where_that_fails_at_first() {
    let (site, store) = faulty();
    let audit = aged(&site, 300, 5).await;
    store.plan(vec![Some(Fault::Refused)]);
    let cut = audit.erase(&erasure("u3"), &mut |_| {}).await;
    cut.expect_err("it is cut off");
    let hold = place(&audit, Query::new().resource_id("r123")).await;
    let done = audit.erase(&erasure("u2"), &mut |_| {}).await;
    done.expect("nothing of u2 is held");
    release(&audit, &hold).await;
    // It is blanked, and not purged.
    store.removals_until_failure.store(2, Ordering::SeqCst);
    let audit = site.audit().await;
    assert_eq!(of_u3(&audit).await, [0; 0]);
    store
        .removals_until_failure
        .store(i64::MAX, Ordering::SeqCst);
    let purges = store.purges.load(Ordering::SeqCst);
    let (erased, _) = audit
        .erase(&erasure("nobody"), &mut |_| {})
        .await
        .expect("it goes on");
    assert_eq!((erased.unpurged, erased.held_back), (None, 0));
    assert_eq!(store.purges.load(Ordering::SeqCst), purges + 1);
}

#[tokio::test]
async fn what_went_of_an_order_before_a_cut_is_purged_though_it_is_held_again() {
    let (site, store) = faulty();
    let audit = aged(&site, 300, 5).await;
    store.plan(vec![Some(Fault::Refused)]);
    let cut = audit.erase(&erasure("u3"), &mut |_| {}).await;
    cut.expect_err("it is cut off");
    let hold = place(&audit, Query::new().resource_id("r123")).await;
    // It stands as held.
    let audit = site.audit().await;
    let there = of_u3(&audit).await;
    let purges = || store.purges.load(Ordering::SeqCst);
    let before = purges();
    release(&audit, &hold).await;
    // Half of it, and then the process ends.
    store.removals_until_failure.store(1, Ordering::SeqCst);
    let cut = audit.erase(&erasure("nobody"), &mut |_| {}).await;
    cut.expect_err("it is cut off");
    store
        .removals_until_failure
        .store(i64::MAX, Ordering::SeqCst);
    let left = of_u3(&audit).await;
    assert!(left.len() < there.len() && left.contains(&298), "{left:?}");
    let hold = place(&audit, Query::new().resource_id("r298")).await;
    assert_eq!(purges(), before);
    for _ in 0..2 {
        let audit = site.audit().await;
        assert_eq!(of_u3(&audit).await, left);
        assert_eq!(purges(), before + 1, "once, and not at every start");
    }
    release(&audit, &hold).await;
    let audit = site.audit().await;
    assert_eq!(of_u3(&audit).await, [0; 0]);
    assert_eq!(purges(), before + 2);
}

/// A trail whose entries are all by u3, each on a resource of its number.
async fn of_one(site: &Site, entries: u64) -> Audit {
    let audit = site.audit().await;
    let events = (0..entries).map(|n| {
        let event = event("document_read").user_id("u3");
        event.resource_id(format!("r{n}"))
    });
    for answer in audit.record_all(events.collect()).await {
        answer.expect("recorded");
    }
    audit
}

/// How many entries have lost their actor.
async fn blanked(audit: &Audit) -> usize {
    let entries = all(audit).await;
    entries.iter().filter(|it| !it.erased().is_empty()).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn t91_a_hold_that_is_placed_while_an_order_is_carried_out_keeps_what_is_left_of_it() {
    for is_purge_failing in [false, true] {
        let (site, store) = faulty();
        let audit = of_one(&site, 2_900).await;
        let mut is_placed = false;
        let mut at_first = |progress| {
            if let ErasureProgress::Blank(..) = progress
                && !std::mem::replace(&mut is_placed, true)
            {
                place_at_once(&audit, "r2500");
                let steps = if is_purge_failing { 0 } else { i64::MAX };
                store.removals_until_failure.store(steps, Ordering::SeqCst);
            }
        };
        let done = audit.erase(&erasure("u3"), &mut at_first).await;
        let (erased, _) = done.expect("what is left waits");
        assert_eq!((erased.parts, erased.held_back), (1_024, 1));
        assert_eq!(erased.unpurged.is_some(), is_purge_failing);
        assert_eq!(
            blanked(&audit).await,
            1_024,
            "of the order nothing more goes"
        );
        assert!(verified(&audit).await.ok);
        let steps = i64::MAX;
        store.removals_until_failure.store(steps, Ordering::SeqCst);
        let purges = store.purges.load(Ordering::SeqCst);
        let again = audit.erase(&erasure("nobody"), &mut |_| {}).await;
        let (again, _) = again.expect("nobody is held");
        assert_eq!((again.held_back, again.unpurged), (1, None));
        // Of what has gone of it the bytes go, and once only.
        let more = store.purges.load(Ordering::SeqCst) - purges;
        assert_eq!(more, u64::from(is_purge_failing));
        let holds = audit.holds().await.expect("read");
        release(&audit, &holds[0]).await;
        let audit = site.audit().await;
        assert_eq!(blanked(&audit).await, 2_900);
        let report = verified(&audit).await;
        assert!(report.ok && report.complete, "{:?}", report.findings);
    }
}

#[tokio::test]
async fn an_order_reaches_beyond_what_retention_removes_while_it_is_read() {
    let (site, store) = faulty();
    let audit = of_one(&site, 5_000).await;
    store.plan(vec![Some(Fault::Refused)]);
    let cut = audit.erase(&erasure("u3"), &mut |_| {}).await;
    cut.expect_err("it is cut off");
    // Between the first leaves that are read of the order and the next ones.
    *store.trimmed_at.lock().expect("unpoisoned") = Some((4_096, 4_400));
    let audit = site.audit().await;
    assert_eq!(audit.first_kept().await.expect("read"), 4_400);
    assert_eq!(blanked(&audit).await, 600);
}
