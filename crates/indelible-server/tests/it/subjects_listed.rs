//! How much of what is known about a person one answer lists.

use axum::http::Method;
use serde_json::{Value, json};

use crate::desk::{Answered, Call, Desk, on_both};
use crate::reviewing::newest;

on_both!(
    the_newest_entries_are_listed_and_all_are_counted,
    long_entries_are_listed_up_to_some_bytes,
);

async fn records(desk: &Desk, count: usize, purpose: &str) {
    let event = |_| {
        let event = json!({"action": "data_viewed", "resource_type": "account",
            "user_id": "clerk.one", "resource_id": "zwiebel.z", "context": {"purpose": purpose}});
        format!("{event}\n")
    };
    let lines: String = (0..count).map(event).collect();
    let answered = desk.lines("/v1/trails/shop/events", lines).await.is(200);
    assert!(answered.rows().iter().all(|row| row["status"] == 201));
}

async fn show(desk: &Desk, key: &str, body: Value) -> Answered {
    let call = Call::new(Method::POST, "/v1/trails/shop/subjects/show").key(key);
    let call = call.header("content-type", "application/json");
    desk.call(call.body(body.to_string())).await
}

/// How many are listed, and the first and the last of them.
fn listed(known: &Value) -> (usize, Value, Value) {
    let lines = known["entries"].as_array().expect("a list");
    let seq = |line: Option<&Value>| line.map_or(Value::Null, |line| line["seq"].clone());
    (lines.len(), seq(lines.first()), seq(lines.last()))
}

async fn the_newest_entries_are_listed_and_all_are_counted(desk: Desk) {
    records(&desk, 1003, "case 7").await;
    let reader = desk.key("reader", Some("shop")).await;
    let known = show(&desk, &reader, json!({"id": "zwiebel.z"})).await;
    let known = known.is(200).json();
    assert_eq!(listed(&known), (1000, json!(3), json!(1002)));
    assert_eq!(
        (&known["total"], &known["truncated"], &known["as_of"]),
        (&json!(1003), &json!(true), &json!(1003))
    );
    assert_eq!(known["entries"][0]["by"], "staff-1");
    let look = newest(&desk, "audit_log_accessed").await;
    assert_eq!(
        (&look["context"]["access"], &look["context"]["result_count"]),
        (&json!("read"), &json!(1000))
    );
    let refs = &look["context"]["query"]["subject_refs"];
    assert_eq!(refs.as_array().map(Vec::len), Some(1), "{look}");
    // The rest of it.
    let known = show(&desk, &reader, json!({"id": "zwiebel.z", "before": 3})).await;
    let known = known.is(200).json();
    assert_eq!(listed(&known), (3, json!(0), json!(2)));
    assert_eq!(known["truncated"], false);
    let none = show(&desk, &reader, json!({"id": "zwiebel.z", "before": 0})).await;
    let none = none.is(200).json();
    assert_eq!(listed(&none), (0, Value::Null, Value::Null));
    assert!(none["total"].as_u64() >= Some(1003), "{none}");
    let ill = show(&desk, &reader, json!({"id": "zwiebel.z", "before": -1})).await;
    ill.refuses(400, "invalid-body", Some("before"));
    // A page lists fewer.
    let session = desk.log_in(&reader).await;
    let url = "/console/trails/shop/subjects/show";
    let page = desk.submit(&session, url, &[("person", "zwiebel.z")]).await;
    let page = page.is(200).text();
    for words in [" entries name the person", "The newest 200;"] {
        assert!(page.contains(words), "{words}: {page}");
    }
}

async fn long_entries_are_listed_up_to_some_bytes(desk: Desk) {
    const LONG: usize = 60_000;
    records(&desk, 200, &"x".repeat(LONG)).await;
    let reader = desk.key("reader", Some("shop")).await;
    let known = show(&desk, &reader, json!({"id": "zwiebel.z"})).await;
    let known = known.is(200);
    assert!(known.body.len() < 9 << 20, "{}", known.body.len());
    let known = known.json();
    assert_eq!(
        (&known["total"], &known["truncated"]),
        (&json!(200), &json!(true))
    );
    let (count, first, last) = listed(&known);
    assert!((100..150).contains(&count), "{count}");
    assert_eq!((first, last), (json!(200 - count), json!(199)));
}
