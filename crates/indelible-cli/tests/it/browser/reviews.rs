//! A day is reviewed in a browser, from what is new to the sign-off.

use serde_json::{Value, json};
use testbed::{Look, Page};

use super::console::{Console, is_without_fault, open, play};
use super::tour::faults_of;
use crate::desk::Desk;

/// What an owner may be called.
const HOSTILE: &str = "<img src=x onerror=alert(1)>\"'";

#[test]
fn a_day_is_reviewed_on_a_phone_and_on_a_desk() {
    play(async {
        let console = Console::start(Desk::new());
        let event = |action: &str| json!({"action": action, "resource_type": "session", "user_id": HOSTILE});
        let mut events: Vec<Value> = (0..5).map(|_| event("user_login_failed")).collect();
        events.push(event("user_login_success"));
        console.records("shop", &json!(events));
        let key = console.key("auditor", Some("shop"));
        let page = open(Look::PHONE.dark()).await;
        console.log_in(&page, &key).await;
        page.follow("tbody th a").await;
        page.follow(".trail-bar a[href$='/reviews']").await;
        // Without what looking at it added.
        page.goto(&console.url("/console/trails/shop/reviews?as_of=6"))
            .await;
        is_well(&page).await;
        let flags = page.texts("li.step strong").await;
        assert_eq!(flags, ["failures_then_login-0", "brute_force_user-0"]);
        page.follow("button[aria-label='Raise failures_then_login-0']")
            .await;
        page.fill("#f-owner", HOSTILE).await;
        page.submit("#f-owner").await;
        assert_eq!(page.texts("button[aria-label^='Raise ']").await, [""; 0]);
        let open_findings = "section[aria-labelledby='open-title']";
        page.click(&format!("{open_findings} details summary"))
            .await;
        is_well(&page).await;
        assert!(page.text(open_findings).await.contains(HOSTILE));
        page.fill("#c-1-why", HOSTILE).await;
        page.select("#c-1-as", "escalated").await;
        page.fill("#c-1-shown", "INC-1").await;
        page.submit("#c-1-why").await;
        let closed = page.text("section[aria-labelledby='closed-title']").await;
        assert!(
            closed.contains(HOSTILE) && closed.contains("INC-1"),
            "{closed}"
        );
        page.click(&format!("{open_findings} details summary"))
            .await;
        page.fill("#a-1-to", "m. muster").await;
        page.submit("#a-1-to").await;
        assert!(page.text(open_findings).await.contains("With m. muster."));
        // What has to be mended comes back as it was.
        page.fill("#s-to", "soon").await;
        page.fill("#s-comment", HOSTILE).await;
        page.submit("#s-to").await;
        assert_eq!(page.status().await, 400);
        is_well(&page).await;
        let value = "return document.querySelector(arguments[0]).value";
        assert_eq!(page.run(value, json!(["#s-comment"])).await, HOSTILE);
        let empty = "document.querySelector('#s-to').value = ''";
        page.run(empty, json!([])).await;
        page.submit("#s-to").await;
        assert_eq!(page.status().await, 200);
        is_well(&page).await;
        let signed = console.asks("/v1/trails/shop/events?action=audit_review_completed");
        assert_eq!(signed["entries"][0]["context"]["comment"], HOSTILE);
        // Which form a report is made of is chosen on a page, and listed there.
        page.follow(".trail-bar a[href$='/reports']").await;
        is_well(&page).await;
        page.select("#r-framework", "gdpr-2016-679").await;
        page.follow("button[formaction]").await;
        is_well(&page).await;
        assert!(page.text("#controls-title").await.contains("GDPR"));
        is_without_fault(&page).await;
        console.stop();
    });
}

#[test]
fn the_first_day_is_said_and_missed_days_are_put_on_record() {
    play(async {
        let console = Console::start(Desk::new());
        let event = json!({"action": "page_viewed", "resource_type": "page", "user_id": "u-1"});
        console.records("shop", &json!([event]));
        let key = console.key("auditor", Some("shop"));
        let page = open(Look::PHONE.dark()).await;
        console.log_in(&page, &key).await;
        page.goto(&console.url("/console/trails/shop/reviews"))
            .await;
        let days = "section[aria-labelledby='days-title']";
        page.click(&format!("{days} details summary")).await;
        is_well(&page).await;
        page.fill("#d-day", "soon").await;
        page.fill("#d-why", HOSTILE).await;
        page.submit("#d-day").await;
        assert_eq!(page.status().await, 400);
        is_well(&page).await;
        let value = "return document.querySelector(arguments[0]).value";
        assert_eq!(page.run(value, json!(["#d-why"])).await, HOSTILE);
        // Some days before the newest that the page lists.
        let before = "const day = new Date(document.querySelector(arguments[0]).textContent); \
                      day.setUTCDate(day.getUTCDate() - 6); \
                      document.querySelector('#d-day').value = day.toISOString().slice(0, 10)";
        page.run(before, json!([format!("{days} tbody th")])).await;
        page.submit("#d-day").await;
        assert_eq!(page.status().await, 200);
        is_well(&page).await;
        page.follow(&format!("{days} form[action$='/days'] button"))
            .await;
        assert_eq!(page.status().await, 200);
        is_well(&page).await;
        let missed = console.asks("/v1/trails/shop/events?action=audit_review_missed");
        let missed = missed["entries"].as_array().map(Vec::len);
        assert!(missed >= Some(4), "{missed:?}");
        assert_eq!(page.texts(&format!("{days} form")).await, [""; 0]);
        let started = console.asks("/v1/trails/shop/events?action=audit_review_started");
        assert_eq!(started["entries"][0]["context"]["why"], HOSTILE);
        is_without_fault(&page).await;
        console.stop();
    });
}

/// On a phone and on a desk, in light and in dark.
pub async fn is_well(page: &Page) {
    let looks = [
        Look::PHONE,
        Look::PHONE.dark(),
        Look::DESK,
        Look::DESK.dark(),
    ];
    for look in looks {
        page.appear(look).await;
        let faults: Vec<_> = faults_of(page, look).await.collect();
        assert!(
            faults.is_empty(),
            "{} {look:?}: {faults:?}",
            page.url().await
        );
    }
    page.appear(Look::PHONE.dark()).await;
}
