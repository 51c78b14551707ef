//! Asking: pages, filters, summaries, exports.

use std::time::Duration;

use indelible_core::pack::verify_pack;
use indelible_core::verify::KeyChain;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::desk::{Desk, on_both};

on_both!(
    pages_follow_each_other_by_link_and_by_cursor,
    every_filter_is_a_parameter,
    a_wrong_question_is_refused_by_its_parameter,
    a_cursor_of_another_question_is_refused,
    a_summary_counts_exactly,
    an_export_holds_all_that_match,
    a_pack_is_exported_and_verifies_without_the_trail,
    what_a_pack_shows_is_on_record,
);

const EVENTS: &str = "/v1/trails/shop/events";

/// The target of the `Link` that names the next page.
fn next(link: &str) -> Option<&str> {
    let (url, relation) = link.strip_prefix('<')?.split_once(">; ")?;
    (relation == "rel=\"next\"").then_some(url)
}

async fn pages_follow_each_other_by_link_and_by_cursor(desk: Desk) {
    desk.records("shop", 25).await;
    let mut url = format!("{EVENTS}?limit=10&start_date=1h&user_id=u-3");
    assert_eq!(desk.get(&url).await.is(200).json()["entries"][0]["seq"], 3);
    // The look before was recorded in the trail.
    url = format!("{EVENTS}?limit=10&start_date=1h&action=page_viewed");
    let mut seqs = Vec::new();
    loop {
        let page = desk.get(&url).await.is(200);
        // What is recorded meanwhile, and the time that passes, change no later page.
        desk.records("shop", 1).await;
        desk.clock.pass(Duration::from_secs(60));
        let body = page.json();
        assert_eq!(body["as_of"], 26);
        let entries = body["entries"].as_array().expect("a list");
        seqs.extend(
            entries
                .iter()
                .map(|entry| entry["seq"].as_u64().expect("a seq")),
        );
        match next(page.header("link")) {
            Some(next) => url = next.to_owned(),
            None => {
                assert_eq!(body["has_more"], false);
                assert_eq!(body["next_cursor"], Value::Null);
                break;
            }
        }
    }
    assert_eq!(seqs, (0..25).rev().collect::<Vec<_>>());
}

async fn every_filter_is_a_parameter(desk: Desk) {
    let event = json!({
        "action": "user_login", "resource_type": "session", "outcome": "failed",
        "user_id": "a\"b\\c%_'", "resource_id": "arn:aws:iam::1:user/eve", "ip_address": "10.1.2.3",
        "correlation_id": "c-1", "tags": ["data.chd", "x"], "context": {"request": {"method": "GET"}},
        "occurred_at": "2026-03-01T10:00:00Z",
    });
    desk.records("shop", 3).await;
    desk.post(EVENTS, event.to_string()).await.is(201);
    desk.records("shop", 3).await;
    for filter in [
        "user_id=a%22b%5Cc%25_%27",
        "action=USER_LOGIN",
        "outcome=failed",
        "resource_type=session",
        "resource_id=arn:aws:iam::1:user/eve",
        "ip_address=10.0.0.0/8",
        "correlation_id=c-1",
        "tag=data.chd&tag=x",
        "context=request.method%3DGET",
        "end_date=2026-03-01",
        "start_date=2026-03-01&end_date=2026-03-01T10:00:00Z",
    ] {
        let page = desk.get(&format!("{EVENTS}?{filter}")).await.is(200).json();
        assert_eq!(
            page["entries"].as_array().expect("a list").len(),
            1,
            "{filter}"
        );
        assert_eq!(page["entries"][0]["seq"], 3, "{filter}");
    }
    let page = desk
        .get(&format!("{EVENTS}?as_of=4&limit=1&offset=1"))
        .await
        .is(200)
        .json();
    assert_eq!(page["entries"][0]["seq"], 2);
    let page = desk
        .get(&format!("{EVENTS}?limit=5000"))
        .await
        .is(200)
        .json();
    assert_eq!(page["limit"], 1000);
    let page = desk.get("/v1/trails/nothing/events").await.is(200).json();
    assert_eq!(page["as_of"], 0);
}

async fn a_wrong_question_is_refused_by_its_parameter(desk: Desk) {
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=1.5", "limit"),
        ("offset=-1", "offset"),
        ("as_of=7", "as_of"),
        ("outcome=so+so", "outcome"),
        ("action=a+b", "action"),
        ("start_date=yesterday", "start_date"),
        ("start_date=2026-02-02&end_date=2026-02-01", "end_date"),
        ("context=x", "context"),
        ("ip_address=10.0.0.0/40", "ip_address"),
        ("user=x", "user"),
        ("user_id=x&user_id=y", "user_id"),
        ("cursor=x", "cursor"),
    ] {
        let answered = desk.get(&format!("{EVENTS}?{query}")).await;
        answered.refuses(400, "invalid-request", Some(field));
    }
}

async fn a_cursor_of_another_question_is_refused(desk: Desk) {
    desk.records("shop", 3).await;
    desk.records("other", 3).await;
    let page = desk.get(&format!("{EVENTS}?limit=1")).await.is(200).json();
    let cursor = page["next_cursor"].as_str().expect("a cursor");
    for url in [
        format!("/v1/trails/other/events?limit=1&cursor={cursor}"),
        format!("{EVENTS}?limit=1&user_id=u-1&cursor={cursor}"),
        format!("{EVENTS}?limit=1&cursor={}", &cursor[1..]),
    ] {
        desk.get(&url)
            .await
            .refuses(400, "invalid-request", Some("cursor"));
    }
}

async fn a_summary_counts_exactly(desk: Desk) {
    let event = |action: &str, time: &str| {
        json!({"action": action, "resource_type": "page", "occurred_at": time}).to_string() + "\n"
    };
    let lines = [
        event("page_viewed", "2026-03-01T10:00:00Z"),
        event("page_viewed", "2026-03-01T10:59:59.999999Z"),
        event("page_viewed", "2026-03-01T11:00:00Z"),
        event("user_login_failed", "2026-03-01T10:30:00Z"),
        event("user_login_failed", "2026-03-02T00:00:00Z"),
    ];
    desk.lines(EVENTS, lines.concat()).await.is(200);
    let url = "/v1/trails/shop/summary";
    let all = desk.get(url).await.is(200).json();
    assert_eq!(
        (&all["total"], &all["start_date"]),
        (&json!(5), &Value::Null)
    );
    assert_eq!(
        all["rows"][0],
        json!({"hour": "2026-03-01T10:00:00.000000Z", "action": "page_viewed",
               "outcome": "completed", "count": 2})
    );
    assert_eq!(all["rows"].as_array().expect("a list").len(), 4);
    let day = format!("{url}?start_date=2026-03-01&end_date=2026-03-01&by=action");
    let day = desk.get(&day).await.is(200).json();
    assert_eq!(
        day["rows"],
        json!([{"action": "page_viewed", "count": 3}, {"action": "user_login_failed", "count": 1}])
    );
    assert_eq!(day["end_date"], "2026-03-01T23:59:59.999999Z");
    let widened =
        format!("{url}?start_date=2026-03-01T10:30:00Z&end_date=2026-03-01T10:40:00Z&by=");
    let widened = desk.get(&widened).await.is(200).json();
    assert_eq!(widened["rows"], json!([{"count": 3}]));
    assert_eq!(widened["start_date"], "2026-03-01T10:00:00.000000Z");
    assert_eq!(widened["end_date"], "2026-03-01T10:59:59.999999Z");
    let none = desk.get("/v1/trails/nothing/summary").await.is(200).json();
    assert_eq!(none["total"], 0);
    for (query, field) in [("by=user", "by"), ("by=&by=", "by"), ("limit=1", "limit")] {
        let answered = desk.get(&format!("{url}?{query}")).await;
        answered.refuses(400, "invalid-request", Some(field));
    }
}

async fn an_export_holds_all_that_match(desk: Desk) {
    desk.records("shop", 2500).await;
    let hostile = json!({"action": "page_viewed", "resource_type": "page", "user_id": "=1+1"});
    desk.post(EVENTS, hostile.to_string()).await.is(201);
    let url = "/v1/trails/shop/export";
    let all = desk.get(url).await.is(200);
    assert_eq!(all.header("content-type"), "application/x-ndjson");
    assert_eq!(
        all.header("content-disposition"),
        "attachment; filename=\"shop-2501.ndjson\""
    );
    let rows = all.rows();
    assert_eq!(rows.len(), 2501);
    let seqs: Vec<_> = rows
        .iter()
        .map(|row| row["seq"].as_u64().expect("a seq"))
        .collect();
    assert_eq!(seqs, (0..2501).rev().collect::<Vec<_>>());
    assert_eq!(
        rows[2500],
        desk.get(&format!("{EVENTS}/0")).await.is(200).json()
    );
    let csv = desk
        .get(&format!(
            "{url}?format=csv&start_date=1h&action=page_viewed"
        ))
        .await
        .is(200);
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    let csv = csv.text();
    assert_eq!(csv.lines().count(), 2502);
    assert!(csv.starts_with("trail,seq,id,action,"), "{csv}");
    assert!(
        csv.lines().nth(1).expect("a row").contains(",'=1+1,"),
        "{csv}"
    );
    let one = desk.get(&format!("{url}?user_id=u-7")).await.is(200).rows();
    assert_eq!(one.len(), 1);
    for (query, field) in [
        ("format=xml", "format"),
        ("format=csv&format=csv", "format"),
        ("format=csv&complete=true", "complete"),
        ("from=5", "from"),
        ("limit=5", "limit"),
        ("offset=5", "offset"),
        ("action=a+b", "action"),
    ] {
        let answered = desk.get(&format!("{url}?{query}")).await;
        answered.refuses(400, "invalid-request", Some(field));
    }
}

async fn a_pack_is_exported_and_verifies_without_the_trail(desk: Desk) {
    desk.records("shop", 600).await;
    let url = "/v1/trails/shop/export?format=pack";
    let whole = desk.get(url).await.is(200);
    assert_eq!(whole.header("content-type"), "application/x-ndjson");
    assert_eq!(
        whole.header("content-disposition"),
        "attachment; filename=\"shop-600.pack\""
    );
    let key = desk.database.trail("shop".parse().expect("a name"));
    let key = key.verifier_key().await.expect("read").expect("a key");
    let keys = KeyChain::new([key], []);
    let judged = |pack: &[u8]| {
        let verdict = verify_pack(&mut &*pack, &keys, &mut |_| {}).expect("memory is readable");
        verdict.unwrap_or_else(|refused| panic!("{refused:?}"))
    };
    let verdict = judged(&whole.body);
    assert_eq!((verdict.entries, verdict.opened), (600, 600));
    let asked_by = verdict.manifest["asked_by"].as_str().expect("who asked");
    assert!(asked_by.starts_with("key:"), "{asked_by}");
    for (more, entries, opened) in [
        ("&user_id=u-7", 1, 1),
        (
            "&user_id=u-7&as_of=600&complete=true&without=details,actor",
            600,
            1,
        ),
        ("&from=590&as_of=600", 10, 10),
        ("&from=100&as_of=110&action=nothing&complete=false", 0, 0),
    ] {
        let pack = desk.get(&format!("{url}{more}")).await.is(200).body;
        let verdict = judged(&pack);
        assert_eq!(
            (verdict.entries, verdict.opened),
            (entries, opened),
            "{more}"
        );
    }
    for (more, field) in [
        ("complete=yes", "complete"),
        ("complete=true&complete=true", "complete"),
        ("from=-1", "from"),
        ("from=590&as_of=500", "from"),
        ("as_of=9999", "as_of"),
        ("without=body", "without"),
        ("limit=5", "limit"),
        ("cursor=x", "cursor"),
        ("paid=1", "paid"),
    ] {
        let answered = desk.get(&format!("{url}&{more}")).await;
        answered.refuses(400, "invalid-request", Some(field));
    }
    let nothing = desk.get("/v1/trails/nothing/export?format=pack").await;
    nothing.refuses(404, "not-found", None);
    let shop = "/v1/trails/shop/events?action=audit_log_exported";
    let page = desk.get(shop).await.is(200).json();
    let exports = page["entries"].as_array().expect("entries");
    let record = &exports.last().expect("an export")["context"];
    let digest = hex(&whole.body);
    assert_eq!(
        (&record["export_format"], &record["sha256"]),
        (&json!("pack"), &json!(digest))
    );
    assert_eq!(
        (
            &record["record_count"],
            &record["first_sequence"],
            &record["last_sequence"]
        ),
        (&json!(600), &json!(0), &json!(599))
    );
}

async fn what_a_pack_shows_is_on_record(desk: Desk) {
    desk.records("shop", 600).await;
    let export = "/v1/trails/shop/export?";
    let shop = "/v1/trails/shop/events?action=audit_log_exported";
    for (asked, facts) in [
        (
            "format=pack&user_id=u-7&as_of=600&complete=true&without=details,actor,details",
            json!(["complete", 0, ["actor", "details"], 600, 1, 0, 599]),
        ),
        (
            "format=pack&user_id=u-595&from=590&as_of=600",
            json!(["selection", 590, [], 1, 1, 590, 599]),
        ),
        (
            "format=pack&from=100&as_of=110&action=nothing",
            json!(["selection", 100, [], 0, 0, 100, 109]),
        ),
        (
            "format=csv&user_id=u-7",
            json!([null, null, null, null, 1, 7, 7]),
        ),
    ] {
        // Each has a record of its own where a minute lies between them.
        desk.clock.pass(Duration::from_secs(60));
        desk.app.settle().await.expect("settled");
        desk.get(&format!("{export}{asked}")).await.is(200);
        let page = desk.get(shop).await.is(200).json();
        let record = &page["entries"][0]["context"];
        let told: Vec<&Value> = [
            "coverage",
            "from",
            "without",
            "skeleton_count",
            "record_count",
            "first_sequence",
            "last_sequence",
        ]
        .into_iter()
        .map(|name| &record[name])
        .collect();
        assert_eq!(json!(told), facts, "{asked}");
    }
}

fn hex(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
