//! Recording: one object, an array, lines.

use serde_json::{Value, json};

use crate::desk::{Call, Desk, on_both};
use axum::http::Method;

on_both!(
    one_object_is_answered_with_its_receipt,
    the_same_id_again_is_answered_with_the_first_receipt,
    an_ill_formed_event_is_refused_by_its_field,
    every_element_of_an_array_has_its_result,
    every_line_has_its_result,
    what_is_no_json_stores_nothing,
    the_trail_system_takes_no_events,
    a_stream_of_any_length_is_recorded_line_by_line,
);

const EVENTS: &str = "/v1/trails/shop/events";

fn event(id: u32) -> Value {
    json!({
        "action": "user_login_failed",
        "resource_type": "session",
        "user_id": "u-17",
        "id": format!("018f4f2e-7b1c-7c3a-9d2b-{id:012}"),
    })
}

async fn one_object_is_answered_with_its_receipt(desk: Desk) {
    let answered = desk.post(EVENTS, event(1).to_string()).await.is(201);
    let receipt = answered.json();
    assert_eq!(receipt["trail"], "shop");
    assert_eq!(receipt["seq"], 0);
    assert_eq!(receipt["tree_size"], 1);
    assert_eq!(receipt["delivery"], "recorded");
    let entry = desk.get("/v1/trails/shop/events/0").await.is(200).json();
    assert_eq!(entry["leaf_hash"], receipt["leaf_hash"]);
    assert_eq!(entry["created_at"], receipt["created_at"]);
    assert_eq!(entry["user_id"], "u-17");
    assert_eq!(entry["outcome"], "failed");
}

async fn the_same_id_again_is_answered_with_the_first_receipt(desk: Desk) {
    let first = desk.post(EVENTS, event(1).to_string()).await.is(201).json();
    desk.post(EVENTS, event(2).to_string()).await.is(201);
    let again = desk.post(EVENTS, event(1).to_string()).await.is(201).json();
    for field in ["id", "seq", "created_at", "leaf_hash"] {
        assert_eq!(first[field], again[field], "{field}");
    }
    assert_eq!(again["delivery"], "duplicate");
    assert_eq!(again["content_checked"], true);
    let mut other = event(1);
    other["user_id"] = "u-18".into();
    let conflict = desk.post(EVENTS, other.to_string()).await;
    conflict.refuses(409, "id-conflict", Some("id"));
}

async fn an_ill_formed_event_is_refused_by_its_field(desk: Desk) {
    for (body, field) in [
        (json!({"resource_type": "page"}), "action"),
        (json!({"action": "a b", "resource_type": "page"}), "action"),
        (json!({"action": "a"}), "resource_type"),
        (
            json!({"action": "a", "resource_type": "p", "id": "x"}),
            "id",
        ),
        (
            json!({"action": "a", "resource_type": "p", "outcome": "so so"}),
            "outcome",
        ),
        (
            json!({"action": "a", "resource_type": "p", "context": []}),
            "context",
        ),
        (
            json!({"action": "a", "resource_type": "p", "user": "x"}),
            "user",
        ),
        (
            json!({"action": "a", "resource_type": "p", "occurred_at": "2026-01-01"}),
            "occurred_at",
        ),
    ] {
        let answered = desk.post(EVENTS, body.to_string()).await;
        answered.refuses(400, "invalid-event", Some(field));
    }
    let page = desk.get(EVENTS).await.is(200).json();
    assert_eq!(page["as_of"], 0);
}

async fn every_element_of_an_array_has_its_result(desk: Desk) {
    let body = format!(
        "[{}, {{\"action\":\"a\"}}, {}, {}, 7, {{\"action\":\"a\",\"action\":\"b\"}}]",
        event(1),
        event(2),
        event(1)
    );
    let results = desk.post(EVENTS, body).await.is(200).json();
    let statuses: Vec<_> = results
        .as_array()
        .expect("a list")
        .iter()
        .map(|r| &r["status"])
        .collect();
    assert_eq!(statuses, [201, 400, 201, 201, 400, 400]);
    assert_eq!(results[1]["problem"]["field"], "resource_type");
    assert_eq!(results[3]["receipt"]["delivery"], "duplicate");
    assert_eq!(results[3]["receipt"]["seq"], results[0]["receipt"]["seq"]);
    assert_eq!(results[5]["index"], 5);
    let detail = results[5]["problem"]["detail"].as_str().expect("a text");
    assert!(detail.contains("duplicate key \"action\""), "{detail}");
    assert_eq!(desk.get(EVENTS).await.is(200).json()["as_of"], 2);
    assert_eq!(desk.post(EVENTS, "[]").await.is(200).json(), json!([]));
}

async fn every_line_has_its_result(desk: Desk) {
    let body = format!("{}\n\r\n{{\"action\":1}}\nno json\n{}", event(1), event(2));
    let rows = desk.lines(EVENTS, body).await.is(200).rows();
    let seen: Vec<_> = rows
        .iter()
        .map(|row| (&row["line"], &row["status"]))
        .collect();
    let expected = [(1, 201), (3, 400), (4, 400), (5, 201)].map(|(a, b)| (json!(a), json!(b)));
    assert_eq!(
        seen,
        expected.iter().map(|(a, b)| (a, b)).collect::<Vec<_>>()
    );
    assert_eq!(rows[1]["problem"]["field"], "action");
    assert_eq!(rows[3]["receipt"]["seq"], 1);
}

async fn what_is_no_json_stores_nothing(desk: Desk) {
    let good = event(1).to_string();
    for body in [
        format!("{good},"),
        format!("{good}{good}"),
        format!("\u{feff}{good}"),
        good[..good.len() - 1].to_owned(),
    ] {
        desk.post(EVENTS, body)
            .await
            .refuses(400, "invalid-event", None);
    }
    for body in [
        format!("[{good}"),
        format!("[{good}]x"),
        format!("[{good},]"),
    ] {
        desk.post(EVENTS, body)
            .await
            .refuses(400, "invalid-body", None);
    }
    for (name, value) in [
        ("content-type", "text/plain"),
        ("content-type", "application/json; charset=utf-16"),
        ("x-none", "x"),
    ] {
        let call = Call::new(Method::POST, EVENTS)
            .header(name, value)
            .body(good.clone());
        let answered = desk.call(call).await;
        answered.refuses(415, "unsupported-media-type", Some("content-type"));
    }
    assert_eq!(desk.get(EVENTS).await.is(200).json()["as_of"], 0);
}

async fn the_trail_system_takes_no_events(desk: Desk) {
    for _ in 0..2 {
        let answered = desk
            .post("/v1/trails/system/events", event(1).to_string())
            .await;
        answered.refuses(403, "reserved-trail", Some("trail"));
    }
    let answered = desk
        .lines("/v1/trails/system/events", event(1).to_string())
        .await;
    answered.refuses(403, "reserved-trail", Some("trail"));
    let answered = desk
        .post("/v1/trails/Shop/events", event(1).to_string())
        .await;
    answered.refuses(400, "invalid-request", Some("trail"));
}

async fn a_stream_of_any_length_is_recorded_line_by_line(desk: Desk) {
    desk.records("shop", 3000).await;
    let page = desk
        .get("/v1/trails/shop/events?limit=1")
        .await
        .is(200)
        .json();
    assert_eq!(page["as_of"], 3000);
    assert_eq!(page["entries"][0]["user_id"], "u-2999");
    let report = desk
        .call(Call::new(Method::POST, "/v1/trails/shop/verify"))
        .await;
    assert_eq!(report.is(200).json()["ok"], true);
}
