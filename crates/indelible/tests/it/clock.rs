//! Clocks that are set back, and times that come back as they went in.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use indelible::core::Clock;
use indelible::{AuditAction, AuditEvent, AuditProtocol, Database, Query, Timestamp, TrailName};

use crate::place::{Kind, on_both};
use crate::site::{Site, expect_clean, standard};

on_both! {
    t44_sys_03_times_come_back_to_the_microsecond,
    t45_t66_a_clock_that_is_set_back_changes_no_order,
}

/// A clock that tells what it was set to.
struct Hand(AtomicI64);

impl Hand {
    fn at(time: &str) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(time_of(time).as_micros())))
    }

    fn set(&self, time: &str) {
        self.0.store(time_of(time).as_micros(), Ordering::Relaxed);
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::Relaxed))
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

fn time_of(text: &str) -> Timestamp {
    text.parse().expect("RFC 3339")
}

async fn open(site: &Site, clock: &Arc<Hand>) -> Database {
    let mut settings = site.settings();
    settings.clock = clock.clone();
    Database::open(&site.url(), settings).await.expect("opens")
}

fn event() -> AuditEvent {
    AuditEvent::new(AuditAction::DATA_VIEWED, "customer_record")
}

async fn t44_sys_03_times_come_back_to_the_microsecond(kind: Kind) {
    let site = Site::new(kind);
    let clock = Hand::at("2026-11-30T23:59:59.999999Z");
    let database = open(&site, &clock).await;
    let audit = standard(&database);
    let times = [
        "1969-12-31T23:59:59.999999Z",
        "1970-01-01T00:00:00.000001Z",
        "2000-02-29T12:34:56.789012Z",
        "2026-11-30T23:59:59.999999Z",
    ];
    for time in times {
        let receipt = audit.record(event().occurred_at(time_of(time))).await;
        let receipt = receipt.expect("recorded");
        assert_eq!(receipt.created_at, Some(clock.now()));
        let entry = audit.entry(receipt.id).await.expect("readable");
        let entry = entry.expect("there");
        assert_eq!(entry.occurred_at, time_of(time));
        assert_eq!(entry.created_at, clock.now());
        assert_eq!(Some(entry.leaf_hash), receipt.leaf_hash);
        let on_the_microsecond = Query::new().start_date(time).end_date(time);
        let page = audit.query(on_the_microsecond).await.expect("answers");
        assert_eq!(page.entries.len(), 1, "{time}");
    }
    expect_clean(&database).await;
}

async fn t45_t66_a_clock_that_is_set_back_changes_no_order(kind: Kind) {
    let site = Site::new(kind);
    let clock = Hand::at("2026-11-24T12:00:00Z");
    let database = open(&site, &clock).await;
    let audit = standard(&database);
    let mut seqs = Vec::new();
    for time in [
        "2026-11-24T12:00:01Z",
        "2026-11-24T11:00:00.5Z",
        // Into months that nobody made a partition for, and back.
        "2019-03-01T00:00:00Z",
        "2031-01-01T00:00:00Z",
        "2026-11-24T12:00:02Z",
    ] {
        clock.set(time);
        for _ in 0..3 {
            let receipt = audit.record(event()).await.expect("recorded");
            assert_eq!(receipt.created_at, Some(time_of(time)));
            seqs.push(receipt.seq.expect("given"));
        }
    }
    assert_eq!(seqs, (0..15).collect::<Vec<u64>>());
    let page = audit.query(Query::new().limit(100)).await.expect("answers");
    let found: Vec<u64> = page.entries.iter().rev().map(|entry| entry.seq).collect();
    assert_eq!(found, seqs, "the order is that of the trail");
    let early = Query::new().end_date("2020-01-01");
    let found = audit.query(early).await.expect("answers").entries;
    let found: Vec<u64> = found.iter().map(|entry| entry.seq).collect();
    assert_eq!(found, [8, 7, 6]);
    let system = database.trail(TrailName::system());
    let jumps = Query::new().action("audit_clock_drift_detected");
    // A jump is itself recorded, beside what was recorded when it was seen.
    while (system.query(jumps.clone()).await.expect("answers").entries).is_empty() {
        tokio::task::yield_now().await;
    }
    expect_clean(&database).await;
    database.close().await.expect("closes");
    expect_clean(&site.open().await).await;
}
