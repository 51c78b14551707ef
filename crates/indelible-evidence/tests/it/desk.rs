//! A trail in memory, and reports of it.

mod erasing;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use indelible_core::engine::{Audit, Engine, Ground, Options, RetentionPolicy};
use indelible_core::redact::Redactor;
use indelible_core::state::StateInMemory;
use indelible_core::{
    AuditAction, AuditError, AuditEvent, AuditProtocol, Clock, Entropy, Entry, MemoryStore, Query,
    Store, Timestamp, TrailName,
};
use indelible_evidence::{ControlReport, Framework, Period, Report, ReportRequest, Scope, report};

/// A clock that is set by hand; each reading is one microsecond later.
pub struct HandClock(AtomicI64);

impl HandClock {
    pub fn set(&self, time: &str) {
        self.0.store(at(time).as_micros(), Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.fetch_add(1, Ordering::SeqCst))
    }

    fn elapsed(&self) -> Duration {
        let micros = self.0.load(Ordering::SeqCst);
        Duration::from_micros(micros.unsigned_abs())
    }
}

/// Bytes that differ at every call.
#[derive(Default)]
struct Counted(AtomicU64);

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let next = self.0.fetch_add(1, Ordering::SeqCst);
            let mixed = next.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
            chunk.copy_from_slice(&mixed[..chunk.len()]);
        }
    }
}

/// A trail in memory whose clock stands at 2026-06-01.
pub struct Desk {
    pub audit: Audit,
    pub clock: Arc<HandClock>,
}

pub fn at(time: &str) -> Timestamp {
    time.parse().expect("a time")
}

/// An event of an action of the catalogue, or of any other, on a thing.
pub fn event(action: &str, time: &str) -> AuditEvent {
    AuditEvent::new(
        AuditAction::new(action.to_owned()).expect("an action"),
        "account",
    )
    .occurred_at(at(time))
    .user_id("u-1")
    .resource_id("a-1")
    .ip_address("10.0.0.1")
}

/// Whether a review decides something by it.
fn decides(event: &AuditEvent) -> bool {
    let begin = ["audit_review_", "audit_finding_"];
    begin.iter().any(|it| event.action.as_ref().starts_with(it))
}

impl Desk {
    pub async fn new() -> Self {
        let store = Arc::new(MemoryStore::new());
        Self::over(store.clone(), store).await
    }

    /// The same, but of entries is left what this says.
    pub async fn erasing(left: erasing::Left) -> Self {
        let store = Arc::new(MemoryStore::new());
        let erased = erasing::Erasing {
            store: store.clone(),
            left,
        };
        Self::over(Arc::new(erased), store).await
    }

    /// A trail that begins at another time, so that entries can be recorded when they happen.
    pub async fn on(time: &str) -> Self {
        let store = Arc::new(MemoryStore::new());
        Self::at(store.clone(), store, time).await
    }

    async fn over(store: Arc<dyn Store>, registry: Arc<MemoryStore>) -> Self {
        Self::at(store, registry, "2026-06-01T00:00:00Z").await
    }

    async fn at(store: Arc<dyn Store>, registry: Arc<MemoryStore>, time: &str) -> Self {
        let clock = Arc::new(HandClock(AtomicI64::new(0)));
        clock.set(time);
        let ground = Ground {
            store,
            registry,
            state: Arc::new(StateInMemory::new()),
            installation: "test.example".to_owned(),
            clock: clock.clone(),
            entropy: Arc::new(Counted::default()),
            redactor: Arc::new(Redactor::default_mask()),
        };
        let options = Options {
            long_lived: false,
            ..Options::default()
        };
        let engine = Engine::open(ground, options).await.expect("opens");
        let audit = engine.trail(TrailName::standard());
        Self { audit, clock }
    }

    /// Records what an application hands in, and what a review decides as the review does.
    pub async fn record(&self, event: AuditEvent) -> u64 {
        let receipt = match decides(&event) {
            true => self.audit.record_of_own(event).await,
            false => self.audit.record(event).await,
        };
        receipt.expect("recorded").seq.expect("a place")
    }

    /// Records as anybody may who records.
    pub async fn forge(&self, event: AuditEvent) -> u64 {
        let receipt = self.audit.record(event).await.expect("recorded");
        receipt.seq.expect("a place")
    }

    /// Records each when it happened.
    pub async fn record_live(&self, events: impl IntoIterator<Item = AuditEvent>) {
        for event in events {
            self.clock
                .set(&event.occurred_at.expect("a time").to_string());
            self.record(event).await;
        }
    }

    /// Removes what was recorded more than 30 days ago, and answers where the trail begins.
    pub async fn trim(&self) -> u64 {
        let policy = RetentionPolicy {
            minimum_days: Some(1),
            maximum_days: Some(30),
            legal_basis: "GDPR Art. 5(1)(e)".to_owned(),
            classes: Vec::new(),
        };
        let set = self.audit.set_retention_policy(&policy, "officer").await;
        set.expect("it is set");
        let retained = self.audit.retain("officer", &mut |_| {}).await;
        retained.expect("it retains").0.first_kept
    }

    pub async fn record_all(&self, events: impl IntoIterator<Item = AuditEvent>) {
        let mut handed_in = Vec::new();
        for event in events {
            if decides(&event) {
                self.hand_in(std::mem::take(&mut handed_in)).await;
                self.record(event).await;
            } else {
                handed_in.push(event);
            }
        }
        self.hand_in(handed_in).await;
    }

    async fn hand_in(&self, events: Vec<AuditEvent>) {
        for answer in self.audit.record_all(events).await {
            answer.expect("recorded");
        }
    }

    /// The report of a framework on March 2026.
    pub async fn march(&self, framework: Framework) -> Report {
        self.report(request(framework)).await
    }

    pub async fn report(&self, request: ReportRequest) -> Report {
        self.try_report(request)
            .await
            .expect("a report")
            .expect("entries")
    }

    pub async fn try_report(&self, request: ReportRequest) -> Result<Option<Report>, AuditError> {
        report(&self.audit, request, &mut |_| {}).await
    }

    /// All entries that a query finds, newest first.
    pub async fn entries(&self, query: Query) -> Vec<Entry> {
        let mut query = query.limit(1000);
        let mut entries = Vec::new();
        loop {
            let page = self.audit.query(query.clone()).await.expect("a page");
            entries.extend(page.entries);
            match page.next_cursor {
                Some(cursor) => query.cursor = Some(cursor),
                None => return entries,
            }
        }
    }

    /// How many entries a query finds, page by page.
    pub async fn count(&self, query: Query) -> u64 {
        let mut query = query.limit(7);
        let mut count = 0;
        loop {
            let page = self.audit.query(query.clone()).await.expect("a page");
            count += page.entries.len() as u64;
            match page.next_cursor {
                Some(cursor) => query.cursor = Some(cursor),
                None => return count,
            }
        }
    }
}

/// What is asked for unless a test says otherwise: March 2026.
pub fn request(framework: Framework) -> ReportRequest {
    ReportRequest {
        framework,
        period: Period::parse("2026-03-01", "2026-03-31").expect("a period"),
        as_of: None,
        scope: Scope::default(),
        sampling: None,
        created: at("2026-06-02T00:00:00Z"),
        asked_by: None,
        software: "test".to_owned(),
        recorded: true,
    }
}

/// A control of a report by its number.
#[track_caller]
pub fn control<'r>(report: &'r Report, id: &str) -> &'r ControlReport {
    let mut controls = report.controls.iter();
    controls.find(|it| it.control.id() == id).expect(id)
}
