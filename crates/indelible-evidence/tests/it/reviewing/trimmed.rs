//! Reviews of a trail of which retention removed the front.

use indelible_core::{AuditAction, AuditEvent};
use indelible_evidence::review::{DayState, days, review};
use indelible_evidence::{Framework, Period, reviews_sheet};
use serde_json::json;

use super::checked::{root, said};
use super::workflow::{sign, standing};
use super::{FAILURES, reviewed, rules};
use crate::desk::{Desk, at, event, request};

async fn viewed(desk: &Desk, time: &str, count: usize) {
    desk.clock.set(time);
    let event = || event("page_viewed", time);
    desk.record_all((0..count).map(|_| event())).await;
}

fn signed(context: serde_json::Value) -> AuditEvent {
    AuditEvent::new(AuditAction::AUDIT_REVIEW_COMPLETED, "x").context(context)
}

#[tokio::test]
async fn sys_31_the_sign_offs_that_retention_left_count_and_new_ones_follow() {
    let desk = Desk::on("2026-03-01T09:00:00Z").await;
    let rules = rules(FAILURES);
    viewed(&desk, "2026-03-01T09:00:00Z", 3).await;
    sign(&desk, &rules, "2026-03-02T01:00:00Z").await;
    viewed(&desk, "2026-04-10T09:00:00Z", 3).await;
    sign(&desk, &rules, "2026-04-11T01:00:00Z").await;
    let last = standing(&desk).await.sign_offs.pop().expect("two");
    desk.clock.set("2026-04-12T00:00:00Z");
    assert_eq!(desk.trim().await, 4);
    let ledger = standing(&desk).await;
    assert_eq!((ledger.first_kept, ledger.invalid.len()), (4, 0));
    assert_eq!(ledger.sign_offs, [last]);
    assert_eq!(ledger.reviewed_to(), 7);
    let review = sign(&desk, &rules, "2026-04-13T01:00:00Z").await;
    let ledger = standing(&desk).await;
    assert_eq!((ledger.sign_offs.len(), ledger.invalid.len()), (2, 0));
    assert_eq!(ledger.reviewed_to(), review.as_of);
    // Whoever leaves out what is there is not believed for it.
    let head = desk.audit.head().await.expect("read").expect("entries");
    let from = review.as_of + 1;
    desk.record(signed(said(head.size, from, &head.root.to_string())))
        .await;
    let ledger = standing(&desk).await;
    assert!(ledger.invalid[0].problem.contains("it begins with entry"));
}

#[tokio::test]
async fn sys_31_a_review_begins_where_the_trail_does() {
    let desk = Desk::on("2026-03-01T09:00:00Z").await;
    let rules = rules(FAILURES);
    viewed(&desk, "2026-03-01T09:00:00Z", 3).await;
    viewed(&desk, "2026-04-10T09:00:00Z", 3).await;
    desk.clock.set("2026-04-12T00:00:00Z");
    assert_eq!(desk.trim().await, 3);
    assert_eq!(standing(&desk).await.reviewed_to(), 3);
    // Whatever it is asked for.
    let found = reviewed(&desk, &rules, 0).await;
    assert_eq!((found.from, found.entries), (3, found.as_of - 3));
    let early = indelible_evidence::review::ReviewRequest {
        rules: &rules,
        from: 0,
        as_of: Some(2),
        bounds: Default::default(),
    };
    let problem = review(&desk.audit, &early, &mut |_| {}).await;
    let problem = problem.expect_err("removed").to_string();
    assert!(problem.contains("were removed by retention"), "{problem}");
    sign(&desk, &rules, "2026-04-13T01:00:00Z").await;
    let ledger = standing(&desk).await;
    assert_eq!((ledger.sign_offs.len(), ledger.invalid.len()), (1, 0));
    assert_eq!(ledger.sign_offs[0].entries, found.entries);
}

#[tokio::test]
async fn sys_31_a_sign_off_of_what_was_removed_cannot_be_checked_and_breaks_nothing() {
    let desk = Desk::on("2026-03-01T09:00:00Z").await;
    let rules = rules(FAILURES);
    viewed(&desk, "2026-03-01T09:00:00Z", 600).await;
    desk.clock.set("2026-04-10T09:00:00Z");
    // Of an unaligned size, whose root goes with its entries; and one that was not so.
    let (own, false_root) = (root(&desk, 300).await, root(&desk, 301).await);
    let mut sound = said(300, 0, &own);
    sound["period_end"] = json!("2026-03-01T08:00:00Z");
    sound["period_start"] = json!("2026-02-28T00:00:00Z");
    let sound = desk.record(signed(sound)).await;
    let forged = desk.record(signed(said(301, 300, &false_root[1..]))).await;
    let before = standing(&desk).await;
    assert_eq!((before.sign_offs.len(), before.invalid[0].seq), (1, forged));
    desk.clock.set("2026-04-12T00:00:00Z");
    assert_eq!(desk.trim().await, 600);
    let ledger = standing(&desk).await;
    let shown: Vec<_> = ledger.sign_offs.iter().map(|it| it.seq).collect();
    assert_eq!((shown, ledger.invalid.len()), (vec![sound, forged], 0));
    assert!(ledger.sign_offs.iter().all(|it| !it.is_checked));
    assert_eq!(ledger.reviewed_to(), 600);
    // What cannot be checked says nothing of the days of what is there.
    let now = at("2026-04-14T00:00:00Z");
    let day = |time: &str| rules.schedule.zone.day(at(time));
    let april = (day("2026-04-10T00:00:00Z"), day("2026-04-11T00:00:00Z"));
    for line in days(&ledger, &rules.schedule, april, now) {
        assert_eq!(line.state, DayState::Missed, "{}", line.day);
    }
    // Nor is it evidence, and it is said.
    let mut asked = request(Framework::PciDss);
    asked.period = Period::parse("2026-04-01", "2026-04-30").expect("a month");
    let report = desk.report(asked).await;
    assert_eq!(crate::desk::control(&report, "10.4.1").direct, 0);
    let problems = report
        .reviews
        .list
        .iter()
        .filter_map(|it| it.problem.as_ref());
    let problems: Vec<_> = problems.collect();
    assert!(
        problems[0].contains("cannot be checked any more"),
        "{problems:?}"
    );
    let always = Period::parse("2020-01-01", "2099-01-01").expect("a period");
    let sheet = reviews_sheet(&ledger, &always).expect("a sheet");
    assert_eq!(sheet.matches("cannot be checked any more").count(), 2);
    // The next review is one like any other.
    sign(&desk, &rules, "2026-04-13T01:00:00Z").await;
    let ledger = standing(&desk).await;
    assert_eq!((ledger.sign_offs.len(), ledger.invalid.len()), (3, 0));
    assert!(ledger.sign_offs[2].is_checked);
}

#[tokio::test]
async fn sys_31_what_a_removal_lets_pass_takes_no_later_sign_off_away() {
    let desk = Desk::on("2026-03-01T09:00:00Z").await;
    let rules = rules(FAILURES);
    viewed(&desk, "2026-03-01T09:00:00Z", 6).await;
    viewed(&desk, "2026-04-10T09:00:00Z", 6).await;
    // It leaves out entries that are there, until they are not any more.
    let gap = root(&desk, 11).await;
    let mut gap = said(11, 2, &gap);
    gap["period_end"] = json!("2026-04-01T00:00:00Z");
    let gap = desk.record(signed(gap)).await;
    assert_eq!(standing(&desk).await.invalid[0].seq, gap);
    sign(&desk, &rules, "2026-04-11T01:00:00Z").await;
    desk.clock.set("2026-04-12T00:00:00Z");
    assert_eq!(desk.trim().await, 6);
    let ledger = standing(&desk).await;
    assert_eq!((ledger.sign_offs.len(), ledger.invalid.len()), (2, 0));
    sign(&desk, &rules, "2026-04-13T01:00:00Z").await;
    assert_eq!(standing(&desk).await.invalid, []);
}
