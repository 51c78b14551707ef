//! Faults of the trail while the spool is emptied, and of what is in it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use indelible_core::{AuditError, AuditProtocol, Delivery};
use indelible_spool::{DeliveryMode, inspect};

use crate::ground::{Mood, Site, numbers, view};

#[tokio::test]
async fn what_got_through_after_all_is_recorded_once() {
    for mood in [Mood::Mute, Mood::Slow] {
        let site = Site::new().await;
        let audit = site.open(DeliveryMode::Spooled);
        site.trail.set(mood);
        let receipt = audit.record(view(0)).await.expect("spooled");
        assert_eq!((receipt.delivery, receipt.seq), (Delivery::Spooled, None));
        assert!(audit.flush().await.is_err(), "{mood:?}");
        site.trail.set(Mood::Up);
        audit.flush().await.expect("delivered");
        assert_eq!(site.viewed().await, numbers(0..1));
        let entry = site.audit.entry(receipt.id).await.expect("readable");
        assert_eq!(entry.expect("there").resource_id.as_deref(), Some("0"));
    }
}

#[tokio::test]
async fn a_trail_that_panics_is_a_trail_that_is_away() {
    let site = Site::new().await;
    let audit = site.open(DeliveryMode::Spooled);
    site.trail.set(Mood::Down);
    audit.record(view(0)).await.expect("spooled");
    site.trail.set(Mood::Panicking);
    assert!(audit.flush().await.is_err());
    site.trail.set(Mood::Up);
    audit.flush().await.expect("delivered");
    assert_eq!(site.viewed().await, numbers(0..1));
}

#[tokio::test]
async fn while_something_waits_what_comes_joins_it() {
    let site = Site::new().await;
    let audit = site.open(DeliveryMode::Spooled);
    site.trail.set(Mood::BlackHole);
    audit.record(view(0)).await.expect("spooled");
    let tries = site.trail.tries.load(Ordering::SeqCst);
    for n in 1..200 {
        audit.record(view(n)).await.expect("spooled");
    }
    // The callers tried nothing: whatever tries there were are the drain's, a few at most.
    assert!(site.trail.tries.load(Ordering::SeqCst) - tries < 20);
    site.trail.set(Mood::Up);
    audit.flush().await.expect("delivered");
    assert_eq!(site.viewed().await, numbers(0..200));
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_who_never_rest_get_back_to_the_trail_itself() {
    let site = Site::new().await;
    let audit = site.open(DeliveryMode::Spooled);
    site.trail.set(Mood::Down);
    for n in 0..1000 {
        audit.record(view(n)).await.expect("spooled");
    }
    site.trail.set(Mood::Up);
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let audit = audit.clone();
            tokio::spawn(async move {
                for n in 0..10_000 {
                    let receipt = audit.record(view(n)).await.expect("taken");
                    if receipt.delivery == Delivery::Recorded {
                        return n;
                    }
                }
                panic!("only ever spooled")
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("recorded in the end");
    }
    assert_eq!(audit.vitals().depth_events, 0);
}

#[tokio::test]
async fn a_trail_that_takes_the_event_of_another_caller_ends_the_wait() {
    let site = Site::new().await;
    let audit = site.open(DeliveryMode::Spooled);
    site.trail.set(Mood::Down);
    audit.record(view(0)).await.expect("spooled");
    for _ in 0..12 {
        assert!(audit.flush().await.is_err());
    }
    site.trail.set(Mood::Up);
    // The next try of the drain's own is 15 s away at least.
    let before = site.trail.tries.load(Ordering::SeqCst);
    let other = audit.record_with(view(1), DeliveryMode::Required).await;
    other.expect("recorded");
    while site.trail.tries.load(Ordering::SeqCst) < before + 2 {
        site.trail.tried.notified().await;
    }
    audit.flush().await.expect("delivered");
    assert_eq!(site.viewed().await, ["1", "0"]);
}

#[tokio::test]
async fn an_event_that_can_never_be_recorded_is_set_aside_once_and_blocks_nothing() {
    let site = Site::new().await;
    let mut options = site.options(DeliveryMode::Spooled);
    options.segment_bytes = 1 << 20;
    let audit = site.open_with(options.clone());
    let id = uuid::Uuid::from_u128(7);
    site.trail.set(Mood::Down);
    audit.record(view(0)).await.expect("spooled");
    audit.record(view(1).id(id)).await.expect("spooled");
    audit.record(view(2)).await.expect("spooled");
    site.audit.record(view(9).id(id)).await.expect("recorded");
    site.trail.set(Mood::Up);
    audit.flush().await.expect("delivered");
    assert_eq!(site.viewed().await, ["9", "0", "2"]);
    let vitals = audit.vitals();
    assert_eq!(
        (vitals.delivered, vitals.dead, vitals.depth_events),
        (2, 1, 0)
    );
    audit.close();

    let seen = inspect(site.spool(), site.audit.name());
    let seen = seen.expect("readable").expect("there");
    assert_eq!((seen.events, seen.dead), (0, 1));
    let letters = std::fs::read_to_string(&site.files("dead-letters")[0]).expect("a file");
    assert!(
        letters.contains("entry 0, which has another user_id"),
        "{letters}"
    );
    assert!(!letters.contains("hunter2"), "{letters}");

    // The same event from a file that is read again is not set aside a second time.
    let audit = site.open_with(options);
    site.trail.set(Mood::Down);
    audit.record(view(1).id(id)).await.expect("spooled");
    site.trail.set(Mood::Up);
    audit.flush().await.expect("delivered");
    let again = std::fs::read_to_string(&site.files("dead-letters")[0]).expect("a file");
    assert_eq!(again, letters);
}

#[tokio::test]
async fn age_and_depth_are_told() {
    let site = Site::new().await;
    let audit = site.open(DeliveryMode::Spooled);
    site.trail.set(Mood::Down);
    for n in 0..3 {
        audit.record(view(n)).await.expect("spooled");
    }
    site.clock.pass(Duration::from_secs(90));
    let vitals = audit.vitals();
    assert_eq!(vitals.depth_events, 3);
    let disk = std::fs::metadata(&site.files(".spool")[0])
        .expect("a file")
        .len();
    assert_eq!(vitals.depth_bytes, disk);
    let now = vitals
        .waiting_since
        .expect("waiting")
        .later(Duration::from_secs(90));
    assert_eq!(vitals.age(now), Duration::from_secs(90));
    assert!(audit.flush().await.is_err());
    let said = audit.vitals().last_error.expect("it failed");
    assert!(said.contains("not available"), "{said}");
    site.trail.set(Mood::Up);
    audit.flush().await.expect("delivered");
    let vitals = audit.vitals();
    assert_eq!(
        (vitals.depth_events, vitals.waiting_since, vitals.last_error),
        (0, None, None)
    );
}

#[tokio::test]
async fn a_closed_handle_takes_nothing_and_leaves_what_waits_to_the_next() {
    let site = Site::new().await;
    let audit = site.open(DeliveryMode::Spooled);
    site.trail.set(Mood::Down);
    audit.record(view(0)).await.expect("spooled");
    audit.close();
    let closed = audit.record(view(1)).await;
    assert!(matches!(closed, Err(AuditError::Closed)), "{closed:?}");
    assert!(matches!(audit.flush().await, Err(AuditError::Closed)));
    site.trail.set(Mood::Up);
    let next = site.open(DeliveryMode::Required);
    next.flush().await.expect("delivered");
    assert_eq!(site.viewed().await, numbers(0..1));
}
