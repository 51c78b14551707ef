//! Faults: what was acknowledged is there, what was refused is not, no seq is used twice.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use indelible_core::engine::{Engine, Options};
use indelible_core::state::{State, StateInMemory};
use indelible_core::{
    AuditError, AuditProtocol, Delivery, MemoryStore, Query, Refusal, Store, TrailName,
};
use uuid::Uuid;

use crate::ground::{Fault, FaultyStore, Site, event, everything};

fn faulty() -> (Site, Arc<FaultyStore>) {
    let mut site = Site::new();
    let store = FaultyStore::over(site.store.clone());
    site.store = store.clone();
    (site, store)
}

#[tokio::test]
async fn t100_a_lost_answer_to_a_commit_is_settled_by_id() {
    let (site, store) = faulty();
    let audit = site.audit().await;
    audit.record(event("a")).await.expect("recorded");
    store.plan(vec![Some(Fault::LostAfter)]);
    let receipt = audit.record(event("b")).await.expect("it was written");
    assert_eq!((receipt.seq, receipt.delivery), (Some(1), Delivery::Recorded));
    store.plan(vec![Some(Fault::LostBefore)]);
    let error = audit.record(event("c")).await.expect_err("it was not written");
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
        let answer = audit.record(event("x").id(Uuid::from_u128(n as u128))).await;
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
            audit.record(event("x").id(Uuid::from_u128(n))).await.expect("recorded");
        }
        store.plan(vec![Some(Fault::LostAfter)]);
        store.reads_until_failure.store(fails_at, Ordering::SeqCst);
        let during = audit.record(event("x").id(Uuid::from_u128(300))).await;
        store.reads_until_failure.store(i64::MAX, Ordering::SeqCst);
        let after = audit.record(event("x").id(Uuid::from_u128(300))).await.expect("settled");
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
    assert!(site.state.mark(&TrailName::standard()).expect("readable").is_some());
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
    match audit.record(event("y")).await {
        Err(AuditError::Refused { refusal: Refusal::RolledBack { size, mark }, .. }) => {
            assert_eq!((size, mark), (300, 310));
        }
        other => panic!("{other:?}"),
    }
    let succession = audit.succeed("the disk broke").await.expect("succeeds");
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
    let mut twin = Site { state: state.clone(), ..Site::new() };
    twin.entropy = Arc::default();
    let first = Site { state: state.clone(), ..site };
    for site in [&first, &twin] {
        let engine = site.engine().await;
        let audit = engine.trail(TrailName::standard());
        let answer = audit.record(event("x").user_id(format!("{:p}", site))).await;
        if Arc::ptr_eq(&site.memory, &twin.memory) {
            let refused = matches!(
                answer,
                Err(AuditError::Refused { refusal: Refusal::RolledBack { size: 0, mark: 1 }, .. })
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
    site.audit().await.record(event("x")).await.expect("recorded");
    site.state = Arc::new(StateInMemory::new());
    let audit = site.audit().await;
    let refused = audit.record(event("x")).await;
    let no_key =
        matches!(refused, Err(AuditError::Refused { refusal: Refusal::NoKey { .. }, .. }));
    assert!(no_key, "{refused:?}");
    site.state.keep_signing_seed(indelible_core::state::Secret::new([7; 32])).expect("kept");
    let refused = site.audit().await.record(event("x")).await;
    let other =
        matches!(refused, Err(AuditError::Refused { refusal: Refusal::OtherKey { .. }, .. }));
    assert!(other, "{refused:?}");
    assert_eq!(site.audit().await.query(Query::new()).await.expect("readable").entries.len(), 1);
}

#[tokio::test]
async fn t66_a_jump_of_the_clock_is_recorded_and_nothing_is_frozen() {
    let site = Site::new();
    let engine = site.engine().await;
    let audit = engine.trail(TrailName::standard());
    audit.record(event("x")).await.expect("recorded");
    site.clock.pass(Duration::from_secs(5));
    audit.record(event("x")).await.expect("recorded");
    site.clock.jump(-3600);
    let back = audit.record(event("x")).await.expect("recorded");
    site.clock.jump(315_360_000);
    let forth = audit.record(event("x")).await.expect("recorded");
    assert!(back.created_at < forth.created_at);
    assert_eq!((back.seq, forth.seq), (Some(2), Some(3)));
    engine.close().await.expect("closes");
    let system = site.engine().await.trail(TrailName::system());
    let jumps = system.query(everything().action("audit_clock_drift_detected")).await.expect("a page");
    let offsets: Vec<_> = jumps
        .entries
        .iter()
        .map(|e| e.context.as_ref().expect("a context")["offset_ms"].as_i64().expect("a number"))
        .collect();
    assert_eq!(offsets.len(), 2, "{offsets:?}");
    assert!((-3_600_010..=-3_599_990).contains(&offsets[1]), "{offsets:?}");
}

#[tokio::test]
async fn t55_start_stop_and_unclean_end_are_records_of_their_own() {
    let site = Site::new();
    site.long_lived().await.close().await.expect("closes");
    // The next one is killed: it never says that it stops.
    std::mem::forget(site.long_lived().await);
    site.clock.pass(Duration::from_secs(120));
    let engine = site.long_lived().await;
    let system = engine.trail(TrailName::system());
    let page = system.query(everything()).await.expect("a page");
    let told: Vec<_> = page
        .entries
        .iter()
        .rev()
        .map(|e| {
            let context = e.context.as_ref().expect("a context");
            (e.action.as_str(), context["reason"].as_str().unwrap_or("-"))
        })
        .collect();
    assert_eq!(
        told,
        [
            ("audit_started", "-"),
            ("audit_stopped", "orderly"),
            ("audit_started", "-"),
            ("audit_stopped", "unclean"),
            ("audit_started", "-"),
        ]
    );
    let gap = page.entries[1].context.as_ref().expect("a context")["gap_seconds"].clone();
    assert_eq!(gap, 120);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_answers_overloaded_and_loses_nothing_it_took() {
    let (site, store) = faulty();
    let options = Options {
        long_lived: false,
        queue_events_max: 4,
        commit_events_max: 2,
        patience: Duration::from_millis(1),
        ..Options::default()
    };
    let engine = Engine::open(site.ground(), options).await.expect("opens");
    let audit = engine.trail(TrailName::standard());
    audit.record(event("x")).await.expect("recorded");
    store.appends.forget_permits(usize::MAX);
    let tasks: Vec<_> = (0..30)
        .map(|_| {
            let audit = audit.clone();
            tokio::spawn(async move { audit.record(event("x")).await })
        })
        .collect();
    // What is not refused waits in the queue, which holds four, and in one commit of two.
    let mut answers = Vec::new();
    let (sender, mut refused) = tokio::sync::mpsc::unbounded_channel();
    for task in tasks {
        let sender = sender.clone();
        answers.push(tokio::spawn(async move {
            let answer = task.await.expect("no panic");
            if answer.is_err() {
                sender.send(()).expect("still asked");
            }
            answer
        }));
    }
    for _ in 0..30 - 6 {
        refused.recv().await.expect("a refusal");
    }
    store.appends.add_permits(100);
    let mut recorded = 0;
    for answer in answers {
        match answer.await.expect("no panic") {
            Ok(_) => recorded += 1,
            Err(error) => assert!(matches!(error, AuditError::Overloaded), "{error}"),
        }
    }
    let size = audit.head().await.expect("readable").expect("there").size;
    assert_eq!(size, recorded + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_beside_writers_keeps_what_was_acknowledged_and_ends_with_the_stop() {
    let site = Site::new();
    let engine = site.long_lived().await;
    let writers: Vec<_> = (0..8)
        .map(|_| {
            let audit = engine.trail(TrailName::standard());
            tokio::spawn(async move {
                let mut recorded = 0_u64;
                loop {
                    match audit.record(event("x")).await {
                        Ok(_) => recorded += 1,
                        Err(AuditError::Closed) => return recorded,
                        Err(error) => panic!("{error}"),
                    }
                }
            })
        })
        .collect();
    while engine.heads().await.expect("readable").len() < 2 {
        tokio::task::yield_now().await;
    }
    engine.close().await.expect("closes");
    let mut recorded = 0;
    for writer in writers {
        recorded += writer.await.expect("no panic");
    }
    let again = site.engine().await;
    let head = again.trail(TrailName::standard()).head().await.expect("readable").expect("there");
    assert_eq!(head.size, recorded);
    let last = again.trail(TrailName::system()).query(everything()).await.expect("a page");
    assert_eq!(last.entries[0].action, "audit_stopped");
}
