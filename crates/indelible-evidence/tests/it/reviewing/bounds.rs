//! What is held is bounded, and what does not fit is told.

use indelible_evidence::review::Bounds;
use serde_json::json;

use super::{FAILURES, bounded, count, failed, of, rules};
use crate::desk::{Desk, event};

fn small() -> Bounds {
    Bounds {
        hits_max: 20,
        group_hits_max: 8,
        groups_max: 10,
        findings_max: 2,
        seqs_max: 5,
    }
}

#[tokio::test]
async fn old_hits_make_room_and_nothing_is_missed() {
    let desk = Desk::new().await;
    // A day with two failures an hour of changing users, and a burst at the end of each third.
    let quiet = |hour: u32, n: u32| failed(&format!("u-{hour}-{n}"), &format!("{hour:02}:{n}0:00"));
    for hour in 0..24 {
        desk.record_all([quiet(hour, 1), quiet(hour, 2)]).await;
        if hour % 8 == 7 {
            let burst = |n: u32| failed("u-burst", &format!("{hour:02}:3{n}:00"));
            desk.record_all((0..3).map(burst)).await;
        }
    }
    let text = format!("[schedule]\nlate = \"10m\"\n{FAILURES}");
    let bounds = Bounds {
        findings_max: 10,
        ..small()
    };
    let review = bounded(&desk, &rules(&text), 0, bounds).await;
    let found: Vec<_> = of(&review, "failures")
        .iter()
        .map(|it| it.seqs.clone())
        .collect();
    assert_eq!(found, [[16, 17, 18], [35, 36, 37], [54, 55, 56]]);
    assert_eq!(count(&review, "failures").uncounted, 0);
    assert!(review.is_whole());
}

#[tokio::test]
async fn more_than_fits_is_counted_and_told() {
    let desk = Desk::new().await;
    let many = |n: u32| failed(&format!("u-{n}"), "09:00:00");
    desk.record_all((0..30).map(many)).await;
    let review = bounded(&desk, &rules(FAILURES), 0, small()).await;
    assert_eq!(count(&review, "failures").matched, 30);
    assert_eq!(count(&review, "failures").uncounted, 20);
    assert!(!review.is_whole());
}

#[tokio::test]
async fn a_burst_without_end_is_one_finding() {
    let desk = Desk::new().await;
    desk.record_all((0..50).map(|n| failed("u-1", &format!("09:00:{n:02}"))))
        .await;
    let review = bounded(&desk, &rules(FAILURES), 0, small()).await;
    let found = of(&review, "failures");
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].entries, found[0].new), (50, 50));
    assert_eq!(
        (&found[0].seqs[..], found[0].more),
        (&[0, 1, 2, 3, 4][..], 45)
    );
    assert_eq!(found[0].last.to_string(), "2026-03-02T09:00:49.000000Z");
    assert_eq!(count(&review, "failures").uncounted, 0);
}

#[tokio::test]
async fn sums_beyond_what_is_held_are_added_up() {
    let desk = Desk::new().await;
    let paid = |n: u32| {
        event("data_exported", &format!("2026-03-02T09:00:{n:02}Z"))
            .context(json!({"bytes": 1_000}))
    };
    desk.record_all((0..50).map(paid)).await;
    let text = "[[rule]]\nname = \"much\"\nseverity = \"low\"\nwhy = \"w\"\n\
        match = [{ action = \"data_exported\" }]\nsum = \"bytes\"\n\
        at_least = 5_000\nwithin = \"10m\"\n";
    let review = bounded(&desk, &rules(text), 0, small()).await;
    let found = of(&review, "much");
    assert_eq!((found.len(), found[0].entries), (1, 50));
    assert_eq!(found[0].sum, Some(50_000));
}

#[tokio::test]
async fn a_flood_does_not_hide_what_follows_it() {
    let desk = Desk::new().await;
    desk.record_all((0..20).map(|n| failed("u-1", &format!("09:{n:02}:00"))))
        .await;
    let login = event("user_login_success", "2026-03-02T09:19:30Z").user_id("u-1");
    let login = desk.record(login).await;
    let text = FAILURES.replace(
        "match",
        "followed_by = [{ action = \"user_login_success\" }]\nmatch",
    );
    let review = bounded(&desk, &rules(&text), 0, small()).await;
    let found = of(&review, "failures");
    assert_eq!(
        (found.len(), found[0].last.to_string().as_str()),
        (1, "2026-03-02T09:19:30.000000Z")
    );
    assert_eq!(login, 20);
    // What was let go on the way is told, and with room for all nothing is.
    assert!(found[0].entries >= 4 && count(&review, "failures").uncounted > 0);
    let counted = found[0].entries + count(&review, "failures").uncounted;
    assert_eq!(counted, 21);
    let whole = bounded(&desk, &rules(&text), 0, Bounds::default()).await;
    // Ten minutes before the login, ten failures.
    assert_eq!(
        (of(&whole, "failures")[0].entries, whole.is_whole()),
        (11, true)
    );
    // Failures of one instant leave room for it, too.
    let desk = Desk::new().await;
    desk.record_all((0..20).map(|_| failed("u-1", "09:00:00")))
        .await;
    desk.record(event("user_login_success", "2026-03-02T09:00:01Z").user_id("u-1"))
        .await;
    let review = bounded(&desk, &rules(&text), 0, small()).await;
    assert_eq!(
        (
            of(&review, "failures").len(),
            of(&review, "failures")[0].new
        ),
        (1, 21)
    );
}

#[tokio::test]
async fn findings_beyond_the_list_are_counted() {
    let desk = Desk::new().await;
    let roles = |n: u32| event("role_assigned", "2026-03-02T09:00:00Z").user_id(format!("u-{n}"));
    desk.record_all((0..12).map(roles)).await;
    let text = "[[rule]]\nname = \"roles\"\nseverity = \"low\"\nwhy = \"w\"\n\
        match = [{ action = \"role_assigned\" }]\ngroup_by = [\"user_id\"]\n";
    let review = bounded(&desk, &rules(text), 0, small()).await;
    let counted = count(&review, "roles");
    // Ten users are looked at apart, two of their findings are listed.
    assert_eq!(
        (counted.findings, counted.unlisted, counted.uncounted),
        (10, 8, 2)
    );
    assert_eq!(review.findings.len(), 2);
    assert!(!review.is_whole());
}
