//! Operational state: one of many who write at once wins, and what is read is what was written.

use indelible_core::Registry;
use indelible_core::store::StoreError;
use serde_json::json;

use crate::fixture::Database;

#[tokio::test]
async fn values_are_answered_as_they_were_given() {
    let database = Database::new();
    let store = database.store().await;
    for (nth, value) in [
        json!({"b": 1, "a": [null, true, "\u{0}\u{ffff}é"]}),
        json!(18_446_744_073_709_551_615_u64),
        json!(0.1),
        json!("text"),
        json!(null),
    ]
    .iter()
    .enumerate()
    {
        let key = format!("k{nth}");
        let version = store.put("kind", &key, None, Some(value)).await;
        assert_eq!(version.expect("it is written"), Some(1));
        let found = store.get("kind", &key).await.expect("it reads");
        assert_eq!(&found.expect("it is there").value, value);
    }
}

#[tokio::test]
async fn a_write_counts_only_on_the_version_it_expects() {
    let database = Database::new();
    let store = database.store().await;
    let put = async |expected, value: Option<i64>| {
        let value = value.map(|n| json!(n));
        let done = store.put("kind", "key", expected, value.as_ref()).await;
        done.expect("it answers")
    };
    assert_eq!(put(Some(1), Some(0)).await, None);
    assert_eq!(put(None, None).await, Some(0));
    assert_eq!(put(None, Some(1)).await, Some(1));
    assert_eq!(put(None, Some(2)).await, None);
    assert_eq!(put(None, None).await, None);
    assert_eq!(put(Some(1), Some(2)).await, Some(2));
    assert_eq!(put(Some(1), Some(3)).await, None);
    assert_eq!(put(Some(u64::MAX), Some(3)).await, None);
    assert_eq!(put(Some(1), None).await, None);
    assert_eq!(put(Some(2), None).await, Some(0));
    assert_eq!(put(None, Some(4)).await, Some(1));
}

#[tokio::test]
async fn keys_come_by_their_bytes() {
    let database = Database::new();
    let store = database.store().await;
    for key in ["b", "a-b", "B", "ä", "a_b", "ab", "aB"] {
        store
            .put("kind", key, None, Some(&json!(1)))
            .await
            .expect("it is written");
    }
    store
        .put("other", "z", None, Some(&json!(1)))
        .await
        .expect("it is written");
    let list = store.list("kind").await.expect("it reads");
    let keys: Vec<_> = list.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["B", "a-b", "aB", "a_b", "ab", "b", "ä"]);
}

#[tokio::test]
async fn of_many_who_write_at_once_one_wins() {
    let database = Database::new();
    let (one, other) = (database.store().await, database.store().await);
    let value = json!(1);
    for expected in [None, Some(1), Some(2)] {
        let puts = [&one, &other, &one, &other, &one, &other]
            .map(|store| store.put("kind", "key", expected, Some(&value)));
        let done = futures_util::future::join_all(puts).await;
        let won = done.into_iter().filter_map(|put| put.expect("it answers"));
        assert_eq!(won.collect::<Vec<_>>(), [expected.unwrap_or(0) + 1]);
    }
}

#[tokio::test]
async fn nothing_is_written_to_a_store_for_reading() {
    let database = Database::new();
    let reading = database.reading("postgres").await.expect("it opens");
    let refused = reading.put("kind", "key", None, Some(&json!(1))).await;
    assert!(
        matches!(refused, Err(StoreError::Unsupported(_))),
        "{refused:?}"
    );
    assert_eq!(reading.get("kind", "key").await.expect("it reads"), None);
}
