//! Everything through a real PgBouncer in transaction mode: two connections to the server, and
//! every transaction on whichever is free.

use std::sync::Arc;

use indelible_core::state::StateInMemory;
use indelible_core::{AuditProtocol, Query, Registry, Store};
use indelible_postgres::{Options, PostgresStore};
use serde_json::json;
use testbed::{Cluster, Pooler};
use tokio::task::JoinSet;

use crate::engine::{event, expect_clean, open};
use crate::fixture::{Database, address, trail};

const TASKS: u64 = 16;
const EVENTS: u64 = 25;
const TRAILS: [&str; 4] = ["a", "b", "c", "default"];

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_tasks_record_ask_and_verify_through_a_pooler_in_transaction_mode() {
    let pooler = Pooler::start(Cluster::shared());
    let database = Database::empty();
    let address = address(&pooler.url(database.0.name(), "postgres"));
    let migrated = PostgresStore::migrate(&address, &Options::default()).await;
    assert!(!migrated.expect("it migrates").applied.is_empty());
    let again = PostgresStore::migrate(&address, &Options::default()).await;
    assert!(again.expect("it is up to date").applied.is_empty());

    let state = Arc::new(StateInMemory::new());
    let mut engines = Vec::new();
    for _ in 0..2 {
        let store = PostgresStore::open(&address).await.expect("it opens");
        engines.push(open(store, &state).await);
    }
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let engine = &engines[usize::from(task % 2 == 1)];
        let audit = engine.trail(trail(TRAILS[(task % 4) as usize]));
        tasks.spawn(async move {
            for n in 0..EVENTS {
                let number = task * EVENTS + n;
                let receipt = audit.record(event(number)).await.expect("recorded");
                let mine = Query::new().user_id(format!("user-{number}"));
                let page = audit.query(mine).await.expect("it answers");
                assert_eq!(page.entries.len(), 1, "what was recorded is found");
                assert_eq!(Some(page.entries[0].seq), receipt.seq);
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.expect("it ends");
    }
    for engine in &engines {
        expect_clean(engine).await;
        let heads = engine.heads().await.expect("it reads");
        let mut sizes = Vec::new();
        for head in heads.iter().filter(|head| !head.trail.is_system()) {
            sizes.push(head.size);
            let audit = engine.trail(head.trail.clone());
            assert!(
                audit
                    .prove(head.size - 1, true)
                    .await
                    .expect("it answers")
                    .is_some()
            );
        }
        assert_eq!(sizes, [TASKS / 4 * EVENTS; 4]);
        engine.close().await.expect("it closes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn operational_state_is_kept_through_a_pooler() {
    let pooler = Pooler::start(Cluster::shared());
    let database = Database::new();
    let address = address(&pooler.url(database.0.name(), "postgres"));
    let store = Arc::new(PostgresStore::open(&address).await.expect("it opens"));
    let first = store.put("count", "n", None, Some(&json!(0))).await;
    assert_eq!(first.expect("it answers"), Some(1));
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            loop {
                let there = store.get("count", "n").await.expect("it reads");
                let there = there.expect("it is there");
                let next = json!(there.value.as_u64().expect("a number") + 1);
                let put = store
                    .put("count", "n", Some(there.version), Some(&next))
                    .await;
                if put.expect("it answers").is_some() {
                    return;
                }
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.expect("it ends");
    }
    let there = store.get("count", "n").await.expect("it reads");
    assert_eq!(there.expect("it is there").value, json!(TASKS));
    let condition = store.condition().await.expect("it answers");
    assert!(condition.missing_guards.is_empty(), "{condition:?}");
    store.close().await.expect("it closes");
}
