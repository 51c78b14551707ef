//! A process that ends anywhere within an erasure, and the next one, which finishes it.

use std::sync::atomic::Ordering;

use indelible_core::engine::{Engine, Ground};

use super::*;
use crate::ground::{Cuttable, Fault, FaultyStore, faulty};

/// How a process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// At the append of the erasure entry.
    Append(Fault),
    /// After so many of the steps that take content away.
    Removal(i64),
    /// When all is done but being told.
    Row,
}

fn plan(store: &FaultyStore, registry: &Cuttable, cut: Option<Cut>) {
    store.plan(match cut {
        Some(Cut::Append(fault)) => vec![Some(fault)],
        _ => Vec::new(),
    });
    let left = match cut {
        Some(Cut::Removal(steps)) => steps,
        _ => i64::MAX,
    };
    store.removals_until_failure.store(left, Ordering::SeqCst);
    let tellings = if cut == Some(Cut::Row) { 0 } else { i64::MAX };
    registry
        .tellings_until_cut
        .store(tellings, Ordering::SeqCst);
}

/// The parts that are erased, and the entries that say so.
async fn state(audit: &Audit) -> (usize, usize) {
    let entries = all(audit).await;
    let gone = entries.iter().map(|entry| entry.erased().len()).sum();
    let says = entries.iter().filter(|entry| !entry.erases.is_empty());
    (gone, says.count())
}

#[tokio::test]
async fn an_erasure_that_was_cut_short_anywhere_is_finished_by_the_next_start_or_the_next_run() {
    let cuts = [
        Cut::Append(Fault::Refused),
        Cut::Append(Fault::LostBefore),
        Cut::Append(Fault::LostAfter),
        Cut::Removal(0),
        Cut::Removal(1),
        Cut::Removal(2),
        Cut::Row,
    ];
    for cut in cuts {
        for by_next_run in [false, true] {
            let (site, store) = faulty();
            let registry = Cuttable::of(&site.memory, "erasure", i64::MAX);
            let open = async || {
                let ground = Ground {
                    registry: registry.clone(),
                    ..site.ground()
                };
                let options = indelible_core::engine::Options {
                    long_lived: false,
                    ..Default::default()
                };
                let engine = Engine::open(ground, options).await.expect("opens");
                engine.trail(TrailName::standard())
            };
            let audit = open().await;
            fill(&audit, 0..50).await;
            plan(&store, &registry, Some(cut));
            let answer = audit.erase(&order(&["u3"]), &mut |_| {}).await;
            match (&answer, cut) {
                // The entry was there although nobody heard, and the purge is told by itself.
                (Ok(_), Cut::Append(Fault::LostAfter)) => {}
                (Ok((erased, _)), Cut::Removal(2)) => {
                    assert!(erased.unpurged.is_some());
                }
                (Err(AuditError::Store(_)), _) => {}
                other => panic!("{cut:?}: {other:?}"),
            }
            // What is recorded first explains whatever is gone already.
            plan(&store, &registry, None);
            assert!(verified(&audit).await.ok, "{cut:?}");
            let audit = if by_next_run {
                let (_, plan) = erase(&audit, &order(&["nobody"])).await;
                assert_eq!(plan.entries, 0, "{cut:?}: the rest went first");
                audit
            } else {
                drop(audit);
                open().await
            };
            assert_eq!(state(&audit).await, (10, 1), "{cut:?}");
            let report = verified(&audit).await;
            assert!(
                report.ok && report.complete,
                "{cut:?}: {:?}",
                report.findings
            );
            // And then nothing is left to be done.
            plan(&store, &registry, Some(Cut::Removal(0)));
            let audit = open().await;
            assert_eq!(state(&audit).await, (10, 1), "{cut:?}");
        }
    }
}

#[tokio::test]
async fn an_order_that_was_never_kept_leaves_nothing() {
    let site = Site::new();
    let audit = site.audit().await;
    fill(&audit, 0..20).await;
    // Whoever may not erase leaves no entry that says so.
    let before = all(&audit).await;
    let ground = site.ground();
    let options = indelible_core::engine::Options {
        read_only: true,
        ..Default::default()
    };
    let reading = Engine::open(ground, options).await.expect("opens");
    let reading = reading.trail(TrailName::standard());
    let refused = reading.erase(&order(&["u3"]), &mut |_| {}).await;
    assert!(
        matches!(refused, Err(AuditError::Refused { .. })),
        "{refused:?}"
    );
    assert_eq!(all(&audit).await, before);
    assert!(site.state.erased_trails().expect("readable").is_empty());
}

#[tokio::test]
async fn what_was_blanked_beside_the_row_of_another_state_directory_is_purged_after_a_cut() {
    let (site, store) = faulty();
    let audit = site.audit().await;
    fill(&audit, 0..50).await;
    erase(&audit, &order(&["u4"])).await;
    audit.engine().close().await.expect("closes");
    let other = super::replayed::older(&site);
    // It ends when all is blanked, and before that is told.
    let ground = Ground {
        registry: Cuttable::of(&site.memory, "erasure", 1),
        ..other.ground()
    };
    let options = indelible_core::engine::Options {
        long_lived: false,
        ..Default::default()
    };
    let engine = Engine::open(ground, options).await.expect("opens");
    let audit = engine.trail(TrailName::standard());
    let purges = store.purges.load(Ordering::SeqCst);
    let cut = audit.erase(&order(&["u3"]), &mut |_| {}).await;
    cut.expect_err("it is cut off");
    assert_eq!(state(&audit).await, (20, 2));
    assert_eq!(store.purges.load(Ordering::SeqCst), purges);
    other.audit().await;
    assert_eq!(store.purges.load(Ordering::SeqCst), purges + 1);
}
