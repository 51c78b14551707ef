//! The list of trails as a page, and the beginning of one.

use std::time::Duration;

use crate::desk::{Desk, on_both};

on_both!(a_trail_is_begun, an_admin_of_one_trail_begins_that_one);

async fn a_trail_is_begun(desk: Desk) {
    let cookie = desk.log_in(&desk.admin).await;
    let url = "/console/trails";
    let form = [("trail", "shop"), ("description", "what <customers> do")];
    let begun = desk.submit(&cookie, url, &form).await.is(303);
    assert_eq!(begun.header("location"), "/console/trails/shop/events");
    let page = desk.get("/v1/trails/shop/events").await.is(200).json();
    let first = &page["entries"][0];
    assert_eq!(first["action"], "audit_started");
    assert_eq!(first["context"]["description"], "what <customers> do");
    for (trail, status, words) in [
        ("shop", 409, "is there already"),
        ("system", 403, "system"),
        ("No <Trail>", 400, "role=\"alert\""),
        ("", 400, "role=\"alert\""),
    ] {
        let form = [("trail", trail), ("description", "d")];
        let text = desk.submit(&cookie, url, &form).await.is(status).text();
        assert!(
            text.contains(words) && text.contains("value=\"d\""),
            "{text}"
        );
        assert!(!text.contains("<Trail>"), "{text}");
    }
    // The list says how old each one's last entry is.
    desk.clock.pass(Duration::from_secs(12 * 60));
    let text = desk.visit(&cookie, "/console").await.is(200).text();
    let row = text.split("<tr>").find(|row| row.contains(">shop</a>"));
    let row = row.expect("a row");
    assert!(
        row.contains("12 min ago") && row.contains("2026-03-09 12:00:00"),
        "{row}"
    );
    let reader = desk.log_in(&desk.key("reader", None).await).await;
    let text = desk.visit(&reader, "/console").await.is(200).text();
    assert!(
        text.contains(">shop</a>") && !text.contains("Begin a trail"),
        "{text}"
    );
    desk.submit(&reader, url, &[("trail", "more")])
        .await
        .is(403);
}

async fn an_admin_of_one_trail_begins_that_one(desk: Desk) {
    desk.records("other", 1).await;
    let cookie = desk.log_in(&desk.key("admin", Some("shop")).await).await;
    let text = desk.visit(&cookie, "/console").await.is(200).text();
    assert!(
        text.contains("value=\"shop\"") && !text.contains("other"),
        "{text}"
    );
    for trail in ["other", "more"] {
        let page = desk
            .submit(&cookie, "/console/trails", &[("trail", trail)])
            .await;
        page.is(403);
    }
    let begun = desk
        .submit(&cookie, "/console/trails", &[("trail", "shop")])
        .await;
    begun.is(303);
    let text = desk.visit(&cookie, "/console").await.is(200).text();
    assert!(
        text.contains(">shop</a>") && !text.contains("Begin a trail"),
        "{text}"
    );
}
