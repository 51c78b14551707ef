//! Policies, and what goes by them: the engine over the store, beside the same over the oracle.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use indelible_core::engine::{
    Audit, Engine, Ground, HoldOrder, Options, Retained, RetentionClass, RetentionPlan,
    RetentionPolicy,
};
use indelible_core::part::PartKind;
use indelible_core::redact::Redactor;
use indelible_core::state::StateInMemory;
use indelible_core::{
    AuditAction, AuditEvent, Clock, MemoryStore, Query, Registry, Store, Timestamp, TrailName,
};

use super::outbox::Counted;
use crate::database::Database;

const DAY_MICROS: i64 = 24 * 60 * 60 * 1_000_000;
/// 2026-01-01T00:00:00Z.
const BEGIN_MICROS: i64 = 1_767_225_600_000_000;

/// A clock that stands still until it is set.
struct Still(AtomicI64);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }

    fn elapsed(&self) -> Duration {
        let since = self.0.load(Ordering::SeqCst) - BEGIN_MICROS;
        Duration::from_micros(since.unsigned_abs())
    }
}

/// An engine over a store, and its clock.
struct Desk {
    engine: Engine,
    clock: Arc<Still>,
}

impl Desk {
    async fn over(store: Arc<dyn Store>, registry: Arc<dyn Registry>) -> Self {
        let clock = Arc::new(Still(AtomicI64::new(BEGIN_MICROS)));
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
        let engine = Engine::open(ground, options).await.expect("it opens");
        Self { engine, clock }
    }

    /// The store of a database, and the oracle.
    async fn both(database: &dyn Database) -> [Self; 2] {
        let (store, oracle) = (database.open_to_erase().await, Arc::new(MemoryStore::new()));
        [
            Self::over(store.clone(), store).await,
            Self::over(oracle.clone(), oracle).await,
        ]
    }

    fn pass_days(&self, days: i64) {
        self.clock.0.fetch_add(days * DAY_MICROS, Ordering::SeqCst);
    }

    /// A trail of old entries, 40 days of nothing, and young ones.
    async fn aged(&self, name: &str, old: u64, young: u64) -> Audit {
        self.clock.0.store(BEGIN_MICROS, Ordering::SeqCst);
        let name: TrailName = name.parse().expect("a name");
        let audit = self.engine.trail(name);
        record(&audit, 0..old).await;
        self.pass_days(40);
        record(&audit, old..old + young).await;
        audit
    }
}

async fn record(audit: &Audit, numbers: std::ops::Range<u64>) {
    let event = |n: u64| {
        AuditEvent::new(AuditAction::DATA_VIEWED, "document")
            .user_id(format!("u{}", n % 5))
            .resource_id(format!("r{n}"))
    };
    for answer in audit.record_all(numbers.map(event).collect()).await {
        answer.expect("it is recorded");
    }
}

fn policy() -> RetentionPolicy {
    RetentionPolicy {
        minimum_days: Some(1),
        maximum_days: Some(30),
        legal_basis: "GDPR Art. 5(1)(e)".to_owned(),
        classes: vec![RetentionClass {
            actions: vec!["*".to_owned()],
            after_days: 20,
            parts: vec![PartKind::Actor],
            legal_basis: None,
        }],
    }
}

/// What a run does is what its plan said, and what the trail then is can be verified.
async fn run(audit: &Audit) -> (Retained, RetentionPlan) {
    let now = audit.engine().ground().clock.now();
    let plan = audit.plan_retention(now, &mut |_| {}).await;
    let plan = plan.expect("it plans");
    let ran = audit.retain("officer", &mut |_| {}).await;
    let (retained, done) = ran.expect("it runs");
    assert_eq!(done, plan);
    let went = plan.expired.as_ref().map_or(0, |expired| expired.count());
    assert_eq!(retained.entries, went);
    assert_eq!(retained.first_kept, plan.first_kept + went);
    let store = &audit.engine().ground().store;
    let entries = store.entries(audit.name(), 0..u64::MAX).await;
    let size = audit.head().await.expect("it reads").map_or(0, |h| h.size);
    let seqs = entries
        .expect("it reads")
        .into_iter()
        .map(|entry| entry.seq);
    assert!(seqs.eq(retained.first_kept..size));
    let report = audit.verify(Vec::new(), None, &mut |_| {}).await;
    let report = report.expect("it reads");
    assert!(report.ok && report.complete, "{:?}", report.findings);
    (retained, plan)
}

/// The run does what the dry run said, with nothing, one, a block and one more to go, and again with
/// what has grown old since. (T87)
pub async fn t87_a_run_does_what_its_plan_said(database: &dyn Database) {
    let desks = Desk::both(database).await;
    for (old, young) in [(0, 3), (1, 3), (3, 0), (256, 4), (257, 4)] {
        let mut answers = Vec::new();
        for desk in &desks {
            let audit = desk.aged(&format!("t{old}-{young}"), old, young).await;
            let set = audit.set_retention_policy(&policy(), "officer").await;
            set.expect("it is set");
            let first = run(&audit).await;
            assert_eq!(first.0.entries, old, "{old}, {young}");
            desk.pass_days(25);
            let parts = run(&audit).await;
            assert_eq!((parts.0.entries, parts.0.parts), (0, young));
            desk.pass_days(25);
            let rest = run(&audit).await;
            assert!(rest.0.entries >= young);
            answers.push([first, parts, rest].map(|(retained, plan)| {
                let erasures = plan.erasures();
                // Roots are of ids and salts of one's own.
                let expired = plan
                    .expired
                    .map(|it| (it.first, it.last, it.oldest, it.newest));
                (retained, expired, plan.kept_back, erasures)
            }));
        }
        assert_eq!(answers[0], answers[1], "{old}, {young}");
    }
}

/// What is held stays, in the store as in the oracle. (T91)
pub async fn t91_a_run_keeps_what_is_held(database: &dyn Database) {
    for desk in Desk::both(database).await {
        let audit = desk.aged("held", 300, 3).await;
        let set = audit.set_retention_policy(&policy(), "officer").await;
        set.expect("it is set");
        let order = HoldOrder {
            query: Query::new().resource_id("r257"),
            reason: "letter".to_owned(),
            matter: None,
            by: "alice".to_owned(),
        };
        let hold = audit.place_hold(&order).await.expect("it is placed");
        let (retained, plan) = run(&audit).await;
        assert_eq!(retained.first_kept, 257);
        let kept = plan.kept_back.expect("something is kept");
        assert_eq!((kept.seq, kept.hold), (257, Some(hold.id.to_string())));
    }
}
