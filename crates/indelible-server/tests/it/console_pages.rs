//! The page of a trail's entries: filters, bars, paging; and what holds of every page.

use indelible::{AuditProtocol, Query};
use serde_json::json;

use crate::desk::{Answered, Call, Desk, on_both};
use axum::http::Method;

on_both!(
    filters_are_a_form_and_chips_and_a_url,
    what_is_ill_formed_is_said_at_its_field,
    bars_count_and_narrow,
    t29_pages_turn_both_ways_as_of_one_size,
    text_of_any_kind_is_text,
    looks_are_on_record,
    programs_and_browsers_are_answered_in_their_ways,
    pages_are_packed_but_for_pages_of_others,
);

pub const EVENTS: &str = "/console/trails/shop/events";

/// The values of an attribute, in the order of the page.
pub fn attributes(page: &str, before: &str) -> Vec<String> {
    let pieces = page.split(before).skip(1);
    let value = |piece: &str| piece.split('"').next().unwrap_or_default().to_owned();
    let unescaped = |value: String| value.replace("&amp;", "&").replace("&#39;", "'");
    pieces.map(value).map(unescaped).collect()
}

/// The seqs of the rows of a page.
pub fn seqs(page: &str) -> Vec<u64> {
    let urls = attributes(page, "class=\"entry\" href=\"");
    let seq = |url: &String| url.rsplit('/').next().and_then(|seq| seq.parse().ok());
    urls.iter().filter_map(seq).collect()
}

/// Where a link of this kind leads.
fn link(page: &str, rel: &str) -> Option<String> {
    let before = format!("rel=\"{rel}\" href=\"");
    attributes(page, &before).into_iter().next()
}

pub async fn as_reader(desk: &Desk) -> String {
    desk.log_in(&desk.key("reader", None).await).await
}

pub async fn shown(desk: &Desk, cookie: &str, url: &str) -> String {
    desk.visit(cookie, url).await.is(200).text()
}

pub async fn record(desk: &Desk, event: serde_json::Value) {
    desk.post("/v1/trails/shop/events", event.to_string())
        .await
        .is(201);
}

async fn filters_are_a_form_and_chips_and_a_url(desk: Desk) {
    desk.records("shop", 30).await;
    let reader = as_reader(&desk).await;
    let page = shown(&desk, &reader, EVENTS).await;
    assert_eq!(seqs(&page), (0..30).rev().collect::<Vec<_>>());
    // What a form leaves empty is in no URL that is kept.
    let sent = format!("{EVENTS}?form=1&user_id=u-7&action=&outcome=&tag=&tag=");
    let kept = desk.visit(&reader, &sent).await.is(303);
    assert_eq!(kept.header("location"), format!("{EVENTS}?user_id=u-7"));
    let url = format!("{EVENTS}?user_id=u-7&outcome=completed");
    let page = shown(&desk, &reader, &url).await;
    assert_eq!(seqs(&page), [7]);
    assert!(page.contains("name=\"user_id\" value=\"u-7\""), "{page}");
    assert!(page.contains(" selected>completed"), "{page}");
    let without = attributes(&page, "<bdi>u-7</bdi> <a href=\"");
    assert_eq!(without, [format!("{EVENTS}?outcome=completed")]);
    // A link asks for what is empty, a form does not.
    record(
        &desk,
        json!({"action": "page_viewed", "resource_type": "page", "user_id": ""}),
    )
    .await;
    let empty = shown(&desk, &reader, &format!("{EVENTS}?user_id=")).await;
    assert_eq!(seqs(&empty), [31], "after the record of the first look");
    let none = shown(&desk, &reader, &format!("{EVENTS}?user_id=nobody")).await;
    assert!(seqs(&none).is_empty() && none.contains("No event matches"));
    let empty = shown(&desk, &reader, "/console/trails/nothing/events").await;
    assert!(
        empty.contains("Nothing is recorded in this trail"),
        "{empty}"
    );
    // A reader takes nothing away; an auditor takes what is filtered.
    assert!(!page.contains("/export?"));
    let auditor = desk.log_in(&desk.key("auditor", None).await).await;
    let page = shown(&desk, &auditor, &url).await;
    let exports = attributes(&page, "<li><a href=\"/console/trails/shop/export");
    let csv = exports.iter().find(|url| url.contains("format=csv"));
    let csv = format!("/console/trails/shop/export{}", csv.expect("a link"));
    assert!(csv.contains("user_id=u-7&outcome=completed") && csv.contains("as_of="));
    let taken = desk.visit(&auditor, &csv).await.is(200).text();
    assert_eq!(taken.lines().count(), 2, "{taken}");
}

async fn what_is_ill_formed_is_said_at_its_field(desk: Desk) {
    desk.records("shop", 3).await;
    let reader = as_reader(&desk).await;
    for (url, field) in [
        ("start_date=yesterday", "<bdi>From: "),
        ("outcome=maybe", "<bdi>Outcome: "),
        ("action=no%20action", "<bdi>Action: "),
        ("start_date=2026-03-09&end_date=2026-03-08", "<bdi>To: "),
        ("cursor=nonsense", "<code>cursor</code>"),
        ("way=up", "<code>way</code>"),
        ("limit=0", "<code>limit</code>"),
        ("as_of=99", "<code>as_of</code>"),
        ("colour=red", "<code>colour</code>"),
        ("user_id=a&user_id=b", "<bdi>User: "),
    ] {
        let page = desk.visit(&reader, &format!("{EVENTS}?{url}")).await;
        let page = page.is(400).text();
        let said = page.split("role=\"alert\"").nth(1).expect("a notice");
        let said = said.split("</p>").next().unwrap_or_default();
        assert!(said.contains(field), "{url}: {said}");
        assert!(seqs(&page).is_empty(), "{url}");
        // What is not answered is no look, so nothing of the trail is shown.
        assert!(
            !page.contains("page_viewed") && !page.contains("<figure"),
            "{url}: {page}"
        );
    }
}

async fn bars_count_and_narrow(desk: Desk) {
    for (hour, outcome, count) in [(3, "failed", 2), (3, "succeeded", 1), (20, "denied", 4)] {
        for _ in 0..count {
            let time = format!("2026-02-{:02}T{:02}:30:00Z", 1 + hour / 24, hour);
            let event = json!({"action": "data_viewed", "resource_type": "page",
                "outcome": outcome, "occurred_at": time});
            record(&desk, event).await;
        }
    }
    let reader = as_reader(&desk).await;
    let page = shown(&desk, &reader, EVENTS).await;
    let titles = page.split("<title>").skip(2);
    let labels: Vec<_> = titles.filter_map(|rest| rest.split('<').next()).collect();
    assert_eq!(labels.len(), 18, "{labels:?}");
    let failed = "2026-02-01 03:00 UTC, 1 hour: 3 events, 2 of them failed or denied";
    assert_eq!(labels[0], failed);
    assert_eq!(labels[1], "2026-02-01 04:00 UTC, 1 hour: 0 events");
    let bar = attributes(&page, "</figcaption>").len() + 1;
    assert_eq!(bar, 2, "one figure");
    let bars = attributes(&page, "<a href=\"");
    let narrowed = bars
        .iter()
        .find(|url| url.contains("start_date=2026-02-01T03"));
    let narrowed = shown(&desk, &reader, narrowed.expect("a bar")).await;
    assert_eq!(seqs(&narrowed), [2, 1, 0]);
    // Dates of any kind give bars that fit.
    for dates in [
        "start_date=0001-01-01&end_date=9999-12-31",
        "start_date=2026-02-01&end_date=2026-02-01",
        "start_date=9999-12-31",
        "end_date=0000-01-01",
        "start_date=7d",
    ] {
        let page = shown(&desk, &reader, &format!("{EVENTS}?{dates}")).await;
        let bars = attributes(&page, "<rect class=\"hit\" x=\"");
        assert!(bars.len() <= 73, "{dates}: {}", bars.len());
    }
    // Where nothing can be, there is no bar; a bar is no wider than what was asked for.
    let never = shown(&desk, &reader, &format!("{EVENTS}?start_date=2030-01-01")).await;
    assert!(!never.contains("<figure"), "{never}");
    let within = "start_date=2026-02-01T03:10:00Z&end_date=2026-02-01T03:40:00Z";
    let within = shown(&desk, &reader, &format!("{EVENTS}?{within}")).await;
    assert!(within.contains("the bars count whole hours"), "{within}");
    let bars = attributes(&within, "<a href=\"");
    let bar = bars
        .iter()
        .filter(|url| url.contains("start_date=2026-02-01T03:10:00") && url.contains("03:40:00"));
    assert_eq!(bar.count(), 1, "{within}");
    let page = shown(&desk, &reader, &format!("{EVENTS}?user_id=none")).await;
    assert!(
        page.contains("the other filters hold for the list alone"),
        "{page}"
    );
    let page = shown(&desk, &reader, &format!("{EVENTS}?outcome=denied")).await;
    assert!(page.contains("<span>4 events; each bar is 1 hour, the highest 4"));
    assert!(
        !page.contains("the other filters hold for the list alone"),
        "{page}"
    );
}

async fn t29_pages_turn_both_ways_as_of_one_size(desk: Desk) {
    desk.records("shop", 120).await;
    let reader = as_reader(&desk).await;
    let mut url = format!("{EVENTS}?action=page_viewed");
    let mut down = Vec::new();
    let mut last = loop {
        let page = shown(&desk, &reader, &url).await;
        down.push(seqs(&page));
        // What comes meanwhile is on no page of these.
        desk.records("shop", 3).await;
        match link(&page, "next") {
            Some(next) => url = next,
            None => break page,
        }
    };
    assert_eq!(down.concat(), (0..120).rev().collect::<Vec<_>>());
    assert!(last.contains("as of 120 entries"), "{last}");
    let mut up = Vec::new();
    while let Some(newer) = link(&last, "prev") {
        last = shown(&desk, &reader, &newer).await;
        assert!(last.contains("as of 120 entries"), "{last}");
        up.push(seqs(&last));
    }
    up.reverse();
    assert_eq!(up.concat(), (20..120).rev().collect::<Vec<_>>());
    let oldest = shown(&desk, &reader, &format!("{EVENTS}?way=newer&limit=5")).await;
    assert_eq!(seqs(&oldest), [4, 3, 2, 1, 0]);
}

async fn text_of_any_kind_is_text(desk: Desk) {
    let hostile =
        "</title></bdi>\"'><script>alert(1)</script><img src=x onerror=alert(2)>\r\n{{7*7}}";
    let event = json!({"action": "data_viewed", "resource_type": "page", "user_id": hostile,
        "on_behalf_of": hostile, "ip_address": hostile, "user_agent": hostile,
        "resource_id": hostile, "correlation_id": hostile, "context": {hostile: [hostile]}});
    record(&desk, event).await;
    let auditor = desk.log_in(&desk.key("auditor", None).await).await;
    let encoded: String = form_urlencoded::byte_serialize(hostile.as_bytes()).collect();
    for url in [
        EVENTS.to_owned(),
        format!("{EVENTS}?user_id={encoded}&resource_id={encoded}&context={encoded}%3Dx"),
        format!("{EVENTS}?start_date={encoded}"),
        format!("{EVENTS}?{encoded}=1"),
        format!("{EVENTS}/0"),
        format!("{EVENTS}/{encoded}"),
        format!("/console/trails/shop/user?id={encoded}"),
        format!("/console/trails/shop/resource?type=page&id={encoded}"),
        format!("/console/login?next={encoded}&link={encoded}"),
    ] {
        let page = desk.visit(&auditor, &url).await.text();
        let lower = page.to_ascii_lowercase();
        for markup in ["<script>", "<img", "</title></bdi>", "onerror=alert(2)>"] {
            assert!(!lower.contains(markup), "{url}: {markup} in {page}");
        }
    }
    let page = shown(&desk, &auditor, EVENTS).await;
    assert!(
        page.contains("{{7*7}}") && page.contains("&#13;\n"),
        "{page}"
    );
}

async fn looks_are_on_record(desk: Desk) {
    desk.records("shop", 10).await;
    let reader = as_reader(&desk).await;
    let system = desk.database.trail("system".parse().expect("a name"));
    let shop = desk.database.trail("shop".parse().expect("a name"));
    shown(&desk, &reader, &format!("{EVENTS}?user_id=u-3")).await;
    shown(&desk, &reader, &format!("{EVENTS}/3")).await;
    desk.app.settle_all().await.expect("settled");
    let looks = shop.query(Query::new().action("audit_log_accessed")).await;
    let looks = looks.expect("readable").entries;
    let asked: Vec<_> = looks.iter().map(|look| look.context.clone()).collect();
    let asked = serde_json::to_string(&asked).expect("JSON");
    for text in [
        "\"user_id\":\"u-3\"",
        "\"entry\":\"3\"",
        "GET /console/trails/{trail}/events",
    ] {
        assert!(asked.contains(text), "{text}: {asked}");
    }
    // What is refused is on record too.
    desk.visit(&reader, "/console/trails/shop/checkpoint")
        .await
        .is(403);
    let denied = system.query(Query::new().action("audit_log_access_denied"));
    assert_eq!(denied.await.expect("readable").entries.len(), 1);
}

async fn programs_and_browsers_are_answered_in_their_ways(desk: Desk) {
    desk.records("shop", 1).await;
    let to_login = desk
        .visit("", &format!("{EVENTS}?user_id=a%26b"))
        .await
        .is(303);
    let next = "/console/login?next=%2Fconsole%2Ftrails%2Fshop%2Fevents%3Fuser_id%3Da%2526b";
    assert_eq!(to_login.header("location"), next);
    let program = desk.call(Call::new(Method::GET, EVENTS).anonymous()).await;
    program.refuses(401, "unauthorized", None);
    assert_eq!(
        desk.visit("", "/").await.is(303).header("location"),
        "/console"
    );
    let nowhere: Answered = desk.visit("", "/console/nowhere").await.is(404);
    assert!(nowhere.text().contains("<h1>Not found</h1>"));
    desk.get("/console/nowhere")
        .await
        .refuses(404, "not-found", None);
    let asset = nowhere.text();
    let asset = attributes(&asset, "<link rel=\"stylesheet\" href=\"");
    let style = desk.visit("", &asset[0]).await.is(200);
    assert!(style.header("cache-control").contains("immutable"));
    desk.visit("", &asset[0].replace("console.css", "x.css"))
        .await
        .is(404);
    let other = asset[0].replace("/assets/", "/assets/0");
    desk.visit("", &other).await.is(404);
}

async fn pages_are_packed_but_for_pages_of_others(desk: Desk) {
    desk.records("shop", 50).await;
    let reader = as_reader(&desk).await;
    for (site, is_packed) in [
        (None, true),
        (Some("same-origin"), true),
        (Some("none"), true),
        (Some("cross-site"), false),
        (Some("same-site"), false),
    ] {
        let mut call = Call::new(Method::GET, EVENTS).anonymous();
        call = call.header("accept", "text/html").header("cookie", &reader);
        call = call.header("accept-encoding", "br, gzip");
        if let Some(site) = site {
            call = call.header("sec-fetch-site", site);
        }
        let page = desk.call(call).await.is(200);
        let is_gzip = page.header("content-encoding") == "gzip";
        assert_eq!(is_gzip, is_packed, "{site:?}");
    }
}
