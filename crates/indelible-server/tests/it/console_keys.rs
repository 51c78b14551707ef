//! Keys, managed on pages.

use std::time::Duration;

use axum::http::Method;
use serde_json::Value;

use crate::console_login::{opens, records};
use crate::desk::{Answered, Call, Desk, on_both};

on_both!(
    a_key_is_made_and_shown_once,
    a_wish_that_cannot_be_met_is_asked_for_again_as_it_was,
    a_key_is_rotated_with_an_overlap,
    a_key_is_revoked_when_it_was_asked_for_twice,
    a_link_is_made_and_shown_once,
    an_admin_of_one_trail_manages_the_keys_of_that_trail,
    keys_that_have_ended_are_shown_to_whoever_asks,
);

/// The text that a page shows once.
fn secret(page: &Answered) -> String {
    let text = page.text();
    let (_, rest) = text.split_once("id=\"secret\">").expect("a secret");
    rest.split_once('<').expect("an end").0.to_owned()
}

/// The line of a key, by its name and state.
async fn line(desk: &Desk, name: &str, state: &str) -> Value {
    let keys = desk.get("/v1/keys").await.is(200).json();
    let mut keys = keys["keys"].as_array().expect("a list").iter();
    let found = keys.find(|key| key["name"] == name && key["state"] == state);
    found.unwrap_or_else(|| panic!("{name} {state}")).clone()
}

fn id(line: &Value) -> &str {
    line["id"].as_str().expect("a text")
}

/// Whether a key opens the API.
async fn is_good(desk: &Desk, key: &str) -> bool {
    let call = Call::new(Method::GET, "/v1/trails").key(key);
    desk.call(call).await.status == 200
}

async fn a_key_is_made_and_shown_once(desk: Desk) {
    let cookie = desk.log_in(&desk.admin).await;
    let form = [
        ("name", "<b>ann</b>"),
        ("role", "auditor"),
        ("trail", "shop"),
        ("expires", "90d"),
    ];
    let page = desk.submit(&cookie, "/console/keys", &form).await.is(201);
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(page.headers.get("location").is_none());
    let key = secret(&page);
    assert!(
        page.text().contains("Nobody sees it again"),
        "{}",
        page.text()
    );
    assert!(page.text().contains("data-copy=\"secret\""));
    let made = line(&desk, "<b>ann</b>", "active").await;
    assert_eq!(
        (&made["role"], &made["trail"]),
        (&"auditor".into(), &"shop".into())
    );
    assert_eq!(made["expires_at"], "2026-06-07T12:00:00.000000Z");
    let record = records(&desk, "api_key_created").await.remove(0);
    assert_eq!(record["resource_id"], made["id"]);
    assert_eq!(record["user_id"], made["created_by"]);
    let call = Call::new(Method::GET, "/v1/trails/shop/checkpoint").key(&key);
    desk.call(call).await.is(404);
    // It stands on no page, and in no record.
    let own = format!("/console/keys/{}", id(&made));
    for url in ["/console/keys", &own, "/console/trails/system/events"] {
        let text = desk.visit(&cookie, url).await.is(200).text();
        assert!(!text.contains(&key) && !text.contains("<b>ann"), "{url}");
        assert!(
            text.contains("&lt;b&gt;ann&lt;/b&gt;") || url.ends_with("events"),
            "{url}"
        );
    }
    let system = desk
        .get("/v1/trails/system/events?limit=1000")
        .await
        .is(200);
    assert!(!system.text().contains(&key));
    // Each end that a date, an instant or a span names, and none.
    for (expires, end) in [
        ("2027-01-31", "2027-01-31T23:59:59.999999Z".into()),
        (
            "2027-01-31T10:00:00+02:00",
            "2027-01-31T08:00:00.000000Z".into(),
        ),
        ("", Value::Null),
    ] {
        let name = format!("until {expires}");
        let form = [
            ("name", name.as_str()),
            ("role", "reader"),
            ("trail", ""),
            ("expires", expires),
        ];
        desk.submit(&cookie, "/console/keys", &form).await.is(201);
        let made = line(&desk, name.trim(), "active").await;
        assert_eq!((&made["expires_at"], &made["trail"]), (&end, &Value::Null));
    }
}

async fn a_wish_that_cannot_be_met_is_asked_for_again_as_it_was(desk: Desk) {
    let cookie = desk.log_in(&desk.admin).await;
    let before = desk.get("/v1/keys").await.is(200).json();
    for (name, role, trail, expires, words) in [
        ("", "reader", "", "", "1 to 100 characters"),
        ("n\u{1}", "reader", "", "", "control character"),
        ("n", "root", "", "", "a role is"),
        ("n", "", "", "", "a role is"),
        ("n", "reader", "No Trail", "", "trail"),
        ("n", "reader", "", "2026-03-08", "is past"),
        ("n", "reader", "", "0s", "is past"),
        ("n", "reader", "", "next <week>", "a span such as 90d"),
    ] {
        let form = [
            ("name", name),
            ("role", role),
            ("trail", trail),
            ("expires", expires),
        ];
        let page = desk.submit(&cookie, "/console/keys", &form).await.is(400);
        let text = page.text();
        assert!(
            text.contains("role=\"alert\"") && text.contains(words),
            "{text}"
        );
        for value in [trail, &expires.replace('<', "&lt;").replace('>', "&gt;")] {
            assert!(
                text.contains(&format!("value=\"{value}\"")),
                "{value}: {text}"
            );
        }
    }
    let own = format!("/console/keys/{}", id(&before["keys"][0]));
    for (what, field, value, words) in [
        ("rotate", "overlap", "soon", "0s, 24h or 7d"),
        ("rotate", "overlap", "", "0s, 24h or 7d"),
        ("link", "expires", "\"x", "10m or 8h"),
        ("link", "expires", "25h", "at most 24 h"),
        ("link", "expires", "0s", "at most 24 h"),
    ] {
        let url = format!("{own}/{what}");
        let page = desk.submit(&cookie, &url, &[(field, value)]).await.is(400);
        let text = page.text();
        assert!(
            text.contains("role=\"alert\"") && text.contains(words),
            "{text}"
        );
        let kept = format!("value=\"{}\"", value.replace('"', "&#34;"));
        assert!(text.contains(&kept), "{kept}: {text}");
    }
    let without = |keys: &Value| keys["keys"].as_array().expect("a list").len();
    let after = desk.get("/v1/keys").await.is(200).json();
    assert_eq!(without(&after), without(&before));
    for what in ["", "/revoke"] {
        let url = format!("/console/keys/%3Cx%3E{what}");
        let text = desk.visit(&cookie, &url).await.is(404).text();
        assert!(text.contains("there is no key &lt;x&gt;"), "{text}");
    }
    let long = "n".repeat(64 << 10);
    let form = [("name", long.as_str())];
    desk.submit(&cookie, "/console/keys", &form).await.is(413);
}

async fn a_key_is_rotated_with_an_overlap(desk: Desk) {
    let old = desk.key("reader", None).await;
    let before = line(&desk, "a reader", "active").await;
    let cookie = desk.log_in(&desk.admin).await;
    let url = format!("/console/keys/{}/rotate", id(&before));
    let page = desk
        .submit(&cookie, &url, &[("overlap", "1h")])
        .await
        .is(201);
    assert_eq!(page.header("cache-control"), "no-store");
    let new = secret(&page);
    assert!(page.text().contains(id(&before)) && page.text().contains("2026-03-09 13:00:00"));
    assert!(is_good(&desk, &new).await && is_good(&desk, &old).await);
    // The list says which of two keys of one name was replaced.
    let list = desk.visit(&cookie, "/console/keys").await.is(200).text();
    let mark = ">replaced</a>";
    assert_eq!(list.matches(mark).count(), 1, "{list}");
    let rows = list.split("<tr>");
    let rows: Vec<_> = rows.filter(|row| row.contains(mark)).collect();
    assert!(rows[0].contains(&format!("/console/keys/{}\"", id(&before))));
    // Only the one that follows can be rotated again.
    let text = desk
        .submit(&cookie, &url, &[("overlap", "1h")])
        .await
        .is(409)
        .text();
    assert!(!text.contains("id=\"secret\""), "{text}");
    desk.clock.pass(Duration::from_secs(3600));
    let cookie = desk.log_in(&desk.admin).await;
    assert!(is_good(&desk, &new).await && !is_good(&desk, &old).await);
    let page = desk
        .visit(&cookie, &format!("/console/keys/{}", id(&before)))
        .await;
    let text = page.is(200).text();
    let after = line(&desk, "a reader", "active").await;
    assert!(
        text.contains(id(&after)) && text.contains("expired"),
        "{text}"
    );
    assert!(
        !text.contains("/rotate\"") && !text.contains("/link\""),
        "{text}"
    );
}

async fn a_key_is_revoked_when_it_was_asked_for_twice(desk: Desk) {
    let key = desk.key("reader", None).await;
    let other = desk.log_in(&key).await;
    let before = line(&desk, "a reader", "active").await;
    let url = format!("/console/keys/{}/revoke", id(&before));
    let cookie = desk.log_in(&desk.admin).await;
    let page = desk.visit(&cookie, &url).await.is(200);
    assert!(page.text().contains("Really revoke"), "{}", page.text());
    assert!(!page.text().contains("last admin") && !page.text().contains("of this session"));
    assert!(is_good(&desk, &key).await && opens(&desk, &other).await);
    let done = desk.submit(&cookie, &url, &[]).await.is(303);
    assert_eq!(done.header("location"), "/console/keys");
    assert!(!is_good(&desk, &key).await && !opens(&desk, &other).await);
    let record = records(&desk, "api_key_revoked").await.remove(0);
    assert_eq!(record["resource_id"], before["id"]);
    // To revoke it again is to revoke it once.
    desk.submit(&cookie, &url, &[]).await.is(303);
    assert_eq!(records(&desk, "api_key_revoked").await.len(), 1);
    // The last admin is told what will be.
    let own = desk.get("/v1/keys").await.is(200).json();
    let mut own = own["keys"].as_array().expect("a list").iter();
    let own = own.find(|key| key["role"] == "admin").expect("the first");
    let url = format!("/console/keys/{}/revoke", id(own));
    let text = desk.visit(&cookie, &url).await.is(200).text();
    assert!(
        text.contains("last admin") && text.contains("of this session"),
        "{text}"
    );
    desk.key("admin", Some("shop")).await;
    let text = desk.visit(&cookie, &url).await.is(200).text();
    assert!(text.contains("last admin"), "{text}");
    desk.key("admin", None).await;
    let text = desk.visit(&cookie, &url).await.is(200).text();
    assert!(
        !text.contains("last admin") && text.contains("of this session"),
        "{text}"
    );
    desk.submit(&cookie, &url, &[]).await.is(303);
    assert!(!opens(&desk, &cookie).await);
}

async fn a_link_is_made_and_shown_once(desk: Desk) {
    desk.key("auditor", None).await;
    let key = line(&desk, "a auditor", "active").await;
    let url = format!("/console/keys/{}/link", id(&key));
    let cookie = desk.log_in(&desk.admin).await;
    let page = desk
        .submit(&cookie, &url, &[("expires", "8h")])
        .await
        .is(201);
    assert_eq!(page.header("cache-control"), "no-store");
    let link = secret(&page);
    let path = link.strip_prefix("http://127.0.0.1:7878").expect("here");
    assert!(
        page.text().contains("2026-03-09 20:00:00"),
        "{}",
        page.text()
    );
    desk.visit("", path).await.is(200);
    let (_, token) = path.split_once("?link=").expect("a link");
    let form = [("link", token)];
    let opened = desk
        .submit("", "/console/login", &form)
        .await
        .is(303)
        .cookie();
    let text = desk.visit(&opened, "/console").await.is(200).text();
    assert!(text.contains("a auditor"), "{text}");
    // It says where the browser has the page from, and never who somebody pretends to be there.
    for (host, begins) in [
        (
            "audit.example.com",
            "http://audit.example.com/console/login?link=",
        ),
        ("u:p@evil.example", "/console/login?link="),
        ("evil.example/x", "/console/login?link="),
    ] {
        let call = Call::of_browser(Method::POST, &cookie, &url).host(host);
        let page = desk.call(call.body("expires=1m")).await.is(201);
        assert!(secret(&page).starts_with(begins), "{}", secret(&page));
    }
}

async fn an_admin_of_one_trail_manages_the_keys_of_that_trail(desk: Desk) {
    let of_orchard = desk.key("reader", Some("orchard")).await;
    let of_all = desk.key("writer", None).await;
    let cookie = desk.log_in(&desk.key("admin", Some("shop")).await).await;
    let form = |trail: &'static str| {
        [
            ("name", "ann"),
            ("role", "reader"),
            ("trail", trail),
            ("expires", ""),
        ]
    };
    desk.submit(&cookie, "/console/keys", &form("shop"))
        .await
        .is(201);
    let ann = line(&desk, "ann", "active").await;
    assert_eq!(ann["trail"], "shop");
    for trail in ["orchard", "", "system"] {
        desk.submit(&cookie, "/console/keys", &form(trail))
            .await
            .is(403);
    }
    let own = format!("/console/keys/{}", id(&ann));
    desk.visit(&cookie, &own).await.is(200);
    for name in ["a reader", "a writer"] {
        let key = line(&desk, name, "active").await;
        for (method, what) in [
            (Method::GET, ""),
            (Method::GET, "/revoke"),
            (Method::POST, "/revoke"),
            (Method::POST, "/rotate"),
            (Method::POST, "/link"),
        ] {
            let url = format!("/console/keys/{}{what}", id(&key));
            let call = Call::of_browser(method, &cookie, &url);
            let page = desk.call(call.body("overlap=1h&expires=1m")).await.is(403);
            assert!(!page.text().contains(name) && !page.text().contains("orchard"));
        }
    }
    assert!(is_good(&desk, &of_orchard).await);
    let event = "{\"action\":\"a\",\"resource_type\":\"b\"}";
    let call = Call::new(Method::POST, "/v1/trails/shop/events").key(&of_all);
    let call = call.header("content-type", "application/json").body(event);
    desk.call(call).await.is(201);
    let denied = records(&desk, "access_denied").await;
    assert_eq!(denied[0]["context"]["required_permission"], "manage_keys");
    desk.submit(&cookie, &format!("{own}/revoke"), &[])
        .await
        .is(303);
    line(&desk, "ann", "revoked").await;
}

async fn keys_that_have_ended_are_shown_to_whoever_asks(desk: Desk) {
    let cookie = desk.log_in(&desk.admin).await;
    desk.key("reader", None).await;
    let reader = line(&desk, "a reader", "active").await;
    let list = async |url: &str| desk.visit(&cookie, url).await.is(200).text();
    assert!(list("/console/keys").await.contains("a reader"));
    let call = Call::new(Method::DELETE, &format!("/v1/keys/{}", id(&reader)));
    desk.call(call).await.is(200);
    let shown = list("/console/keys").await;
    assert!(
        !shown.contains("a reader") && shown.contains("Show 1 ended"),
        "{shown}"
    );
    let shown = list("/console/keys?all=true").await;
    assert!(
        shown.contains("a reader") && shown.contains("revoked"),
        "{shown}"
    );
    // One whose row somebody else wrote is never hidden.
    let registry = &desk.database.engine().ground().registry;
    let row = serde_json::json!({"x": 1});
    let put = registry.put("api_key", "<i>", None, Some(&row));
    put.await.expect("written").expect("nobody else writes");
    let shown = list("/console/keys").await;
    assert!(
        shown.contains("unreadable") && shown.contains("&lt;i&gt;"),
        "{shown}"
    );
    let page = list("/console/keys/%3Ci%3E").await;
    assert!(
        page.contains("It opens nothing") && !page.contains("/link\""),
        "{page}"
    );
    desk.submit(&cookie, "/console/keys/%3Ci%3E/revoke", &[])
        .await
        .is(303);
    assert!(!list("/console/keys").await.contains("unreadable"));
    desk.visit(&cookie, "/console/keys?every=1").await.is(400);
}
