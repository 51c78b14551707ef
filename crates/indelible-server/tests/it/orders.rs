//! Erasures that wait for a second person, over HTTP.

use axum::http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::desk::{Answered, Call, Desk, on_both};

on_both!(
    an_approval_needs_no_body_and_a_rejection_its_reason,
    what_waits_no_more_is_told_from_what_never_did,
    more_orders_than_may_wait_are_a_conflict,
    a_list_of_whom_orders_are_about_is_a_look_on_record,
);

const SUBJECTS: &str = "/v1/trails/shop/subjects";

/// A desk whose server may erase where two ask for it, and a trail with a person.
async fn of_two(mut desk: Desk) -> Desk {
    desk.database = desk.officer_of_two().await;
    let app = indelible_server::App::new(desk.database.engine().clone());
    let desk = desk.serving(app);
    let event = json!({"action": "user_login_success", "resource_type": "session",
        "user_id": "zwiebel.z"});
    let url = "/v1/trails/shop/events";
    desk.post(url, event.to_string()).await.is(201);
    desk
}

async fn send(desk: &Desk, rest: &str, body: &Value) -> Answered {
    let call = Call::new(Method::POST, &format!("{SUBJECTS}{rest}"));
    let call = call.header("content-type", "application/json");
    desk.call(call.body(body.to_string())).await
}

/// The id of an order that waits.
async fn ask(desk: &Desk) -> String {
    let order = json!({"ids": ["zwiebel.z"], "reason": "Art. 17"});
    let asked = send(desk, "/erase", &order).await.is(202).json();
    asked["request"]["id"].as_str().expect("an id").to_owned()
}

async fn what_waits_no_more_is_told_from_what_never_did(desk: Desk) {
    let desk = of_two(desk).await;
    let id = ask(&desk).await;
    let why = json!({"reason": "it runs"});
    let of = |id: &str, what: &str| format!("/requests/{id}/{what}");
    send(&desk, &of(&id, "reject"), &why).await.is(200);
    for (what, body) in [("reject", &why), ("approve", &json!({}))] {
        let late = send(&desk, &of(&id, what), body).await;
        late.refuses(409, "already-decided", None);
        let never = send(&desk, &of(&Uuid::from_u128(7).to_string(), what), body).await;
        never.refuses(404, "not-found", None);
    }
    // Nobody decides about it: the server ends it while it runs.
    let id = ask(&desk).await;
    desk.clock
        .pass(std::time::Duration::from_secs(15 * 24 * 60 * 60));
    desk.app.settle().await.expect("settled");
    let state = &desk.database.engine().ground().state;
    let shop = "shop".parse().expect("a name");
    assert!(state.erasure_requests(&shop).expect("readable").is_empty());
    let over = send(&desk, &of(&id, "approve"), &json!({})).await;
    over.refuses(409, "already-decided", None);
}

async fn an_approval_needs_no_body_and_a_rejection_its_reason(desk: Desk) {
    let desk = of_two(desk).await;
    let other = desk.key_called("Bob", "admin", Some("shop")).await;
    let id = ask(&desk).await;
    let call = |what: &str| {
        let url = format!("{SUBJECTS}/requests/{id}/{what}");
        Call::new(Method::POST, &url).key(&other)
    };
    let bare = desk.call(call("reject")).await;
    bare.refuses(400, "invalid-body", Some("reason"));
    // What is there must say that it is JSON.
    let untold = desk.call(call("approve").body("{}".to_owned())).await;
    untold.refuses(415, "unsupported-media-type", Some("content-type"));
    let went = desk.call(call("approve")).await.is(200).json();
    assert_eq!(
        (&went["dry_run"], &went["erased"]),
        (&json!(false), &json!(1))
    );
    let late = call("approve").header("content-type", "application/json");
    desk.call(late).await.refuses(409, "already-decided", None);
}

async fn more_orders_than_may_wait_are_a_conflict(desk: Desk) {
    let desk = of_two(desk).await;
    let state = &desk.database.engine().ground().state;
    let shop = "shop".parse().expect("a name");
    for n in 1..=100 {
        let id = Uuid::from_u128(n);
        state.keep_erasure_request(&shop, id, "?").expect("kept");
    }
    let order = json!({"ids": ["zwiebel.z"], "reason": "Art. 17"});
    let full = send(&desk, "/erase", &order).await;
    assert!(
        full.text().contains("decide about them first"),
        "{}",
        full.text()
    );
    full.refuses(409, "order-conflict", None);
    // One that cannot be read is in nobody's way for long.
    let listed = desk
        .get(&format!("{SUBJECTS}/requests"))
        .await
        .is(200)
        .json();
    assert_eq!(listed["unreadable"].as_array().map(Vec::len), Some(100));
    let bad = format!("/requests/{}/", Uuid::from_u128(7));
    let refused = send(&desk, &format!("{bad}approve"), &json!({})).await;
    refused.refuses(409, "order-conflict", None);
    let why = json!({"reason": "broken"});
    send(&desk, &format!("{bad}reject"), &why).await.is(200);
    send(&desk, "/erase", &order).await.is(202);
}

async fn a_list_of_whom_orders_are_about_is_a_look_on_record(desk: Desk) {
    let desk = of_two(desk).await;
    let looks = async || {
        let url = "/v1/trails/shop/events?action=audit_log_accessed&limit=1000";
        let page = desk.get(url).await.is(200).json();
        let all = page["entries"].as_array().expect("a list").clone();
        let of_orders = |look: &Value| look["context"]["access"] == "erase";
        all.into_iter().filter(of_orders).collect::<Vec<_>>()
    };
    let url = format!("{SUBJECTS}/requests");
    desk.get(&url).await.is(200);
    assert_eq!(looks().await, [] as [Value; 0], "nobody was shown");
    let id = ask(&desk).await;
    let listed = desk.get(&url).await.is(200).json();
    assert_eq!(listed["requests"][0]["ids"], json!(["zwiebel.z"]));
    let looks = looks().await;
    assert_eq!(looks.len(), 1);
    let query = &looks[0]["context"]["query"];
    assert_eq!(query["erasure_request"], json!(id));
    assert_eq!(query["subject_refs"], listed["requests"][0]["subject_refs"]);
    assert_eq!(looks[0]["context"]["result_count"], 1, "{}", looks[0]);
    assert!(!looks[0].to_string().contains("zwiebel"), "{}", looks[0]);
}
