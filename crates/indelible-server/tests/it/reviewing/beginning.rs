//! The first day that is reviewed, and days that nobody did.

use serde_json::{Value, json};

use super::{guessed, look, newest, send};
use crate::desk::{Desk, on_both};

on_both!(sys_31_the_first_day_and_missed_days_are_put_on_record_once);

async fn sys_31_the_first_day_and_missed_days_are_put_on_record_once(desk: Desk) {
    guessed(&desk).await;
    let key = desk.key("auditor", Some("shop")).await;
    desk.clock
        .pass(std::time::Duration::from_secs(4 * 24 * 3600));
    let day = |day: &str| json!({"day": day, "why": "cards are taken since"});
    for (body, field) in [
        (day("soon"), "day"),
        (day("2026-03-14"), "day"),
        (json!({"day": "2026-03-11"}), "why"),
        (json!({"day": "2026-03-11", "why": " "}), "why"),
        (json!({"day": "2026-03-11", "why": "x", "by": "eve"}), "by"),
    ] {
        let answered = send(&desk, &key, "/start", body).await;
        answered.refuses(400, "invalid-body", Some(field));
    }
    let started = send(&desk, &key, "/start", day("2026-03-11")).await.is(200);
    let started = started.json()["recorded"][0].clone();
    assert_eq!(
        (&started["finding"], &started["done"]),
        (&json!("2026-03-11"), &json!("is the first day"))
    );
    let entry = newest(&desk, "audit_review_started").await;
    assert_eq!(
        (&entry["seq"], &entry["context"]["key_name"]),
        (&started["seq"], &json!("a auditor"))
    );
    let again = send(&desk, &key, "/start", day("2026-03-10")).await;
    again.refuses(409, "already-decided", None);
    let days = look(&desk, &key, "/days").await;
    assert_eq!(
        (&days["start"], &days["missed"]),
        (&json!("2026-03-11"), &json!(1))
    );
    assert_eq!(newest(&desk, "audit_review_missed").await, Value::Null);
    for wrong in [json!({"from": "soon"}), json!({"record": true})] {
        send(&desk, &key, "/days", wrong).await.is(400);
    }
    for _ in 0..2 {
        let days = send(&desk, &key, "/days", json!({})).await.is(200).json();
        assert_eq!(days["missed"], 1);
        let missed = newest(&desk, "audit_review_missed").await;
        assert_eq!(days["days"][0]["missed_seq"], missed["seq"]);
    }
    let reader = desk.key("reader", Some("shop")).await;
    for rest in ["/start", "/days"] {
        let answered = send(&desk, &reader, rest, json!({})).await;
        answered.refuses(403, "forbidden", None);
    }
    let nothing = desk.post("/v1/trails/nothing/review/days", "{}").await;
    nothing.refuses(404, "not-found", None);
}
