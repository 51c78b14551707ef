//! Writers beside each other, and what is left when one does not finish.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use indelible_core::store::{ProjectionKind, StoreError, Verdict};
use indelible_core::{Registry, Store};
use indelible_merkle::Frontier;
use indelible_sqlite::{Options, SqliteStore, sql};
use serde_json::json;
use tokio::task::{JoinSet, yield_now};

use crate::fixture::{Author, Folder, draft, trail};

/// The head says what the entries say: size, leaf hashes, root.
async fn assert_sound(store: &SqliteStore, name: &str) -> u64 {
    let head = store
        .head(&trail(name))
        .await
        .expect("it reads")
        .expect("it is there");
    let entries = store
        .entries(&trail(name), 0..u64::MAX)
        .await
        .expect("it reads");
    assert!(
        entries.iter().map(|entry| entry.seq).eq(0..head.size),
        "gap-free and complete"
    );
    let mut frontier = Frontier::new();
    let mut buffer = Vec::new();
    for entry in &entries {
        assert_eq!(
            entry.derived_leaf(&trail(name), &mut buffer),
            entry.leaf_hash
        );
        frontier.push(entry.leaf_hash, &mut |_, _| ());
    }
    assert_eq!(frontier, head.frontier);
    assert_eq!(frontier.root(), head.root);
    let ids: HashSet<_> = entries.iter().map(|entry| entry.id).collect();
    assert_eq!(ids.len(), entries.len());
    head.size
}

#[tokio::test]
async fn commits_that_share_a_transaction_have_each_their_own_verdict() {
    let folder = Folder::new();
    let store = Arc::new(folder.store());
    let mut early = Author::new("early");
    early.fill(&store, 0..3).await;
    let stale = Author::new("early").seal([draft(50)]);
    let twice = early.seal([draft(60), draft(1)]);

    // Until this lock is given up, all calls below pile up behind the first.
    let lock = folder.foreign();
    lock.execute_batch("BEGIN IMMEDIATE")
        .expect("nobody else writes");
    let mut calls = JoinSet::new();
    for (place, commits) in [
        vec![Author::new("first").seal([draft(1)])],
        vec![
            Author::new("a").seal([draft(1)]),
            stale,
            Author::new("b").seal([draft(2)]),
        ],
        vec![twice, Author::new("c").seal([draft(3)])],
        vec![early.seal([draft(70)])],
        vec![early.seal([draft(80)])],
    ]
    .into_iter()
    .enumerate()
    {
        let store = Arc::clone(&store);
        calls.spawn(async move { (place, store.append(&commits).await) });
        yield_now().await;
    }
    let put = Arc::clone(&store);
    calls.spawn(async move {
        assert_eq!(
            put.put("k", "1", None, Some(&json!(1)))
                .await
                .expect("it puts"),
            Some(1)
        );
        (5, Ok(Vec::new()))
    });
    yield_now().await;
    lock.execute_batch("ROLLBACK")
        .expect("it gives up the lock");

    let mut verdicts = calls.join_all().await;
    verdicts.sort_by_key(|(place, _)| *place);
    let verdicts: Vec<_> = verdicts
        .into_iter()
        .map(|(_, answer)| answer.expect("it answers"))
        .collect();
    assert_eq!(verdicts[0], [Verdict::Committed]);
    let before = Verdict::Behind(Some(Box::new(early.base.head.clone())));
    assert_eq!(
        verdicts[1],
        [Verdict::Committed, before, Verdict::Committed]
    );
    let duplicate = Verdict::Duplicate(vec![(draft(1).id(), 1)]);
    assert_eq!(verdicts[2], [duplicate, Verdict::Committed]);
    assert_eq!(verdicts[3], [Verdict::Committed]);
    let Verdict::Behind(Some(now)) = &verdicts[4][0] else {
        panic!("{:?}", verdicts[4])
    };
    assert_eq!(now.size, 4);
    for (name, size) in [("first", 1), ("early", 4), ("a", 1), ("b", 1), ("c", 1)] {
        assert_eq!(assert_sound(&store, name).await, size, "{name}");
    }
    assert!(store.get("k", "1").await.expect("it reads").is_some());
}

#[tokio::test]
async fn a_call_that_does_not_fit_together_writes_nothing() {
    let folder = Folder::new();
    let store = folder.store();
    let mut unfit = Author::new("b").seal([draft(2), draft(3)]);
    unfit.entries.pop();
    let error = store
        .append(&[Author::new("a").seal([draft(1)]), unfit])
        .await;
    assert!(
        matches!(error, Err(StoreError::Backend { .. })),
        "{error:?}"
    );
    // The same id twice in one commit is no duplicate of the trail: an error, and no trace.
    let same = Author::new("b").seal([draft(2), draft(2)]);
    let error = store
        .append(&[Author::new("a").seal([draft(1)]), same])
        .await;
    assert!(
        matches!(error, Err(StoreError::Backend { .. })),
        "{error:?}"
    );
    assert!(store.heads().await.expect("it reads").is_empty());

    // On the right parent, but not behind it.
    let mut author = Author::new("c");
    author.fill(&store, 0..3).await;
    let parent = author.base.head.parent();
    author.base.succeeds = Some(parent);
    author.base.head.frontier = indelible_merkle::Frontier::new();
    let error = store
        .append(&[Author::new("a").seal([draft(1)]), author.seal([draft(9)])])
        .await;
    assert!(
        matches!(error, Err(StoreError::Backend { .. })),
        "{error:?}"
    );
    assert_eq!(store.heads().await.expect("it reads").len(), 1);
    assert_sound(&store, "c").await;
}

async fn write_rounds(store: Arc<SqliteStore>, writer: u64, rounds: u64) {
    for round in 0..rounds {
        loop {
            // T22, T43: whoever is behind reads the head again and tries once more.
            let mut author = Author::resume(&store, "default").await;
            let numbers = (0..3).map(|n| draft(writer * 1000 + round * 10 + n));
            match author.record(&store, numbers).await.expect("it answers") {
                Verdict::Committed => break,
                Verdict::Behind(_) => {}
                Verdict::Duplicate(ids) => panic!("nobody else writes {ids:?}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_writers_over_two_stores_make_one_gap_free_trail() {
    let folder = Folder::new();
    let stores = [Arc::new(folder.store()), Arc::new(folder.store())];
    let mut writers = JoinSet::new();
    for writer in 0..16 {
        let store = Arc::clone(&stores[usize::from(writer % 2 == 1)]);
        writers.spawn(write_rounds(store, writer, 6));
    }
    writers.join_all().await;
    assert_eq!(assert_sound(&stores[0], "default").await, 16 * 6 * 3);
    assert_eq!(assert_sound(&stores[1], "default").await, 16 * 6 * 3);
    let nodes = stores[0]
        .hashes(&trail("default"), 8, 0..9)
        .await
        .expect("it reads");
    let spans = stores[0]
        .spans(&trail("default"), 8, 0..9)
        .await
        .expect("it reads");
    assert_eq!((nodes.len(), spans.len()), (1, 1));
}

#[tokio::test]
async fn a_transaction_that_was_never_committed_leaves_nothing() {
    let folder = Folder::new();
    let store = folder.store();
    let mut author = Author::new("default");
    author.fill(&store, 0..5).await;
    let crashed = folder.foreign();
    crashed
        .execute_batch(sql::BEGIN)
        .expect("nobody else writes");
    let id: [u8; 16] = [9; 16];
    crashed
        .execute(sql::EVENT_ID_INSERT, (1, id, 5))
        .expect("it inserts");
    crashed
        .execute("UPDATE head SET size = 6", [])
        .expect("it updates");
    // What a process leaves that ends here: no COMMIT, and its locks are gone.
    drop(crashed);
    assert_eq!(assert_sound(&store, "default").await, 5);
    author.fill(&store, 5..9).await;
    // T97: no seq is passed over.
    assert_eq!(assert_sound(&store, "default").await, 9);
    let ids = store
        .projection(&trail("default"), ProjectionKind::Id, None, 100)
        .await;
    assert_eq!(ids.expect("it reads").len(), 9);
}

#[tokio::test]
async fn a_lock_that_stays_is_unavailable_and_nothing_is_written() {
    let folder = Folder::new();
    let options = Options {
        busy_timeout: Duration::from_millis(20),
        ..Options::default()
    };
    let store = SqliteStore::open_with(folder.file(), &options).expect("it opens");
    let mut author = Author::new("default");
    author.fill(&store, 0..2).await;
    let lock = folder.foreign();
    lock.execute_batch("BEGIN IMMEDIATE")
        .expect("nobody else writes");
    let error = author.record(&store, [draft(2)]).await;
    assert!(
        matches!(error, Err(StoreError::Unavailable { .. })),
        "{error:?}"
    );
    assert_eq!(assert_sound(&store, "default").await, 2);
    lock.execute_batch("ROLLBACK")
        .expect("it gives up the lock");
    let verdict = author
        .record(&store, [draft(2)])
        .await
        .expect("the same commit again");
    assert_eq!(verdict, Verdict::Committed);
    assert_eq!(assert_sound(&store, "default").await, 3);
}

#[tokio::test]
async fn a_full_disk_refuses_cleanly_and_goes_on_with_more_room() {
    // T71
    let folder = Folder::new();
    let room = |bytes| Options {
        bytes_max: Some(bytes),
        ..Options::default()
    };
    let store = SqliteStore::open_with(folder.file(), &room(600_000)).expect("it opens");
    let mut author = Author::new("default");
    let mut number = 0;
    let refused = loop {
        let numbers = number..number + 20;
        match author.record(&store, numbers.map(draft)).await {
            Ok(verdict) => assert_eq!(verdict, Verdict::Committed),
            Err(refused) => break refused,
        }
        number += 20;
        assert!(number < 10_000, "the limit has no effect");
    };
    assert!(
        matches!(refused, StoreError::Unavailable { .. }),
        "{refused:?}"
    );
    assert!(number > 100, "{number} entries need less room");
    assert_eq!(assert_sound(&store, "default").await, number);
    assert!(
        author
            .record(&store, (number..number + 20).map(draft))
            .await
            .is_err()
    );
    assert_eq!(assert_sound(&store, "default").await, number);
    store.close().await.expect("it closes");

    let store = SqliteStore::open_with(folder.file(), &room(2_000_000)).expect("it opens");
    assert_eq!(assert_sound(&store, "default").await, number);
    author.fill(&store, number..number + 100).await;
    assert_eq!(assert_sound(&store, "default").await, number + 100);
}

#[tokio::test]
async fn the_write_ahead_log_starts_over() {
    let folder = Folder::new();
    let store = folder.store();
    let mut author = Author::new("default");
    let wal = folder.file().with_extension("db-wal");
    // Ever the same ids would fit few pages: far more pages are written than the log may hold.
    let mut written = 0;
    for number in 0..260 {
        let mut large = draft(number);
        large.details = json!({"context": {"text": "x".repeat(400_000)}});
        let verdict = author.record(&store, [large]).await.expect("it is written");
        assert_eq!(verdict, Verdict::Committed);
        written += 400_000;
    }
    let log = std::fs::metadata(&wal).expect("it is there").len();
    assert!(
        log < written * 2 / 3,
        "{log} bytes of log for {written} written"
    );
    store.close().await.expect("it closes");
    assert!(!wal.exists() || std::fs::metadata(&wal).expect("it is there").len() == 0);
}

#[tokio::test]
async fn a_purge_is_not_refused_because_the_log_is_copied() {
    let folder = Folder::new();
    let store = folder.store();
    let mut author = Author::new("default");
    for number in 0..30 {
        let mut large = draft(number);
        large.details = json!({"context": {"text": "x".repeat(3_000_000)}});
        author.record(&store, [large]).await.expect("it is written");
        let removal = store.removal().expect("it removes");
        if number % 3 == 2 {
            let purged = removal.purge(author.trail(), &[]).await;
            purged.expect("nobody reads");
        }
    }
}

#[tokio::test]
async fn a_closed_store_refuses_and_closes_again() {
    let folder = Folder::new();
    let store = folder.store();
    let mut author = Author::new("default");
    author.fill(&store, 0..2).await;
    store.close().await.expect("it closes");
    store.close().await.expect("it is closed");
    let error = author.record(&store, [draft(2)]).await;
    assert!(
        matches!(error, Err(StoreError::Unavailable { .. })),
        "{error:?}"
    );
    let error = store.heads().await;
    assert!(
        matches!(error, Err(StoreError::Unavailable { .. })),
        "{error:?}"
    );
    assert_eq!(assert_sound(&folder.store(), "default").await, 2);
}
