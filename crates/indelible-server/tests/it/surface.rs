//! What every answer has in common.

use std::collections::BTreeSet;

use axum::http::{HeaderMap, Method};

use crate::desk::{Call, Desk, on_both};

on_both!(
    every_answer_has_these_headers_and_no_others,
    every_refusal_has_the_same_headers,
    a_request_keeps_its_id,
    methods_that_a_url_does_not_know_are_refused,
    the_process_says_whether_it_is_ready,
    bodies_that_are_too_long_are_refused,
);

/// The headers that an answer of the API may have.
const HEADERS: [&str; 17] = [
    "allow",
    "cache-control",
    "content-disposition",
    "content-length",
    "content-security-policy",
    "content-type",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "link",
    "location",
    "preference-applied",
    "referrer-policy",
    "retry-after",
    "www-authenticate",
    "x-accel-buffering",
    "x-content-type-options",
    "x-frame-options",
];

#[track_caller]
fn expect_headers(headers: &HeaderMap) {
    let allowed: BTreeSet<_> = HEADERS.into_iter().chain(["x-request-id"]).collect();
    let value_of = |name: &str| headers.get(name).map_or("", |v| v.to_str().expect("ASCII"));
    for name in headers.keys() {
        assert!(allowed.contains(name.as_str()), "{name}");
    }
    for (name, value) in [
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(value_of(name), value, "{name}");
    }
    // Nothing but the page of the description opens anything, and that its own style sheet.
    let is_page = value_of("content-type").starts_with("text/html");
    let is_file = value_of("content-disposition").starts_with("attachment");
    let opened = if is_page && !is_file {
        "style-src 'self'; "
    } else {
        ""
    };
    let closed = "form-action 'none'; frame-ancestors 'none'; base-uri 'none'";
    let policy = format!("default-src 'none'; {opened}{closed}");
    assert_eq!(value_of("content-security-policy"), policy);
    assert!(!value_of("x-request-id").is_empty());
}

async fn every_answer_has_these_headers_and_no_others(desk: Desk) {
    desk.records("shop", 2).await;
    for (method, path, _) in indelible_server::urls() {
        let url = path.replace("{trail}", "shop").replace("{id}", "0");
        // A stream has no end that could be waited for.
        expect_headers(desk.open(Call::new(method, &url)).await.headers());
    }
    let period = "from=2026-01-01&to=2026-12-31";
    for file in [
        format!("/v1/trails/shop/reports/gdpr-2016-679?{period}"),
        format!("/v1/trails/shop/controls/PCI-DSS-4.0.1:10.2.1.4/pack?{period}"),
    ] {
        let file = desk.get(&file).await.is(200);
        assert!(
            file.header("content-disposition")
                .starts_with("attachment; ")
        );
        expect_headers(&file.headers);
    }
    let page = desk.get("/docs").await.is(200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let page = desk.get("/v1/trails/shop/events?limit=1").await.is(200);
    expect_headers(&page.headers);
}

async fn every_refusal_has_the_same_headers(desk: Desk) {
    let engine = desk.database.engine().clone();
    let paced = indelible_server::App::with(engine, 10, indelible_server::TrustedProxies::none());
    let desk = desk.serving(paced);
    desk.records("shop", 1).await;
    let reader = desk.key("reader", Some("shop")).await;
    let events = "/v1/trails/shop/events";
    let get = |url: &str| Call::new(Method::GET, url);
    let post = |media: &str, body: String| {
        let call = Call::new(Method::POST, events).header("content-type", media);
        call.body(body)
    };
    let event = "{\"action\":\"a\",\"resource_type\":\"r\"}";
    let id = "018f4f2e-7b1c-7c3a-9d2b-6a1f3e5b7a11";
    let of = |action: &str| {
        format!("{{\"action\":\"{action}\",\"resource_type\":\"r\",\"id\":\"{id}\"}}")
    };
    let json = "application/json";
    desk.call(post(json, of("a"))).await.is(201);
    for (status, call) in [
        (400, get("/v1/trails/shop/events?limit=0")),
        (400, get("/v1/trails/%00/events")),
        (400, post(json, "{".to_owned())),
        (401, get(events).anonymous()),
        (401, get(events).key("indelible_x")),
        (403, get("/v1/keys").key(&reader)),
        (401, get("/metrics").from("192.0.2.7:1").anonymous()),
        (404, get("/nothing")),
        (404, get("/docs/nothing")),
        (404, get("/v1/trails/shop/events/99")),
        (405, Call::new(Method::PUT, events)),
        (409, post(json, of("b"))),
        (413, post(json, " ".repeat(17 << 20))),
        (415, post("text/html", event.to_owned())),
    ] {
        let answered = desk.call(call).await.is(status);
        expect_headers(&answered.headers);
    }
    while desk.get("/v1/trails").await.status != 429 {}
    expect_headers(&desk.get("/v1/trails").await.is(429).headers);
    desk.database.close().await.expect("closed");
    let answered = desk.call(get(events).key(&reader)).await.is(503);
    expect_headers(&answered.headers);
}

async fn a_request_keeps_its_id(desk: Desk) {
    let call = |id: &str| Call::new(Method::GET, "/healthz").header("x-request-id", id);
    let kept = desk.call(call("abc-1.2_X")).await.is(200);
    assert_eq!(kept.header("x-request-id"), "abc-1.2_X");
    for id in ["", "a b", "<x>", &"x".repeat(65)] {
        let answered = desk.call(call(id)).await.is(200);
        let made: uuid::Uuid = answered.header("x-request-id").parse().expect("a UUID");
        assert_eq!(made.get_version_num(), 7);
    }
}

async fn methods_that_a_url_does_not_know_are_refused(desk: Desk) {
    for method in [Method::PUT, Method::DELETE, Method::PATCH] {
        let answered = desk.call(Call::new(method, "/v1/trails/shop/events")).await;
        let answered = answered.refuses(405, "method-not-allowed", None);
        let allowed = answered.header("allow");
        assert!(
            allowed.contains("GET") && allowed.contains("POST"),
            "{allowed}"
        );
    }
}

async fn the_process_says_whether_it_is_ready(desk: Desk) {
    assert_eq!(desk.get("/healthz").await.is(200).json()["status"], "alive");
    assert_eq!(desk.get("/readyz").await.is(200).json()["status"], "ready");
    desk.database.close().await.expect("closed");
    desk.get("/healthz").await.is(200);
    // Anybody may ask: the database is asked once a second.
    for _ in 0..3 {
        desk.get("/readyz").await.is(200);
    }
    desk.clock.pass(std::time::Duration::from_secs(1));
    let answered = desk.get("/readyz").await.refuses(503, "unavailable", None);
    assert_eq!(answered.header("retry-after"), "1");
    let event = "{\"action\":\"a\",\"resource_type\":\"r\"}";
    let answered = desk.post("/v1/trails/shop/events", event).await;
    answered.refuses(503, "unavailable", None);
}

async fn bodies_that_are_too_long_are_refused(desk: Desk) {
    let long = format!(
        "{{\"action\":\"a\",\"resource_type\":\"{}\"}}",
        "r".repeat(17 << 20)
    );
    let answered = desk.post("/v1/trails/shop/events", long.clone()).await;
    answered.refuses(413, "too-large", None);
    let name = format!("{{\"trail\":\"{}\"}}", "r".repeat(70_000));
    desk.post("/v1/trails", name)
        .await
        .refuses(413, "too-large", None);
    // A line that is too long keeps no other out.
    let short = "{\"action\":\"a\",\"resource_type\":\"r\"}";
    let rows = desk
        .lines(
            "/v1/trails/shop/events",
            format!("{short}\n{long}\n{short}"),
        )
        .await;
    let rows = rows.is(200).rows();
    let statuses: Vec<_> = rows.iter().map(|row| row["status"].as_u64()).collect();
    assert_eq!(statuses, [Some(201), Some(413), Some(201)]);
    let many = format!("[{}]", vec![short; 10_001].join(","));
    let answered = desk.post("/v1/trails/shop/events", many).await;
    answered.refuses(413, "too-large", None);
    let page = desk.get("/v1/trails/shop/events").await.is(200).json();
    assert_eq!(page["as_of"], 2);
}
