//! `Registry`: values by kind and key, written by compare-and-swap.

use serde_json::{Value, json};

use super::filters_text::HOSTILE;
use crate::database::Database;
use crate::handle::Handle;

/// What was never written is not there.
pub async fn an_unknown_key_has_no_value(database: &dyn Database) {
    let store = Handle::open(database).await;
    assert_eq!(store.put("key", "b", None, Some(&json!(1))).await, Some(1));
    assert_eq!(store.get("key", "a").await, None);
    assert_eq!(store.get("other", "b").await, None);
    assert_eq!(store.list("other").await, []);
}

/// "1 for the first write, one more for each later one", and the value is the last one written.
pub async fn versions_count_the_writes(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut expected = None;
    for version in 1..=20 {
        let value = json!({ "round": version });
        assert_eq!(
            store.put("k", "a", expected, Some(&value)).await,
            Some(version)
        );
        let there = store.get("k", "a").await.expect("it was written");
        assert_eq!((there.version, there.value), (version, value));
        expected = Some(version);
    }
}

/// "`None` where another version stands there and nothing was written."
pub async fn a_put_on_another_version_writes_nothing(database: &dyn Database) {
    let store = Handle::open(database).await;
    store.put("k", "a", None, Some(&json!("first"))).await;
    store.put("k", "a", Some(1), Some(&json!("second"))).await;
    for expected in [
        None,
        Some(0),
        Some(1),
        Some(3),
        Some(i64::MAX as u64),
        Some(u64::MAX),
    ] {
        assert_eq!(
            store.put("k", "a", expected, Some(&json!("lost"))).await,
            None
        );
        assert_eq!(store.put("k", "a", expected, None).await, None);
        let there = store.get("k", "a").await.expect("it was written");
        assert_eq!(
            (there.version, there.value),
            (2, json!("second")),
            "{expected:?}"
        );
    }
}

/// A version is expected where there is no row: nothing is written.
pub async fn a_put_on_a_version_of_nothing_writes_nothing(database: &dyn Database) {
    let store = Handle::open(database).await;
    for expected in [Some(0), Some(1), Some(u64::MAX)] {
        assert_eq!(store.put("k", "a", expected, Some(&json!(1))).await, None);
        assert_eq!(store.put("k", "a", expected, None).await, None);
    }
    assert_eq!(store.get("k", "a").await, None);
    assert_eq!(store.list("k").await, []);
}

/// "Removes the row where it is `None`": 0 is answered and nothing is there any more.
pub async fn a_removal_leaves_nothing(database: &dyn Database) {
    let store = Handle::open(database).await;
    store.put("k", "a", None, Some(&json!(1))).await;
    store.put("k", "b", None, Some(&json!(2))).await;
    assert_eq!(store.put("k", "a", Some(1), None).await, Some(0));
    assert_eq!(store.get("k", "a").await, None);
    let keys: Vec<_> = store
        .list("k")
        .await
        .into_iter()
        .map(|(key, _)| key)
        .collect();
    assert_eq!(keys, ["b"]);
    assert_eq!(store.put("k", "a", Some(1), Some(&json!(3))).await, None);
    assert_eq!(store.put("k", "a", None, Some(&json!(3))).await, Some(1));
}

/// Removing what is not there, expecting that, is answered as a removal.
pub async fn a_removal_of_nothing_is_a_removal(database: &dyn Database) {
    let store = Handle::open(database).await;
    assert_eq!(store.put("k", "a", None, None).await, Some(0));
    assert_eq!(store.get("k", "a").await, None);
}

/// "All of one kind, by key": in the order of the keys' bytes, with values and versions.
pub async fn list_gives_one_kind_by_the_bytes_of_its_keys(database: &dyn Database) {
    let store = Handle::open(database).await;
    let keys = [
        "b",
        "a_b",
        "ab",
        "a-b",
        "B",
        "a",
        "é",
        "z",
        "10",
        "9",
        "\u{ffff}",
        "\u{1f512}",
    ];
    for key in keys {
        store
            .put("k", key, None, Some(&json!({ "key": key })))
            .await;
        store.put("k2", key, None, Some(&json!(null))).await;
    }
    store
        .put("k", "ab", Some(1), Some(&json!({ "key": "ab" })))
        .await;
    let mut sorted = keys.to_vec();
    sorted.sort_unstable();
    let listed = store.list("k").await;
    let names: Vec<_> = listed.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(names, sorted);
    for (key, there) in listed {
        assert_eq!(there.value, json!({ "key": key }));
        assert_eq!(there.version, if key == "ab" { 2 } else { 1 });
    }
}

/// Kinds and keys are literal, and none is taken for another.
pub async fn hostile_kinds_and_keys_are_literal(database: &dyn Database) {
    let store = Handle::open(database).await;
    for name in HOSTILE {
        assert_eq!(
            store.put("k", name, None, Some(&json!([name]))).await,
            Some(1),
            "{name:?}"
        );
        assert_eq!(
            store
                .put(name, "key", None, Some(&json!({ "kind": name })))
                .await,
            Some(1)
        );
    }
    for name in HOSTILE {
        let value = async |kind, key| store.get(kind, key).await.expect("it was written").value;
        assert_eq!(value("k", name).await, json!([name]));
        assert_eq!(value(name, "key").await, json!({ "kind": name }));
        let of_kind = store.list(name).await;
        assert_eq!(of_kind.len(), 1, "{name:?}");
    }
    assert_eq!(store.list("k").await.len(), HOSTILE.len());
}

/// A kind and a key do not run together.
pub async fn kind_and_key_are_two_things(database: &dyn Database) {
    let store = Handle::open(database).await;
    for (n, (kind, key)) in [("a", "bc"), ("ab", "c"), ("abc", ""), ("", "abc")]
        .iter()
        .enumerate()
    {
        assert_eq!(store.put(kind, key, None, Some(&json!(n))).await, Some(1));
    }
    assert_eq!(
        store.get("ab", "c").await.expect("it was written").value,
        json!(1)
    );
    assert_eq!(
        store.get("", "abc").await.expect("it was written").value,
        json!(3)
    );
}

/// Values come back as they went in, JSON's null among them, which is not a removal.
pub async fn values_of_every_shape_come_back(database: &dyn Database) {
    let store = Handle::open(database).await;
    let values = [
        json!(null),
        json!(false),
        json!(0),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(9007199254740993_u64),
        json!(0.1),
        json!(f64::MAX),
        json!(5e-324),
        json!(""),
        json!("\"'\\%\u{1}\u{7f}\u{feff}\u{10ffff}"),
        json!([]),
        json!({}),
        json!({"": {"": [[], {}, null]}, "b": 1, "aa": 2, "__proto__": 3}),
        json!("x".repeat(100_000)),
        nested(60),
    ];
    for (n, value) in values.iter().enumerate() {
        let key = n.to_string();
        assert_eq!(store.put("k", &key, None, Some(value)).await, Some(1));
        let there = store.get("k", &key).await.expect("it was written");
        assert!(there.value == *value, "value {n}");
    }
    assert_eq!(store.list("k").await.len(), values.len());
}

/// Sixteen tasks count one value up; every lost race is told, so that no step is lost.
pub async fn sixteen_tasks_count_without_losing_a_step(database: &dyn Database) {
    let store = Handle::open(database).await;
    store.put("k", "counter", None, Some(&json!(0))).await;
    let tasks = (0..16)
        .map(|_| tokio::spawn(count_up(store.clone(), 10)))
        .collect::<Vec<_>>();
    for task in tasks {
        task.await.expect("the task ends");
    }
    let there = store.get("k", "counter").await.expect("it was written");
    assert_eq!((there.version, there.value), (161, json!(160)));
}

/// Of sixteen tasks that would be the first, one is.
pub async fn one_of_sixteen_tasks_is_the_first(database: &dyn Database) {
    let store = Handle::open(database).await;
    for round in 0..10 {
        let key = format!("lease-{round}");
        let tasks: Vec<_> = (0..16)
            .map(|task| {
                let (store, key) = (store.clone(), key.clone());
                tokio::spawn(async move {
                    let won = store.put("k", &key, None, Some(&json!(task))).await;
                    won.map(|version| (task, version))
                })
            })
            .collect();
        let mut winners = Vec::new();
        for task in tasks {
            winners.extend(task.await.expect("the task ends"));
        }
        assert_eq!(winners.len(), 1, "{winners:?}");
        let there = store.get("k", &key).await.expect("it was written");
        assert_eq!(
            (there.value, there.version),
            (json!(winners[0].0), winners[0].1)
        );
    }
}

/// Adds 1 to the counter `steps` times, trying again after each lost race.
pub(super) async fn count_up(store: Handle, steps: u64) {
    let mut done = 0;
    while done < steps {
        let there = store.get("k", "counter").await.expect("it was written");
        let next = json!(there.value.as_u64().expect("a count") + 1);
        if let Some(version) = store
            .put("k", "counter", Some(there.version), Some(&next))
            .await
        {
            assert_eq!(version, there.version + 1);
            done += 1;
        }
    }
}

fn nested(depth: usize) -> Value {
    (0..depth).fold(json!(1), |inner, _| json!([inner]))
}
