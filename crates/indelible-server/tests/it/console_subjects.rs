//! Persons on pages: what is known of them, and that it goes.

use axum::http::Method;
use serde_json::json;

use crate::console_markup::expect_plain;
use crate::desk::{Call, Desk, on_both};

on_both!(
    sys_43_sys_44_a_person_is_shown_planned_and_erased_on_pages,
    an_erasure_that_takes_two_is_asked_for_approved_and_rejected_on_pages,
    a_page_of_another_site_erases_nobody,
    what_stands_in_the_way_is_told_where_it_can_be_mended,
);

const SUBJECTS: &str = "/console/trails/shop/subjects";
const HOSTILE: &str = "\"><b>x";
const ESCAPED: &str = "&#34;&gt;&lt;b&gt;x";

async fn day(desk: &Desk) {
    let events = [
        json!({"action": "user_login_success", "resource_type": "session",
            "user_id": "zwiebel.z", "ip_address": "203.0.113.9"}),
        json!({"action": "data_viewed", "resource_type": "account", "user_id": "clerk.one",
            "resource_id": "zwiebel.z", "context": {"purpose": HOSTILE, "recipient": "bank"}}),
    ];
    for event in events {
        let url = "/v1/trails/shop/events";
        desk.post(url, event.to_string()).await.is(201);
    }
}

/// A desk whose server may erase.
async fn erasing(mut desk: Desk, by_two: bool) -> Desk {
    desk.database = match by_two {
        true => desk.officer_of_two().await,
        false => desk.officer().await,
    };
    let app = indelible_server::App::new(desk.database.engine().clone());
    desk.serving(app)
}

fn url(rest: &str) -> String {
    format!("{SUBJECTS}{rest}")
}

async fn sys_43_sys_44_a_person_is_shown_planned_and_erased_on_pages(desk: Desk) {
    let none = desk.log_in(&desk.admin).await;
    let empty = desk.visit(&none, SUBJECTS).await.is(200);
    assert!(empty.text().contains("Nothing is recorded"));
    let desk = erasing(desk, false).await;
    day(&desk).await;
    let reader = desk.log_in(&desk.key("reader", Some("shop")).await).await;
    let page = desk.visit(&reader, SUBJECTS).await.is(200).text();
    assert!(page.contains("Look a person up"), "{page}");
    assert!(!page.contains("Show what would go"), "{page}");
    let person = [("person", "zwiebel.z"), ("places", "")];
    let shown = desk.submit(&reader, &url("/show"), &person).await.is(200);
    assert_eq!(shown.header("cache-control"), "no-store");
    let text = shown.text();
    expect_plain("show", &text);
    for word in ["2 entries name", "staff-1", ESCAPED, "bank"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    assert!(!text.contains("clerk.one"), "{text}");
    let nobody = [("person", "nobody"), ("places", "")];
    let shown = desk.submit(&reader, &url("/show"), &nobody).await.is(404);
    assert!(shown.text().contains("names the person nowhere"));

    let admin = desk.log_in(&desk.key("admin", Some("shop")).await).await;
    let order = [
        ("ids", "zwiebel.z\r\nnobody\r\n"),
        ("also", ""),
        ("reason", "Art. 17(1)(b)"),
        ("legal_basis", "GDPR"),
        ("request_id", "DSR-12"),
        ("part", "details"),
    ];
    let plan = desk.submit(&admin, &url("/plan"), &order).await.is(200);
    let text = plan.text();
    expect_plain("plan", &text);
    for word in [
        "What would go",
        "1, 1, 1",
        "Named nowhere: <span class=\"tag\"><bdi>nobody</bdi>",
        "There is no way back",
        "name=\"part\" value=\"details\"",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
    let done = desk.submit(&admin, &url("/erase"), &order).await.is(303);
    assert_eq!(done.header("location"), SUBJECTS);
    let page = desk.visit(&admin, SUBJECTS).await.is(200).text();
    expect_plain("last", &page);
    for word in [
        "3 parts of 2 entries went",
        "backups and snapshots",
        "a admin",
    ] {
        assert!(page.contains(word), "{word}: {page}");
    }
    assert!(!page.contains("zwiebel"), "{page}");
    let over = desk.visit(&admin, &url("/erasure")).await.is(303);
    assert_eq!(over.header("location"), SUBJECTS);
    let gone = desk.submit(&reader, &url("/show"), &person).await.is(404);
    assert!(gone.text().contains("value=\"zwiebel.z\""), "to look again");
    let all = desk.get("/v1/trails/shop/events?limit=1000").await.is(200);
    assert!(!all.text().contains("zwiebel"), "{}", all.text());
}

async fn an_erasure_that_takes_two_is_asked_for_approved_and_rejected_on_pages(desk: Desk) {
    let desk = erasing(desk, true).await;
    day(&desk).await;
    let make = async |name: &str| {
        let key = desk.key_called(name, "admin", Some("shop")).await;
        desk.log_in(&key).await
    };
    let (one, two) = (make("dpo one").await, make("dpo two").await);
    let page = desk.visit(&one, SUBJECTS).await.is(200).text();
    assert!(page.contains("No erasure waits"), "{page}");
    let order = [("ids", "zwiebel.z"), ("reason", "Art. 17")];
    for _ in 0..2 {
        desk.submit(&one, &url("/erase"), &order).await.is(303);
    }
    let requests = desk.get("/v1/trails/shop/subjects/requests").await;
    let requests = requests.is(200).json();
    let requests = requests["requests"].as_array().expect("a list").iter();
    let ids: Vec<String> = requests
        .map(|it| it["id"].as_str().expect("an id").to_owned())
        .collect();
    assert_eq!(ids.len(), 2);
    let page = desk.visit(&one, SUBJECTS).await.is(200).text();
    expect_plain("waiting", &page);
    assert!(
        page.contains("The key of this session asked for it"),
        "{page}"
    );
    assert!(!page.contains("Approve and erase"), "{page}");
    let page = desk.visit(&two, SUBJECTS).await.is(200).text();
    assert!(page.contains("Approve and erase"), "{page}");
    // Whom it is about is shown to whoever asks for it, which is on record.
    assert!(page.contains("1 person or place"), "{page}");
    assert!(!page.contains("zwiebel"), "{page}");
    let of = |id: &str, what: &str| url(&format!("/requests/{id}/{what}"));
    let looks = looks_at(&desk, &ids[0]).await;
    let shown = desk.submit(&two, &of(&ids[0], "show"), &[]).await.is(200);
    expect_plain("who", &shown.text());
    assert_eq!(shown.text().matches("<bdi>zwiebel.z</bdi>").count(), 1);
    assert_eq!(looks_at(&desk, &ids[0]).await, looks + 1);
    let same = desk.submit(&one, &of(&ids[0], "approve"), &[]).await;
    assert!(
        same.text().contains("asks a second person"),
        "{}",
        same.text()
    );
    same.is(409);
    let why = [("rejected_because", "twice")];
    desk.submit(&two, &of(&ids[1], "reject"), &why)
        .await
        .is(303);
    let plan = [("plan", "true")];
    let plan = desk.submit(&two, &of(&ids[0], "approve"), &plan).await;
    assert!(plan.is(200).text().contains("An approval looks again"));
    desk.submit(&two, &of(&ids[0], "approve"), &[])
        .await
        .is(303);
    let page = desk.visit(&two, SUBJECTS).await.is(200).text();
    assert!(page.contains("2 parts of 2 entries went"), "{page}");
    assert!(!page.contains("zwiebel"), "{page}");
    desk.submit(&two, &of(&ids[1], "approve"), &[])
        .await
        .is(409);
}

/// How often it is on record that somebody was shown whom an order is about.
async fn looks_at(desk: &Desk, id: &str) -> usize {
    desk.app.settle_all().await.expect("recorded");
    let url = "/v1/trails/shop/events?limit=1000&action=audit_log_accessed";
    let page = desk.get(url).await.is(200).json();
    let looks = page["entries"].as_array().expect("a list").iter();
    let looks = looks.filter(|look| look["context"]["query"]["erasure_request"] == id);
    looks.count()
}

async fn a_page_of_another_site_erases_nobody(desk: Desk) {
    let desk = erasing(desk, false).await;
    day(&desk).await;
    let cookie = desk.log_in(&desk.admin).await;
    for rest in ["/erase", "/show", "/plan", "/requests/0/approve"] {
        let call = Call::new(Method::POST, &url(rest)).anonymous();
        let call = call.header("cookie", &cookie).header("accept", "text/html");
        let call = call.header("sec-fetch-site", "cross-site");
        let call = call.header("content-type", "application/x-www-form-urlencoded");
        let call = call.body("ids=zwiebel.z&person=zwiebel.z&reason=x");
        desk.call(call).await.is(403);
    }
    let all = desk.get("/v1/trails/shop/events?limit=1000").await.is(200);
    assert!(all.text().contains("zwiebel.z"), "{}", all.text());
}

async fn what_stands_in_the_way_is_told_where_it_can_be_mended(desk: Desk) {
    day(&desk).await;
    let cookie = desk.log_in(&desk.admin).await;
    let bad = [
        ("/show", vec![("person", " ")], "an empty id"),
        (
            "/plan",
            vec![("ids", ""), ("reason", "x")],
            "name 1 to 1000",
        ),
        ("/plan", vec![("ids", HOSTILE), ("reason", "")], "say why"),
        (
            "/erase",
            vec![("ids", HOSTILE), ("reason", "x"), ("part", "y")],
            "a part is",
        ),
        (
            "/plan",
            vec![("ids", HOSTILE), ("reason", "x"), ("also", "y")],
            "PATH=VALUE",
        ),
    ];
    for (rest, form, words) in bad {
        let answered = desk.submit(&cookie, &url(rest), &form).await.is(400);
        let text = answered.text();
        expect_plain(rest, &text);
        assert!(text.contains(words), "{words}: {text}");
        let kept = form.iter().any(|(_, value)| *value == HOSTILE);
        assert_eq!(text.contains(ESCAPED), kept, "{text}");
    }
    if desk.is_on_postgres() {
        let order = [("ids", "zwiebel.z"), ("reason", "x")];
        let told = desk.submit(&cookie, &url("/erase"), &order).await.is(503);
        assert!(told.text().contains("may not erase"), "{}", told.text());
    }
}
