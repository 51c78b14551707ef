//! What `/metrics` says, and to whom.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::http::Method;

use crate::desk::{Answered, Call, Desk, on_both};

on_both!(
    figures_are_for_callers_on_the_same_machine_or_with_a_key,
    figures_are_for_callers_who_mean_this_machine,
    figures_follow_what_is_done,
    every_family_is_described_once,
);

const EVENT: &str = "{\"id\":\"0195d3a1-0000-7000-8000-000000000001\",\
                     \"action\":\"page_viewed\",\"resource_type\":\"page\"}";

async fn metrics(desk: &Desk) -> Answered {
    let call = Call::new(Method::GET, "/metrics").from("127.0.0.1:4711");
    desk.call(call).await.is(200)
}

/// The value of a sample.
#[track_caller]
fn value(metrics: &Answered, sample: &str) -> f64 {
    let text = metrics.text();
    let mut lines = text.lines().filter_map(|line| line.rsplit_once(' '));
    let found = lines.find(|(name, _)| *name == sample);
    let (_, value) = found.unwrap_or_else(|| panic!("{sample}: {text}"));
    value.parse().expect("a number")
}

async fn figures_are_for_callers_on_the_same_machine_or_with_a_key(desk: Desk) {
    let call = |from: &str| Call::new(Method::GET, "/metrics").from(from).anonymous();
    for near in [
        "127.0.0.1:1",
        "127.9.9.9:1",
        "[::1]:1",
        "[::ffff:127.0.0.1]:1",
    ] {
        desk.call(call(near)).await.is(200);
    }
    for far in ["192.0.2.7:1", "[2001:db8::1]:1", "[::ffff:192.0.2.7]:1"] {
        let answered = desk.call(call(far)).await;
        answered.refuses(401, "unauthorized", None);
    }
    for (name, said) in [
        ("x-forwarded-for", "127.0.0.1"),
        ("forwarded", "for=127.0.0.1"),
        ("x-real-ip", "127.0.0.1"),
        ("via", "1.1 proxy"),
    ] {
        let proxied = call("127.0.0.1:1").header(name, said);
        let answered = desk.call(proxied).await;
        answered.refuses(401, "unauthorized", None);
    }
    let unknown = Call::new(Method::GET, "/metrics").anonymous();
    desk.call(unknown).await.refuses(401, "unauthorized", None);
    // Figures are of all trails: a key of one does not open them.
    for (role, trail, status) in [
        ("reader", None, 200),
        ("auditor", None, 200),
        ("admin", None, 200),
        ("writer", None, 403),
        ("reader", Some("shop"), 403),
        ("admin", Some("shop"), 403),
    ] {
        let key = desk.key(role, trail).await;
        let answered = desk.call(call("192.0.2.7:1").key(&key)).await;
        answered.is(status);
    }
    // Refusals are on record, as all are.
    for (action, count) in [("api_key_rejected", 8), ("audit_log_access_denied", 3)] {
        let url = format!("/v1/trails/system/events?action={action}");
        let page = desk.get(&url).await.is(200).json();
        let entries = page["entries"].as_array().expect("a list");
        assert!(!entries.is_empty() && entries.len() <= count, "{page}");
        assert_eq!(entries[0]["context"]["endpoint"], "GET /metrics");
    }
}

async fn figures_are_for_callers_who_mean_this_machine(desk: Desk) {
    let call = || {
        Call::new(Method::GET, "/metrics")
            .from("127.0.0.1:1")
            .anonymous()
    };
    for host in [
        "localhost",
        "LocalHost:7878",
        "127.0.0.1",
        "127.8.9.1:80",
        "[::1]",
        "[::1]:7878",
        "[::ffff:127.0.0.1]:1",
    ] {
        desk.call(call().host(host)).await.is(200);
    }
    // A proxy on this machine that passes on whom its clients ask, and a page in a browser here
    // whose name has come to point here.
    for host in [
        "audit.example",
        "audit.example:7878",
        "localhost.example",
        "127.0.0.1.example",
        "192.0.2.7",
        "[2001:db8::1]:80",
        "0.0.0.0",
        "",
        "[",
        "localhost, audit.example",
    ] {
        let answered = desk.call(call().host(host)).await;
        answered.refuses(401, "unauthorized", None);
    }
    let twice = call().header("host", "localhost");
    let absolute = Call::new(Method::GET, "http://audit.example/metrics");
    let absolute = absolute.from("127.0.0.1:1").anonymous();
    for call in [twice, absolute, call().old()] {
        let answered = desk.call(call).await;
        answered.refuses(401, "unauthorized", None);
    }
    // One that is known to be a proxy speaks for others, whatever it says.
    let proxies = indelible_server::TrustedProxies::new(["127.0.0.1"]).expect("blocks");
    let engine = desk.database.engine().clone();
    let desk = desk.serving(indelible_server::App::with(engine, 1000, proxies));
    desk.call(call()).await.refuses(401, "unauthorized", None);
    let other = call().from("127.0.0.2:1");
    desk.call(other).await.is(200);
}

async fn figures_follow_what_is_done(desk: Desk) {
    let before = metrics(&desk).await;
    assert_eq!(
        before.header("content-type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );
    // That the admin key was made, and said, is on record already.
    assert_eq!(value(&before, "indelible_commit_entries_sum"), 2.0);
    let url = "/v1/trails/shop/events";
    desk.post(url, EVENT).await.is(201);
    desk.post(url, EVENT).await.is(201);
    desk.post(url, "{\"action\":\"\"}").await.is(400);
    desk.post(url, format!("[{EVENT},{{}},{{}}]")).await.is(200);
    desk.lines(url, format!("{EVENT}\n7\n")).await.is(200);
    desk.get("/nothing").await.is(404);
    desk.clock.pass(Duration::from_secs(90));
    let after = metrics(&desk).await;
    let keys = desk.get("/v1/keys").await.is(200).json();
    let of_key = keys["keys"][0]["id"].as_str().expect("an id");
    let of_key = format!("indelible_key_events_total{{key=\"{of_key}\"}}");
    for (sample, expected) in [
        ("indelible_commit_entries_sum", 3.0),
        ("indelible_commit_entries_bucket{le=\"1\"}", 3.0),
        ("indelible_commit_entries_bucket{le=\"+Inf\"}", 3.0),
        ("indelible_commit_duration_seconds_count", 3.0),
        ("indelible_queue_depth", 0.0),
        ("indelible_last_event_age_seconds", 90.0),
        ("indelible_events_ingested_total{result=\"recorded\"}", 1.0),
        ("indelible_events_ingested_total{result=\"duplicate\"}", 3.0),
        ("indelible_events_ingested_total{result=\"refused\"}", 4.0),
        (&of_key, 8.0),
        ("indelible_refusals_total{kind=\"invalid-event\"}", 4.0),
        ("indelible_refusals_total{kind=\"not-found\"}", 1.0),
        ("indelible_http_requests_total{status=\"2xx\"}", 5.0),
        ("indelible_http_requests_total{status=\"4xx\"}", 2.0),
        ("indelible_http_request_duration_seconds_count", 7.0),
        ("indelible_verify_failures_total", 0.0),
    ] {
        assert_eq!(value(&after, sample), expected, "{sample}");
    }
    assert!(!after.text().contains("shop"), "no names of trails");
    // Where the index is apart from the log, its figures are the store's own.
    let index = desk.database.engine().ground().store.index().await;
    match index.expect("it answers") {
        Some(_) => {
            // It may cover more of them from one moment to the next.
            let lag = value(&after, "indelible_index_lag_entries");
            assert!((0.0..=4.0).contains(&lag), "{lag}");
            assert!(value(&after, "indelible_index_bytes") >= 0.0);
        }
        None => assert!(!after.text().contains("indelible_index_")),
    }
}

async fn every_family_is_described_once(desk: Desk) {
    desk.records("shop", 3).await;
    indelible_server::verify_all(&desk.app).await;
    let text = metrics(&desk).await.text();
    let mut described = BTreeSet::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let name = rest.split(' ').next().expect("a name");
            assert!(described.insert(name.to_owned()), "{name} twice");
        } else if !line.starts_with("# HELP ") {
            let name = line.split(['{', ' ']).next().expect("a name");
            let of_family = ["", "_bucket", "_sum", "_count"].into_iter().any(|end| {
                let family = name.strip_suffix(end);
                family.is_some_and(|family| described.contains(family))
            });
            assert!(of_family && name.starts_with("indelible_"), "{line}");
            let value = line.rsplit(' ').next().expect("a value");
            assert!(value.parse::<f64>().is_ok_and(f64::is_finite), "{line}");
        }
    }
    assert!(described.len() > 15, "{described:?}");
}
