//! What is given up is counted, and said in the trail once it takes events again.

use std::sync::atomic::Ordering;
use std::time::Duration;

use indelible_core::{AuditError, AuditProtocol, Delivery};
use indelible_spool::{Delivering, DeliveryMode, WhenFull, inspect};
use serde_json::Value;

use crate::ground::{Mood, Site, view};

/// Contexts of the records of lost events.
async fn said(site: &Site) -> Vec<Value> {
    let entries = site.entries().await.into_iter();
    let failures = entries.filter(|entry| entry.action == "audit_write_failed");
    failures.filter_map(|entry| entry.context).collect()
}

/// A spool with room for a few events only.
fn small(site: &Site, when_full: WhenFull) -> Delivering {
    let mut options = site.options(DeliveryMode::Spooled);
    options.bytes_max = 2_000;
    options.when_full = when_full;
    site.open_with(options)
}

#[tokio::test]
async fn t16_sys_38_a_full_spool_does_what_was_stated_and_the_drops_are_recorded() {
    for when_full in [WhenFull::Refuse, WhenFull::DropNewest] {
        let site = Site::new().await;
        let audit = small(&site, when_full);
        site.trail.set(Mood::Down);
        let (mut kept, mut lost) = (Vec::new(), 0);
        for n in 0..20 {
            match audit.record(view(n)).await {
                Ok(receipt) if receipt.delivery == Delivery::Spooled => kept.push(n.to_string()),
                Ok(receipt) => {
                    assert_eq!(receipt.delivery, Delivery::Dropped);
                    assert_eq!(when_full, WhenFull::DropNewest);
                    lost += 1;
                }
                Err(error) => {
                    assert!(matches!(error, AuditError::SpoolFull { .. }), "{error:?}");
                    assert!(error.is_passing());
                    assert_eq!(when_full, WhenFull::Refuse);
                    lost += 1;
                }
            }
        }
        assert!(
            kept.len() >= 2 && lost >= 10,
            "{} kept, {lost} lost",
            kept.len()
        );
        assert_eq!(audit.vitals().overflowed, lost);
        assert!(audit.vitals().depth_bytes <= 2_000);
        site.trail.set(Mood::Up);
        audit.flush().await.expect("delivered");
        assert_eq!(site.viewed().await, kept);
        let said = said(&site).await;
        assert_eq!(said.len(), 1, "{said:?}");
        assert_eq!(said[0]["lost_count"], lost);
        assert_eq!(said[0]["policy"], when_full.as_str());
        assert_eq!(said[0]["error_code"], "spool_full");
        assert_eq!(said[0]["failed_action"], "data_viewed");
        // There is room again.
        let receipt = audit.record(view(99)).await.expect("recorded");
        assert_eq!(receipt.delivery, Delivery::Recorded);
    }
}

#[tokio::test]
async fn a_full_spool_is_passed_by_where_the_trail_has_room() {
    let site = Site::new().await;
    let audit = small(&site, WhenFull::Refuse);
    site.trail.set(Mood::Down);
    let mut n = 0;
    while audit.record(view(n)).await.is_ok() {
        n += 1;
    }
    // The drain waits for its next try; the caller does not.
    assert!(audit.flush().await.is_err());
    site.trail.set(Mood::Up);
    let receipt = audit.record(view(100)).await.expect("taken");
    assert!(matches!(
        receipt.delivery,
        Delivery::Recorded | Delivery::Spooled
    ));
    audit.flush().await.expect("delivered");
    assert_eq!(site.viewed().await.len(), n + 1);
}

#[tokio::test]
async fn best_effort_without_a_spool_says_what_it_gave_up() {
    let site = Site::new().await;
    let mut options = site.options(DeliveryMode::BestEffort);
    options.folder = None;
    let audit = site.open_with(options);
    site.trail.set(Mood::Down);
    for n in 0..7 {
        let receipt = audit.record(view(n)).await.expect("the caller goes on");
        assert_eq!((receipt.delivery, receipt.seq), (Delivery::Dropped, None));
    }
    assert!(audit.flush().await.is_err());
    site.trail.set(Mood::Up);
    audit.flush().await.expect("said");
    let said = said(&site).await;
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(
        (&said[0]["lost_count"], &said[0]["policy"]),
        (&7.into(), &"best_effort".into())
    );
    let spooled = audit.record_with(view(0), DeliveryMode::Spooled).await;
    assert!(
        matches!(spooled, Err(AuditError::Unspooled { .. })),
        "{spooled:?}"
    );
}

#[tokio::test]
async fn losses_outlive_the_process_that_had_them() {
    let site = Site::new().await;
    let audit = small(&site, WhenFull::DropNewest);
    site.trail.set(Mood::Down);
    for n in 0..20 {
        audit.record(view(n)).await.expect("the caller goes on");
    }
    assert!(audit.flush().await.is_err());
    let lost = audit.vitals().overflowed;
    audit.close();
    site.trail.set(Mood::Up);
    let next = site.open(DeliveryMode::Spooled);
    next.flush().await.expect("delivered");
    let said = said(&site).await;
    assert_eq!(
        said.iter()
            .map(|c| c["lost_count"].as_u64().expect("a count"))
            .sum::<u64>(),
        lost
    );
    next.close();
    assert!(site.files("losses").is_empty());
}

/// How many events were said to be lost.
async fn lost(site: &Site) -> u64 {
    let counts = said(site).await;
    let counts = counts.iter().map(|c| c["lost_count"].as_u64());
    counts.map(|count| count.expect("a count")).sum()
}

#[tokio::test]
async fn losses_of_a_handle_that_is_closed_while_the_trail_is_away_are_said_by_the_next() {
    let site = Site::new().await;
    let audit = site.open(DeliveryMode::BestEffort);
    site.trail.set(Mood::Down);
    for n in 0..3 {
        audit.record(view(n)).await.expect("the caller goes on");
    }
    // The next try is far away after so many.
    for _ in 0..8 {
        assert!(audit.flush().await.is_err());
    }
    for n in 3..103 {
        audit.record(view(n)).await.expect("the caller goes on");
    }
    assert_eq!(audit.vitals().dropped, 103);
    audit.close();
    site.trail.set(Mood::Up);
    let next = site.open(DeliveryMode::BestEffort);
    next.flush().await.expect("said");
    assert_eq!(lost(&site).await, 103);
}

#[tokio::test]
async fn losses_that_are_being_said_when_the_handle_is_closed_are_said_once() {
    for mood in [Mood::BlackHole, Mood::Slow] {
        let site = Site::new().await;
        let mut options = site.options(DeliveryMode::BestEffort);
        // The try is under way for as long as the test lasts.
        options.deadline = Duration::from_secs(3600);
        let audit = site.open_with(options);
        site.trail.set(Mood::Down);
        audit.record(view(0)).await.expect("the caller goes on");
        assert!(audit.flush().await.is_err());
        site.trail.set(mood);
        let before = site.trail.answering.load(Ordering::SeqCst);
        let asking = audit.clone();
        let flush = tokio::spawn(async move { asking.flush().await });
        while site.trail.answering.load(Ordering::SeqCst) == before {
            site.trail.tried.notified().await;
        }
        audit.close();
        assert!(flush.await.expect("no panic").is_err());
        site.trail.set(Mood::Up);
        let next = site.open(DeliveryMode::BestEffort);
        next.flush().await.expect("said");
        assert_eq!(
            (lost(&site).await, said(&site).await.len()),
            (1, 1),
            "{mood:?}"
        );
    }
}

#[tokio::test]
async fn losses_that_were_perhaps_said_stay_so_when_a_later_try_is_refused() {
    let site = Site::new().await;
    let audit = site.open(DeliveryMode::BestEffort);
    site.trail.set(Mood::Down);
    audit.record(view(0)).await.expect("the caller goes on");
    site.trail.set(Mood::Mute);
    assert!(audit.flush().await.is_err());
    site.trail.set(Mood::Down);
    assert!(audit.flush().await.is_err());
    site.trail.set(Mood::Up);
    audit.flush().await.expect("said");
    assert_eq!((lost(&site).await, said(&site).await.len()), (1, 1));
}

#[tokio::test]
async fn losses_of_which_it_is_open_whether_they_were_said_are_said_once() {
    let site = Site::new().await;
    let audit = site.open(DeliveryMode::BestEffort);
    site.trail.set(Mood::Down);
    audit.record(view(0)).await.expect("the caller goes on");
    site.trail.set(Mood::Mute);
    assert!(audit.flush().await.is_err());
    site.trail.set(Mood::Up);
    audit.flush().await.expect("said");
    let said = said(&site).await;
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(said[0]["lost_count"], 1);
}

#[tokio::test]
async fn losses_and_dead_letters_of_an_abandoned_place_are_known_to_whoever_takes_another() {
    let site = Site::new().await;
    let first = site.open(DeliveryMode::Spooled);
    let second = small(&site, WhenFull::DropNewest);
    let id = uuid::Uuid::from_u128(7);
    site.audit.record(view(99).id(id)).await.expect("recorded");
    site.trail.set(Mood::Down);
    second.record(view(98).id(id)).await.expect("spooled");
    for n in 0..20 {
        second.record(view(n)).await.expect("the caller goes on");
    }
    let dropped = second.vitals().overflowed;
    assert!(dropped > 0);
    // The first event is set aside in the second place, and its file is left there.
    let segment = site.spool().join("1/0000000000000000.spool");
    let left = std::fs::read(&segment).expect("a segment");
    site.trail.set(Mood::Up);
    second.flush().await.expect("delivered");
    assert_eq!((second.vitals().dead, lost(&site).await), (1, dropped));
    site.trail.set(Mood::Down);
    for n in 0..5 {
        let receipt = second.record_with(view(n), DeliveryMode::BestEffort).await;
        receipt.expect("the caller goes on");
    }
    second.close();
    std::fs::write(&segment, left).expect("written");
    let look = || {
        inspect(site.spool(), site.audit.name())
            .expect("readable")
            .expect("there")
    };
    assert_eq!((look().lost, look().abandoned, look().dead), (5, 1, 1));
    first.close();

    // A process that ended between keeping them as its own and removing the file.
    let taken = std::fs::read(site.spool().join("1/losses")).expect("losses");
    let next = site.open(DeliveryMode::Spooled);
    next.close();
    std::fs::write(site.spool().join("0/losses-0"), taken).expect("written");

    let next = site.open(DeliveryMode::Spooled);
    site.trail.set(Mood::Up);
    next.flush().await.expect("said");
    assert_eq!(lost(&site).await, dropped + 5);
    assert_eq!(next.vitals().dead, 0, "it was set aside once before");
    assert_eq!((look().lost, look().abandoned, look().dead), (0, 0, 1));
}
