//! What a trail keeps is decided in a browser: a policy, a hold, its release by a second key.

use serde_json::json;
use testbed::Look;

use super::console::{Console, is_without_fault, open, play};
use super::reviews::is_well;
use crate::desk::Desk;

/// What a reason may be.
const HOSTILE: &str = "<img src=x onerror=alert(1)>\"'";

#[test]
fn t91_sys_36_a_hold_is_placed_and_let_go_by_two_on_a_phone_and_on_a_desk() {
    play(async {
        let console = Console::start(Desk::new());
        let event = json!({"action": "page_viewed", "resource_type": "page", "user_id": HOSTILE});
        console.records("shop", &json!([event]));
        let (alice, bob) = (
            console.key_called("alice", "admin", Some("shop")),
            console.key_called("bob", "admin", Some("shop")),
        );
        let page = open(Look::PHONE.dark()).await;
        console.log_in(&page, &alice).await;
        page.follow("tbody th a").await;
        page.follow(".trail-bar a[href$='/retention']").await;
        is_well(&page).await;
        // A policy; what has to be mended comes back as it was.
        let policy = "section[aria-labelledby='policy-title']";
        page.click(&format!("{policy} details summary")).await;
        is_well(&page).await;
        page.fill("#p-maximum", "soon").await;
        page.fill("#p-basis", HOSTILE).await;
        page.submit("#p-maximum").await;
        assert_eq!(page.status().await, 400);
        is_well(&page).await;
        let value = "return document.querySelector(arguments[0]).value";
        assert_eq!(page.run(value, json!(["#p-basis"])).await, HOSTILE);
        page.run("document.querySelector('#p-maximum').value = ''", json!([]))
            .await;
        page.fill("#p-maximum", "730").await;
        page.submit("#p-maximum").await;
        assert_eq!(page.status().await, 200);
        let said = page.text(policy).await;
        assert!(
            said.contains("730 days") && said.contains(HOSTILE),
            "{said}"
        );
        page.follow("a[href$='?plan#plan-title']").await;
        is_well(&page).await;
        assert!(
            page.text("#plan-title + *")
                .await
                .contains("a run would do")
        );
        // A hold, and its release.
        let holds = "section[aria-labelledby='holds-title']";
        page.click(&format!("{holds} details summary")).await;
        is_well(&page).await;
        page.fill("#h-user_id", HOSTILE).await;
        page.fill("#h-reason", HOSTILE).await;
        page.submit("#h-reason").await;
        is_well(&page).await;
        assert!(page.text(&format!("{holds} table")).await.contains(HOSTILE));
        page.fill("#r-1", "matter closed").await;
        page.submit("#r-1").await;
        is_well(&page).await;
        assert!(page.text(holds).await.contains("You asked."));
        is_without_fault(&page).await;
        let page = open(Look::PHONE.dark()).await;
        console.log_in(&page, &bob).await;
        page.goto(&console.url("/console/trails/shop/retention"))
            .await;
        is_well(&page).await;
        page.follow("form[action$='/approve'] button").await;
        is_well(&page).await;
        assert!(page.text(holds).await.contains("Released last"));
        let held = console.asks("/v1/trails/shop/holds");
        assert_eq!(held[0]["in_force"], false);
        assert_eq!(held[0]["reason"], HOSTILE);
        is_without_fault(&page).await;
        console.stop();
    });
}
