//! A registry that fails at each of its calls in turn: whatever was answered is counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use indelible_core::{MemoryStore, Registry, StoreError, Versioned};
use serde_json::Value;

use super::{HandClock, Site, look};
use crate::limits::{TALLY_GRACE, TALLY_TIME};
use crate::tally::Tally;

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// It fails, and so do all after it: the process is gone.
    Gone,
    /// As `Gone`, but the first one has written before.
    GoneAfter,
    /// It alone fails.
    Refused,
    /// It alone fails, and has written all the same.
    Lost,
}

struct Failing {
    inner: Arc<MemoryStore>,
    fault: Fault,
    /// Calls that go well before the fault.
    before: AtomicI64,
    /// Calls made.
    calls: AtomicU64,
}

/// What happens to one call.
struct Fate {
    is_done: bool,
    is_told: bool,
}

impl Failing {
    fn fate(&self) -> Fate {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let before = self.before.fetch_sub(1, Ordering::SeqCst);
        let is_hit = match self.fault {
            Fault::Gone | Fault::GoneAfter => before <= 0,
            Fault::Refused | Fault::Lost => before == 0,
        };
        let is_late = matches!(self.fault, Fault::GoneAfter | Fault::Lost);
        Fate {
            is_done: !is_hit || (is_late && before == 0),
            is_told: !is_hit,
        }
    }
}

fn planned() -> StoreError {
    StoreError::Unavailable {
        source: "planned".into(),
    }
}

#[async_trait]
impl Registry for Failing {
    async fn get(&self, kind: &str, key: &str) -> Result<Option<Versioned>, StoreError> {
        match self.fate().is_told {
            true => self.inner.get(kind, key).await,
            false => Err(planned()),
        }
    }

    async fn list(&self, kind: &str) -> Result<Vec<(String, Versioned)>, StoreError> {
        match self.fate().is_told {
            true => self.inner.list(kind).await,
            false => Err(planned()),
        }
    }

    async fn put(
        &self,
        kind: &str,
        key: &str,
        expected: Option<u64>,
        value: Option<&Value>,
    ) -> Result<Option<u64>, StoreError> {
        let Fate { is_done, is_told } = self.fate();
        if !is_done {
            return Err(planned());
        }
        let put = self.inner.put(kind, key, expected, value).await?;
        if is_told { Ok(put) } else { Err(planned()) }
    }
}

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
    let mut registry = None;
    let site = Site::over(|inner| {
        let failing = Arc::new(Failing {
            inner,
            fault,
            before: AtomicI64::new(i64::MAX),
            calls: AtomicU64::new(0),
        });
        registry.insert(failing).clone()
    });
    let site = site.await;
    site.begin("shop").await;
    let registry = registry.expect("made");
    registry.before.store(before, Ordering::SeqCst);
    registry.calls.store(0, Ordering::SeqCst);
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
    let came = registry.calls.load(Ordering::SeqCst) > before.unsigned_abs();
    drop(tally);
    site.clock
        .pass(TALLY_TIME + TALLY_GRACE + Duration::from_secs(1));
    let next = Tally::new(site.another(&site.clock).await);
    next.settle().await.expect("settled");
    (answered, told(&site.records("shop").await), came)
}

#[tokio::test]
async fn whenever_the_registry_fails_no_look_that_was_answered_goes_uncounted() {
    for fault in [Fault::Gone, Fault::GoneAfter, Fault::Refused, Fault::Lost] {
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
        assert!(before > 10, "{before} calls");
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
    let ahead = Arc::new(HandClock(AtomicI64::new(0)));
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
