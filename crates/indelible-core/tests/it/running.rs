//! An engine while it runs: its queue, its clock, its beginning and its end.

use std::time::Duration;

use indelible_core::engine::{Engine, Options};
use indelible_core::{AuditError, AuditProtocol, TrailName};

use crate::ground::{Site, event, everything, faulty};

#[tokio::test]
async fn t66_sys_25_a_jump_of_the_clock_is_recorded_and_nothing_is_frozen() {
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
    let jumps = system
        .query(everything().action("audit_clock_drift_detected"))
        .await
        .expect("a page");
    let offsets: Vec<_> = jumps
        .entries
        .iter()
        .map(|e| {
            e.context.as_ref().expect("a context")["offset_ms"]
                .as_i64()
                .expect("a number")
        })
        .collect();
    assert_eq!(offsets.len(), 2, "{offsets:?}");
    assert!(
        (-3_600_010..=-3_599_990).contains(&offsets[1]),
        "{offsets:?}"
    );
}

#[tokio::test]
async fn t55_sys_15_start_stop_and_unclean_end_are_records_of_their_own() {
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
    let head = again
        .trail(TrailName::standard())
        .head()
        .await
        .expect("readable")
        .expect("there");
    assert_eq!(head.size, recorded);
    let last = again
        .trail(TrailName::system())
        .query(everything())
        .await
        .expect("a page");
    assert_eq!(last.entries[0].action, "audit_stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_twice_at_once_or_after_giving_up_loses_nothing() {
    let (site, store) = faulty();
    let engine = site.engine().await;
    let audit = engine.trail(TrailName::standard());
    audit.record(event("x")).await.expect("recorded");
    store.appends.forget_permits(usize::MAX);
    let writers: Vec<_> = (0..5)
        .map(|_| {
            let audit = audit.clone();
            tokio::spawn(async move { audit.record(event("x")).await })
        })
        .collect();
    // The first close is given up while a commit is on its way.
    let given_up = tokio::spawn({
        let engine = engine.clone();
        async move { engine.close().await }
    });
    tokio::task::yield_now().await;
    given_up.abort();
    let closing = tokio::spawn({
        let engine = engine.clone();
        async move { engine.close().await }
    });
    store.appends.add_permits(1000);
    closing.await.expect("no panic").expect("closes");
    engine.close().await.expect("closes again");
    for writer in writers {
        match writer.await.expect("no panic") {
            Ok(_) | Err(AuditError::Closed) => {}
            Err(error) => panic!("{error}"),
        }
    }
}
