//! The three deliveries, each with the trail up, down, mute, slow, black-holed and back.

use std::sync::{Arc, Mutex};

use indelible_core::{AuditError, AuditProtocol, Delivery};
use indelible_spool::DeliveryMode;
use tracing_subscriber::fmt::MakeWriter;

use crate::ground::{Mood, Site, numbers, view};

const ALL: [DeliveryMode; 3] = [
    DeliveryMode::Required,
    DeliveryMode::Spooled,
    DeliveryMode::BestEffort,
];
/// Events in each mood.
const EACH: usize = 2;

#[tokio::test]
async fn a_trail_that_comes_back_has_what_required_promised() {
    has_what_was_promised(DeliveryMode::Required).await;
}

#[tokio::test]
async fn a_trail_that_comes_back_has_what_spooled_promised() {
    has_what_was_promised(DeliveryMode::Spooled).await;
}

#[tokio::test]
async fn a_trail_that_comes_back_has_what_best_effort_promised() {
    has_what_was_promised(DeliveryMode::BestEffort).await;
}

async fn has_what_was_promised(mode: DeliveryMode) {
    let site = Site::new().await;
    let audit = site.open(mode);
    let (mut recorded, mut spooled, mut dropped, mut failed) = (0, 0, 0, 0);
    let mut promised = Vec::new();
    let mut n = 0;
    let moods = [
        Mood::Up,
        Mood::Down,
        Mood::Mute,
        Mood::Slow,
        Mood::BlackHole,
        Mood::Up,
    ];
    for mood in moods {
        site.trail.set(mood);
        if mood == Mood::Up {
            audit.flush().await.expect("all is delivered");
        }
        for _ in 0..EACH {
            match audit.record(view(n)).await {
                Ok(receipt) => match receipt.delivery {
                    Delivery::Recorded | Delivery::Duplicate => recorded += 1,
                    Delivery::Spooled => spooled += 1,
                    Delivery::Dropped => dropped += 1,
                },
                Err(_) => failed += 1,
            }
            if mood == Mood::Up || mode == DeliveryMode::Spooled {
                promised.push(n.to_string());
            }
            n += 1;
        }
    }
    audit.flush().await.expect("all is delivered");
    let vitals = audit.vitals();
    println!(
        "{mode}: {recorded} recorded, {spooled} spooled, {dropped} dropped, {failed} failed; \
             {} delivered later",
        vitals.delivered
    );
    let counted = (
        vitals.recorded,
        vitals.spooled,
        vitals.dropped,
        vitals.failed,
    );
    assert_eq!(counted, (recorded, spooled, dropped, failed), "{mode}");
    let (calls, faults) = (6 * EACH as u64, 4 * EACH as u64);
    let expected = match mode {
        DeliveryMode::Required => (calls - faults, 0, 0, faults),
        DeliveryMode::Spooled => (calls - faults, faults, 0, 0),
        DeliveryMode::BestEffort => (calls - faults, 0, faults, 0),
    };
    assert_eq!(counted, expected, "{mode}");
    assert_eq!(
        (vitals.delivered, vitals.depth_events),
        (spooled, 0),
        "{mode}"
    );
    let viewed = site.viewed().await;
    for n in &promised {
        let times = viewed.iter().filter(|there| *there == n).count();
        assert_eq!(times, 1, "{mode}: {n} in {viewed:?}");
    }
    if mode == DeliveryMode::Spooled {
        assert_eq!(viewed, numbers(0..n), "the order is that of the calls");
    }
    let failures = site.entries().await;
    let failures = failures.iter().filter(|e| e.action == "audit_write_failed");
    let lost = failures.filter_map(|e| e.context.as_ref()?.get("lost_count")?.as_u64());
    assert_eq!(lost.sum::<u64>(), dropped, "{mode}");
}

#[tokio::test]
async fn t3_sys_38_a_failure_is_a_typed_error_counted_and_logged() {
    let site = Site::new().await;
    let audit = site.open(DeliveryMode::Required);
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    site.trail.set(Mood::Down);
    let error = audit.record(view(0)).await.expect_err("it is down");
    assert!(matches!(error, AuditError::Store(_)), "{error:?}");
    assert!(error.is_passing());
    site.trail.set(Mood::BlackHole);
    let error = audit.record(view(0)).await.expect_err("it is silent");
    assert!(
        matches!(error, AuditError::Unanswered { millis: 1000 }),
        "{error:?}"
    );
    assert_eq!(audit.vitals().failed, 2);
    let text = log.text();
    let lines = text
        .lines()
        .filter(|line| line.contains("an event was not recorded"));
    assert_eq!(lines.clone().count(), 2, "{text}");
    assert!(
        lines
            .clone()
            .all(|line| line.contains("data_viewed") && !line.contains("user-0"))
    );
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("no panic").clone()).expect("UTF-8")
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic").extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t5_sixty_four_writers_do_not_mix_their_actors() {
    let site = Site::new().await;
    let audit = site.open(DeliveryMode::Spooled);
    site.trail.set(Mood::Down);
    let writers: Vec<_> = (0..64)
        .map(|writer| {
            let audit = audit.clone();
            tokio::spawn(async move {
                for n in 0..5 {
                    let receipt = audit.record(view(writer * 5 + n)).await.expect("taken");
                    assert_eq!(receipt.delivery, Delivery::Spooled);
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("no panic");
    }
    site.trail.set(Mood::Up);
    audit.flush().await.expect("delivered");
    let entries = site.entries().await;
    let views: Vec<_> = entries
        .iter()
        .filter(|e| e.action == "data_viewed")
        .collect();
    assert_eq!(views.len(), 320);
    for entry in views {
        let n = entry.resource_id.as_deref().expect("a resource");
        assert_eq!(entry.user_id, Some(format!("user-{n}")));
        assert_eq!(
            entry.context.as_ref().expect("a context")["n"].to_string(),
            n
        );
    }
}

/// A business transaction that gives up where its audit record is an error.
async fn withdraw(audit: &dyn AuditProtocol, balance: &mut i64) -> Result<(), AuditError> {
    let before = *balance;
    *balance -= 10;
    if let Err(error) = audit.record(view(0)).await {
        *balance = before;
        return Err(error);
    }
    Ok(())
}

#[tokio::test]
async fn t11_t12_sys_39_business_survives_a_dead_trail_unless_it_asks_not_to() {
    for mood in [Mood::Down, Mood::BlackHole] {
        let site = Site::new().await;
        let audit = site.open(DeliveryMode::Required);
        site.trail.set(mood);
        let mut balance = 100;
        for (mode, expected) in ALL.into_iter().zip([100, 90, 80]) {
            let answer = withdraw(&audit.with(mode), &mut balance).await;
            assert_eq!(answer.is_ok(), mode != DeliveryMode::Required, "{mode}");
            assert_eq!(balance, expected, "{mode}");
        }
    }
}

#[tokio::test]
async fn sys_39_one_call_may_choose_otherwise_than_its_handle() {
    let site = Site::new().await;
    let audit = site.open(DeliveryMode::Required);
    site.trail.set(Mood::Down);
    let delivery = async |mode| {
        let receipt = audit.record_with(view(0), mode).await;
        receipt.map(|receipt| receipt.delivery).ok()
    };
    assert_eq!(delivery(DeliveryMode::Required).await, None);
    assert_eq!(
        delivery(DeliveryMode::Spooled).await,
        Some(Delivery::Spooled)
    );
    assert_eq!(
        delivery(DeliveryMode::BestEffort).await,
        Some(Delivery::Dropped)
    );
}

#[tokio::test]
async fn what_the_event_is_to_blame_for_is_an_error_in_every_delivery() {
    let site = Site::new().await;
    let audit = site.open(DeliveryMode::Required);
    let id = uuid::Uuid::from_u128(7);
    audit.record(view(0).id(id)).await.expect("recorded");
    for mode in ALL {
        let error = audit.record_with(view(1).id(id), mode).await;
        assert!(
            matches!(error, Err(AuditError::IdConflict { .. })),
            "{mode}: {error:?}"
        );
        let mut event = view(2);
        event.resource_type = String::new();
        let error = audit.record_with(event, mode).await;
        assert!(
            matches!(error, Err(AuditError::Invalid(_))),
            "{mode}: {error:?}"
        );
    }
    assert_eq!(audit.vitals().depth_events, 0);
}
