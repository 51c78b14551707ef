//! The first day that is reviewed, and days that nobody did, on pages.

use serde_json::{Value, json};

use crate::desk::{Desk, on_both};
use crate::reviewing::{guessed, newest};

on_both!(sys_31_the_first_day_and_missed_days_are_put_on_record_on_pages);

const REVIEWS: &str = "/console/trails/shop/reviews";

fn url(rest: &str) -> String {
    format!("{REVIEWS}{rest}")
}

async fn sys_31_the_first_day_and_missed_days_are_put_on_record_on_pages(desk: Desk) {
    guessed(&desk).await;
    desk.clock
        .pass(std::time::Duration::from_secs(4 * 24 * 3600));
    let cookie = desk.log_in(&desk.key("auditor", Some("shop")).await).await;
    let (hostile, shown) = ("\"><b>x", "&#34;&gt;&lt;b&gt;x");
    let (start, days) = (url("/start"), url("/days"));
    let page = desk.visit(&cookie, REVIEWS).await.is(200).text();
    for words in ["Say from which day on is reviewed", "missed days on record"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    for form in [
        [("day", "soon"), ("why", hostile)],
        [("day", "2026-03-14"), ("why", hostile)],
        [("day", hostile), ("why", " ")],
    ] {
        let page = desk.submit(&cookie, &start, &form).await.is(400).text();
        let value = format!("value=\"{shown}\"");
        assert_eq!(page.matches(&value).count(), 1, "{page}");
        assert!(!page.contains("<b>x"), "{page}");
    }
    let form = [("as_of", "6"), ("day", "2026-03-11"), ("why", hostile)];
    let done = desk.submit(&cookie, &start, &form).await.is(303);
    assert_eq!(done.header("location"), url("?as_of=6"));
    let entry = newest(&desk, "audit_review_started").await;
    assert_eq!(
        (&entry["context"]["key_name"], &entry["context"]["why"]),
        (&json!("a auditor"), &json!(hostile))
    );
    let again = desk.submit(&cookie, &start, &form).await.is(409).text();
    assert!(again.contains("2026-03-11"), "{again}");
    let page = desk.visit(&cookie, REVIEWS).await.is(200).text();
    assert!(!page.contains("Say from which day"), "{page}");
    assert!(page.contains("Put 1 missed day on record"), "{page}");
    let wrong = [("from", "soon")];
    desk.submit(&cookie, &days, &wrong).await.is(400);
    assert_eq!(newest(&desk, "audit_review_missed").await, Value::Null);
    desk.submit(&cookie, &days, &[("from", ""), ("to", "")])
        .await
        .is(303);
    let missed = newest(&desk, "audit_review_missed").await;
    let entry = format!("/console/trails/shop/events/{}", missed["seq"]);
    let page = desk.visit(&cookie, REVIEWS).await.is(200).text();
    assert!(page.contains(&entry), "{page}");
    assert!(!page.contains("missed day on record"), "{page}");
    desk.submit(&cookie, &days, &[]).await.is(303);
    assert_eq!(newest(&desk, "audit_review_missed").await, missed);
}
