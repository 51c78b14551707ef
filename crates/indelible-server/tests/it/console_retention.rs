//! Retention and legal holds, on pages.

use axum::http::Method;
use serde_json::{Value, json};

use crate::console_integrity::says;
use crate::desk::{Call, Desk, on_both};
use crate::retaining::aged;
use crate::retaining::running::alter_policy;
use crate::reviewing::newest;

on_both!(
    t91_sys_34_sys_36_a_trail_is_kept_and_let_go_on_pages,
    what_has_to_be_mended_is_asked_for_again_as_it_was,
    a_page_of_another_site_decides_nothing,
    an_auditor_sees_all_of_it_and_no_form,
    a_policy_that_the_trail_does_not_say_is_mended_on_the_page,
    a_page_of_many_holds_stays_small,
);

const RETENTION: &str = "/console/trails/shop/retention";

fn url(rest: &str) -> String {
    format!("{RETENTION}{rest}")
}

/// Places a hold on this user for this reason.
pub async fn holds(desk: &Desk, trail: &str, text: &str) {
    let filter = [format!("user_id={text}")];
    let order = json!({"filter": filter, "reason": text, "matter": text});
    let url = format!("/v1/trails/{trail}/holds");
    desk.post(&url, order.to_string()).await.is(201);
}

async fn visit(desk: &Desk, cookie: &str, rest: &str) -> String {
    desk.visit(cookie, &url(rest)).await.is(200).text()
}

async fn t91_sys_34_sys_36_a_trail_is_kept_and_let_go_on_pages(desk: Desk) {
    let (desk, _officer) = aged(desk).await;
    let alice = desk.key_called("Alice", "admin", Some("shop")).await;
    let bob = desk.key_called("Bob", "admin", Some("shop")).await;
    let (alice, bob) = (desk.log_in(&alice).await, desk.log_in(&bob).await);
    let page = visit(&desk, &alice, "").await;
    says(&page, "There is none: everything is kept, for ever.");
    says(&page, "it takes two keys to let them go");
    let form = [
        ("minimum_days", ""),
        ("maximum_days", " 30 "),
        ("legal_basis", "GDPR Art. 5"),
        ("classes", "page_*=20:actor:no longer needed\r\n\r\n"),
    ];
    let done = desk.submit(&alice, RETENTION, &form).await.is(303);
    assert_eq!(done.header("location"), RETENTION);
    let page = visit(&desk, &alice, "").await;
    says(
        &page,
        "Entries go, whole, once they are older than 30 days.",
    );
    says(
        &page,
        "<strong>actor</strong> of <code>page_*</code> after 20 days",
    );
    says(&page, "a run is due");
    // The form holds what is in force.
    says(&page, "name=\"maximum_days\" value=\"30\"");
    says(&page, "page_*=20:actor:no longer needed</textarea>");
    let set = newest(&desk, "audit_retention_policy_changed").await;
    let class = &set["context"]["policy"]["classes"][0];
    assert_eq!(class["legal_basis"], "no longer needed");
    let place = [
        ("user_id", "u-3"),
        ("action", ""),
        ("filters", "outcome=completed\r\n"),
        ("reason", "letter"),
        ("matter", "C-12"),
    ];
    desk.submit(&alice, &url("/holds"), &place).await.is(303);
    let placed = newest(&desk, "audit_legal_hold_placed").await;
    assert_eq!(
        placed["context"]["scope_filter"],
        json!(["user_id=u-3", "outcome=completed"])
    );
    let id = placed["id"].as_str().expect("an id");
    let page = visit(&desk, &alice, "?plan").await;
    says(&page, "Remove 3 entries for good");
    says(
        &page,
        &format!("is held by <a href=\"{RETENTION}#hold-{id}\">"),
    );
    says(&page, &format!("<tr id=\"hold-{id}\">"));
    let run = url("/run");
    desk.submit(&alice, &run, &[]).await.is(303);
    let page = visit(&desk, &alice, "").await;
    says(&page, "3 entries removed");
    let says_gone = newest(&desk, "audit_records_expired").await;
    says(&page, &format!("/events/{}\"", says_gone["seq"]));
    // Asked for by one, approved by another.
    let (release, approve) = (
        url(&format!("/holds/{id}/release")),
        url(&format!("/holds/{id}/approve")),
    );
    says(&page, &release);
    let early = desk.submit(&bob, &approve, &[]).await.is(409).text();
    says(&early, "nobody has asked");
    let reason = [("reason", "matter closed")];
    desk.submit(&alice, &release, &reason).await.is(303);
    let page = visit(&desk, &alice, "").await;
    says(&page, "You asked. Somebody with another key approves it.");
    assert!(!page.contains(&approve), "{page}");
    let own = desk.submit(&alice, &approve, &[]).await.is(409).text();
    says(&own, "asks a second person to");
    says(&visit(&desk, &bob, "").await, &approve);
    desk.submit(&bob, &approve, &[]).await.is(303);
    let page = visit(&desk, &bob, "").await;
    says(&page, "Released last");
    says(&page, "None is in force.");
    desk.submit(&bob, &run, &[]).await.is(303);
    says(&visit(&desk, &bob, "").await, "<dd>entry 6</dd>");
    let verified = desk.post("/v1/trails/shop/verify", "").await.is(200);
    assert_eq!(verified.json()["ok"], true);
}

async fn what_has_to_be_mended_is_asked_for_again_as_it_was(desk: Desk) {
    desk.records("shop", 2).await;
    let cookie = desk.log_in(&desk.admin).await;
    let (hostile, shown) = ("\"><b>x", "&#34;&gt;&lt;b&gt;x");
    let order = json!({"filter": ["user_id=u-1"], "reason": "x"}).to_string();
    let held = desk.post("/v1/trails/shop/holds", order).await.is(201);
    let id = held.json()["id"].as_str().expect("an id").to_owned();
    // It shows holds, and so is on record.
    desk.submit(&cookie, RETENTION, &[]).await.is(400);
    let look = newest(&desk, "audit_log_accessed").await;
    assert_eq!(look["context"]["access"], "report", "{look}");
    let holds = url("/holds");
    let release = url(&format!("/holds/{id}/release"));
    for (to, form, words) in [
        (
            RETENTION,
            vec![("maximum_days", "soon"), ("legal_basis", hostile)],
            "whole number of days",
        ),
        (
            RETENTION,
            vec![("maximum_days", "0"), ("legal_basis", hostile)],
            "number of days from 1",
        ),
        (
            RETENTION,
            vec![
                ("maximum_days", "1"),
                ("minimum_days", "2"),
                ("legal_basis", hostile),
            ],
            "minimum_days",
        ),
        (
            RETENTION,
            vec![
                ("maximum_days", "9"),
                ("classes", "x"),
                ("legal_basis", hostile),
            ],
            "ACTION",
        ),
        (
            &holds,
            vec![("user_id", ""), ("reason", hostile)],
            "all of the trail by",
        ),
        (
            &holds,
            vec![("user_id", hostile), ("everything", "yes"), ("reason", "x")],
            "all of the trail by",
        ),
        (
            &holds,
            vec![("start_date", "soon"), ("reason", hostile)],
            "start_date",
        ),
        (
            &holds,
            vec![("filters", "x"), ("reason", hostile)],
            "name=value",
        ),
        (
            &holds,
            vec![("user_id", hostile), ("reason", " ")],
            "is empty",
        ),
        (&release, vec![("reason", " ")], "is empty"),
    ] {
        let page = desk.submit(&cookie, to, &form).await.is(400).text();
        says(&page, "role=\"alert\"");
        says(&page, words);
        if form.iter().any(|(_, value)| *value == hostile) {
            says(&page, &format!("value=\"{shown}\""));
        }
    }
    let nobody = url("/holds/00000000-0000-0000-0000-000000000000/release");
    desk.submit(&cookie, &nobody, &[("reason", "x")])
        .await
        .is(404);
    let ill = url("/holds/7/release");
    desk.submit(&cookie, &ill, &[("reason", "x")]).await.is(400);
    for wrong in ["?plan=maybe", "?skip=x", "?x=y"] {
        desk.visit(&cookie, &url(wrong)).await.is(400);
    }
    let nothing = "/console/trails/unheard-of/retention";
    let page = desk.visit(&cookie, nothing).await.is(200).text();
    says(&page, "There is none: everything is kept, for ever.");
    assert_eq!(
        newest(&desk, "audit_retention_policy_changed").await,
        Value::Null
    );
}

async fn a_page_of_another_site_decides_nothing(desk: Desk) {
    let (desk, _officer) = aged(desk).await;
    let policy = json!({"maximum_days": 30, "legal_basis": "x"}).to_string();
    let call = Call::new(Method::PUT, "/v1/trails/shop/retention");
    let call = call.header("content-type", "application/json");
    desk.call(call.body(policy)).await.is(200);
    let order = json!({"filter": ["user_id=u-3"], "reason": "x"}).to_string();
    let held = desk.post("/v1/trails/shop/holds", order).await.is(201);
    let id = held.json()["id"].as_str().expect("an id").to_owned();
    let cookie = desk.log_in(&desk.admin).await;
    for (rest, form) in [
        (String::new(), "maximum_days=1&legal_basis=x"),
        ("/run".to_owned(), ""),
        ("/holds".to_owned(), "everything=yes&reason=x"),
        (format!("/holds/{id}/release"), "reason=x"),
        (format!("/holds/{id}/approve"), ""),
    ] {
        let call = Call::new(Method::POST, &url(&rest)).anonymous();
        let call = call
            .header("accept", "text/html")
            .header("cookie", &cookie)
            .header("sec-fetch-site", "cross-site")
            .header("content-type", "application/x-www-form-urlencoded");
        desk.call(call.body(form)).await.is(403);
    }
    let standing = desk.get("/v1/trails/shop/retention").await.is(200).json();
    assert_eq!(
        (&standing["first_kept"], &standing["policy"]["maximum_days"]),
        (&json!(0), &json!(30))
    );
    let holds = desk.get("/v1/trails/shop/holds").await.is(200).json();
    assert_eq!(holds.as_array().expect("a list").len(), 1);
    assert_eq!(holds[0]["release_requested_by"], Value::Null);
}

async fn an_auditor_sees_all_of_it_and_no_form(desk: Desk) {
    let (desk, _officer) = aged(desk).await;
    let policy = json!({"maximum_days": 30, "legal_basis": "a law"}).to_string();
    let call = Call::new(Method::PUT, "/v1/trails/shop/retention");
    let call = call.header("content-type", "application/json");
    desk.call(call.body(policy)).await.is(200);
    let order = json!({"filter": ["user_id=u-3"], "reason": "a letter"}).to_string();
    desk.post("/v1/trails/shop/holds", order).await.is(201);
    let auditor = desk.log_in(&desk.key("auditor", Some("shop")).await).await;
    let page = visit(&desk, &auditor, "?plan").await;
    for shown in ["a law", "a letter", "3 entries", "older than 30 days"] {
        says(&page, shown);
    }
    let (_, main) = page.split_once("<main").expect("a page");
    assert!(!main.contains("<form"), "{main}");
    let reader = desk.log_in(&desk.key("reader", Some("shop")).await).await;
    let events = desk.visit(&reader, "/console/trails/shop/events").await;
    assert!(!events.is(200).text().contains(RETENTION));
}

async fn a_policy_that_the_trail_does_not_say_is_mended_on_the_page(desk: Desk) {
    let (desk, _officer) = aged(desk).await;
    let cookie = desk.log_in(&desk.admin).await;
    let form = [("maximum_days", "30"), ("legal_basis", "x")];
    desk.submit(&cookie, RETENTION, &form).await.is(303);
    alter_policy(&desk).await;
    let page = visit(&desk, &cookie, "?plan").await;
    says(&page, "the database keeps another one than the trail says");
    says(&page, "name=\"legal_basis\"");
    desk.submit(&cookie, &url("/run"), &[]).await.is(409);
    desk.submit(&cookie, RETENTION, &form).await.is(303);
    says(&visit(&desk, &cookie, "").await, "older than 30 days");
}

async fn a_page_of_many_holds_stays_small(desk: Desk) {
    desk.records("shop", 1).await;
    let long = "<&\">".repeat(60);
    for n in 0..25 {
        holds(&desk, "shop", &format!("u-{n}{long}")).await;
    }
    let cookie = desk.log_in(&desk.admin).await;
    let (mut seen, mut next) = (0, Some(RETENTION.to_owned()));
    while let Some(url) = next {
        let page = desk.visit(&cookie, &url).await.is(200).text();
        assert!(page.len() < 60_000, "{}", page.len());
        seen += page.matches("<tr id=\"hold-").count();
        next = page.split_once("Further holds").map(|(before, _)| {
            let (_, url) = before.rsplit_once("href=\"").expect("a link");
            url.split_once('#').expect("a place").0.to_owned()
        });
    }
    assert_eq!(seen, 25);
}
