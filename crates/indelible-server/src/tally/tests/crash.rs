//! A registry that fails at each of its calls in turn: whatever was answered is counted.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::look;
use crate::limits::{TALLY_GRACE, TALLY_TIME};
use crate::site::{FAULTS, Failing, Fault, HandClock, Site};
use crate::tally::Tally;

/// How many looks records tell of, at most.
fn told(records: &[Value]) -> u64 {
    let count = |context: &Value| {
        let repeats = &context["repeats"];
        let count = repeats["count"].as_u64();
        count.or(repeats["count_at_most"].as_u64()).unwrap_or(1)
    };
    records.iter().map(count).sum()
}

const LOOKS: u64 = 12;

/// Looks, with a fault after so many calls, and answers how many were answered, how many are on
/// record in the end, and whether the fault came.
async fn looked(fault: Fault, before: i64) -> (u64, u64, bool) {
    let (site, registry) = Failing::site(fault).await;
    site.begin("shop").await;
    registry.fail_after(before);
    let tally = Tally::new(site.engine.clone());
    let mut answered = 0;
    for n in 0..LOOKS {
        answered += u64::from(tally.note(look("shop", "key:1")).await.is_ok());
        if n == LOOKS / 2 {
            // An orderly stop that some still come after, and that may fail.
            let _ = tally.settle_all().await;
        }
    }
    let _ = tally.settle_all().await;
    let came = registry.has_failed();
    drop(tally);
    site.clock
        .pass(TALLY_TIME + TALLY_GRACE + Duration::from_secs(1));
    let next = Tally::new(site.another(&site.clock).await);
    next.settle().await.expect("settled");
    (answered, told(&site.records("shop").await), came)
}

#[tokio::test]
async fn whenever_the_registry_fails_no_look_that_was_answered_goes_uncounted() {
    for fault in FAULTS {
        let mut before = 0;
        loop {
            let (answered, told, came) = looked(fault, before).await;
            assert!(
                told >= answered,
                "{fault:?} after {before}: {told} of {answered}"
            );
            if !came {
                assert_eq!((answered, told), (LOOKS, LOOKS), "{fault:?}");
                break;
            }
            before += 1;
        }
        assert!(before > 8, "{before} calls");
    }
}

#[tokio::test]
async fn whoever_is_taken_for_dead_counts_on() {
    let site = Site::new().await;
    site.begin("shop").await;
    let tally = Tally::new(site.engine.clone());
    for _ in 0..4 {
        tally.note(look("shop", "key:1")).await.expect("noted");
    }
    // The clock of another host is five minutes ahead.
    let ahead = Arc::new(HandClock::default());
    ahead.pass(Duration::from_secs(300));
    let other = Tally::new(site.another(&ahead).await);
    other.settle().await.expect("settled");
    for _ in 0..6 {
        tally.note(look("shop", "key:1")).await.expect("noted");
    }
    tally.settle_all().await.expect("settled");
    let records = site.records("shop").await;
    assert!(told(&records) >= 10, "{records:?}");
}
