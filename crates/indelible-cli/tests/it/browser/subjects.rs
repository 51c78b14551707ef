//! A person is looked up and erased in a browser, and an erasure waits for somebody else.

use serde_json::json;
use testbed::Look;

use super::console::{Console, open, play};
use super::reviews::is_well;
use crate::desk::Desk;

/// What a person may be called.
const HOSTILE: &str = "<img src=x onerror=alert(1)>\"'";

fn day(console: &Console) {
    let events = json!([
        {"action": "user_login", "resource_type": "session", "user_id": HOSTILE},
        {"action": "data_viewed", "resource_type": "account", "user_id": "clerk.one",
            "resource_id": HOSTILE, "context": {"purpose": HOSTILE}},
    ]);
    console.records("shop", &events);
}

#[test]
fn a_person_is_looked_up_and_erased_on_a_phone() {
    play(async {
        let console = Console::start(Desk::new());
        day(&console);
        let key = console.key("admin", Some("shop"));
        let page = open(Look::PHONE.dark()).await;
        console.log_in(&page, &key).await;
        page.follow("tbody th a").await;
        page.follow(".trail-bar a[href$='/subjects']").await;
        is_well(&page).await;
        page.fill("#l-person", HOSTILE).await;
        page.submit("#l-person").await;
        is_well(&page).await;
        let known = page.text("section[aria-labelledby='known-title']").await;
        assert!(
            known.contains("2 entries name") && known.contains("staff-1"),
            "{known}"
        );
        assert!(!known.contains("clerk.one"), "{known}");
        page.fill("#e-reason", "Art. 17(1)(b)").await;
        page.submit("#e-reason").await;
        is_well(&page).await;
        let plan = page.text("section[aria-labelledby='plan-title']").await;
        assert!(plan.contains("There is no way back"), "{plan}");
        page.follow("section[aria-labelledby='plan-title'] button")
            .await;
        is_well(&page).await;
        let last = page.text("section[aria-labelledby='last-title']").await;
        assert!(last.contains("2 parts of 2 entries went"), "{last}");
        assert!(last.contains("backups and snapshots"), "{last}");
    });
}

#[test]
fn an_erasure_that_waits_is_seen_on_a_desk() {
    play(async {
        let desk = Desk::new();
        desk.file("indelible.toml", "[erasure]\napproval = true\n");
        let console = Console::start(desk);
        day(&console);
        let key = console.key("admin", Some("shop"));
        let page = open(Look::DESK).await;
        console.log_in(&page, &key).await;
        page.goto(&console.url("/console/trails/shop/subjects"))
            .await;
        is_well(&page).await;
        // A form that is too long is told by the page itself.
        let many = "document.querySelector('#e-ids').value = 'x'.repeat(800 << 10)";
        page.run(many, json!([])).await;
        page.fill("#e-reason", "Art. 17(1)(b)").await;
        page.submit("#e-reason").await;
        assert_eq!(page.status().await, 413);
        is_well(&page).await;
        assert!(page.text("[role=alert]").await.contains("768 KiB"));
        page.fill("#e-ids", HOSTILE).await;
        page.fill("#e-reason", "Art. 17(1)(b)").await;
        page.submit("#e-reason").await;
        page.follow("section[aria-labelledby='plan-title'] button")
            .await;
        is_well(&page).await;
        let waiting = page.text("section[aria-labelledby='waiting-title']").await;
        assert!(!waiting.contains(HOSTILE), "{waiting}");
        assert!(waiting.contains("1 person or place"), "{waiting}");
        page.follow("section[aria-labelledby='waiting-title'] form[action$='/show'] button")
            .await;
        is_well(&page).await;
        let waiting = page.text("section[aria-labelledby='waiting-title']").await;
        assert!(waiting.contains(HOSTILE), "{waiting}");
        assert!(waiting.contains("somebody else approves"), "{waiting}");
        // What is refused is asked for again, with what was written.
        let long = format!("{HOSTILE}{}", "y".repeat(5000));
        page.fill("#r-1-why", &long).await;
        page.submit("#r-1-why").await;
        assert_eq!(page.status().await, 400);
        is_well(&page).await;
        let value = "return document.querySelector('#r-1-why').value";
        assert_eq!(page.run(value, json!([])).await, long);
        page.run("document.querySelector('#r-1-why').value = ''", json!([]))
            .await;
        page.fill("#r-1-why", "it runs").await;
        page.submit("#r-1-why").await;
        let waiting = page.text("section[aria-labelledby='waiting-title']").await;
        assert!(waiting.contains("No erasure waits"), "{waiting}");
    });
}
