//! Logging into the console and out of it: who may, and what is on record of it.

use std::time::Duration;

use axum::http::Method;
use serde_json::Value;

use crate::desk::{Call, Desk, on_both};
use crate::permissions::refusals;

on_both!(
    every_role_logs_in,
    who_is_not_let_in_is_told_why_and_is_on_record,
    logins_that_fail_alike_are_one_sum_and_take_no_reader_his_place,
    a_login_and_a_logout_are_on_record,
    a_page_of_another_site_changes_nothing,
    a_login_leads_to_a_page_of_the_console_and_nowhere_else,
    the_api_takes_no_cookie_and_the_console_no_key,
);

pub const MINUTE: Duration = Duration::from_secs(60);

/// The entries of `system` of an action, the newest first.
pub async fn records(desk: &Desk, action: &str) -> Vec<Value> {
    refusals(desk, action).await
}

/// Whether a cookie opens the console; where not, the browser is led to the login.
pub async fn opens(desk: &Desk, cookie: &str) -> bool {
    let page = desk.visit(cookie, "/console").await;
    let is_open = page.status == 200;
    assert!(is_open || page.header("location").starts_with("/console/login"));
    is_open
}

/// The id of the session of a cookie.
pub fn session_of(cookie: &str) -> &str {
    let (_, value) = cookie.split_once('=').expect("a value");
    &value[..16]
}

async fn every_role_logs_in(desk: Desk) {
    for role in ["writer", "reader", "auditor", "admin"] {
        let cookie = desk.log_in(&desk.key(role, None).await).await;
        let page = desk.visit(&cookie, "/console").await;
        // What a writer may do is no page.
        let page = page.is(if role == "writer" { 403 } else { 200 });
        assert!(page.text().contains(&format!("a {role}")), "{role}");
    }
}

/// The id and the text of a key.
pub async fn made(desk: &Desk, body: Value) -> (String, String) {
    let made = desk.post("/v1/keys", body.to_string()).await.is(201).json();
    let text = |name: &str| made[name].as_str().expect("a text").to_owned();
    (text("id"), text("key"))
}

async fn who_is_not_let_in_is_told_why_and_is_on_record(desk: Desk) {
    let end = "2026-03-09T13:00:00Z";
    let body = serde_json::json!({"name": "short", "role": "reader", "expires_at": end});
    let (_, expired) = made(&desk, body).await;
    let body = serde_json::json!({"name": "gone", "role": "reader"});
    let (id, revoked) = made(&desk, body).await;
    let call = Call::new(Method::DELETE, &format!("/v1/keys/{id}"));
    desk.call(call).await.is(200);
    let body = serde_json::json!({"name": "raised", "role": "reader"});
    let (id, unsealed) = made(&desk, body).await;
    let registry = &desk.database.engine().ground().registry;
    let row = registry.get("api_key", &id).await.expect("readable");
    let mut row = row.expect("a row");
    row.value["role"] = "admin".into();
    let put = registry.put("api_key", &id, Some(row.version), Some(&row.value));
    put.await.expect("written").expect("nobody else writes");
    desk.clock.pass(Duration::from_secs(3601));
    let elsewhere = desk.unstarted().await;
    let unknown = elsewhere.app.keys().first().await.expect("made");
    let unknown = unknown.expect("a key").key.token.expose().to_owned();
    for (key, reason, words) in [
        (expired.as_str(), "expired_key", "has expired"),
        (&revoked, "revoked_key", "was revoked"),
        (&unsealed, "unsealed_key", "no such key"),
        (&unknown, "unknown_key", "no such key"),
        (&desk.admin[..45], "ill_formed_key", "no API key"),
        ("<script>", "ill_formed_key", "no API key"),
        ("", "ill_formed_key", "no API key"),
    ] {
        let call = Call::of_browser(Method::POST, "", "/console/login").from("192.0.2.7:1");
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("key", key)
            .finish();
        let page = desk.call(call.header("user-agent", "B/1").body(body)).await;
        let page = page.is(401);
        assert!(page.text().contains(words), "{}", page.text());
        assert!(key.is_empty() || !page.text().contains(key), "{key}");
        assert!(page.headers.get("set-cookie").is_none());
        let found = records(&desk, "user_login_failed").await;
        let newest = &found[0];
        assert_eq!(newest["context"]["reason"], reason);
        assert_eq!(newest["outcome"], "failed");
        assert_eq!(newest["ip_address"], "192.0.2.7");
        assert_eq!(newest["user_agent"], "B/1");
        let all = Value::from(found.clone()).to_string();
        assert!(key.is_empty() || !all.contains(key), "{all}");
    }
    // Those that are alike are one record, and a sum.
    assert_eq!(records(&desk, "user_login_failed").await.len(), 5);
}

async fn logins_that_fail_alike_are_one_sum_and_take_no_reader_his_place(desk: Desk) {
    let failed = async |n: u32| {
        let call = Call::of_browser(Method::POST, "", "/console/login");
        let call = call.from(&format!("192.0.2.{n}:1")).body("key=x");
        desk.call(call).await.is(401);
    };
    for _ in 0..20 {
        failed(0).await;
    }
    assert_eq!(records(&desk, "user_login_failed").await.len(), 1);
    desk.clock.pass(MINUTE);
    desk.app.settle().await.expect("settled");
    let found = records(&desk, "user_login_failed").await;
    assert_eq!(found.len(), 2);
    assert_eq!(found[0]["context"]["repeats"]["count"], 19);
    // Strangers who come from everywhere fill up what there is for strangers.
    for n in 1..=80 {
        failed(n).await;
    }
    let found = records(&desk, "user_login_failed").await;
    // 64 of their own, the first of the rest, and those before.
    assert_eq!(found.len(), 2 + 64 + 1);
    desk.clock.pass(MINUTE);
    desk.app.settle().await.expect("settled");
    let found = records(&desk, "user_login_failed").await;
    assert_eq!(found[0]["context"]["of"], "several");
    assert_eq!(found[0]["context"]["repeats"]["count"], 15);
}

async fn a_login_and_a_logout_are_on_record(desk: Desk) {
    let key = desk.key("reader", None).await;
    let body = format!("key={key}");
    let call = Call::of_browser(Method::POST, "", "/console/login").from("192.0.2.7:1");
    let call = call.header("user-agent", "B/1").body(body);
    let cookie = desk.call(call).await.is(303).cookie();
    let login = records(&desk, "user_login_success").await.remove(0);
    let call = Call::of_browser(Method::POST, &cookie, "/console/logout").from("192.0.2.8:1");
    let left = desk.call(call.header("user-agent", "B/1")).await.is(303);
    assert_eq!(left.header("location"), "/console/login");
    let taken = left.headers.get_all("set-cookie").iter();
    assert_eq!(
        taken.collect::<Vec<_>>(),
        [
            "__Host-indelible_session=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0",
            "indelible_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0",
        ]
    );
    assert!(!opens(&desk, &cookie).await);
    let logout = records(&desk, "user_logout").await.remove(0);
    for (record, address) in [(&login, "192.0.2.7"), (&logout, "192.0.2.8")] {
        assert_eq!(record["outcome"], "succeeded");
        assert_eq!(record["ip_address"], address);
        assert_eq!(record["user_agent"], "B/1");
        assert_eq!(record["context"]["session_id"], session_of(&cookie));
        assert_eq!(record["context"]["key_name"], "a reader");
        let who = record["user_id"].as_str().expect("a text");
        assert!(who.starts_with("key:"), "{record}");
    }
    assert_eq!(login["context"]["method"], "api_key");
    assert_eq!(logout["context"]["logout_method"], "button");
    // To leave twice is to leave once.
    desk.submit(&cookie, "/console/logout", &[]).await.is(303);
    assert_eq!(records(&desk, "user_logout").await.len(), 1);
    // Whoever logs in anew leaves no session behind.
    let first = desk.log_in(&key).await;
    let second = desk
        .submit(&first, "/console/login", &[("key", &key)])
        .await;
    let second = second.is(303).cookie();
    assert!(!opens(&desk, &first).await && opens(&desk, &second).await);
    let logout = records(&desk, "user_logout").await.remove(0);
    assert_eq!(logout["context"]["logout_method"], "another_login");
    assert_eq!(logout["context"]["session_id"], session_of(&first));
}

async fn a_page_of_another_site_changes_nothing(desk: Desk) {
    let cookie = desk.log_in(&desk.admin).await;
    let body = format!("key={}", desk.admin);
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", "http://127.0.0.1:7879"),
    ] {
        for (method, path, _) in indelible_server::pages() {
            if method != Method::POST {
                continue;
            }
            let path = path.replace("{trail}", "shop").replace("{id}", "0");
            let call = Call::new(Method::POST, &path).anonymous();
            let call = call.header("cookie", &cookie).header(name, value);
            let answered = desk.call(call.body(body.clone())).await;
            answered.refuses(403, "forbidden", None);
        }
    }
    assert!(opens(&desk, &cookie).await);
    assert_eq!(records(&desk, "user_login_success").await.len(), 1);
    // Of a client that is no browser, and of the server's own page, it is taken.
    for (name, value) in [("x-none", ""), ("origin", "http://127.0.0.1:7878")] {
        let call = Call::new(Method::POST, "/console/login").anonymous();
        let answered = desk.call(call.header(name, value).body(body.clone())).await;
        answered.is(303);
    }
}

async fn a_login_leads_to_a_page_of_the_console_and_nowhere_else(desk: Desk) {
    for (next, place) in [
        (
            "/console/trails/shop/events?user_id=a",
            "/console/trails/shop/events?user_id=a",
        ),
        ("", "/console"),
        ("//evil.example/console/", "/console"),
        ("https://evil.example/console/", "/console"),
        ("/console/\\evil.example", "/console"),
        ("/consoles", "/console"),
        ("/console/\r\nset-cookie: x=y", "/console"),
        ("javascript:alert(1)", "/console"),
    ] {
        let form = [("key", desk.admin.as_str()), ("next", next)];
        let answered = desk.submit("", "/console/login", &form).await.is(303);
        assert_eq!(answered.header("location"), place, "{next}");
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("next", next)
            .finish();
        let page = desk
            .visit("", &format!("/console/login?{query}"))
            .await
            .is(200);
        assert!(
            page.text()
                .contains(&format!("name=\"next\" value=\"{place}\""))
        );
    }
}

async fn the_api_takes_no_cookie_and_the_console_no_key(desk: Desk) {
    let cookie = desk.log_in(&desk.admin).await;
    for url in ["/v1/trails", "/v1/keys", "/v1/trails/system/events"] {
        let call = Call::new(Method::GET, url)
            .anonymous()
            .header("cookie", &cookie);
        desk.call(call).await.refuses(401, "unauthorized", None);
    }
    for (method, path, access) in indelible_server::pages() {
        if access == indelible_server::Access::Open {
            continue;
        }
        let path = path.replace("{trail}", "system").replace("{id}", "0");
        let call = Call::new(method, &path).key(&desk.admin);
        desk.call(call).await.refuses(401, "unauthorized", None);
    }
}
