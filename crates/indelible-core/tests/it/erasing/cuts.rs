//! A process that ends anywhere within an erasure, and the next one, which finishes it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use indelible_core::engine::{Engine, Ground};
use indelible_core::store::StoreError;
use indelible_core::{MemoryStore, Registry, Versioned};
use serde_json::Value;

use super::*;
use crate::ground::{Fault, FaultyStore, faulty};

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

/// A registry that can be cut off.
struct Cuttable {
    inner: Arc<MemoryStore>,
    is_cut: AtomicBool,
}

#[async_trait]
impl Registry for Cuttable {
    async fn get(&self, kind: &str, key: &str) -> Result<Option<Versioned>, StoreError> {
        self.inner.get(kind, key).await
    }

    async fn list(&self, kind: &str) -> Result<Vec<(String, Versioned)>, StoreError> {
        self.inner.list(kind).await
    }

    async fn put(
        &self,
        kind: &str,
        key: &str,
        expected: Option<u64>,
        value: Option<&Value>,
    ) -> Result<Option<u64>, StoreError> {
        if kind == "erasure" && self.is_cut.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable {
                source: "cut".into(),
            });
        }
        self.inner.put(kind, key, expected, value).await
    }
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
    registry
        .is_cut
        .store(cut == Some(Cut::Row), Ordering::SeqCst);
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
            let registry = Arc::new(Cuttable {
                inner: site.memory.clone(),
                is_cut: AtomicBool::new(false),
            });
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
