//! Faults: what was acknowledged is there, what was refused is not, no seq is used twice.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use indelible_core::state::{State, StateInMemory};
use indelible_core::{
    AuditError, AuditProtocol, Delivery, MemoryStore, Query, Refusal, Store, TrailName,
};
use uuid::Uuid;

use crate::ground::{Fault, Site, event, everything, faulty};

#[tokio::test]
async fn t100_a_lost_answer_to_a_commit_is_settled_by_id() {
    let (site, store) = faulty();
    let audit = site.audit().await;
    audit.record(event("a")).await.expect("recorded");
    store.plan(vec![Some(Fault::LostAfter)]);
    let receipt = audit.record(event("b")).await.expect("it was written");
    assert_eq!(
        (receipt.seq, receipt.delivery),
        (Some(1), Delivery::Recorded)
    );
    store.plan(vec![Some(Fault::LostBefore)]);
    let error = audit
        .record(event("c"))
        .await
        .expect_err("it was not written");
    assert!(error.is_passing(), "{error}");
    let receipt = audit.record(event("d")).await.expect("recorded");
    assert_eq!(receipt.seq, Some(2));
}

#[tokio::test]
async fn t97_a_refused_commit_leaves_no_gap() {
    let (site, store) = faulty();
    let audit = site.audit().await;
    for n in 0..20 {
        let fault = [None, Some(Fault::Refused), Some(Fault::LostBefore)][n % 3];
        store.plan(vec![fault]);
        let answer = audit
            .record(event("x").id(Uuid::from_u128(n as u128)))
            .await;
        assert_eq!(answer.is_ok(), fault.is_none());
    }
    let page = audit.query(everything()).await.expect("a page");
    let seqs: Vec<u64> = page.entries.iter().map(|entry| entry.seq).collect();
    assert_eq!(seqs, (0..7).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn t59_a_failure_at_any_read_of_recovery_reuses_no_seq() {
    for fails_at in 0..12 {
        let (site, store) = faulty();
        let audit = site.audit().await;
        for n in 0..300 {
            audit
                .record(event("x").id(Uuid::from_u128(n)))
                .await
                .expect("recorded");
        }
        store.plan(vec![Some(Fault::LostAfter)]);
        store.reads_until_failure.store(fails_at, Ordering::SeqCst);
        let during = audit.record(event("x").id(Uuid::from_u128(300))).await;
        store.reads_until_failure.store(i64::MAX, Ordering::SeqCst);
        let after = audit
            .record(event("x").id(Uuid::from_u128(300)))
            .await
            .expect("settled");
        assert_eq!(after.seq, Some(300), "{during:?}");
        let next = audit.record(event("x")).await.expect("recorded");
        assert_eq!(next.seq, Some(301));
    }
}

#[tokio::test]
async fn a_restart_goes_on_where_the_trail_ends() {
    let site = Site::new();
    for round in 0..5_u64 {
        let engine = site.engine().await;
        let audit = engine.trail(TrailName::standard());
        for n in 0..100 {
            let receipt = audit.record(event("x")).await.expect("recorded");
            assert_eq!(receipt.seq, Some(round * 100 + n));
        }
        engine.close().await.expect("closes");
    }
    assert!(
        site.state
            .mark(&TrailName::standard())
            .expect("readable")
            .is_some()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn t43_two_engines_on_one_store_keep_one_order() {
    let site = Site::new();
    let engines = [site.engine().await, site.engine().await];
    let tasks: Vec<_> = (0..16)
        .map(|writer: usize| {
            let audit = engines[writer % 2].trail(TrailName::standard());
            tokio::spawn(async move {
                let mut seqs = Vec::new();
                for _ in 0..40 {
                    let receipt = audit.record(event("x")).await.expect("recorded");
                    seqs.push(receipt.seq.expect("a seq"));
                }
                seqs
            })
        })
        .collect();
    let mut seqs = Vec::new();
    for task in tasks {
        seqs.extend(task.await.expect("no panic"));
    }
    seqs.sort_unstable();
    assert_eq!(seqs, (0..16 * 40).collect::<Vec<u64>>());
}

/// A copy of a store as it is now.
async fn copy_of(store: &MemoryStore) -> Arc<MemoryStore> {
    let copy = MemoryStore::new();
    for head in store.heads().await.expect("readable") {
        copy.restore(store.snapshot(&head.trail).expect("there"));
    }
    Arc::new(copy)
}

#[tokio::test]
async fn t63_a_restored_copy_refuses_to_write_until_it_succeeds_the_lost_one() {
    let mut site = Site::new();
    let engine = site.engine().await;
    let audit = engine.trail(TrailName::standard());
    for _ in 0..300 {
        audit.record(event("x")).await.expect("recorded");
    }
    let old = copy_of(&site.memory).await;
    for _ in 0..10 {
        audit.record(event("x")).await.expect("recorded");
    }
    engine.close().await.expect("closes");
    site.store = old.clone();
    site.memory = old;
    let engine = site.engine().await;
    let audit = engine.trail(TrailName::standard());
    let told = audit.check_writable().await.expect_err("behind its mark");
    assert!(told.to_string().contains("restored copy"), "{told}");
    match audit.record(event("y")).await {
        Err(AuditError::Refused {
            refusal: Refusal::RolledBack { size, mark },
            ..
        }) => {
            assert_eq!((size, mark), (300, 310));
        }
        other => panic!("{other:?}"),
    }
    let succession = audit.succeed("the disk broke").await.expect("succeeds");
    audit.check_writable().await.expect("it goes on");
    assert_eq!((succession.size, succession.incarnation), (300, 2));
    assert_eq!(succession.origin, "test.example/default/2");
    let receipt = audit.record(event("y")).await.expect("recorded");
    assert_eq!(receipt.seq, Some(301));
    let first = audit.entry_at(300).await.expect("readable").expect("there");
    let context = first.context.expect("a context");
    assert_eq!(context["reason"], "the disk broke");
    let mark = context["old_high_water_mark"].as_str().expect("a note");
    assert!(mark.starts_with("test.example/default\n310\n"), "{mark}");
    engine.close().await.expect("closes");
    let again = site.audit().await;
    again.record(event("z")).await.expect("recorded");
}

#[tokio::test]
async fn a_fork_of_the_same_size_is_told_from_the_mark() {
    let site = Site::new();
    let state: Arc<dyn State> = Arc::new(StateInMemory::new());
    let mut twin = Site {
        state: state.clone(),
        ..Site::new()
    };
    twin.entropy = Arc::default();
    let first = Site {
        state: state.clone(),
        ..site
    };
    for site in [&first, &twin] {
        let engine = site.engine().await;
        let audit = engine.trail(TrailName::standard());
        let answer = audit
            .record(event("x").user_id(format!("{:p}", site)))
            .await;
        if Arc::ptr_eq(&site.memory, &twin.memory) {
            let refused = matches!(
                answer,
                Err(AuditError::Refused {
                    refusal: Refusal::RolledBack { size: 0, mark: 1 },
                    ..
                })
            );
            assert!(refused, "{answer:?}");
        } else {
            answer.expect("recorded");
        }
        engine.close().await.expect("closes");
    }
}

#[tokio::test]
async fn t64_marks_of_two_trails_do_not_disturb_each_other() {
    let site = Site::new();
    let engine = site.engine().await;
    let long = engine.trail("long".parse().expect("a name"));
    for _ in 0..50 {
        long.record(event("x")).await.expect("recorded");
    }
    let short = engine.trail("short".parse().expect("a name"));
    short.record(event("x")).await.expect("recorded");
    engine.close().await.expect("closes");
    let engine = site.engine().await;
    for name in ["long", "short"] {
        let trail = engine.trail(name.parse().expect("a name"));
        trail.record(event("x")).await.expect("recorded");
    }
}

#[tokio::test]
async fn another_key_cannot_go_on_with_a_trail() {
    let mut site = Site::new();
    site.audit()
        .await
        .record(event("x"))
        .await
        .expect("recorded");
    site.state = Arc::new(StateInMemory::new());
    let audit = site.audit().await;
    let refused = audit.record(event("x")).await;
    let no_key = matches!(
        refused,
        Err(AuditError::Refused {
            refusal: Refusal::NoKey { .. },
            ..
        })
    );
    assert!(no_key, "{refused:?}");
    site.state
        .keep_signing_seed(indelible_core::state::Secret::new([7; 32]))
        .expect("kept");
    let refused = site.audit().await.record(event("x")).await;
    let other = matches!(
        refused,
        Err(AuditError::Refused {
            refusal: Refusal::OtherKey { .. },
            ..
        })
    );
    assert!(other, "{refused:?}");
    assert_eq!(
        site.audit()
            .await
            .query(Query::new())
            .await
            .expect("readable")
            .entries
            .len(),
        1
    );
}
