//! Sessions of the console: their cookies, and how long they last.

use std::time::Duration;

use axum::http::Method;

use crate::console_login::{MINUTE, made, opens, records, session_of};
use crate::desk::{Answered, Call, Desk, on_both};

on_both!(
    a_cookie_is_the_servers_alone_and_over_tls_this_hosts,
    over_tls_no_cookie_opens_that_did_not_come_over_it,
    a_session_ends_after_a_while_without_a_request,
    a_session_ends_after_half_a_day_in_any_case,
    a_session_has_another_cookie_every_ten_minutes,
    requests_at_once_all_go_on_where_the_cookie_becomes_another,
    what_a_script_asks_by_itself_keeps_no_session_alive,
    a_revoked_key_ends_its_sessions_at_once,
    a_key_has_so_many_sessions_and_no_more,
    logins_at_once_pass_no_bound,
);

/// What a login over such a connection is answered.
async fn login_over(desk: &Desk, peer: &str, proto: &str) -> Answered {
    let call = Call::of_browser(Method::POST, "", "/console/login").from(peer);
    let call = call.header("x-forwarded-proto", proto);
    let body = format!("key={}", desk.admin);
    desk.call(call.body(body)).await.is(303)
}

/// The same desk behind a proxy on this network.
fn behind_a_proxy(desk: Desk) -> Desk {
    let proxies = indelible_server::TrustedProxies::new(["10.0.0.0/8"]).expect("blocks");
    let engine = desk.database.engine().clone();
    desk.serving(indelible_server::App::with(engine, 1000, proxies))
}

async fn a_cookie_is_the_servers_alone_and_over_tls_this_hosts(desk: Desk) {
    let desk = behind_a_proxy(desk);
    for (peer, proto, is_secure) in [
        ("10.1.2.3:1", "https", true),
        ("10.1.2.3:1", "http", false),
        // Nobody who is known speaks.
        ("192.0.2.7:1", "https", false),
    ] {
        let answered = login_over(&desk, peer, proto).await;
        let given: Vec<_> = answered.headers.get_all("set-cookie").iter().collect();
        assert_eq!(given.len(), 1);
        let (pair, attributes) = answered.header("set-cookie").split_once("; ").expect("two");
        let name = if is_secure {
            "__Host-indelible_session"
        } else {
            "indelible_session"
        };
        assert_eq!(pair.split_once('=').expect("a value").0, name);
        let secure = if is_secure { "; Secure" } else { "" };
        assert_eq!(
            attributes,
            format!("Path=/; HttpOnly; SameSite=Lax{secure}")
        );
    }
}

async fn over_tls_no_cookie_opens_that_did_not_come_over_it(desk: Desk) {
    let desk = behind_a_proxy(desk);
    let visit = async |cookie: &str, proto: &str| {
        let call = Call::of_browser(Method::GET, cookie, "/console").from("10.1.2.3:1");
        desk.call(call.header("x-forwarded-proto", proto))
            .await
            .status
    };
    let secure = login_over(&desk, "10.1.2.3:1", "https").await.cookie();
    let plain = secure.replace("__Host-", "");
    assert_eq!(visit(&secure, "https").await, 200);
    // Whoever is between browser and proxy may put a cookie of this name into the browser.
    assert_eq!(visit(&plain, "https").await, 303);
    assert_eq!(visit(&format!("{plain}; {secure}"), "https").await, 200);
    assert_eq!(visit(&plain, "http").await, 200);
    // And of many none but the first few are looked at.
    let many = format!("indelible_session={}; ", "0".repeat(80)).repeat(4);
    assert_eq!(visit(&format!("{many}{plain}"), "http").await, 303);
}

async fn a_session_ends_after_a_while_without_a_request(desk: Desk) {
    let cookie = desk.log_in(&desk.admin).await;
    desk.clock.pass(MINUTE * 9);
    assert!(opens(&desk, &cookie).await);
    // It is the last request that counts, and none to what is open to everybody.
    desk.clock.pass(MINUTE);
    desk.visit(&cookie, "/console/login").await.is(200);
    desk.clock.pass(MINUTE * 14 - Duration::from_micros(1));
    let cookie = desk.visit(&cookie, "/console").await.is(200).cookie();
    desk.clock.pass(MINUTE * 15);
    let there = desk
        .visit(&cookie, "/console/trails/shop/events?user_id=a%26b")
        .await;
    assert_eq!(there.status, 303);
    assert_eq!(
        there.header("location"),
        "/console/login?next=%2Fconsole%2Ftrails%2Fshop%2Fevents%3Fuser_id%3Da%2526b"
    );
    let logout = records(&desk, "user_logout").await;
    assert_eq!(logout.len(), 1);
    assert_eq!(logout[0]["context"]["logout_method"], "timeout");
    assert_eq!(logout[0]["context"]["session_id"], session_of(&cookie));
    // What is no page is answered as what it is.
    let call = Call::new(Method::GET, "/console/trails/shop/checkpoint").anonymous();
    let call = call.header("cookie", &cookie);
    desk.call(call).await.refuses(401, "unauthorized", None);
}

async fn a_session_ends_after_half_a_day_in_any_case(desk: Desk) {
    let mut cookie = desk.log_in(&desk.admin).await;
    for _ in 0..71 {
        desk.clock.pass(MINUTE * 10);
        let page = desk.visit(&cookie, "/console").await.is(200);
        cookie = page.cookie();
    }
    desk.clock.pass(MINUTE * 10 - Duration::from_micros(1));
    assert!(opens(&desk, &cookie).await);
    desk.clock.pass(Duration::from_micros(1));
    assert!(!opens(&desk, &cookie).await);
}

async fn a_session_has_another_cookie_every_ten_minutes(desk: Desk) {
    let old = desk.log_in(&desk.admin).await;
    desk.clock.pass(MINUTE * 10 - Duration::from_micros(1));
    let page = desk.visit(&old, "/console").await.is(200);
    assert!(page.headers.get("set-cookie").is_none());
    desk.clock.pass(Duration::from_micros(1));
    // A page that says what went wrong holds it too.
    let page = desk.visit(&old, "/console/trails/%20/events").await.is(400);
    let new = page.cookie();
    assert!(new != old && session_of(&new) == session_of(&old));
    // Where that answer was lost the one before is given it again, and no third one.
    desk.clock.pass(Duration::from_secs(29));
    assert_eq!(desk.visit(&old, "/console").await.is(200).cookie(), new);
    let page = desk.visit(&new, "/console").await.is(200);
    assert!(page.headers.get("set-cookie").is_none());
    desk.clock.pass(Duration::from_secs(1));
    assert!(!opens(&desk, &old).await);
    assert!(opens(&desk, &new).await);
}

async fn requests_at_once_all_go_on_where_the_cookie_becomes_another(desk: Desk) {
    let old = desk.log_in(&desk.admin).await;
    desk.clock.pass(MINUTE * 10);
    let visit = || desk.visit(&old, "/console");
    let (a, b, c, d) = tokio::join!(visit(), visit(), visit(), visit());
    let answered = [a, b, c, d].map(|page| page.is(200));
    let mut given: Vec<_> = answered
        .iter()
        .filter(|page| page.headers.contains_key("set-cookie"))
        .map(Answered::cookie)
        .collect();
    given.dedup();
    assert_eq!(given.len(), 1, "{given:?}");
    desk.clock.pass(MINUTE);
    assert!(opens(&desk, &given[0]).await);
}

async fn what_a_script_asks_by_itself_keeps_no_session_alive(desk: Desk) {
    desk.records("shop", 1).await;
    let cookie = desk.log_in(&desk.admin).await;
    let progress = "/console/trails/shop/verification/progress";
    for _ in 0..14 {
        desk.clock.pass(MINUTE);
        desk.visit(&cookie, progress).await.is(200);
    }
    desk.clock.pass(MINUTE);
    assert!(!opens(&desk, &cookie).await);
}

async fn a_revoked_key_ends_its_sessions_at_once(desk: Desk) {
    let (id, key) = made(&desk, serde_json::json!({"name": "ann", "role": "reader"})).await;
    let cookie = desk.log_in(&key).await;
    assert!(opens(&desk, &cookie).await);
    let call = Call::new(Method::DELETE, &format!("/v1/keys/{id}"));
    desk.call(call).await.is(200);
    assert!(!opens(&desk, &cookie).await);
    let end = "2026-03-09T12:10:00Z";
    let body = serde_json::json!({"name": "short", "role": "reader", "expires_at": end});
    let cookie = desk.log_in(&made(&desk, body).await.1).await;
    desk.clock.pass(MINUTE * 10 - Duration::from_micros(1));
    assert!(opens(&desk, &cookie).await);
    desk.clock.pass(Duration::from_micros(1));
    assert!(!opens(&desk, &cookie).await);
    // The next login finds what they left behind.
    desk.clock.pass(MINUTE * 15);
    desk.log_in(&desk.admin).await;
    let logout = records(&desk, "user_logout").await;
    assert_eq!(logout.len(), 2);
    for ended in logout {
        assert_eq!(ended["context"]["logout_method"], "key_ended");
    }
}

async fn a_key_has_so_many_sessions_and_no_more(desk: Desk) {
    let other = desk.log_in(&desk.key("reader", None).await).await;
    let mut cookies = Vec::new();
    for _ in 0..32 {
        desk.clock.pass(Duration::from_secs(1));
        cookies.push(desk.log_in(&desk.admin).await);
    }
    assert!(opens(&desk, &cookies[0]).await);
    cookies.push(desk.log_in(&desk.admin).await);
    for (at, cookie) in cookies.iter().enumerate() {
        assert_eq!(opens(&desk, cookie).await, at != 0, "{at}");
    }
    assert!(opens(&desk, &other).await);
    let evicted = records(&desk, "session_evicted").await;
    assert_eq!(evicted.len(), 1);
    assert_eq!(evicted[0]["context"]["session_id"], session_of(&cookies[0]));
}

async fn logins_at_once_pass_no_bound(desk: Desk) {
    let key = desk.key("reader", None).await;
    for _ in 0..30 {
        desk.log_in(&key).await;
    }
    desk.clock.pass(Duration::from_secs(1));
    let log_in = |_| desk.log_in(&key);
    let cookies = futures_util::future::join_all((0..12).map(log_in)).await;
    let registry = &desk.app.engine().ground().registry;
    let there = registry.list("session").await.expect("readable").len();
    assert_eq!(there, 32);
    // Those that were there before went first.
    for cookie in &cookies {
        assert!(opens(&desk, cookie).await);
    }
    assert_eq!(records(&desk, "session_evicted").await.len(), 10);
    // More at once than a key may have: each spares itself and ends others.
    futures_util::future::join_all((0..40).map(log_in)).await;
    let there = registry.list("session").await.expect("readable").len();
    assert!((1..=32).contains(&there), "{there}");
}
