//! For stores that claim to survive being closed, and dropped, and opened again.

use std::slice;

use indelible_core::filter::{Filter, UserFilter};
use indelible_core::store::Verdict;
use serde_json::json;
use tokio::sync::mpsc;

use super::writers::finish;
use crate::database::Database;
use crate::derivation::check_trail;
use crate::fixture::{Author, Draft, draft, id, trail};
use crate::handle::{Handle, NO_SEQS};
use crate::observation::Observation;

/// All that every read shows is there again.
pub async fn a_closed_store_shows_everything_again(database: &dyn Database) {
    let store = Handle::open(database).await;
    let (mut one, mut other) = (Author::new("one"), Author::new("other"));
    one.record(&store, (0..700).map(full)).await;
    one.record_each(&store, (700..710).map(full)).await;
    other.record(&store, [draft(1)]).await;
    other.succeed();
    other.record(&store, [draft(2)]).await;
    let trails = [one.trail(), other.trail()];
    let before = (
        store.heads().await,
        Observation::of_all(&store, &trails).await,
    );
    store.close().await;

    let store = Handle::open(database).await;
    assert_eq!(
        (
            store.heads().await,
            Observation::of_all(&store, &trails).await
        ),
        before
    );
    check_trail(&store, one.trail(), database.index_lags()).await;
}

/// "It survives": what was acknowledged is there although the store was never closed.
pub async fn a_dropped_store_has_lost_nothing_acknowledged(database: &dyn Database) {
    let mut author = Author::new("t");
    for round in 0..6 {
        let store = Handle::open(database).await;
        assert_eq!(store.size(author.trail()).await, author.size());
        author
            .record(&store, (round * 100..round * 100 + 50).map(full))
            .await;
        let commit = author.record(&store, [full(round * 100 + 50)]).await;
        drop(store);
        let store = Handle::open(database).await;
        assert_eq!(
            store.head(author.trail()).await.as_ref(),
            Some(&commit.head)
        );
        check_trail(&store, author.trail(), database.index_lags()).await;
    }
}

/// A trail goes on after each reopening where it ended.
pub async fn a_trail_goes_on_after_reopening(database: &dyn Database) {
    let mut author = Author::new("t");
    for start in (0..320).step_by(40) {
        let store = Handle::open(database).await;
        author.record(&store, (start..start + 40).map(full)).await;
        store.close().await;
    }
    let store = Handle::open(database).await;
    assert_eq!(store.size(author.trail()).await, 320);
    check_trail(&store, author.trail(), database.index_lags()).await;
}

/// The index of ids and the head are as durable as the log: what was refused before is refused.
pub async fn a_reopened_store_refuses_what_it_refused(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    author.record(&store, (0..20).map(draft)).await;
    let stale = author.seal([draft(90)]);
    author.record(&store, [draft(20)]).await;
    store.close().await;

    let store = Handle::open(database).await;
    let again = author.seal([draft(91), draft(7)]);
    assert_eq!(
        store.append_one(&again).await,
        Verdict::Duplicate(vec![(id(7), 7)])
    );
    assert!(matches!(
        store.append_one(&stale).await,
        Verdict::Behind(Some(_))
    ));
    assert_eq!(
        store.seqs(author.trail(), &[id(90), id(91)]).await,
        [None, None]
    );
    author.record(&store, [draft(90)]).await;
    assert_eq!(store.seqs(author.trail(), &[id(90)]).await, [Some(21)]);
}

/// Questions are answered the same after reopening.
pub async fn a_reopened_store_answers_the_same_questions(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    author.record(&store, (0..300).map(full)).await;
    let user = |name: &str| Filter {
        user: Some(UserFilter::AnyOf(vec![name.to_owned()])),
        ..Filter::default()
    };
    let expected: Vec<_> = (0..300).rev().filter(|n| n % 7 == 3).collect();
    assert_eq!(store.matching(author.trail(), user("u3")).await, expected);
    store.close().await;
    let store = Handle::open(database).await;
    assert_eq!(store.matching(author.trail(), user("u3")).await, expected);
    assert_eq!(store.matching(author.trail(), user("u8")).await, NO_SEQS);
}

/// The registry keeps values and versions, and what was removed stays removed.
pub async fn a_reopened_registry_keeps_versions(database: &dyn Database) {
    let store = Handle::open(database).await;
    store.put("k", "a", None, Some(&json!({"n": 1}))).await;
    store.put("k", "a", Some(1), Some(&json!({"n": 2}))).await;
    store.put("k", "gone", None, Some(&json!(null))).await;
    store.put("k", "gone", Some(1), None).await;
    let before = store.list("k").await;
    drop(store);
    let store = Handle::open(database).await;
    assert_eq!(store.list("k").await, before);
    assert_eq!(store.get("k", "gone").await, None);
    assert_eq!(store.put("k", "a", Some(1), Some(&json!(0))).await, None);
    assert_eq!(store.put("k", "a", Some(2), Some(&json!(0))).await, Some(3));
}

/// A database in which nothing was written opens again as empty.
pub async fn an_empty_database_opens_again(database: &dyn Database) {
    for _ in 0..3 {
        let store = Handle::open(database).await;
        assert_eq!(store.heads().await, []);
        assert_eq!(store.head(&trail("t")).await, None);
        assert_eq!(store.list("k").await, []);
        store.close().await;
    }
}

/// "Waits for what is in flight": what is answered while the store closes is true.
pub async fn closing_beside_writers_loses_nothing_acknowledged(database: &dyn Database) {
    let store = database.open().await;
    let (first, mut begun) = mpsc::unbounded_channel();
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let (store, first) = (store.clone(), first.clone());
            tokio::spawn(async move {
                let mut author = Author::new(&format!("t{writer}"));
                // Ends with the store: what it answers once it is closed is an error.
                for n in 0..200 {
                    let commit = author.seal([full(n)]);
                    let Ok(verdicts) = store.append(slice::from_ref(&commit)).await else {
                        break;
                    };
                    assert_eq!(verdicts, [Verdict::Committed]);
                    author.took(&commit);
                    let _ = first.send(());
                }
                author
            })
        })
        .collect();
    begun.recv().await.expect("a writer begins");
    store.close().await.expect("close answers");
    let authors = finish(writers).await;
    drop(store);

    let store = Handle::open(database).await;
    for author in authors {
        assert!(
            store.size(author.trail()).await >= author.size(),
            "{}",
            author.trail()
        );
        if author.size() > 0 {
            check_trail(&store, author.trail(), database.index_lags()).await;
        }
    }
}

fn full(n: u64) -> Draft {
    draft(n)
        .user(&format!("u{}", n % 7))
        .from(&format!("10.0.0.{}", n % 256))
        .on(&format!("r{}", n % 5))
        .correlation(&format!("c{n}"))
        .tags(["a", "b"])
        .context(json!({ "n": n }))
}
