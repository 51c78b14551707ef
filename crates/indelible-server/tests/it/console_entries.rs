//! The pages of one entry, of a user and of a resource.

use serde_json::json;

use crate::console_pages::{EVENTS, as_reader, attributes, record, seqs, shown};
use crate::desk::{Desk, on_both};

on_both!(
    an_entry_shows_all_of_itself_and_what_stands_around_it,
    a_user_and_a_resource_have_a_page,
    a_user_named_none_is_nobody_else,
    no_event_keeps_a_page_from_being_shown,
);

async fn an_entry_shows_all_of_itself_and_what_stands_around_it(desk: Desk) {
    let of = |action: &str, outcome: &str| {
        json!({"action": action, "resource_type": "session", "resource_id": "s-1",
            "user_id": "ada", "on_behalf_of": "bob", "ip_address": "203.0.113.9",
            "user_agent": "curl/8", "outcome": outcome, "correlation_id": "req-1",
            "tags": ["data.chd"],
            "context": {"password": "hunter2", "list": [1, {"deep": true}]}})
    };
    record(&desk, of("user_login_attempted", "attempted")).await;
    desk.records("shop", 3).await;
    record(&desk, of("user_login_failed", "failed")).await;
    let auditor = desk.log_in(&desk.key("auditor", None).await).await;
    let page = shown(&desk, &auditor, &format!("{EVENTS}/4")).await;
    for text in [
        "<h1><bdi>user_login_failed</bdi>",
        "<bdi>ada</bdi>",
        "<bdi>bob</bdi>",
        "<bdi>203.0.113.9</bdi>",
        "<bdi>curl/8</bdi>",
        "<bdi>data.chd</bdi>",
        "<bdi class=\"key\">deep</bdi> <bdi class=\"text\">true</bdi>",
        "a secret was kept out",
        "&#34;v&#34;:1",
        "&#34;delivery&#34;: &#34;duplicate&#34;",
        "data-verify-proof-url=\"/console/trails/shop/events/4/proof?open=true\"",
    ] {
        assert!(page.contains(text), "{text} is not on the page: {page}");
    }
    assert!(!page.contains("hunter2"));
    let timeline = page.split("id=\"timeline\"").nth(1).expect("a timeline");
    let timeline = timeline.split("</ol>").next().unwrap_or_default();
    let entries = attributes(timeline, "href=\"/console/trails/shop/events/");
    assert_eq!(entries, ["0", "4"], "oldest first");
    // By id it is the same page.
    let id = attributes(&page, "<dt>Id</dt><dd><bdi>");
    let id = id[0].split('<').next().unwrap_or_default();
    let same = shown(&desk, &auditor, &format!("{EVENTS}/{id}")).await;
    assert!(same.contains("Entry <strong>4</strong>"), "{same}");
    // A reader has no proof, and is offered none.
    let reader = as_reader(&desk).await;
    let page = shown(&desk, &reader, &format!("{EVENTS}/4")).await;
    assert!(!page.contains("data-verify"), "{page}");
    let proof = desk.visit(&reader, &format!("{EVENTS}/4/proof")).await;
    proof.is(403);
    for (name, status) in [("99", 404), ("x", 400), ("-1", 400)] {
        let page = desk.visit(&reader, &format!("{EVENTS}/{name}")).await;
        let page = page.is(status);
        assert!(
            page.header("content-type").starts_with("text/html"),
            "{name}"
        );
        assert!(page.text().contains("Log out"), "who looks is still known");
    }
}

async fn a_user_and_a_resource_have_a_page(desk: Desk) {
    let event = |n: u32| {
        json!({"action": if n.is_multiple_of(3) { "data_exported" } else { "data_viewed" },
            "resource_type": "doc", "resource_id": format!("d-{}", n % 2), "user_id": "ada",
            "ip_address": "203.0.113.9", "occurred_at": format!("2026-03-0{}T10:00:00Z", 1 + n % 8)})
    };
    let lines: Vec<_> = (0..24).map(|n| event(n).to_string()).collect();
    desk.lines("/v1/trails/shop/events", lines.join("\n"))
        .await
        .is(200);
    let reader = as_reader(&desk).await;
    let user = shown(&desk, &reader, "/console/trails/shop/user?id=ada").await;
    for text in [
        "<dt>Events</dt><dd>24</dd>",
        "2026-03-01 10:00:00</time>",
        "2026-03-08 10:00:00</time>",
        "action=data_exported\"><bdi>data_exported</bdi></a></td><td class=\"number\">8</td>",
        "<bdi>203.0.113.9</bdi></a></td><td class=\"number\">24</td>",
        "24 events; each bar is",
    ] {
        assert!(user.contains(text), "{text} is not on the page: {user}");
    }
    assert_eq!(seqs(&user).len(), 20);
    let resource = "/console/trails/shop/resource?type=doc&id=d-1";
    let resource = shown(&desk, &reader, resource).await;
    assert!(
        resource.contains("<dt>Events</dt><dd>12</dd>"),
        "{resource}"
    );
    assert!(resource.contains("<bdi>ada</bdi></a></td><td class=\"number\">12</td>"));
    let never = shown(&desk, &reader, "/console/trails/shop/user?id=eve").await;
    assert!(never.contains("Never seen"), "{never}");
    for url in ["user", "resource?type=doc", "resource?id=d-1"] {
        let url = format!("/console/trails/shop/{url}");
        desk.visit(&reader, &url).await.is(400);
    }
}

async fn a_user_named_none_is_nobody_else(desk: Desk) {
    desk.records("shop", 1).await;
    let of = |user: Option<&str>| json!({"action": "data_viewed", "resource_type": "page", "user_id": user});
    record(&desk, of(Some("none"))).await;
    record(&desk, of(None)).await;
    let reader = as_reader(&desk).await;
    for url in [EVENTS.to_owned(), format!("{EVENTS}/1")] {
        let page = shown(&desk, &reader, &url).await;
        assert!(page.contains("<bdi>none</bdi>"), "{page}");
        assert!(!page.contains("user?id=none"), "{page}");
    }
    let nobody = shown(&desk, &reader, "/console/trails/shop/user?id=none").await;
    assert!(nobody.contains("No user"), "{nobody}");
}

/// Neither a context nor the names of actions make a page that no browser is shown.
async fn no_event_keeps_a_page_from_being_shown(desk: Desk) {
    let deep = format!("{}0{}", "[".repeat(58), "]".repeat(58));
    let many: Vec<String> = (0..500).map(|_| deep.clone()).collect();
    let event = format!(
        "{{\"action\":\"data_viewed\",\"resource_type\":\"page\",\"context\":{{\"a\":[{}]}}}}",
        many.join(",")
    );
    desk.post("/v1/trails/shop/events", event).await.is(201);
    let action = |n: u32| {
        let name = format!("{n:05}_{}", "x".repeat(90));
        json!({"action": name, "resource_type": "page"}).to_string()
    };
    let lines: Vec<String> = (0..1500).map(action).collect();
    desk.lines("/v1/trails/shop/events", lines.join("\n"))
        .await
        .is(200);
    let reader = as_reader(&desk).await;
    let page = shown(&desk, &reader, &format!("{EVENTS}/0")).await;
    assert!(page.len() < 1 << 20, "{}", page.len());
    assert!(page.contains("The rest stands in the JSON below"), "{page}");
    let page = shown(&desk, &reader, EVENTS).await;
    assert!(page.len() < 1 << 18, "{}", page.len());
    // The limit of a page is bounded as well.
    let page = shown(&desk, &reader, &format!("{EVENTS}?limit=1000")).await;
    assert_eq!(seqs(&page).len(), 200);
}
