//! All roles on all pages, on their own trail and on another's, and what no answer may hold.

use std::collections::BTreeSet;

use axum::http::Method;
use indelible_server::Access;
use serde_json::json;

use crate::console_markup::expect_plain;
use crate::console_retention::holds;
use crate::desk::{Answered, Call, Desk, on_both};

on_both!(
    exactly_the_documented_pages_open,
    sys_18_sys_45_no_page_shows_a_word_of_another_trail,
    every_page_is_shown_with_care,
);

/// Who may see which page: `r` reader, `u` auditor, `a` admin, on the own trail or with a key for
/// all; `U` and `A` with a key for all alone. What a writer may do is no page. Nobody may do
/// anything to another's trail.
const EXPECTED: &[(&str, &str)] = &[
    ("GET /", "open"),
    ("GET /console", "r u a"),
    ("GET /console/health", "A"),
    ("GET /console/verify", "open"),
    ("GET /console/verifier.html", "open"),
    ("GET /console/login", "open"),
    ("POST /console/login", "open"),
    ("POST /console/logout", "open"),
    ("GET /console/assets/{version}/{name}", "open"),
    ("POST /console/trails", "a"),
    ("GET /console/keys", "a"),
    ("POST /console/keys", "a"),
    ("GET /console/keys/{id}", "a"),
    ("GET /console/keys/{id}/revoke", "a"),
    ("POST /console/keys/{id}/revoke", "a"),
    ("POST /console/keys/{id}/rotate", "a"),
    ("POST /console/keys/{id}/link", "a"),
    ("GET /console/trails/{trail}", "r u a"),
    ("GET /console/trails/{trail}/events", "r u a"),
    ("GET /console/trails/{trail}/events/{id}", "r u a"),
    ("GET /console/trails/{trail}/user", "r u a"),
    ("GET /console/trails/{trail}/resource", "r u a"),
    ("GET /console/trails/{trail}/integrity", "u a"),
    ("GET /console/trails/{trail}/reviews", "u a"),
    ("POST /console/trails/{trail}/reviews/findings", "u a"),
    (
        "POST /console/trails/{trail}/reviews/findings/{id}/assign",
        "u a",
    ),
    (
        "POST /console/trails/{trail}/reviews/findings/{id}/close",
        "u a",
    ),
    ("POST /console/trails/{trail}/reviews/sign-offs", "u a"),
    ("POST /console/trails/{trail}/reviews/start", "u a"),
    ("POST /console/trails/{trail}/reviews/days", "u a"),
    ("GET /console/trails/{trail}/retention", "u a"),
    ("POST /console/trails/{trail}/retention", "a"),
    ("POST /console/trails/{trail}/retention/run", "a"),
    ("POST /console/trails/{trail}/retention/holds", "a"),
    (
        "POST /console/trails/{trail}/retention/holds/{id}/release",
        "a",
    ),
    (
        "POST /console/trails/{trail}/retention/holds/{id}/approve",
        "a",
    ),
    ("GET /console/trails/{trail}/subjects", "r u a"),
    ("POST /console/trails/{trail}/subjects/show", "r u a"),
    ("POST /console/trails/{trail}/subjects/plan", "a"),
    ("POST /console/trails/{trail}/subjects/erase", "a"),
    ("GET /console/trails/{trail}/subjects/erasure", "a"),
    (
        "POST /console/trails/{trail}/subjects/requests/{id}/show",
        "a",
    ),
    (
        "POST /console/trails/{trail}/subjects/requests/{id}/approve",
        "a",
    ),
    (
        "POST /console/trails/{trail}/subjects/requests/{id}/reject",
        "a",
    ),
    ("GET /console/trails/{trail}/reports", "u a"),
    ("GET /console/trails/{trail}/reports/file", "u a"),
    ("GET /console/trails/{trail}/controls/{control}/pack", "u a"),
    ("GET /console/reports/system", "U A"),
    ("GET /console/trails/{trail}/verification", "u a"),
    ("POST /console/trails/{trail}/verification", "u a"),
    ("GET /console/trails/{trail}/verification/progress", "u a"),
    ("GET /console/trails/{trail}/events/stream", "r u a"),
    ("GET /console/trails/{trail}/events/{id}/proof", "u a"),
    ("GET /console/trails/{trail}/checkpoint", "u a"),
    ("GET /console/trails/{trail}/consistency", "u a"),
    ("GET /console/trails/{trail}/export", "u a"),
];

const ROLES: [(&str, &str); 4] = [
    ("writer", "w"),
    ("reader", "r"),
    ("auditor", "u"),
    ("admin", "a"),
];

const OWN: &str = "shop";
/// The other trail; what stands in it and of it holds this mark.
const OTHER: &str = "zq7-trail";
const MARK: &str = "zq7";

/// A request of a page by a browser, good but for who makes it.
fn call(method: &Method, path: &str, (trail, id): (&str, &str), cookie: &str) -> Call {
    let mut url = path.replace("{trail}", trail).replace("{id}", id);
    url = url.replace("{control}", "PCI-DSS-4.0.1:10.2.1.4");
    if path.ends_with("/file") || path.ends_with("/pack") {
        url.push_str("?from=2026-01-01&to=1d");
    }
    if path.ends_with("/file") {
        url.push_str("&framework=gdpr-2016-679&format=csv");
    }
    if path.ends_with("/system") {
        url.push_str("?format=csv");
    }
    while let Some((before, rest)) = url.split_once('{') {
        let (_, after) = rest.split_once('}').expect("an end");
        url = format!("{before}0{after}");
    }
    if path.ends_with("/consistency") {
        url.push_str("?from=1");
    }
    if path.ends_with("/user") || path.ends_with("/resource") {
        let text = if trail == OTHER {
            "zq7-text"
        } else {
            HOSTILE[0]
        };
        let kind = if trail == OTHER {
            "zq7_type"
        } else {
            "own_type"
        };
        let mut query = form_urlencoded::Serializer::new(url + "?");
        if path.ends_with("/resource") {
            query.append_pair("type", kind);
        }
        url = query.append_pair("id", text).finish();
    }
    // A stream that is granted has no end to wait for; of a wrong one only who asks is looked at.
    if path.ends_with("/stream") {
        url.push_str("?from=nowhere");
    }
    let call = Call::of_browser(method.clone(), cookie, &url);
    if method != Method::POST {
        return call;
    }
    let form = format!(
        "trail={trail}&name=n&role=reader&expires=1h&overlap=1h&description=d&as_of=1&seqs=1&why=w\
         &severity=low&as=benign&comment=c"
    );
    let call = call.header("content-type", "application/x-www-form-urlencoded");
    call.body(form)
}

fn is_to_login(answered: &Answered) -> bool {
    answered.header("location").starts_with("/console/login")
}

/// Whether path or form name a trail.
fn names_trail(path: &str, method: &Method) -> bool {
    path.contains("{trail}") || (method == Method::POST && !path.contains("{id}"))
}

fn words(url: &str) -> (Method, &str) {
    let (method, path) = url.split_once(' ').expect("two words");
    (method.parse().expect("a method"), path)
}

async fn exactly_the_documented_pages_open(desk: Desk) {
    desk.records(OWN, 2).await;
    desk.records(OTHER, 2).await;
    let urls: BTreeSet<String> = indelible_server::pages()
        .into_iter()
        .map(|(method, path, _)| format!("{method} {path}"))
        .collect();
    let expected: BTreeSet<String> = EXPECTED.iter().map(|(url, _)| (*url).to_owned()).collect();
    assert_eq!(urls, expected);
    let closed = EXPECTED.iter().filter(|(_, who)| *who != "open");
    for (role, letter) in ROLES {
        let own = desk.log_in(&desk.key(role, Some(OWN)).await).await;
        let all = desk.log_in(&desk.key(role, None).await).await;
        for (url, who) in closed.clone() {
            let (method, path) = words(url);
            let may = who.split(' ').any(|word| word == letter);
            let may_all = may || who.split(' ').any(|word| word == letter.to_uppercase());
            for (cookie, trail, passes) in [
                (&own, OWN, may),
                (&all, OWN, may_all),
                (&all, OTHER, may_all),
                // Without a trail in path or form, a key sees what is its own.
                (&own, OTHER, may && !names_trail(path, &method)),
            ] {
                let id = "0123456789abcdef";
                let id = match path {
                    _ if path.contains("/keys/") => id,
                    _ if path.contains("/findings/") => "manual-1",
                    _ => "0",
                };
                let answered = desk.call(call(&method, path, (trail, id), cookie)).await;
                let text = answered.text();
                assert!(!answered.status.is_server_error(), "{url}: {text}");
                assert!(!is_to_login(&answered), "{role} {url} {trail}");
                let refused = [401, 403].contains(&answered.status.as_u16());
                assert_eq!(!refused, passes, "{role} {url} {trail}: {text}");
                assert!(!refused || answered.status == 403, "{role} {url}");
            }
        }
    }
    for (url, who) in EXPECTED {
        let (method, path) = words(url);
        let answered = desk.call(call(&method, path, (OWN, "0"), "")).await;
        let is_led_away = answered.status == 303 && is_to_login(&answered);
        let is_way_out = path == "/console/logout";
        assert_eq!(is_led_away && !is_way_out, *who != "open", "{url}");
        assert_ne!(answered.status, 403, "{url}");
    }
}

/// Fills both trails: the other one with the mark in every field, the own one with what HTML would
/// read otherwise. Answers what else is known of the other one alone.
async fn fill(desk: &Desk) -> Vec<String> {
    let event = |text: &str, id: &str, word: &str| {
        json!({
            "id": id, "action": format!("{word}_action"), "resource_type": format!("{word}_type"),
            "outcome": "failed", "user_id": text, "on_behalf_of": text, "resource_id": text,
            "ip_address": text, "user_agent": text, "correlation_id": text, "tags": [word],
            "context": { text: text, "list": [text, { text: text }], "password": text },
        })
    };
    let id = "0195a3c4-5b6d-7e8f-9a0b-1c2d3e4f5a6b";
    let other = event("zq7-text", id, MARK).to_string();
    let url = format!("/v1/trails/{OTHER}/events");
    let receipt = desk.post(&url, other).await.is(201).json();
    let body = json!({"name": "zq7-holder", "role": "reader", "trail": OTHER}).to_string();
    let key = desk.post("/v1/keys", body).await.is(201).json();
    desk.key("auditor", Some(OTHER)).await;
    for (n, hostile) in HOSTILE.iter().enumerate() {
        let id = format!("0195a3c4-5b6d-7e8f-9a0b-{n:012x}");
        let url = format!("/v1/trails/{OWN}/events");
        let own = event(hostile, &id, "own").to_string();
        desk.post(&url, own).await.is(201);
        let body = json!({"name": format!("x{hostile}x"), "role": "reader", "trail": OWN});
        desk.post("/v1/keys", body.to_string()).await.is(201);
    }
    let other = json!({ "seqs": [0], "why": "zq7-why", "owner": "zq7-owner" }).to_string();
    let url = format!("/v1/trails/{OTHER}/review/findings");
    desk.post(&url, other).await.is(200);
    for (n, hostile) in HOSTILE.iter().enumerate() {
        let findings = format!("/v1/trails/{OWN}/review/findings");
        let found = json!({ "seqs": [n], "why": hostile, "owner": hostile });
        desk.post(&findings, found.to_string()).await.is(200);
        let close = json!({ "as": "benign", "comment": hostile, "evidence": hostile });
        if n % 2 == 0 {
            let url = format!("{findings}/manual-{n}/close");
            desk.post(&url, close.to_string()).await.is(200);
        }
    }
    for hostile in HOSTILE {
        holds(desk, OWN, hostile).await;
    }
    holds(desk, OTHER, "zq7-why").await;
    let root = desk.get("/v1/trails").await.is(200).json();
    let mut trails = root["trails"].as_array().expect("a list").iter();
    let head = trails.find(|trail| trail["trail"] == OTHER).expect("it");
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    let leaf = text(&receipt["leaf_hash"]);
    vec![
        MARK.to_owned(),
        id.to_owned(),
        text(&key["id"]),
        text(&head["root"]),
        leaf,
    ]
}

/// What a page that is not careful would run.
const HOSTILE: [&str; 6] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</title><style>*{}</style>",
    "javascript:alert(1)",
    "{{7*7}} {% raw %} &lt;b&gt;",
];

/// Every page of every way to fill in its URL, as whoever has this cookie is answered.
async fn all_answers(desk: &Desk, cookie: &str, known: &[String]) -> Vec<(String, Answered)> {
    let keys = desk.get("/v1/keys").await.is(200).json();
    let keys = keys["keys"].as_array().expect("a list");
    // None that somebody is logged in with.
    let id_of = |begin: &str| {
        let name =
            |key: &serde_json::Value| key["name"].as_str().map(|name| name.starts_with(begin));
        let found = keys.iter().find(|key| name(key) == Some(true));
        found.expect("a key")["id"].as_str().expect("a text")
    };
    let mut answers = Vec::new();
    for (method, path, access) in indelible_server::pages() {
        if access == Access::Open {
            continue;
        }
        let ids = if path.contains("/keys/") {
            vec![id_of("x"), id_of("zq7-holder")]
        } else if path.contains("{id}") {
            vec!["0", known[1].as_str()]
        } else {
            vec![""]
        };
        for trail in [OWN, OTHER] {
            for id in &ids {
                let answered = desk.call(call(&method, path, (trail, id), cookie)).await;
                assert!(!is_to_login(&answered), "{path}");
                answers.push((format!("{method} {path} {trail} {id}"), answered));
            }
        }
    }
    for url in [
        "/console/keys?all=true",
        "/console/nowhere",
        "/console/trails/%00/events",
    ] {
        answers.push((url.to_owned(), desk.visit(cookie, url).await));
    }
    answers
}

async fn sys_18_sys_45_no_page_shows_a_word_of_another_trail(desk: Desk) {
    let known = fill(&desk).await;
    for (role, _) in ROLES {
        let cookie = desk.log_in(&desk.key(role, Some(OWN)).await).await;
        let answers = all_answers(&desk, &cookie, &known).await;
        assert!(answers.len() > 2 * EXPECTED.len() - 10);
        for (url, answered) in answers {
            let whole = format!("{:?}\n{}", answered.headers, answered.text());
            // That there is none of an id says the id, to whoever asked for it.
            let is_asked = |word: &str| word != MARK && url.ends_with(word);
            for word in known.iter().filter(|word| !is_asked(word)) {
                assert!(!whole.contains(word), "{role} {url}: {word}: {whole}");
            }
        }
    }
    // It is there, for whoever may see it.
    let cookie = desk.log_in(&desk.admin).await;
    let answers = all_answers(&desk, &cookie, &known).await;
    for word in &known[..4] {
        let shows = |(_, answered): &(String, Answered)| answered.text().contains(word);
        assert!(answers.iter().any(shows), "{word}");
    }
}

async fn every_page_is_shown_with_care(desk: Desk) {
    let known = fill(&desk).await;
    let cookie = desk.log_in(&desk.admin).await;
    let mut answers = all_answers(&desk, &cookie, &known).await;
    for url in [
        "/console/login",
        "/console/login?next=%22%3E%3Cscript%3E&link=%3Cscript%3E",
    ] {
        answers.push((url.to_owned(), desk.visit("", url).await));
    }
    let failed = desk.submit(
        "",
        "/console/login",
        &[("key", HOSTILE[1]), ("next", HOSTILE[0])],
    );
    answers.push(("a login that failed".to_owned(), failed.await));
    for filter in ["user_id", "action", "start_date", "context"] {
        for hostile in HOSTILE {
            let url = form_urlencoded::Serializer::new(format!("/console/trails/{OWN}/events?"))
                .append_pair(filter, hostile)
                .finish();
            answers.push((url.clone(), desk.visit(&cookie, &url).await));
        }
    }
    let secret = cookie.split_once('=').expect("a value").1;
    let mut pages = 0;
    for (url, answered) in answers {
        assert_eq!(answered.header("cache-control"), "no-store", "{url}");
        assert_eq!(
            answered.header("x-content-type-options"),
            "nosniff",
            "{url}"
        );
        let text = answered.text();
        assert!(
            !text.contains(secret) && !text.contains(&desk.admin),
            "{url}"
        );
        if !answered.header("content-type").starts_with("text/html") {
            continue;
        }
        pages += 1;
        assert_eq!(
            answered.header("content-security-policy"),
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
             connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; \
             require-trusted-types-for 'script'",
            "{url}"
        );
        // The server's name alone, and never a URL: without it no browser sends a form's origin.
        assert_eq!(answered.header("referrer-policy"), "strict-origin", "{url}");
        assert_eq!(answered.header("x-frame-options"), "DENY", "{url}");
        assert!(answered.body.len() < 100_000, "{url}");
        expect_plain(&url, &text);
    }
    assert!(pages > 20, "{pages}");
}
