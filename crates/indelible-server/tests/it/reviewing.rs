//! Reviews over HTTP.

mod beginning;

use axum::http::Method;
use indelible_evidence::review::RuleSet;
use serde_json::{Value, json};

use crate::desk::{Answered, Call, Desk, on_both};

on_both!(
    sys_28_sys_30_sys_31_a_day_is_reviewed_over_http,
    who_reviews_is_the_key_and_nothing_else,
    what_cannot_be_decided_is_a_problem_and_leaves_no_entry,
    the_servers_rules_flag_and_no_others,
    what_is_decided_twice_at_once_is_decided_once,
);

const REVIEW: &str = "/v1/trails/shop/review";

fn url(rest: &str) -> String {
    format!("{REVIEW}{rest}")
}

/// Somebody guesses a password, and gets in.
pub async fn guessed(desk: &Desk) {
    let line = |action: &str, minute: u32| {
        let line = json!({
            "action": action, "resource_type": "session", "user_id": "u-7",
            "ip_address": "192.0.2.7", "occurred_at": format!("2026-03-09T09:0{minute}:00Z"),
        });
        line.to_string() + "\n"
    };
    let fails = (0..5).map(|minute| line("user_login_failed", minute));
    let mut lines: String = fails.collect();
    lines += &line("user_login_success", 6);
    let answered = desk.lines("/v1/trails/shop/events", lines).await.is(200);
    assert!(answered.rows().iter().all(|row| row["status"] == 201));
}

async fn send(desk: &Desk, key: &str, rest: &str, body: Value) -> Answered {
    let call = Call::new(Method::POST, &url(rest)).key(key);
    let call = call.header("content-type", "application/json");
    desk.call(call.body(body.to_string())).await
}

async fn look(desk: &Desk, key: &str, rest: &str) -> Value {
    let call = Call::new(Method::GET, &url(rest)).key(key);
    desk.call(call).await.is(200).json()
}

/// The newest entry of this action.
pub async fn newest(desk: &Desk, action: &str) -> Value {
    let url = format!("/v1/trails/shop/events?action={action}&limit=1");
    desk.get(&url).await.is(200).json()["entries"][0].clone()
}

/// How many decisions the trail holds.
async fn decisions(desk: &Desk) -> usize {
    let mut count = 0;
    for action in [
        "audit_finding_*",
        "audit_finding_assigned",
        "audit_review_*",
    ] {
        let url = format!("/v1/trails/shop/events?action={action}&limit=1000");
        let page = desk.get(&url).await.is(200).json();
        count += page["entries"].as_array().expect("a list").len();
    }
    count
}

fn ids(flagged: &Value) -> Vec<&str> {
    let findings = flagged["findings"].as_array().expect("a list").iter();
    findings
        .map(|it| it["id"].as_str().expect("an id"))
        .collect()
}

async fn sys_28_sys_30_sys_31_a_day_is_reviewed_over_http(desk: Desk) {
    guessed(&desk).await;
    let key = desk.key("auditor", Some("shop")).await;
    let shown = look(&desk, &key, "?as_of=6").await;
    assert_eq!(ids(&shown), ["failures_then_login-0", "brute_force_user-0"]);
    assert_eq!(
        (&shown["as_of"], &shown["whole"], &shown["last_sign_off"]),
        (&json!(6), &json!(true), &Value::Null)
    );
    let one = json!({"as_of": 6, "findings": ["failures_then_login-0"]});
    let raised = send(&desk, &key, "/findings", one.clone())
        .await
        .is(200)
        .json();
    let seq = raised["recorded"][0]["seq"].clone();
    assert_eq!(
        raised["recorded"],
        json!([{"finding": "failures_then_login-0", "done": "raised", "seq": seq}])
    );
    let again = send(&desk, &key, "/findings", one).await.is(200).json();
    assert_eq!(again, json!({"recorded": []}));
    let assign = json!({"to": "m. muster", "comment": "yours"});
    send(
        &desk,
        &key,
        "/findings/failures_then_login-0/assign",
        assign,
    )
    .await
    .is(200);
    let open = look(&desk, &key, "/findings?open").await;
    assert_eq!(open["findings"][0]["owner"], "m. muster");
    let close = json!({"as": "remediated", "comment": "password changed", "evidence": "INC-1"});
    send(&desk, &key, "/findings/failures_then_login-0/close", close)
        .await
        .is(200);
    let open = look(&desk, &key, "/findings?open=true").await;
    assert_eq!(open, json!({"findings": []}));
    let all = look(&desk, &key, "/findings").await;
    assert_eq!(all["findings"][0]["closure"]["disposition"], "remediated");
    // What nobody raised is raised by the sign-off, and what came since waits.
    let sign = json!({"as_of": 6, "scope": "logins", "comment": "one open"});
    let signed = send(&desk, &key, "/sign-offs", sign).await.is(201).json();
    assert_eq!(signed["raised"][0]["finding"], "brute_force_user-0");
    let said = &signed["said"];
    assert_eq!(
        (
            &said["as_of"],
            &said["records_in_scope"],
            &said["findings_open"]
        ),
        (&json!(6), &json!(6), &json!(1))
    );
    assert_eq!(
        (&said["scope"], &said["comment"]),
        (&json!("logins"), &json!("one open"))
    );
    let shown = look(&desk, &key, "").await;
    assert_eq!(
        (&shown["from"], &shown["last_sign_off"]),
        (&json!(6), &signed["seq"])
    );
    assert_eq!(shown["open_before"], json!(["brute_force_user-0"]));
    let days = || look(&desk, &key, "/days?from=2026-03-09&to=2026-03-09");
    assert_eq!(days().await["days"][0]["state"], "due");
    desk.clock.pass(std::time::Duration::from_secs(48 * 3600));
    // The rest of the day was signed off by nobody.
    let days = days().await;
    let day = &days["days"][0];
    assert_eq!(
        (&day["day"], &day["state"]),
        (&json!("2026-03-09"), &json!("missed"))
    );
    assert_eq!(
        (&days["missed"], &days["findings_open"]),
        (&json!(1), &json!(1))
    );
    // That it was looked at is on record, and decisions are not looks.
    let looks = newest(&desk, "audit_log_accessed").await;
    assert_eq!(looks["context"]["access"], "report");
}

async fn who_reviews_is_the_key_and_nothing_else(desk: Desk) {
    guessed(&desk).await;
    let key = desk.key("auditor", Some("shop")).await;
    let keys = desk.get("/v1/keys").await.is(200).json();
    let mut keys = keys["keys"].as_array().expect("a list").iter();
    let id = keys.find(|key| key["role"] == "auditor").expect("it")["id"].clone();
    let name = json!(format!("key:{}", id.as_str().expect("a text")));
    for (rest, body) in [
        ("/findings", json!({"as_of": 6, "all": true, "by": "x"})),
        (
            "/findings",
            json!({"as_of": 6, "all": true, "user_id": "x"}),
        ),
        ("/sign-offs", json!({"as_of": 6, "reviewer": "x"})),
    ] {
        let answered = send(&desk, &key, rest, body).await;
        assert_eq!(answered.status, 400, "{}", answered.text());
    }
    assert_eq!(decisions(&desk).await, 0);
    let call = Call::new(Method::POST, &url("/sign-offs")).key(&key);
    let call = call
        .header("content-type", "application/json")
        .header("user-agent", "curl/8")
        .from("192.0.2.9:1");
    let signed = desk.call(call.body("{\"as_of\":6}")).await.is(201).json();
    assert_eq!(signed["said"]["reviewer"], name);
    for action in ["audit_review_completed", "audit_finding_raised"] {
        let entry = newest(&desk, action).await;
        assert_eq!(entry["user_id"], name, "{action}");
        assert_eq!(
            (&entry["ip_address"], &entry["user_agent"]),
            (&json!("192.0.2.9"), &json!("curl/8"))
        );
        assert_eq!(entry["context"]["key_name"], "a auditor");
    }
    // The record of the server itself is reviewed by the same calls.
    let call = Call::new(Method::GET, "/v1/trails/system/review");
    let system = desk.call(call).await.is(200).json();
    let sign = json!({"as_of": system["as_of"]}).to_string();
    let url = "/v1/trails/system/review/sign-offs";
    let signed = desk.post(url, sign).await.is(201).json();
    assert_eq!(signed["said"]["as_of"], system["as_of"]);
}

async fn what_cannot_be_decided_is_a_problem_and_leaves_no_entry(desk: Desk) {
    guessed(&desk).await;
    let key = desk.admin.clone();
    let bad = [
        ("/findings", json!({}), "findings"),
        ("/findings", json!({"all": false}), "findings"),
        ("/findings", json!({"findings": [], "as_of": 6}), "findings"),
        (
            "/findings",
            json!({"findings": "x", "as_of": 6}),
            "findings",
        ),
        (
            "/findings",
            json!({"findings": ["x"], "all": true, "as_of": 6}),
            "findings",
        ),
        ("/findings", json!({"all": true}), "as_of"),
        ("/findings", json!({"all": true, "as_of": 0}), "as_of"),
        ("/findings", json!({"all": true, "as_of": 99}), "as_of"),
        (
            "/findings",
            json!({"all": true, "as_of": 6, "why": "x"}),
            "why",
        ),
        (
            "/findings",
            json!({"all": true, "as_of": 6, "severity": "low"}),
            "severity",
        ),
        (
            "/findings",
            json!({"all": true, "as_of": 6, "owner": " "}),
            "owner",
        ),
        ("/findings", json!({"seqs": [], "why": "x"}), "seqs"),
        ("/findings", json!({"seqs": [-1], "why": "x"}), "seqs"),
        (
            "/findings",
            json!({"seqs": [0], "all": true, "why": "x"}),
            "seqs",
        ),
        ("/findings", json!({"seqs": [0]}), "why"),
        ("/findings", json!({"seqs": [0], "why": " "}), "why"),
        (
            "/findings",
            json!({"seqs": [0], "why": "x", "severity": "odd"}),
            "severity",
        ),
        ("/findings/manual-0/assign", json!({}), "to"),
        ("/findings/manual-0/assign", json!({"to": ""}), "to"),
        (
            "/findings/manual-0/close",
            json!({"as": "fine", "comment": "x"}),
            "as",
        ),
        (
            "/findings/manual-0/close",
            json!({"as": "benign"}),
            "comment",
        ),
        (
            "/findings/manual-0/close",
            json!({"as": "benign", "comment": "\t"}),
            "comment",
        ),
        ("/sign-offs", json!({}), "as_of"),
        ("/sign-offs", json!({"as_of": 99}), "as_of"),
        ("/sign-offs", json!({"as_of": 6, "from": "soon"}), "from"),
        ("/sign-offs", json!({"as_of": 6, "to": "2026-03-10"}), "to"),
    ];
    for (rest, body, field) in bad {
        let said = body.to_string();
        let answered = send(&desk, &key, rest, body).await;
        assert_eq!(
            answered.json()["field"],
            field,
            "{said}: {}",
            answered.text()
        );
        answered.refuses(400, "invalid-body", Some(field));
    }
    let many: Vec<u64> = (0..1001).collect();
    let answered = send(&desk, &key, "/findings", json!({"seqs": many, "why": "x"})).await;
    answered.refuses(400, "invalid-body", Some("seqs"));
    for (rest, field) in [
        ("?as_of=x", "as_of"),
        ("?as_of=99", "as_of"),
        ("?rules=mine.toml", "rules"),
        ("/findings?open=maybe", "open"),
        ("/days?from=soon", "from"),
        ("/days?to=2026-03-01&from=2026-03-02", "to"),
        ("/days?record=true", "record"),
    ] {
        let answered = desk.get(&url(rest)).await;
        answered.refuses(400, "invalid-request", Some(field));
    }
    for (rest, body) in [
        (
            "/findings",
            json!({"as_of": 6, "findings": ["brute_force_user-4"]}),
        ),
        ("/findings", json!({"seqs": [0, 99], "why": "x"})),
        ("/findings/manual-0/assign", json!({"to": "m"})),
        (
            "/findings/manual-0/close",
            json!({"as": "benign", "comment": "x"}),
        ),
    ] {
        let answered = send(&desk, &key, rest, body).await;
        answered.refuses(404, "not-found", None);
    }
    let nothing = desk.get("/v1/trails/nothing/review").await;
    nothing.refuses(404, "not-found", None);
    let sign = desk.post("/v1/trails/nothing/review/sign-offs", "{\"as_of\":1}");
    sign.await.refuses(404, "not-found", None);
    assert_eq!(decisions(&desk).await, 0);
    // A key of another trail, and one that may read alone, decide nothing.
    let other = desk.key("admin", Some("other")).await;
    let reader = desk.key("reader", Some("shop")).await;
    for key in [&other, &reader] {
        let answered = send(&desk, key, "/sign-offs", json!({"as_of": 6})).await;
        answered.refuses(403, "forbidden", None);
    }
    assert_eq!(decisions(&desk).await, 0);
    let by_hand = json!({"seqs": [3, 0, 3], "why": "odd", "severity": "low"});
    send(&desk, &key, "/findings", by_hand.clone())
        .await
        .is(200);
    let again = send(&desk, &key, "/findings", by_hand).await;
    again.refuses(409, "already-decided", None);
    let close = json!({"as": "benign", "comment": "was me"});
    let closing = "/findings/manual-0/close";
    send(&desk, &key, closing, close.clone()).await.is(200);
    let again = send(&desk, &key, closing, close).await;
    again.refuses(409, "already-decided", None);
    let assign = send(&desk, &key, "/findings/manual-0/assign", json!({"to": "m"})).await;
    assign.refuses(409, "already-decided", None);
}

async fn the_servers_rules_flag_and_no_others(desk: Desk) {
    let rules = "name = \"shop\"\nversion = \"7\"\n[[rule]]\nname = \"logins\"\n\
                 severity = \"low\"\nwhy = \"somebody is there\"\n\
                 match = [{ action = \"user_login_success\" }]\n";
    desk.app.review_by(RuleSet::parse(rules).expect("rules"));
    guessed(&desk).await;
    let shown = desk.get(&url("?as_of=6")).await.is(200).json();
    assert_eq!(ids(&shown), ["logins-5"]);
    assert_eq!(
        (&shown["rules"]["name"], &shown["rules"]["version"]),
        (&json!("shop"), &json!("7"))
    );
    let signed = desk.post(&url("/sign-offs"), "{\"as_of\":6}").await.is(201);
    assert_eq!(signed.json()["said"]["rule_set_version"], "7");
}

async fn what_is_decided_twice_at_once_is_decided_once(desk: Desk) {
    guessed(&desk).await;
    let by_hand = json!({"seqs": [0], "why": "odd"});
    send(&desk, &desk.admin, "/findings", by_hand).await.is(200);
    let close = || {
        let close = json!({"as": "benign", "comment": "was me"});
        send(&desk, &desk.admin, "/findings/manual-0/close", close)
    };
    let (a, b, c, d) = tokio::join!(close(), close(), close(), close());
    let mut statuses = [a, b, c, d].map(|answered| answered.status.as_u16());
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409]);
    let sign = || send(&desk, &desk.admin, "/sign-offs", json!({"as_of": 6}));
    let (a, b) = tokio::join!(sign(), sign());
    let mut statuses = [a, b].map(|answered| answered.status.as_u16());
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 400]);
}
