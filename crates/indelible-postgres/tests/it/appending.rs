//! Writers beside each other, and what is left when one does not finish.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use indelible_core::store::{ProjectionKind, StoreError, Verdict};
use indelible_core::{Registry, Store};
use indelible_merkle::Frontier;
use indelible_postgres::{Options, PostgresStore, sql};
use serde_json::json;
use tokio::task::JoinSet;

use crate::fixture::{Author, Database, draft, trail};

/// The head says what the entries say: size, leaf hashes, root.
pub async fn assert_sound(store: &PostgresStore, name: &str) -> u64 {
    let head = store
        .head(&trail(name))
        .await
        .expect("it reads")
        .expect("it is there");
    let mut frontier = Frontier::new();
    let (mut buffer, mut ids) = (Vec::new(), HashSet::new());
    for start in (0..head.size).step_by(500) {
        let range = start..head.size.min(start + 500);
        let entries = store.entries(&trail(name), range.clone()).await;
        let entries = entries.expect("it reads");
        assert!(
            entries.iter().map(|entry| entry.seq).eq(range),
            "gap-free and complete"
        );
        for entry in &entries {
            assert_eq!(
                entry.derived_leaf(&trail(name), &mut buffer),
                entry.leaf_hash
            );
            frontier.push(entry.leaf_hash, &mut |_, _| ());
            assert!(ids.insert(entry.id), "{} stands twice", entry.id);
        }
    }
    let beyond = store.entries(&trail(name), head.size..u64::MAX).await;
    assert!(beyond.expect("it reads").is_empty());
    assert_eq!(frontier, head.frontier);
    assert_eq!(frontier.root(), head.root);
    head.size
}

/// A store that waits for others' locks no longer than this.
async fn hasty(database: &Database, lock_timeout: Duration) -> PostgresStore {
    let options = Options {
        lock_timeout,
        ..Options::default()
    };
    PostgresStore::open_with(&database.address(), &options)
        .await
        .expect("it opens")
}

#[tokio::test]
async fn commits_of_one_call_have_each_their_own_verdict() {
    let database = Database::new();
    let store = database.store().await;
    let mut early = Author::new("early");
    early.fill(&store, 0..3).await;
    let stale = Author::new("early").seal([draft(50)]);
    let verdicts = store
        .append(&[
            Author::new("a").seal([draft(1)]),
            stale,
            Author::new("b").seal([draft(2)]),
        ])
        .await
        .expect("it answers");
    let now = Verdict::Behind(Some(Box::new(early.base.head.clone())));
    assert_eq!(verdicts, [Verdict::Committed, now, Verdict::Committed]);

    let twice = early.seal([draft(60), draft(1)]);
    let fresh = Author::new("c").seal([draft(3)]);
    let verdicts = store.append(&[twice, fresh]).await.expect("it answers");
    let duplicate = Verdict::Duplicate(vec![(draft(1).id(), 1)]);
    assert_eq!(verdicts, [duplicate, Verdict::Committed]);

    let nowhere = early.clone();
    early.fill(&store, 3..4).await;
    let verdicts = store.append(&[nowhere.seal([draft(80)])]).await;
    let verdicts = verdicts.expect("it answers");
    let [Verdict::Behind(Some(head))] = &verdicts[..] else {
        panic!("{verdicts:?}")
    };
    assert_eq!(**head, early.base.head);
    for (name, size) in [("early", 4), ("a", 1), ("b", 1), ("c", 1)] {
        assert_eq!(assert_sound(&store, name).await, size, "{name}");
    }
}

#[tokio::test]
async fn a_call_that_does_not_fit_together_writes_nothing() {
    let database = Database::new();
    let store = database.store().await;
    let mut unfit = Author::new("b").seal([draft(2), draft(3)]);
    unfit.entries.pop();
    let error = store
        .append(&[Author::new("a").seal([draft(1)]), unfit])
        .await;
    assert!(
        matches!(error, Err(StoreError::Backend { .. })),
        "{error:?}"
    );
    assert!(store.heads().await.expect("it reads").is_empty());
    // The same id twice in one commit is no duplicate of the trail: an error, and no trace.
    let same = Author::new("b").seal([draft(2), draft(2)]);
    let error = store.append(std::slice::from_ref(&same)).await;
    assert!(
        matches!(error, Err(StoreError::Backend { .. })),
        "{error:?}"
    );
    assert!(store.heads().await.expect("it reads").is_empty());
    // Beside one that is fit, all that may be said is that each is there whole or not at all.
    let error = store
        .append(&[Author::new("a").seal([draft(1)]), same])
        .await;
    let heads = store.heads().await.expect("it reads");
    match error {
        Err(StoreError::Unknown { .. }) => assert!(heads.iter().all(|h| h.trail == trail("a"))),
        Err(StoreError::Backend { .. }) => assert!(heads.is_empty()),
        other => panic!("{other:?}"),
    }

    // On the right parent, but not behind it.
    let mut author = Author::new("c");
    author.fill(&store, 0..3).await;
    let parent = author.base.head.parent();
    author.base.succeeds = Some(parent);
    author.base.head.frontier = Frontier::new();
    let error = store.append(&[author.seal([draft(9)])]).await;
    assert!(
        matches!(error, Err(StoreError::Backend { .. })),
        "{error:?}"
    );
    assert_eq!(assert_sound(&store, "c").await, 3);
}

async fn write_rounds(store: Arc<PostgresStore>, writer: u64, rounds: u64) {
    for round in 0..rounds {
        loop {
            // T22, T43: whoever is behind reads the head again and tries once more.
            let mut author = Author::resume(&*store, "default").await;
            let numbers = (0..3).map(|n| draft(writer * 1000 + round * 10 + n));
            match author.record(&*store, numbers).await.expect("it answers") {
                Verdict::Committed => break,
                Verdict::Behind(_) => {}
                Verdict::Duplicate(ids) => panic!("nobody else writes {ids:?}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_writers_over_two_stores_make_one_gap_free_trail() {
    let database = Database::new();
    let stores = [
        Arc::new(database.store().await),
        Arc::new(database.store().await),
    ];
    let mut writers = JoinSet::new();
    for writer in 0..16 {
        let store = Arc::clone(&stores[usize::from(writer % 2 == 1)]);
        writers.spawn(write_rounds(store, writer, 6));
    }
    writers.join_all().await;
    for store in &stores {
        assert_eq!(assert_sound(store, "default").await, 16 * 6 * 3);
        let nodes = store.hashes(&trail("default"), 8, 0..9).await;
        let spans = store.spans(&trail("default"), 8, 0..9).await;
        let lengths = (
            nodes.expect("it reads").len(),
            spans.expect("it reads").len(),
        );
        assert_eq!(lengths, (1, 1));
    }
}

#[tokio::test]
async fn t97_a_transaction_that_was_never_committed_leaves_no_gap() {
    let database = Database::new();
    let store = database.store().await;
    let mut author = Author::new("default");
    author.fill(&store, 0..5).await;
    let crashed = database.client("postgres").await;
    crashed
        .batch_execute(
            "BEGIN; UPDATE indelible.head SET size = 6; \
             INSERT INTO indelible.event_id VALUES ('default', gen_random_uuid(), 5)",
        )
        .await
        .expect("nobody else writes");
    // What a process leaves that ends here: no COMMIT, and its locks are let go.
    drop(crashed);
    author.fill(&store, 5..9).await;
    assert_eq!(assert_sound(&store, "default").await, 9);
    // The same from a writer's own refused commit.
    let twice = author.seal([draft(20), draft(3)]);
    let verdicts = store.append(&[twice]).await.expect("it answers");
    assert!(matches!(verdicts[..], [Verdict::Duplicate(_)]));
    author.fill(&store, 20..22).await;
    assert_eq!(assert_sound(&store, "default").await, 11);
    let ids = store
        .projection(&trail("default"), ProjectionKind::Id, None, 100)
        .await;
    assert_eq!(ids.expect("it reads").len(), 11);
}

#[tokio::test]
async fn a_lock_that_stays_is_unavailable_and_nothing_is_written() {
    let database = Database::new();
    let store = hasty(&database, Duration::from_millis(50)).await;
    let mut author = Author::new("default");
    author.fill(&store, 0..2).await;
    let lock = database.client("postgres").await;
    lock.batch_execute("BEGIN; SELECT 1 FROM indelible.head FOR UPDATE")
        .await
        .expect("it locks");
    let error = author.record(&store, [draft(2)]).await;
    assert!(
        matches!(error, Err(StoreError::Unavailable { .. })),
        "{error:?}"
    );
    lock.batch_execute("ROLLBACK").await.expect("it lets go");
    assert_eq!(assert_sound(&store, "default").await, 2);
    let verdict = author.record(&store, [draft(2)]).await;
    assert_eq!(verdict.expect("the same commit again"), Verdict::Committed);
    assert_eq!(assert_sound(&store, "default").await, 3);
}

#[tokio::test]
async fn trails_proceed_while_another_ones_head_is_locked() {
    let database = Database::new();
    let store = Arc::new(database.store().await);
    for name in ["a", "b", "c"] {
        Author::new(name).fill(&*store, 0..2).await;
    }
    let lock = database.client("postgres").await;
    lock.batch_execute("BEGIN; SELECT 1 FROM indelible.head WHERE trail_id = 'c' FOR UPDATE")
        .await
        .expect("it locks");
    let waiting = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            let mut author = Author::resume(&*store, "c").await;
            author.record(&*store, [draft(100)]).await
        }
    });
    let blocked = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() \
                   AND wait_event_type = 'Lock'";
    while database.0.query_text(blocked).is_empty() {
        tokio::task::yield_now().await;
    }
    for name in ["a", "b", "new"] {
        for number in 200..210 {
            let mut author = Author::resume(&*store, name).await;
            let verdict = author.record(&*store, [draft(number)]).await;
            assert_eq!(verdict.expect("it answers"), Verdict::Committed);
        }
    }
    assert!(!waiting.is_finished(), "its head is locked");
    lock.batch_execute("COMMIT").await.expect("it lets go");
    let verdict = waiting.await.expect("it ends").expect("it answers");
    assert_eq!(verdict, Verdict::Committed);
    for (name, size) in [("a", 12), ("b", 12), ("c", 3), ("new", 10)] {
        assert_eq!(assert_sound(&store, name).await, size, "{name}");
    }
}

#[tokio::test]
async fn a_huge_commit_is_one_commit() {
    let database = Database::new();
    let store = database.store().await;
    let mut author = Author::new("default");
    let verdict = author.record(&store, (0..5000).map(draft)).await;
    assert_eq!(verdict.expect("it answers"), Verdict::Committed);
    let large = (5000..5500).map(|number| {
        let mut large = draft(number);
        large.details = json!({"context": {"text": "x".repeat(64 * 1024)}});
        large
    });
    let verdict = author.record(&store, large).await;
    assert_eq!(verdict.expect("it answers"), Verdict::Committed);
    assert_eq!(assert_sound(&store, "default").await, 5500);
}

#[tokio::test]
async fn a_closed_store_refuses_and_closes_again() {
    let database = Database::new();
    let store = database.store().await;
    let mut author = Author::new("default");
    author.fill(&store, 0..2).await;
    store.close().await.expect("it closes");
    store.close().await.expect("it is closed");
    let error = author.record(&store, [draft(2)]).await;
    assert!(
        matches!(error, Err(StoreError::Unavailable { .. })),
        "{error:?}"
    );
    for error in [
        store.heads().await.err(),
        store.get("k", "1").await.err(),
        store.seqs(&trail("default"), &[]).await.err(),
    ] {
        assert!(
            matches!(error, Some(StoreError::Unavailable { .. })),
            "{error:?}"
        );
    }
    assert_eq!(assert_sound(&database.store().await, "default").await, 2);
}

#[test]
fn t92_t93_no_statement_notifies_or_takes_an_advisory_lock() {
    for text in [
        sql::HEAD_UPDATE,
        indelible_postgres::outbox::INSERT,
        sql::HEAD_INSERT,
        sql::HEAD_LOCK,
        sql::EVENT_ID_INSERT,
        sql::ENTRY_INSERT,
        sql::TAG_INSERT,
        sql::NODE_INSERT,
        sql::SPAN_INSERT,
        sql::PLACEMENT_INSERT,
        sql::ROLLUP_UPSERT,
        include_str!("../../migrations/0001_log.sql"),
        include_str!("../../migrations/0002_index.sql"),
        include_str!("../../migrations/0003_registry.sql"),
        include_str!("../../migrations/0004_access.sql"),
        include_str!("../../migrations/0005_outbox.sql"),
    ] {
        let text = text.to_lowercase();
        for word in ["notify", "advisory", "nextval", "serial"] {
            assert!(!text.contains(word), "{word} in {text}");
        }
    }
}
