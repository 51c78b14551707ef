//! The integrity of a trail as the console shows it: what a verification came to, how far one is,
//! and who may see that.

use std::sync::Arc;
use std::time::Duration;

use indelible::{AuditProtocol, Query};
use indelible_server::App;
use serde_json::Value;

use crate::connections::Serving;
use crate::desk::{Desk, on_both};
use crate::gated::Gated;

on_both!(
    a_clean_trail_shows_what_can_be_checked,
    t48_a_tampered_entry_is_a_finding_in_plain_words_with_a_link,
    a_trail_whose_end_cannot_be_read_is_verified_all_the_same,
    a_key_that_was_rotated_is_shown_with_the_statement,
    progress_is_seen_by_all_and_a_second_run_is_refused_kindly,
    a_stop_waits_for_no_verification_and_leaves_no_turn_taken,
    the_last_verification_outlives_the_server,
    a_note_that_was_made_up_is_not_shown,
    what_the_schedule_and_the_api_found_is_shown_too,
    who_may_not_prove_or_is_of_another_trail_sees_none_of_it,
);

const INTEGRITY: &str = "/console/trails/shop/integrity";
const VERIFICATION: &str = "/console/trails/shop/verification";
const PROGRESS: &str = "/console/trails/shop/verification/progress";

/// Waits until no verification of the trail runs any more.
async fn ended(desk: &Desk, cookie: &str) {
    while desk.visit(cookie, PROGRESS).await.is(200).json()["is_running"] == true {
        tokio::task::yield_now().await;
    }
}

/// Has the trail verified from its page, and answers the page that says what that came to.
async fn verified(desk: &Desk, cookie: &str) -> String {
    let begun = desk.submit(cookie, VERIFICATION, &[]).await.is(303);
    assert_eq!(begun.header("location"), VERIFICATION);
    ended(desk, cookie).await;
    let over = desk.visit(cookie, VERIFICATION).await.is(303);
    assert_eq!(over.header("location"), INTEGRITY);
    desk.visit(cookie, INTEGRITY).await.is(200).text()
}

#[track_caller]
pub fn says(page: &str, text: &str) {
    assert!(page.contains(text), "{text} is not on the page: {page}");
}

#[track_caller]
fn says_not(page: &str, text: &str) {
    assert!(!page.contains(text), "{text} is on the page: {page}");
}

/// The records of an action in a trail, newest first, read past the server.
async fn records(desk: &Desk, trail: &str, action: &str) -> Vec<Value> {
    let trail = desk.database.trail(trail.parse().expect("a name"));
    let page = trail.query(Query::new().action(action).limit(1000)).await;
    let entries = page.expect("readable").entries.into_iter();
    let json = |entry| serde_json::to_value(entry).expect("JSON");
    entries.map(json).collect()
}

async fn a_clean_trail_shows_what_can_be_checked(desk: Desk) {
    desk.records("shop", 20).await;
    let auditor = desk.log_in(&desk.key("auditor", Some("shop")).await).await;
    let page = desk.visit(&auditor, INTEGRITY).await.is(200);
    let policy = page.header("content-security-policy").to_owned();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    let page = page.text();
    says(&page, "This server has not verified the trail yet.");
    says(&page, "Verify now");
    let trail = desk.database.trail("shop".parse().expect("a name"));
    let head = trail.head().await.expect("readable").expect("a head");
    let note = desk
        .visit(&auditor, "/console/trails/shop/checkpoint")
        .await;
    says(&page, &head.key.to_string());
    assert!(note.is(200).text().starts_with(head.key.name()));
    says(&page, &format!("data-trail-origin=\"{}\"", head.key.name()));
    says(
        &page,
        "data-consistency-url=\"/console/trails/shop/consistency\"",
    );
    says(
        &page,
        "data-checkpoint-url=\"/console/trails/shop/checkpoint\"",
    );
    let page = verified(&desk, &auditor).await;
    says(&page, "entries are as they were recorded.");
    says(&page, "complete: every entry, in every table");
    says(&page, "a auditor (key ");
    says_not(&page, "What was found");
    let begun = records(&desk, "shop", "audit_log_accessed").await;
    let begun = begun.iter().filter(|entry| {
        let context = &entry["context"];
        context["access"] == "verify" && context["endpoint"].as_str().is_some_and(is_begin)
    });
    assert_eq!(begun.count(), 1);
    let ended = records(&desk, "system", "audit_integrity_verified").await;
    assert_eq!(ended.len(), 1, "{ended:?}");
    assert_eq!(ended[0]["resource_id"], "shop");
    assert_eq!(ended[0]["context"]["complete"], true);
    let user = ended[0]["user_id"].as_str().expect("a user");
    assert!(user.starts_with("key:"), "{user}");
}

fn is_begin(endpoint: &str) -> bool {
    endpoint == "POST /console/trails/{trail}/verification"
}

async fn t48_a_tampered_entry_is_a_finding_in_plain_words_with_a_link(desk: Desk) {
    desk.records("shop", 20).await;
    let admin = desk.log_in(&desk.admin).await;
    says(&verified(&desk, &admin).await, "as they were recorded");
    desk.tamper("UPDATE entry SET action = 'page_hidden' WHERE action = 'page_viewed' AND seq = 7");
    let page = verified(&desk, &admin).await;
    says(&page, "The trail is NOT as it was recorded");
    says(&page, "A field of an entry was edited");
    says(&page, "<code class=\"kind\">column_differs</code>");
    says(
        &page,
        "<a href=\"/console/trails/shop/events/7\">Entry 7</a>",
    );
    says(&page, "Treat it as tampering or as a failing disk");
    let found = records(&desk, "system", "audit_integrity_failed").await;
    assert_eq!(found.len(), 1, "{found:?}");
    let context = &found[0]["context"];
    assert_eq!(context["source"], "verification on request");
    assert_eq!(context["first_bad_sequence"], 7);
    assert_eq!(found[0]["resource_id"], "shop");
}

async fn a_trail_whose_end_cannot_be_read_is_verified_all_the_same(desk: Desk) {
    desk.records("shop", 20).await;
    let admin = desk.log_in(&desk.admin).await;
    desk.tamper("UPDATE head SET key = 'nonsense' WHERE size = 20");
    let page = desk.visit(&admin, INTEGRITY).await.is(200).text();
    says(&page, "The end of this trail cannot be read");
    let page = verified(&desk, &admin).await;
    says(&page, "The trail is NOT as it was recorded: 1 finding.");
    says(&page, "<code class=\"kind\">head_unreadable</code>");
    // Where it cannot be recorded in the trail, a look is recorded in `system`.
    let looks = records(&desk, "system", "audit_log_accessed").await;
    let of_shop = looks.iter().filter(|look| look["resource_id"] == "shop");
    assert!(of_shop.count() >= 2, "{looks:?}");
}

async fn a_key_that_was_rotated_is_shown_with_the_statement(desk: Desk) {
    desk.records("shop", 3).await;
    let admin = desk.log_in(&desk.admin).await;
    let page = desk.visit(&admin, INTEGRITY).await.is(200).text();
    says_not(&page, "Key rotations");
    let another = desk.another().await;
    let rotated = another.engine().rotate_key("a drill").await;
    assert!(!rotated.expect("rotated").is_empty());
    let desk = desk.serving(App::new(another.engine().clone()));
    let page = desk.visit(&admin, INTEGRITY).await.is(200).text();
    says(&page, "The key was changed once.");
    says(&page, "<summary>Statement 1</summary>");
}

async fn gated(desk: Desk) -> (Desk, Arc<Gated>) {
    let ground = desk.app.engine().ground().clone();
    crate::gated::serving(desk, ground).await
}

async fn progress_is_seen_by_all_and_a_second_run_is_refused_kindly(desk: Desk) {
    let (desk, gate) = gated(desk).await;
    desk.records("shop", 1000).await;
    desk.records("other", 3).await;
    let mine = desk.log_in(&desk.admin).await;
    let theirs = desk.log_in(&desk.key("auditor", Some("shop")).await).await;
    let of_other = desk.log_in(&desk.key("auditor", Some("other")).await).await;
    for (cookie, trail) in [(&mine, "shop"), (&of_other, "other")] {
        let url = format!("/console/trails/{trail}/integrity");
        desk.visit(cookie, &url).await.is(200);
    }
    gate.shut();
    desk.submit(&mine, VERIFICATION, &[]).await.is(303);
    gate.come().await;
    desk.clock.pass(Duration::from_secs(3));
    let page = desk.visit(&mine, VERIFICATION).await.is(200).text();
    says(&page, "3 s so far, nothing read yet");
    for _ in 0..2 {
        gate.let_through();
        gate.come().await;
    }
    let page = desk.visit(&theirs, VERIFICATION).await.is(200).text();
    says(&page, "value=\"256\"");
    let progress = desk.visit(&theirs, PROGRESS).await.is(200).json();
    assert_eq!(
        (&progress["entries"], &progress["is_running"]),
        (&256.into(), &true.into())
    );
    let size = progress["size"].as_u64().expect("a size");
    assert!((1000..1010).contains(&size), "{progress}");
    says(
        &desk.visit(&theirs, INTEGRITY).await.is(200).text(),
        "A verification is running",
    );

    // Whoever asks for the same one is led to it; for another one, told why not.
    let again = desk.submit(&theirs, VERIFICATION, &[]).await.is(303);
    assert_eq!(again.header("location"), VERIFICATION);
    let url = "/console/trails/other/verification";
    let refused = desk.submit(&of_other, url, &[]).await.is(409).text();
    says(&refused, "Another verification is running");
    says(&refused, "href=\"/console/trails/other/integrity\"");
    says_not(&refused, "shop");
    let told = desk.submit(&mine, url, &[]).await.is(409).text();
    says(
        &told,
        "<a href=\"/console/trails/shop/verification\">shop</a>",
    );

    gate.open();
    gate.let_through();
    ended(&desk, &theirs).await;
    let page = desk.visit(&theirs, INTEGRITY).await.is(200).text();
    says(&page, "entries are as they were recorded.");
    says(&page, "in 3.0 s");
    desk.submit(&of_other, url, &[]).await.is(303);
}

async fn a_stop_waits_for_no_verification_and_leaves_no_turn_taken(desk: Desk) {
    let (desk, gate) = gated(desk).await;
    desk.records("shop", 10).await;
    let admin = desk.log_in(&desk.admin).await;
    desk.visit(&admin, INTEGRITY).await.is(200);
    let serving = Serving::app(&desk, desk.app.clone()).await;
    gate.shut();
    desk.submit(&admin, VERIFICATION, &[]).await.is(303);
    gate.come().await;
    serving.end().await;
    let page = desk.visit(&admin, INTEGRITY).await.is(200).text();
    says(&page, "This server has not verified the trail yet.");
    says(&page, "Verify now");
    desk.submit(&admin, VERIFICATION, &[]).await.is(303);
    let ended = records(&desk, "system", "audit_integrity_verified").await;
    let first = ended.last().expect("recorded");
    assert_eq!(first["outcome"], "failed");
    assert_eq!(first["context"]["reason"], "the server was stopped");
}

async fn the_last_verification_outlives_the_server(desk: Desk) {
    desk.records("shop", 20).await;
    let admin = desk.log_in(&desk.admin).await;
    verified(&desk, &admin).await;
    desk.records("shop", 5).await;
    let another = desk.another().await;
    let desk = desk.serving(App::new(another.engine().clone()));
    desk.clock.pass(Duration::from_secs(600));
    let page = desk.visit(&admin, INTEGRITY).await.is(200).text();
    says(&page, "entries are as they were recorded.");
    says(&page, "(10 min ago)");
    says(&page, "entries have come since");
}

async fn a_note_that_was_made_up_is_not_shown(desk: Desk) {
    desk.records("shop", 20).await;
    let admin = desk.log_in(&desk.admin).await;
    desk.tamper("UPDATE entry SET action = 'hidden' WHERE action = 'page_viewed' AND seq = 3");
    says(&verified(&desk, &admin).await, "NOT as it was recorded");
    let registry = &desk.app.engine().ground().registry;
    let row = registry.get("verification", "shop").await;
    let row = row.expect("readable").expect("a row");
    let text = row.value.to_string();
    let good = text.replace("\"ok\":false", "\"ok\":true");
    assert_ne!(text, good);
    let good: Value = serde_json::from_str(&good).expect("JSON");
    let written = registry.put("verification", "shop", Some(row.version), Some(&good));
    assert!(written.await.expect("written").is_some());
    let page = desk.visit(&admin, INTEGRITY).await.is(200).text();
    says(&page, "was not written by this installation");
    says_not(&page, "as they were recorded");
    says(&verified(&desk, &admin).await, "NOT as it was recorded");
}

async fn what_the_schedule_and_the_api_found_is_shown_too(desk: Desk) {
    desk.records("shop", 20).await;
    let admin = desk.log_in(&desk.admin).await;
    desk.post("/v1/trails/shop/verify", "").await.is(200);
    let page = desk.visit(&admin, INTEGRITY).await.is(200).text();
    says(&page, "entries are as they were recorded.");
    desk.tamper("UPDATE entry SET action = 'hidden' WHERE action = 'page_viewed' AND seq = 3");
    indelible_server::verify_all(&desk.app).await;
    let page = desk.visit(&admin, INTEGRITY).await.is(200).text();
    says(&page, "NOT as it was recorded");
    says(&page, "the server, on its schedule");
    let found = records(&desk, "system", "audit_integrity_failed").await;
    assert_eq!(found[0]["context"]["source"], "scheduled verification");
}

async fn who_may_not_prove_or_is_of_another_trail_sees_none_of_it(desk: Desk) {
    desk.records("shop", 3).await;
    desk.records("other", 3).await;
    for (role, trail) in [
        ("reader", Some("shop")),
        ("writer", Some("shop")),
        ("auditor", Some("other")),
        ("admin", Some("other")),
    ] {
        let cookie = desk.log_in(&desk.key(role, trail).await).await;
        for url in [INTEGRITY, VERIFICATION, PROGRESS] {
            let refused = desk.visit(&cookie, url).await.is(403).text();
            says_not(&refused, "data-trail-origin");
        }
        desk.submit(&cookie, VERIFICATION, &[]).await.is(403);
    }
    let nobody = desk.visit("", INTEGRITY).await.is(303);
    assert!(nobody.header("location").starts_with("/console/login"));
    let ended = records(&desk, "system", "audit_integrity_verified").await;
    assert_eq!(ended, Vec::<Value>::new());
}
