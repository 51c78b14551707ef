//! What pages say of what cannot be shown or was not meant, and what of that is on record.

use axum::http::Method;
use serde_json::json;

use crate::console_login::{MINUTE, records};
use crate::console_pages::{EVENTS, as_reader, record, shown};
use crate::desk::{Call, Desk, on_both};

on_both!(
    a_damaged_entry_leads_to_the_page_of_integrity,
    what_is_not_there_leads_back_into_its_trail,
    a_filter_that_is_ill_formed_is_told_under_the_name_of_its_field,
    what_is_listed_is_told_apart_from_what_the_trail_holds,
    the_words_of_findings_hold_no_backticks,
    what_pages_of_other_sites_ask_for_is_one_sum_whoever_asks,
    a_user_without_addresses_has_none_and_one_is_no_many,
    the_verifier_keeps_the_way_back,
);

fn unreadable(desk: &Desk) -> &'static str {
    match desk.is_on_postgres() {
        true => "UPDATE entry SET details = '{'::bytea WHERE action = 'page_viewed' AND seq = 3",
        false => "UPDATE part SET details = CAST('{' AS BLOB) WHERE place % 1048576 = 3",
    }
}

async fn a_damaged_entry_leads_to_the_page_of_integrity(desk: Desk) {
    desk.records("shop", 9).await;
    desk.tamper(unreadable(&desk));
    let integrity = "href=\"/console/trails/shop/integrity\"";
    let to_integrity = format!("<a class=\"button primary\" {integrity}>To the integrity page</a>");
    let auditor = desk.log_in(&desk.key("auditor", Some("shop")).await).await;
    let page = desk.visit(&auditor, &format!("{EVENTS}/3")).await.is(500);
    let page = page.text();
    assert!(page.contains("aria-label=\"Trail shop\""), "{page}");
    assert!(page.contains(&to_integrity), "{page}");
    assert!(page.contains("cannot be what was recorded"), "{page}");
    assert!(page.contains("<code>indelible verify</code>"), "{page}");
    // A reader sees no such page, and is told who does.
    let reader = as_reader(&desk).await;
    let page = desk.visit(&reader, &format!("{EVENTS}/3")).await.is(500);
    let page = page.text();
    assert!(page.contains("aria-label=\"Trail shop\""), "{page}");
    assert!(!page.contains(integrity), "{page}");
    assert!(page.contains("or an auditor, who can verify"), "{page}");
}

async fn what_is_not_there_leads_back_into_its_trail(desk: Desk) {
    desk.records("shop", 1).await;
    let reader = desk.log_in(&desk.key("reader", Some("shop")).await).await;
    let page = desk.visit(&reader, &format!("{EVENTS}/99")).await.is(404);
    let events = format!("<a href=\"{EVENTS}\">Events</a>");
    assert!(page.text().contains(&events), "{}", page.text());
    // The address of a trail alone is one of its events.
    let led = desk.visit(&reader, "/console/trails/shop").await.is(303);
    assert_eq!(led.header("location"), EVENTS);
    // Into another's trail nothing leads.
    let other = "/console/trails/other/events/0";
    let page = desk.visit(&reader, other).await.is(403).text();
    assert!(!page.contains("trail-bar"), "{page}");
}

async fn a_filter_that_is_ill_formed_is_told_under_the_name_of_its_field(desk: Desk) {
    desk.records("shop", 1).await;
    let reader = as_reader(&desk).await;
    for (query, label) in [
        ("start_date=soon", "From: "),
        ("end_date=later", "To: "),
        ("start_date=2026-03-09&end_date=2026-03-08", "To: "),
        ("outcome=fine", "Outcome: "),
    ] {
        let page = desk.visit(&reader, &format!("{EVENTS}?{query}")).await;
        let page = page.is(400).text();
        let said = page.split("role=\"alert\"><bdi>").nth(1).expect("a word");
        assert!(said.starts_with(label), "{said}");
        let (said, _) = said.split_once("</p>").expect("an end");
        assert!(!said.contains("_date") && !said.contains('`'), "{said}");
    }
    // What is no field keeps its own name.
    let page = desk.visit(&reader, &format!("{EVENTS}?limit=x")).await;
    let page = page.is(400).text();
    assert!(page.contains("<code>limit</code>"), "{page}");
}

async fn what_is_listed_is_told_apart_from_what_the_trail_holds(desk: Desk) {
    desk.records("shop", 60).await;
    let reader = as_reader(&desk).await;
    for (query, told) in [
        ("", "The newest 50 events, as of "),
        ("?limit=100", "All 61 events, newest first, as of "),
        (
            "?action=page_viewed",
            "The newest 50 events that match, as of ",
        ),
        ("?user_id=u-7", "1 event that matches, and no more, as of "),
        ("?user_id=u-x", "No events, as of "),
        (
            "?way=newer&limit=5",
            "5 of the events, newest first, as of ",
        ),
    ] {
        let page = shown(&desk, &reader, &format!("{EVENTS}{query}")).await;
        let said = page.split("data-count>").nth(1).expect("a word");
        let (said, _) = said.split_once("</p>").expect("an end");
        assert!(said.starts_with(told), "{query}: {said}");
        assert!(said.ends_with("entries in the trail"), "{query}: {said}");
    }
}

async fn the_words_of_findings_hold_no_backticks(desk: Desk) {
    desk.records("shop", 5).await;
    desk.tamper("UPDATE head SET key = 'nonsense' WHERE size = 5");
    let admin = desk.log_in(&desk.admin).await;
    for url in ["/console/trails/shop/integrity", "/console/health", EVENTS] {
        let page = desk.visit(&admin, url).await.text();
        assert!(page.contains("<code>indelible "), "{url}: {page}");
        assert!(!page.contains('`'), "{url}: {page}");
    }
}

async fn what_pages_of_other_sites_ask_for_is_one_sum_whoever_asks(desk: Desk) {
    let ask = async |n: u32| {
        let call = Call::new(Method::POST, "/console/login").anonymous();
        let call = call.header("sec-fetch-site", "cross-site");
        let call = call.header("origin", &format!("https://evil-{n}.example"));
        let call = call.from(&format!("192.0.2.{n}:1")).body("key=x");
        desk.call(call).await.is(403);
    };
    for n in 0..100 {
        ask(n).await;
    }
    let found = records(&desk, "access_denied").await;
    assert_eq!(found.len(), 1, "{found:?}");
    let context = &found[0]["context"];
    assert_eq!(context["reason"], "request of another site");
    assert_eq!(context["endpoint"], "POST /console/login");
    assert_eq!(context["origin"], "https://evil-0.example");
    assert_eq!(context["ip_address"], "192.0.2.0");
    desk.clock.pass(MINUTE);
    desk.app.settle().await.expect("settled");
    let found = records(&desk, "access_denied").await;
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(found[0]["context"]["repeats"]["count"], 99);
    assert_eq!(records(&desk, "user_login_failed").await.len(), 0);
}

async fn a_user_without_addresses_has_none_and_one_is_no_many(desk: Desk) {
    let event = json!({"action": "data_viewed", "resource_type": "page", "user_id": "ada",
        "context": {"list": [{"a": 1}]}});
    record(&desk, event).await;
    let reader = as_reader(&desk).await;
    let page = shown(&desk, &reader, "/console/trails/shop/user?id=ada").await;
    let table = page.split("aria-label=\"Addresses\"").nth(1);
    let (table, _) = table.expect("it").split_once("</table>").expect("an end");
    assert!(table.contains("<td class=\"absent\">none</td>"), "{table}");
    let page = shown(&desk, &reader, &format!("{EVENTS}/0")).await;
    assert!(page.contains(">1 item<"), "{page}");
    assert!(page.contains(">1 member<"), "{page}");
}

async fn the_verifier_keeps_the_way_back(desk: Desk) {
    let admin = desk.log_in(&desk.admin).await;
    let page = desk.visit(&admin, "/console/verify").await.is(200).text();
    for text in ["Log out", "href=\"/console/keys\"", "Times are UTC"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    for cookie in ["", "indelible_session=x"] {
        let page = desk.visit(cookie, "/console/verify").await.is(200).text();
        assert!(!page.contains("Log out"), "{page}");
        assert!(!page.contains("Times are UTC"), "there are none: {page}");
    }
}
