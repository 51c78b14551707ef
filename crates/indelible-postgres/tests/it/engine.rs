//! The engine over a store of this crate.

use std::sync::Arc;

use indelible_core::engine::{Audit, Engine, Ground, Options};
use indelible_core::redact::Redactor;
use indelible_core::state::StateInMemory;
use indelible_core::{
    AuditAction, AuditEvent, Entry, Receipt, SystemClock, SystemEntropy, TrailName,
};
use indelible_postgres::PostgresStore;
use uuid::Uuid;

/// Opens an engine. Its state ends with it, so that one engine alone can write to a database,
/// unless others are given the same `state`.
pub async fn open(store: PostgresStore, state: &Arc<StateInMemory>) -> Engine {
    let store = Arc::new(store);
    let ground = Ground {
        store: store.clone(),
        registry: store,
        state: state.clone(),
        installation: "test.example".to_owned(),
        clock: Arc::new(SystemClock::new()),
        entropy: Arc::new(SystemEntropy),
        redactor: Arc::new(Redactor::default_mask()),
    };
    let options = Options {
        long_lived: false,
        ..Options::default()
    };
    Engine::open(ground, options).await.expect("it opens")
}

pub fn standard(engine: &Engine) -> Audit {
    engine.trail(TrailName::standard())
}

/// An event with an id of its own.
pub fn event(number: u64) -> AuditEvent {
    AuditEvent::new(AuditAction::DATA_VIEWED, "customer_record")
        .id(id(number))
        .user_id(format!("user-{number}"))
}

pub fn id(number: u64) -> Uuid {
    Uuid::from_u64_pair(0x0197_a5e0_0000_7000, 1 << 63 | number)
}

/// Every trail is gap-free and as it was recorded.
pub async fn expect_clean(engine: &Engine) {
    for head in engine.heads().await.expect("it reads") {
        let audit = engine.trail(head.trail);
        let report = audit.verify(Vec::new(), None, &mut |_| {}).await;
        let report = report.expect("it reads");
        assert!(report.ok, "{:?}", report.findings);
        assert_eq!(report.entries_checked, report.size);
    }
}

/// The trail's only entry with this number's id is the one that the receipt speaks of.
pub async fn expect_once(engine: &Engine, number: u64, receipt: &Receipt) {
    let store = &engine.ground().store;
    let trail = TrailName::standard();
    let entries = store.entries(&trail, 0..u64::MAX).await.expect("it reads");
    let same: Vec<_> = entries
        .iter()
        .filter(|entry| entry.id == id(number))
        .collect();
    let [entry] = same[..] else {
        panic!("{} entries", same.len())
    };
    assert_eq!(receipt.seq, Some(entry.seq));
    assert_eq!(receipt.leaf_hash, Some(entry.leaf_hash));
    assert_eq!(receipt.created_at, Some(entry.created_at));
}

/// The entry with this number's id, if the trail has it.
pub async fn entry(engine: &Engine, number: u64) -> Option<Entry> {
    standard(engine).entry(id(number)).await.expect("it reads")
}
