//! All roles on all URLs, on their own trail and on another's.

use std::collections::BTreeSet;

use axum::http::Method;
use serde_json::json;

use crate::desk::{Call, Desk, on_both};

on_both!(
    sys_18_exactly_the_documented_calls_pass,
    t83_sys_23_an_auditor_reads_what_was_recorded_and_does_nothing_else,
    t23_sys_13_every_refusal_is_on_record,
    t10_the_address_is_the_one_that_the_nearest_unknown_hop_has,
    a_flood_of_refusals_is_one_sum,
);

/// What docs/guide/server.md promises: who may do what. `w` writer, `r` reader, `u` auditor,
/// `a` admin; a letter stands in the first word where the role may on its own trail, in the
/// second where a key for all trails may; a capital where a key for all alone may. Nobody may do anything to another's trail.
const EXPECTED: &[(&str, &str)] = &[
    ("GET /healthz", "open"),
    ("GET /readyz", "open"),
    // To callers on the same machine, as these are.
    ("GET /metrics", "open"),
    ("GET /openapi.json", "open"),
    ("GET /docs", "open"),
    ("GET /docs/style.css", "open"),
    ("POST /v1/trails/{trail}/events", "w a"),
    ("GET /v1/trails/{trail}/events", "r u a"),
    ("GET /v1/trails/{trail}/events/stream", "r u a"),
    ("GET /v1/trails/{trail}/events/{id}", "r u a"),
    ("GET /v1/trails/{trail}/events/{id}/proof", "u a"),
    ("GET /v1/trails/{trail}/checkpoint", "u a"),
    ("GET /v1/trails/{trail}/consistency", "u a"),
    ("POST /v1/trails/{trail}/verify", "u a"),
    ("GET /v1/trails/{trail}/summary", "r u a"),
    ("GET /v1/trails/{trail}/export", "u a"),
    ("GET /v1/trails/{trail}/reports/{framework}", "u a"),
    ("GET /v1/trails/{trail}/controls/{control}/pack", "u a"),
    ("GET /v1/reports/system", "U A"),
    ("GET /v1/trails/{trail}/review", "u a"),
    ("GET /v1/trails/{trail}/review/findings", "u a"),
    ("POST /v1/trails/{trail}/review/findings", "u a"),
    ("POST /v1/trails/{trail}/review/findings/{id}/assign", "u a"),
    ("POST /v1/trails/{trail}/review/findings/{id}/close", "u a"),
    ("GET /v1/trails/{trail}/review/days", "u a"),
    ("POST /v1/trails/{trail}/review/sign-offs", "u a"),
    ("POST /v1/trails/{trail}/review/days", "u a"),
    ("POST /v1/trails/{trail}/review/start", "u a"),
    ("GET /v1/trails/{trail}/retention", "u a"),
    ("PUT /v1/trails/{trail}/retention", "a"),
    ("GET /v1/trails/{trail}/retention/plan", "u a"),
    ("GET /v1/trails/{trail}/retention/run", "u a"),
    ("POST /v1/trails/{trail}/retention/run", "a"),
    ("GET /v1/trails/{trail}/holds", "u a"),
    ("POST /v1/trails/{trail}/holds", "a"),
    ("POST /v1/trails/{trail}/holds/{id}/release", "a"),
    ("POST /v1/trails/{trail}/holds/{id}/approve", "a"),
    ("POST /v1/trails/{trail}/subjects/show", "r u a"),
    ("POST /v1/trails/{trail}/subjects/erase", "a"),
    ("GET /v1/trails/{trail}/subjects/erasure", "a"),
    ("GET /v1/trails/{trail}/subjects/requests", "a"),
    (
        "POST /v1/trails/{trail}/subjects/requests/{id}/approve",
        "a",
    ),
    ("POST /v1/trails/{trail}/subjects/requests/{id}/reject", "a"),
    ("GET /v1/trails", "r u a"),
    ("POST /v1/trails", "a"),
    ("GET /v1/keys", "a"),
    ("POST /v1/keys", "a"),
    ("DELETE /v1/keys/{id}", "a"),
    ("POST /v1/keys/{id}/rotate", "a"),
];

const ROLES: [(&str, &str); 4] = [
    ("writer", "w"),
    ("reader", "r"),
    ("auditor", "u"),
    ("admin", "a"),
];

const EVENT: &str = "{\"action\":\"page_viewed\",\"resource_type\":\"page\"}";

/// A call of a URL that is good but for who makes it.
pub fn call(method: &Method, path: &str, trail: &str) -> Call {
    let id = match path {
        _ if path.contains("/keys/") => "0123456789abcdef",
        _ if path.contains("/findings/") => "manual-1",
        _ if path.contains("/holds/") => "00000000-0000-0000-0000-000000000000",
        _ if path.contains("/requests/") => "0197f0c2-0000-7000-8000-000000000000",
        _ => "0",
    };
    let url = path.replace("{framework}", "gdpr-2016-679");
    let mut url = url.replace("{trail}", trail).replace("{id}", id);
    url = url.replace("{control}", "PCI-DSS-4.0.1:10.2.1.4");
    if path.contains("/reports/{") || path.contains("/controls/") {
        url.push_str("?from=2026-01-01&to=2026-12-31");
    }
    if path.ends_with("/consistency") {
        url.push_str("?from=1");
    }
    // A stream that is granted has no end to wait for; of a wrong one only the key is looked at.
    if path.ends_with("/stream") {
        url.push_str("?from=nowhere");
    }
    let body = match (method, path) {
        (&Method::POST, "/v1/trails") => json!({ "trail": trail }).to_string(),
        (&Method::POST, "/v1/keys") => {
            json!({"name": "n", "role": "reader", "trail": trail}).to_string()
        }
        (&Method::POST, path) if path.ends_with("/rotate") => "{}".to_owned(),
        (&Method::POST, path) if path.ends_with("/findings") => {
            json!({"seqs": [1], "why": "odd"}).to_string()
        }
        (&Method::POST, path) if path.ends_with("/assign") => json!({"to": "m"}).to_string(),
        (&Method::POST, path) if path.ends_with("/close") => {
            json!({"as": "benign", "comment": "was me"}).to_string()
        }
        (&Method::PUT, path) if path.ends_with("/retention") => {
            json!({"maximum_days": 730, "legal_basis": "x"}).to_string()
        }
        (&Method::POST, path) if path.ends_with("/holds") => {
            json!({"filter": ["user_id=nobody"], "reason": "x"}).to_string()
        }
        (&Method::POST, path) if path.ends_with("/release") => json!({"reason": "x"}).to_string(),
        (&Method::POST, path) if path.ends_with("/days") => "{}".to_owned(),
        (&Method::POST, path) if path.ends_with("/start") => {
            json!({"day": "2026-03-09", "why": "x"}).to_string()
        }
        (&Method::POST, path) if path.ends_with("/sign-offs") => json!({"as_of": 2}).to_string(),
        (&Method::POST, path) if path.ends_with("/subjects/show") => {
            json!({"id": "u-0"}).to_string()
        }
        (&Method::POST, path) if path.ends_with("/subjects/erase") => {
            json!({"ids": ["u-0"], "reason": "Art. 17", "dry_run": true}).to_string()
        }
        (&Method::POST, path) if path.ends_with("/approve") => "{}".to_owned(),
        (&Method::POST, path) if path.ends_with("/reject") => {
            json!({"reason": "it runs"}).to_string()
        }
        (&Method::POST, path) if path.ends_with("/events") => EVENT.to_owned(),
        _ => String::new(),
    };
    let call = Call::new(method.clone(), &url).header("content-type", "application/json");
    let near = "127.0.0.1:4711";
    call.from(near).body(body)
}

async fn sys_18_exactly_the_documented_calls_pass(desk: Desk) {
    desk.records("shop", 2).await;
    desk.records("other", 2).await;
    let urls: BTreeSet<String> = indelible_server::urls()
        .into_iter()
        .map(|(method, path, _)| format!("{method} {path}"))
        .collect();
    let expected: BTreeSet<String> = EXPECTED.iter().map(|(url, _)| (*url).to_owned()).collect();
    assert_eq!(urls, expected);
    for (role, letter) in ROLES {
        let own = desk.key(role, Some("shop")).await;
        let all = desk.key(role, None).await;
        for (url, who) in EXPECTED {
            let (method, path) = url.split_once(' ').expect("two words");
            let method: Method = method.parse().expect("a method");
            let is_open = *who == "open";
            let may = is_open || who.split(' ').any(|word| word == letter);
            let may_all = may || who.split(' ').any(|word| word == letter.to_uppercase());
            for (key, trail, passes) in [
                (&own, "shop", may),
                (&all, "shop", may_all),
                (&all, "other", may_all),
                // Without a trail in path or body, a key sees what is its own.
                (
                    &own,
                    "other",
                    may && (is_open || !names_trail(path, &method)),
                ),
            ] {
                let answered = desk.call(call(&method, path, trail).key(key)).await;
                let status = answered.status.as_u16();
                let refused = status == 401 || status == 403;
                assert_eq!(
                    !refused,
                    passes,
                    "{role} {url} {trail}: {}",
                    answered.text()
                );
                assert!(!answered.status.is_server_error(), "{}", answered.text());
                if refused {
                    answered.refuses(403, "forbidden", None);
                }
            }
        }
    }
    for (url, who) in EXPECTED {
        let (method, path) = url.split_once(' ').expect("two words");
        let method: Method = method.parse().expect("a method");
        let answered = desk.call(call(&method, path, "shop").anonymous()).await;
        if *who == "open" {
            answered.is(200);
        } else {
            answered.refuses(401, "unauthorized", None);
        }
    }
}

/// All that an auditor may do: look, have it proved, and review it.
const LOOKS: [&str; 27] = [
    "GET /v1/reports/system",
    "GET /v1/trails",
    "GET /v1/trails/{trail}/checkpoint",
    "GET /v1/trails/{trail}/consistency",
    "GET /v1/trails/{trail}/controls/{control}/pack",
    "GET /v1/trails/{trail}/events",
    "GET /v1/trails/{trail}/events/stream",
    "GET /v1/trails/{trail}/events/{id}",
    "GET /v1/trails/{trail}/events/{id}/proof",
    "GET /v1/trails/{trail}/export",
    "GET /v1/trails/{trail}/holds",
    "GET /v1/trails/{trail}/reports/{framework}",
    "GET /v1/trails/{trail}/retention",
    "GET /v1/trails/{trail}/retention/plan",
    "GET /v1/trails/{trail}/retention/run",
    "GET /v1/trails/{trail}/review",
    "GET /v1/trails/{trail}/review/days",
    "GET /v1/trails/{trail}/review/findings",
    "GET /v1/trails/{trail}/summary",
    "POST /v1/trails/{trail}/review/days",
    "POST /v1/trails/{trail}/review/findings",
    "POST /v1/trails/{trail}/review/findings/{id}/assign",
    "POST /v1/trails/{trail}/review/findings/{id}/close",
    "POST /v1/trails/{trail}/review/sign-offs",
    "POST /v1/trails/{trail}/review/start",
    "POST /v1/trails/{trail}/subjects/show",
    "POST /v1/trails/{trail}/verify",
];

async fn t83_sys_23_an_auditor_reads_what_was_recorded_and_does_nothing_else(desk: Desk) {
    desk.records("shop", 2).await;
    let auditor = desk.key("auditor", None).await;
    let keys = desk.get("/v1/keys").await.is(200).json();
    let mut passed = Vec::new();
    for (method, path, access) in indelible_server::urls() {
        use indelible_server::Access::{Key, Trail};
        if !matches!(access, Key(_) | Trail(_)) {
            continue;
        }
        // Its own record of itself included.
        for trail in ["shop", "system"] {
            let answered = desk.call(call(&method, path, trail).key(&auditor)).await;
            if answered.status == 403 {
                answered.refuses(403, "forbidden", None);
                continue;
            }
            let granted = match path {
                // A stream is asked for from a place that is none.
                _ if path.ends_with("/stream") => 400,
                _ if path.ends_with("/sign-offs") => 201,
                // Whom nobody names is not found.
                _ if path.ends_with("/show") && trail == "system" => 404,
                _ => 200,
            };
            answered.is(granted);
            passed.push(format!("{method} {path}"));
        }
    }
    passed.sort();
    passed.dedup();
    assert_eq!(passed, LOOKS);
    // Nothing came of the rest: no key, no trail, no event but those of looking.
    let ids = |keys: &serde_json::Value| {
        let keys = keys["keys"].as_array().expect("a list").iter();
        keys.map(|key| (key["id"].clone(), key["state"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&desk.get("/v1/keys").await.is(200).json()), ids(&keys));
    let trails = desk.get("/v1/trails").await.is(200).json();
    assert_eq!(trails["trails"].as_array().expect("a list").len(), 2);
    let page = desk.get("/v1/trails/shop/events").await.is(200).json();
    let entries = page["entries"].as_array().expect("a list");
    let recorded = entries
        .iter()
        .filter(|entry| entry["action"] == "page_viewed");
    assert_eq!(recorded.count(), 2);
}

fn names_trail(path: &str, method: &Method) -> bool {
    path.contains("{trail}") || (method == Method::POST && !path.contains("{id}"))
}

/// The newest records of refusals.
pub async fn refusals(desk: &Desk, action: &str) -> Vec<serde_json::Value> {
    let url = format!("/v1/trails/system/events?limit=1000&action={action}");
    let page = desk.get(&url).await.is(200).json();
    page["entries"].as_array().expect("a list").clone()
}

async fn t23_sys_13_every_refusal_is_on_record(desk: Desk) {
    desk.records("shop", 1).await;
    let writer = desk.key("writer", Some("shop")).await;
    let reader = desk.key("reader", Some("shop")).await;
    let get = |url: &str| Call::new(Method::GET, url);
    let read = get("/v1/trails/shop/events?user_id=u-0").key(&writer);
    desk.call(
        read.header("x-purpose", "curiosity")
            .header("user-agent", "curl/8"),
    )
    .await
    .is(403);
    let found = refusals(&desk, "audit_log_access_denied").await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["resource_id"], "shop");
    assert_eq!(found[0]["outcome"], "denied");
    assert_eq!(found[0]["user_agent"], "curl/8");
    let context = &found[0]["context"];
    assert_eq!(context["required_permission"], "read");
    assert_eq!(context["endpoint"], "GET /v1/trails/{trail}/events");
    assert_eq!(context["purpose"], "curiosity");
    let keys = desk.get("/v1/keys").await.is(200).json();
    let is_writer = |key: &&serde_json::Value| key["role"] == "writer";
    let key = keys["keys"]
        .as_array()
        .expect("a list")
        .iter()
        .find(is_writer)
        .expect("it");
    assert_eq!(
        found[0]["user_id"],
        format!("key:{}", key["id"].as_str().expect("a text"))
    );
    // Writing is another permission, and so is another trail's.
    let write = call(&Method::POST, "/v1/trails/{trail}/events", "shop").key(&reader);
    desk.call(write).await.is(403);
    let found = refusals(&desk, "access_denied").await;
    assert_eq!(found[0]["context"]["required_permission"], "record");
    desk.call(get("/v1/trails/other/events").key(&reader))
        .await
        .is(403);
    let found = refusals(&desk, "audit_log_access_denied").await;
    assert_eq!(found[0]["resource_id"], "other");
    desk.call(get("/v1/trails").anonymous()).await.is(401);
    let found = refusals(&desk, "api_key_rejected").await;
    assert_eq!(found[0]["context"]["reason"], "missing");
}

async fn t10_the_address_is_the_one_that_the_nearest_unknown_hop_has(desk: Desk) {
    let proxies = indelible_server::TrustedProxies::new(["10.0.0.0/8"]).expect("blocks");
    let engine = desk.database.engine().clone();
    let desk = desk.serving(indelible_server::App::with(engine, 1000, proxies));
    let forged = "198.51.100.1, 203.0.113.9, 10.0.0.7";
    for (peer, address) in [
        // Through two proxies that are known: what stands left of their word is the client's own.
        ("10.1.2.3:1", "203.0.113.9"),
        // Nobody who is known speaks: the header is not looked at.
        ("192.0.2.7:1", "192.0.2.7"),
    ] {
        let call = Call::new(Method::GET, "/v1/trails").anonymous().from(peer);
        desk.call(call.header("x-forwarded-for", forged))
            .await
            .is(401);
        let found = refusals(&desk, "api_key_rejected").await;
        assert_eq!(found[0]["ip_address"], address);
    }
}

async fn a_flood_of_refusals_is_one_sum(desk: Desk) {
    let get = || Call::new(Method::GET, "/v1/trails").anonymous();
    for _ in 0..100 {
        desk.call(get()).await.is(401);
    }
    assert_eq!(refusals(&desk, "api_key_rejected").await.len(), 1);
    desk.app.settle().await.expect("settled");
    assert_eq!(refusals(&desk, "api_key_rejected").await.len(), 1);
    desk.clock.pass(std::time::Duration::from_secs(61));
    desk.app.settle().await.expect("settled");
    let found = refusals(&desk, "api_key_rejected").await;
    assert_eq!(found.len(), 2);
    assert_eq!(found[0]["context"]["repeats"]["count"], 99);
    // The next one is a first again; what a process leaves behind is recorded as the most that
    // it can have been.
    for _ in 0..12 {
        desk.call(get()).await.is(401);
    }
    let another = indelible_server::App::new(desk.database.engine().clone());
    another.settle().await.expect("settled");
    assert_eq!(refusals(&desk, "api_key_rejected").await.len(), 3);
    desk.clock.pass(std::time::Duration::from_secs(600));
    another.settle().await.expect("settled");
    let found = refusals(&desk, "api_key_rejected").await;
    assert_eq!(found.len(), 4);
    let repeats = &found[0]["context"]["repeats"];
    assert_eq!(
        (&repeats["count_at_most"], &repeats["exact"]),
        (&json!(16), &json!(false))
    );
    // Its own record of the same sum adds nothing.
    desk.app.settle_all().await.expect("settled");
    assert_eq!(refusals(&desk, "api_key_rejected").await.len(), 4);
    let many = |n: u32| get().header("user-agent", &format!("a/{n}"));
    for n in 0..50 {
        desk.call(many(n)).await.is(401);
    }
    assert_eq!(refusals(&desk, "api_key_rejected").await.len(), 5);
}
