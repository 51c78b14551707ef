//! The trail audits itself: who looked, at what, and what was taken away.

use std::time::Duration;

use axum::http::Method;
use indelible::AuditProtocol;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::connections::Serving;
use crate::desk::{Call, Desk, on_both};
use crate::tail::listener::Listener;

on_both!(
    sys_12_every_kind_of_look_is_recorded_in_the_trail,
    looks_that_repeat_are_one_sum_a_minute,
    sys_43_looks_for_a_person_who_is_erased_name_nobody,
    sys_24_an_export_is_recorded_with_its_digest,
    an_export_that_is_cut_off_is_recorded_as_failed,
    a_pack_that_is_cut_off_is_recorded_with_what_it_is,
    looking_brings_no_trail_into_being,
    what_cannot_be_recorded_is_not_shown,
    many_who_look_do_not_grow_the_sums,
    long_questions_take_no_count_out_of_a_record,
    an_opened_proof_shows_an_entry,
    what_a_stream_shows_is_recorded_each_minute_and_at_its_end,
    a_stream_that_shows_its_own_records_alone_makes_none,
);

/// The records of looks in a trail, oldest first, read past the server.
async fn records(desk: &Desk, trail: &str, action: &str) -> Vec<Value> {
    let trail = desk.database.trail(trail.parse().expect("a name"));
    let query = indelible::Query::new().action(action).limit(1000);
    let page = trail.query(query).await.expect("readable");
    let entries = page.entries.into_iter().rev();
    entries
        .map(|entry| serde_json::to_value(entry).expect("JSON"))
        .collect()
}

async fn sys_12_every_kind_of_look_is_recorded_in_the_trail(desk: Desk) {
    desk.records("shop", 5).await;
    let auditor = desk.key("auditor", Some("shop")).await;
    let get = |url: &str| {
        let call = Call::new(Method::GET, &format!("/v1/trails/shop/{url}")).key(&auditor);
        call.header("x-purpose", "quarterly review")
            .header("x-request-id", "r-1")
    };
    desk.call(get("events?user_id=u-3&tag=a&tag=b"))
        .await
        .is(200);
    desk.call(get("events/2/proof")).await.is(200);
    desk.call(get("export?user_id=u-1")).await.is(200);
    let verify = Call::new(Method::POST, "/v1/trails/shop/verify").key(&auditor);
    desk.call(verify).await.is(200);
    let found = records(&desk, "shop", "audit_log_accessed").await;
    let access: Vec<_> = found
        .iter()
        .map(|entry| &entry["context"]["access"])
        .collect();
    assert_eq!(access, ["read", "prove", "export", "verify"]);
    let first = &found[0];
    assert_eq!(first["resource_id"], "shop");
    assert_eq!(first["correlation_id"], "r-1");
    assert!(
        first["user_id"]
            .as_str()
            .expect("a text")
            .starts_with("key:")
    );
    let context = &first["context"];
    assert_eq!(
        context["query"],
        json!({"user_id": "u-3", "tag": ["a", "b"]})
    );
    assert_eq!(context["purpose"], "quarterly review");
    assert_eq!(context["key_name"], "a auditor");
    assert_eq!(context["result_count"], 0);
    assert_eq!(found[1]["context"]["query"], json!({"entry": "2"}));
    // Recording is no look, and neither is what was asked wrongly.
    desk.call(get("events?limit=0")).await.is(400);
    assert_eq!(records(&desk, "shop", "audit_log_accessed").await.len(), 4);
}

async fn looks_that_repeat_are_one_sum_a_minute(desk: Desk) {
    desk.records("shop", 30).await;
    let url = |n: u32| format!("/v1/trails/shop/events?user_id=u-{n}&action=page_viewed");
    for n in 0..30 {
        for _ in 0..2 {
            desk.get(&url(n)).await.is(200);
        }
    }
    assert_eq!(records(&desk, "shop", "audit_log_accessed").await.len(), 1);
    desk.clock.pass(Duration::from_secs(60));
    desk.app.settle().await.expect("settled");
    let found = records(&desk, "shop", "audit_log_accessed").await;
    assert_eq!(found.len(), 2);
    let repeats = &found[1]["context"]["repeats"];
    assert_eq!(
        (&repeats["count"], &repeats["result_count"]),
        (&json!(59), &json!(59))
    );
    let asked = repeats["asked"].as_array().expect("a list");
    let named: u64 = asked
        .iter()
        .map(|one| one["count"].as_u64().expect("a count"))
        .sum();
    assert_eq!(asked.len(), 16);
    assert_eq!(named + repeats["asked_more"].as_u64().expect("a count"), 59);
    assert_eq!(asked[0]["query"]["user_id"], "u-0");
    // What settled is gone from the registry, and a later look is a first again.
    let registry = &desk.database.engine().ground().registry;
    assert_eq!(registry.list("tally").await.expect("readable").len(), 0);
    desk.get(&url(0)).await.is(200);
    assert_eq!(records(&desk, "shop", "audit_log_accessed").await.len(), 3);
    desk.app.settle_all().await.expect("settled");
    assert_eq!(records(&desk, "shop", "audit_log_accessed").await.len(), 3);
}

async fn sys_43_looks_for_a_person_who_is_erased_name_nobody(desk: Desk) {
    desk.records("shop", 5).await;
    for url in [
        "events?user_id=u-3",
        "events?user_id=u-4",
        "events?resource_id=u-3",
        "events?user_id=u-3&limit=2",
        "events?context=who%3Du-3",
        "export?user_id=u-3",
    ] {
        desk.get(&format!("/v1/trails/shop/{url}")).await.is(200);
    }
    desk.app.settle_all().await.expect("settled");
    let looks = async || {
        let mut looks = records(&desk, "shop", "audit_log_accessed").await;
        looks.extend(records(&desk, "shop", "audit_log_exported").await);
        looks
    };
    let names = |looks: &[Value]| {
        let named = looks.iter().filter(|look| look.to_string().contains("u-3"));
        named.count()
    };
    let before = looks().await;
    assert!(names(&before) >= 3, "{before:?}");
    let order = indelible::core::engine::ErasureOrder {
        subjects: indelible::core::engine::Subjects {
            ids: vec!["u-3".to_owned()],
            ..Default::default()
        },
        reason: "Art. 17".to_owned(),
        ..Default::default()
    };
    let officer = desk.officer().await;
    let shop = officer.trail("shop".parse().expect("a name"));
    shop.erase(&order, &mut |_| {}).await.expect("it erases");
    let after = looks().await;
    assert_eq!((after.len(), names(&after)), (before.len(), 0), "{after:?}");
}

async fn sys_24_an_export_is_recorded_with_its_digest(desk: Desk) {
    desk.records("shop", 1500).await;
    let url = "/v1/trails/shop/export?action=page_viewed&format=csv";
    let body = desk.get(url).await.is(200).body;
    let found = records(&desk, "shop", "audit_log_exported").await;
    assert_eq!(found.len(), 1);
    let context = &found[0]["context"];
    let digest: String = Sha256::digest(&body)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(context["sha256"], digest);
    assert_eq!(context["record_count"], 1500);
    assert_eq!(
        (&context["first_sequence"], &context["last_sequence"]),
        (&json!(0), &json!(1499))
    );
    assert_eq!(context["export_format"], "csv");
    assert_eq!(context["filters"], json!(["action=page_viewed"]));
    assert_eq!(
        records(&desk, "shop", "audit_log_export_failed")
            .await
            .len(),
        0
    );
}

async fn an_export_that_is_cut_off_is_recorded_as_failed(desk: Desk) {
    desk.records("shop", 1500).await;
    desk.cut("/v1/trails/shop/export?action=page_viewed").await;
    // The record is made behind the client's back, and waited for by asking for its place.
    let mut found = Vec::new();
    while found.is_empty() {
        tokio::task::yield_now().await;
        found = records(&desk, "shop", "audit_log_export_failed").await;
    }
    assert_eq!(found[0]["outcome"], "failed");
    assert_eq!(found[0]["context"]["record_count"], 1000);
    assert_eq!(records(&desk, "shop", "audit_log_exported").await.len(), 0);
}

async fn a_pack_that_is_cut_off_is_recorded_with_what_it_is(desk: Desk) {
    desk.records("shop", 1500).await;
    desk.cut("/v1/trails/shop/export?format=pack&user_id=u-7&complete=true&without=actor")
        .await;
    let mut found = Vec::new();
    while found.is_empty() {
        tokio::task::yield_now().await;
        found = records(&desk, "shop", "audit_log_export_failed").await;
    }
    let context = &found[0]["context"];
    assert_eq!(context["coverage"], "complete");
    assert_eq!(context["without"], json!(["actor"]));
    // The first piece is the heading.
    assert_eq!(context["skeleton_count"], 0);
}

async fn looking_brings_no_trail_into_being(desk: Desk) {
    desk.get("/v1/trails/nothing/events").await.is(200);
    desk.get("/v1/trails/nothing/checkpoint").await.is(404);
    let trails = desk.get("/v1/trails").await.is(200).json();
    let trails = trails["trails"].as_array().expect("a list");
    assert!(
        trails.iter().all(|trail| trail["trail"] != "nothing"),
        "{trails:?}"
    );
    let found = records(&desk, "system", "audit_log_accessed").await;
    assert_eq!(found.len(), 2);
    assert_eq!(found[0]["resource_id"], "nothing");
}

async fn what_cannot_be_recorded_is_not_shown(desk: Desk) {
    desk.records("shop", 1).await;
    // The key is remembered; the database is gone.
    desk.get("/v1/trails").await.is(200);
    desk.database.close().await.expect("closed");
    let answered = desk.get("/v1/trails/shop/events").await;
    assert_eq!(answered.status, 503);
    assert!(!answered.text().contains("u-0"));
}

async fn many_who_look_do_not_grow_the_sums(desk: Desk) {
    desk.records("shop", 1).await;
    let mut keys = Vec::new();
    for _ in 0..300 {
        keys.push(desk.key("reader", None).await);
    }
    for key in &keys {
        for _ in 0..2 {
            let call = Call::new(Method::GET, "/v1/trails/shop/events?limit=1");
            desk.call(call.key(key)).await.is(200);
        }
    }
    desk.app.settle_all().await.expect("settled");
    let found = records(&desk, "shop", "audit_log_accessed").await;
    let summed = |entry: &Value| entry["context"]["repeats"]["count"].as_u64();
    let firsts = found.iter().filter(|entry| summed(entry).is_none()).count();
    let repeats: u64 = found.iter().filter_map(summed).sum();
    // 256 are told apart; all others are one.
    assert_eq!(firsts, 257);
    assert_eq!(firsts as u64 + repeats, 600);
}

async fn long_questions_take_no_count_out_of_a_record(desk: Desk) {
    desk.records("shop", 3).await;
    let url = |n: u32| {
        let user = format!("u-{n}").repeat(6000);
        format!("/v1/trails/shop/events?action=page_viewed&user_id={user}&tag=a")
    };
    desk.get(&url(0)).await.is(200);
    for n in 0..30 {
        desk.get(&url(n)).await.is(200);
        desk.get("/v1/trails/shop/events?limit=2&action=page_viewed")
            .await
            .is(200);
    }
    desk.app.settle_all().await.expect("settled");
    let found = records(&desk, "shop", "audit_log_accessed").await;
    assert_eq!(found.len(), 2);
    let long = "u-0".repeat(6000);
    let digest: String = Sha256::digest(&long)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let cut = json!({ "start": &long[..255], "bytes": 18_000, "sha256": digest });
    let first = &found[0]["context"];
    assert_eq!(first["query"]["user_id"], cut);
    assert_eq!(
        (&first["query"]["tag"], &first["result_count"]),
        (&json!("a"), &json!(0))
    );
    let repeats = &found[1]["context"]["repeats"];
    assert_eq!(
        (&repeats["count"], &repeats["result_count"]),
        (&json!(60), &json!(60))
    );
    assert_eq!(repeats["asked"][0]["query"]["user_id"], cut);
    assert_eq!(repeats["asked"][1]["count"], 30);
}

/// How many entries the records of looks say were shown, and how many records there are.
async fn told(desk: &Desk) -> (u64, usize) {
    let found = records(desk, "shop", "audit_log_accessed").await;
    let shown = |entry: &Value| {
        let context = &entry["context"];
        let repeats = context["repeats"]["result_count"].as_u64();
        repeats.or(context["result_count"].as_u64()).unwrap_or(0)
    };
    (found.iter().map(shown).sum(), found.len())
}

async fn an_opened_proof_shows_an_entry(desk: Desk) {
    desk.records("shop", 1).await;
    desk.get("/v1/trails/shop/events/0/proof").await.is(200);
    assert_eq!(told(&desk).await, (0, 1));
    for n in 1..=3 {
        let url = "/v1/trails/shop/events/0/proof?open=true";
        desk.get(url).await.is(200);
        desk.app.settle_all().await.expect("settled");
        assert_eq!(told(&desk).await.0, n);
    }
}

const STREAM: &str = "/v1/trails/shop/events/stream";

async fn what_a_stream_shows_is_recorded_each_minute_and_at_its_end(desk: Desk) {
    desk.records("shop", 300).await;
    let serving = Serving::of(&desk).await;
    let url = format!("{STREAM}?action=page_viewed&from=0");
    let mut listener = Listener::open(serving.at(), &url, None).await;
    for _ in 0..300 {
        listener.entry().await.expect("an entry");
    }
    assert_eq!(told(&desk).await, (0, 1));
    desk.clock.pass(Duration::from_secs(60));
    for _ in 0..2 {
        desk.records("shop", 1).await;
        listener.entry().await.expect("an entry");
    }
    let (shown, _) = told(&desk).await;
    assert!((300..=301).contains(&shown), "{shown}");
    let last = records(&desk, "shop", "audit_log_accessed").await;
    let context = &last.last().expect("a record")["context"];
    assert_eq!(
        context["query"],
        json!({ "action": "page_viewed", "from": "0" })
    );
    drop(listener);
    serving.end().await;
    assert_eq!(told(&desk).await.0, 302);
}

async fn a_stream_that_shows_its_own_records_alone_makes_none(desk: Desk) {
    let serving = Serving::of(&desk).await;
    desk.records("shop", 1).await;
    let mut listener = Listener::open(serving.at(), &format!("{STREAM}?from=1"), None).await;
    // The record of its own beginning.
    let (_, entry) = listener.entry().await.expect("an entry");
    assert_eq!(entry["action"], "audit_log_accessed");
    for n in 0..3 {
        desk.clock.pass(Duration::from_secs(60));
        let audit = desk.database.trail("shop".parse().expect("a name"));
        let looked = indelible::AuditAction::AUDIT_LOG_ACCESSED;
        let event = indelible::AuditEvent::new(looked, "audit_log");
        audit.record(event).await.expect("recorded");
        let (_, entry) = listener.entry().await.expect("an entry");
        assert_eq!((&entry["seq"], told(&desk).await.1), (&json!(n + 2), n + 2));
    }
    drop(listener);
    serving.end().await;
    assert_eq!(told(&desk).await.0, 4);
}
