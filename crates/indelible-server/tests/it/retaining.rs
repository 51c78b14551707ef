//! Retention and legal holds over HTTP.

pub mod running;
mod second;
mod streaming;

use std::time::Duration;

use axum::http::Method;
use indelible::Database;
use indelible_server::App;
use serde_json::{Value, json};

use crate::desk::{Answered, Call, Desk, on_both};
use crate::reviewing::newest;

on_both!(
    t91_sys_34_sys_36_a_trail_is_kept_and_let_go_over_http,
    who_keeps_is_the_key_and_an_auditor_looks_on,
    sys_34_what_is_wrong_is_named_and_changes_nothing,
    t91_sys_36_what_does_not_fit_is_a_conflict,
);

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A desk whose server may remove, six entries that are 40 days old, and the database of the role.
pub async fn aged(desk: Desk) -> (Desk, Database) {
    let officer = desk.officer().await;
    let desk = desk.serving(App::new(officer.engine().clone()));
    desk.records("shop", 6).await;
    desk.clock.pass(40 * DAY);
    (desk, officer)
}

async fn send(desk: &Desk, method: Method, (key, rest): (&str, &str), body: Value) -> Answered {
    let call = Call::new(method, &format!("/v1/trails/shop/{rest}")).key(key);
    let body = match body {
        Value::Null => String::new(),
        body => body.to_string(),
    };
    desk.call(call.header("content-type", "application/json").body(body))
        .await
}

async fn post(desk: &Desk, key: &str, rest: &str, body: Value) -> Answered {
    send(desk, Method::POST, (key, rest), body).await
}

async fn look(desk: &Desk, key: &str, rest: &str) -> Value {
    let looked = send(desk, Method::GET, (key, rest), Value::Null).await;
    looked.is(200).json()
}

/// Sets that entries go after 30 days.
async fn set(desk: &Desk, key: &str) -> Value {
    let policy = json!({"maximum_days": 30, "legal_basis": "GDPR Art. 5"});
    let set = send(desk, Method::PUT, (key, "retention"), policy).await;
    set.is(200).json()
}

/// Holds what user `u-3` did.
async fn hold(desk: &Desk, key: &str) -> Value {
    let order = json!({"filter": ["user_id=u-3"], "reason": "letter", "matter": "C-12"});
    post(desk, key, "holds", order).await.is(201).json()
}

async fn name_of(desk: &Desk, key: &str) -> Value {
    // Whoever makes an event is named in it.
    let look = Call::new(Method::GET, "/v1/trails/shop/events?limit=1").key(key);
    let look = desk.call(look.header("x-purpose", "who am I")).await;
    look.is(200);
    newest(desk, "audit_log_accessed").await["user_id"].clone()
}

async fn t91_sys_34_sys_36_a_trail_is_kept_and_let_go_over_http(desk: Desk) {
    let (desk, _officer) = aged(desk).await;
    let (alice, bob) = (
        desk.key_called("Alice", "admin", Some("shop")).await,
        desk.key_called("Bob", "admin", Some("shop")).await,
    );
    let nothing = look(&desk, &alice, "retention").await;
    assert_eq!(
        nothing,
        json!({
            "trail": "shop", "policy": null, "first_kept": 0, "overdue": false,
            "unfinished": false,
        })
    );
    let standing = set(&desk, &alice).await;
    let policy = json!({"maximum_days": 30, "legal_basis": "GDPR Art. 5"});
    assert_eq!(
        (&standing["policy"], &standing["overdue"]),
        (&policy, &json!(true))
    );
    let held = hold(&desk, &alice).await;
    assert_eq!(
        (&held["in_force"], &held["filter"], &held["matter"]),
        (&json!(true), &json!(["user_id=u-3"]), &json!("C-12"))
    );
    let alice_is = held["placed_by"].clone();
    assert_eq!(look(&desk, &alice, "holds").await, json!([held]));
    // What would go, and what keeps the rest.
    let plan = look(&desk, &bob, "retention/plan").await;
    let kept = json!({"seq": 3, "entries": 3, "hold": held["id"]});
    assert_eq!(
        (
            &plan["dry_run"],
            &plan["expired"]["count"],
            &plan["kept_back"]
        ),
        (&json!(true), &json!(3), &kept)
    );
    let done = post(&desk, &bob, "retention/run", Value::Null).await;
    let done = done.is(200).json();
    assert_eq!(
        (&done["dry_run"], &done["removed"], &done["first_kept"]),
        (&json!(false), &json!(3), &json!(3))
    );
    assert_eq!(done["expired"], plan["expired"]);
    let run = look(&desk, &bob, "retention/run").await;
    assert_eq!((&run["running"], &run["outcome"]), (&json!(false), &done));
    let says = newest(&desk, "audit_records_expired").await;
    assert_eq!(
        (&says["user_id"], &says["seq"]),
        (&run["by"], &done["recorded"][0])
    );
    assert_ne!(says["user_id"], alice_is);
    // The release takes two keys.
    let id = held["id"].as_str().expect("an id");
    let (release, approve) = (format!("holds/{id}/release"), format!("holds/{id}/approve"));
    let early = post(&desk, &bob, &approve, Value::Null).await;
    early.refuses(409, "hold-conflict", None);
    let reason = json!({"reason": "matter closed"});
    let asked = post(&desk, &alice, &release, reason.clone()).await;
    assert_eq!(asked.is(200).json()["release_requested_by"], alice_is);
    // Nor is another key of hers another person.
    let later = desk.key_called("ALICE", "admin", Some("shop")).await;
    for same in [&later, &alice] {
        let own = post(&desk, same, &approve, Value::Null).await;
        own.refuses(409, "same-person", None);
    }
    let refused = newest(&desk, "audit_legal_hold_release_refused").await;
    assert_eq!(
        (&refused["outcome"], &refused["user_id"]),
        (&json!("denied"), &alice_is)
    );
    let still = look(&desk, &alice, "retention/plan").await;
    assert_eq!(
        (&still["expired"], &still["kept_back"]),
        (&Value::Null, &kept)
    );
    let over = post(&desk, &bob, &approve, Value::Null)
        .await
        .is(200)
        .json();
    assert_eq!(
        (&over["in_force"], &over["approved_by"]),
        (&json!(false), &run["by"])
    );
    for again in [
        post(&desk, &bob, &approve, Value::Null).await,
        post(&desk, &alice, &release, reason).await,
    ] {
        again.refuses(409, "hold-conflict", None);
    }
    // The rest goes, and the trail proves what is left.
    let done = post(&desk, &alice, "retention/run", Value::Null).await;
    assert_eq!(done.is(200).json()["removed"], 3);
    assert_eq!(look(&desk, &alice, "retention").await["first_kept"], 6);
    desk.get("/v1/trails/shop/events/5").await.is(404);
    let report = post(&desk, &alice, "verify", Value::Null).await.is(200);
    let report = report.json();
    assert_eq!(
        (&report["ok"], &report["trails"][0]["removed"]),
        (&json!(true), &json!(6))
    );
    assert_eq!(report["trails"][0]["findings"], json!([]));
}

async fn who_keeps_is_the_key_and_an_auditor_looks_on(desk: Desk) {
    let (desk, _officer) = aged(desk).await;
    let admin = desk.key("admin", Some("shop")).await;
    for (method, rest, body) in [
        (
            Method::PUT,
            "retention",
            json!({"maximum_days": 30, "legal_basis": "x", "by": "eve"}),
        ),
        (
            Method::POST,
            "holds",
            json!({"everything": true, "reason": "x", "by": "eve"}),
        ),
        (
            Method::POST,
            "holds",
            json!({"everything": true, "reason": "x", "placed_by": "eve"}),
        ),
    ] {
        let answered = send(&desk, method, (&admin, rest), body).await;
        assert_eq!(answered.status, 400, "{}", answered.text());
    }
    set(&desk, &admin).await;
    let held = hold(&desk, &admin).await;
    let name = name_of(&desk, &admin).await;
    assert_eq!(held["placed_by"], name);
    for action in ["audit_retention_policy_changed", "audit_legal_hold_placed"] {
        assert_eq!(newest(&desk, action).await["user_id"], name, "{action}");
    }
    let id = held["id"].as_str().expect("an id");
    let auditor = desk.key("auditor", Some("shop")).await;
    for rest in ["retention", "retention/plan", "retention/run", "holds"] {
        look(&desk, &auditor, rest).await;
    }
    // That it looked is on record, the first time at once.
    let looked = newest(&desk, "audit_log_accessed").await;
    assert_eq!(looked["context"]["access"], "report");
    assert_eq!(looked["context"]["role"], "auditor");
    let size = look(&desk, &admin, "holds").await;
    for key in [
        auditor,
        desk.key("reader", Some("shop")).await,
        desk.key("writer", Some("shop")).await,
        desk.key("admin", Some("other")).await,
    ] {
        for (method, rest, body) in [
            (
                Method::PUT,
                "retention".to_owned(),
                json!({"maximum_days": 1, "legal_basis": "x"}),
            ),
            (Method::POST, "retention/run".to_owned(), Value::Null),
            (
                Method::POST,
                "holds".to_owned(),
                json!({"everything": true, "reason": "x"}),
            ),
            (
                Method::POST,
                format!("holds/{id}/release"),
                json!({"reason": "x"}),
            ),
            (Method::POST, format!("holds/{id}/approve"), Value::Null),
        ] {
            let answered = send(&desk, method, (&key, &rest), body).await;
            answered.refuses(403, "forbidden", None);
        }
    }
    assert_eq!(look(&desk, &admin, "holds").await, size);
    let standing = look(&desk, &admin, "retention").await;
    assert_eq!(
        (&standing["first_kept"], &standing["policy"]["maximum_days"]),
        (&json!(0), &json!(30))
    );
}

async fn sys_34_what_is_wrong_is_named_and_changes_nothing(desk: Desk) {
    let (desk, _officer) = aged(desk).await;
    let key = desk.admin.clone();
    let class = |more: Value| {
        let mut class = json!({"actions": ["user_*"], "after_days": 400, "parts": ["actor"]});
        for (name, value) in more.as_object().expect("an object") {
            class[name] = value.clone();
        }
        json!({"minimum_days": 365, "maximum_days": 730, "legal_basis": "x", "classes": [class]})
    };
    for (policy, field) in [
        (json!({}), "legal_basis"),
        (json!({"legal_basis": "x"}), "maximum_days"),
        (
            json!({"legal_basis": " ", "maximum_days": 1}),
            "legal_basis",
        ),
        (
            json!({"legal_basis": "x", "maximum_days": 0}),
            "maximum_days",
        ),
        (
            json!({"legal_basis": "x", "maximum_days": -1}),
            "maximum_days",
        ),
        (
            json!({"legal_basis": "x", "maximum_days": "1"}),
            "maximum_days",
        ),
        (
            json!({"legal_basis": "x", "minimum_days": 99_999_999_999_u64}),
            "minimum_days",
        ),
        (
            json!({"legal_basis": "x", "minimum_days": 2, "maximum_days": 1}),
            "maximum_days",
        ),
        (json!({"legal_basis": "x", "classes": {}}), "classes"),
        (json!({"legal_basis": "x", "days": 7}), "days"),
        (class(json!({"after_days": 364})), "classes[0].after_days"),
        (class(json!({"after_days": null})), "classes[0].after_days"),
        (class(json!({"parts": ["all"]})), "classes[0].parts"),
        (class(json!({"parts": []})), "classes[0].parts"),
        (class(json!({"actions": null})), "classes[0].actions"),
        (class(json!({"actions": ["a b"]})), "classes[0].actions"),
        (class(json!({"odd": 1})), "classes[0].odd"),
    ] {
        let said = policy.to_string();
        let answered = send(&desk, Method::PUT, (&key, "retention"), policy).await;
        assert_eq!(answered.status, 400, "{said}: {}", answered.text());
        answered.refuses(400, "invalid-body", Some(field));
    }
    for (order, field) in [
        (json!({"reason": "x"}), "filter"),
        (json!({"reason": "x", "filter": []}), "filter"),
        (json!({"reason": "x", "everything": false}), "filter"),
        (
            json!({"reason": "x", "everything": true, "filter": ["user_id=u"]}),
            "filter",
        ),
        (json!({"reason": "x", "filter": ["user_id"]}), "filter"),
        (json!({"reason": "x", "filter": ["user=u"]}), "filter"),
        (json!({"reason": "x", "filter": ["limit=1"]}), "filter"),
        (json!({"reason": "x", "filter": ["as_of=1"]}), "filter"),
        (
            json!({"reason": "x", "filter": ["start_date=soon"]}),
            "filter",
        ),
        (json!({"reason": "x", "filter": "user_id=u"}), "filter"),
        (json!({"everything": true}), "reason"),
        (json!({"everything": true, "reason": "\t"}), "reason"),
        (
            json!({"everything": true, "reason": "x".repeat(5000)}),
            "reason",
        ),
        (
            json!({"everything": true, "reason": "x", "matter": ""}),
            "matter",
        ),
        (json!({"everything": true, "reason": "x", "odd": 1}), "odd"),
    ] {
        let said = order.to_string();
        let answered = post(&desk, &key, "holds", order).await;
        assert_eq!(answered.status, 400, "{said}: {}", answered.text());
        answered.refuses(400, "invalid-body", Some(field));
    }
    let standing = look(&desk, &key, "retention").await;
    assert_eq!(standing["policy"], Value::Null);
    assert_eq!(look(&desk, &key, "holds").await, json!([]));
    for action in ["audit_retention_*", "audit_legal_hold_*"] {
        assert_eq!(newest(&desk, action).await, Value::Null);
    }
    // A run without a policy takes nothing.
    let done = post(&desk, &key, "retention/run", Value::Null).await;
    assert_eq!(done.is(200).json()["removed"], 0);
}

async fn t91_sys_36_what_does_not_fit_is_a_conflict(desk: Desk) {
    desk.records("shop", 2).await;
    let key = desk.admin.clone();
    let nobody = "00000000-0000-0000-0000-000000000000";
    let reason = json!({"reason": "x"});
    let gone = post(
        &desk,
        &key,
        &format!("holds/{nobody}/release"),
        reason.clone(),
    )
    .await;
    gone.refuses(404, "not-found", None);
    let gone = post(&desk, &key, &format!("holds/{nobody}/approve"), Value::Null).await;
    gone.refuses(404, "not-found", None);
    let ill = post(&desk, &key, "holds/7/approve", Value::Null).await;
    ill.refuses(400, "invalid-request", Some("id"));
    // An entry that is none of a hold is none.
    let entry = desk.get("/v1/trails/shop/events/0").await.is(200).json();
    let entry = entry["id"].as_str().expect("an id");
    let none = post(
        &desk,
        &key,
        &format!("holds/{entry}/release"),
        reason.clone(),
    )
    .await;
    none.refuses(404, "not-found", None);
    let held = hold(&desk, &key).await;
    let id = held["id"].as_str().expect("an id");
    for body in [json!({}), json!({"reason": ""})] {
        let answered = post(&desk, &key, &format!("holds/{id}/release"), body).await;
        answered.refuses(400, "invalid-body", Some("reason"));
    }
    // Two that approve at once let it go once.
    let other = desk.key_called("Bob", "admin", None).await;
    post(&desk, &key, &format!("holds/{id}/release"), reason)
        .await
        .is(200);
    let url = format!("holds/{id}/approve");
    let approve = || post(&desk, &other, &url, Value::Null);
    let (a, b) = tokio::join!(approve(), approve());
    let mut statuses = [a, b].map(|answered| answered.status.as_u16());
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
}
