//! What looks like a decision of a review, and what others make of it.

use indelible_core::engine::OWN_CODE;
use indelible_core::{AuditAction, AuditEvent};
use indelible_evidence::review::{
    DayState, Disposition, Ledger, Severity, assigned, closed, first_day, missed, raised_by_hand,
    started,
};
use indelible_evidence::{
    Form, Framework, Period, State, accesses_sheet, findings_sheet, render, reviews_sheet,
};
use serde_json::{Value, json};

use super::workflow::{march, sign, standing};
use super::{FAILURES, failed, of, reviewed, rules};
use crate::desk::{Desk, at, event};

/// What a sign-off says of the entries from one to a size.
pub(super) fn said(as_of: u64, from: u64, root: &str) -> Value {
    json!({"period_start": "2026-03-01T00:00:00Z", "period_end": "2099-03-02T00:00:00Z",
        "first_sequence": from, "as_of": as_of, "root": root, "rule_set": "r",
        "rule_set_version": "1", "rule_set_digest": "d", "frequency": "daily",
        "due_seconds": 86_400, "records_in_scope": as_of.saturating_sub(from),
        "findings_count": 0, "findings_open": 0, "whole": true})
}

pub(super) async fn root(desk: &Desk, size: u64) -> String {
    let root = desk.audit.root_at(size).await.expect("read");
    root.expect("there").to_string()
}

#[tokio::test]
async fn sys_31_a_sign_off_that_is_not_so_is_shown_and_counts_for_nothing() {
    let desk = Desk::new().await;
    let of = |context| AuditEvent::new(AuditAction::AUDIT_REVIEW_COMPLETED, "x").context(context);
    desk.record_all((0..4).map(|n| failed("u-1", &format!("09:0{n}:00"))))
        .await;
    let (root_2, root_4) = (root(&desk, 2).await, root(&desk, 4).await);
    let mut with_gap = said(4, 0, &root_4);
    with_gap["records_in_scope"] = json!(3);
    let mut early = said(2, 0, &root_2);
    // The time of entries that were not reviewed is not signed off.
    early["period_end"] = json!("2026-06-02T00:00:00Z");
    let forged = [
        (said(4, 0, &root_2), "the root that it names"),
        (said(4, 0, ""), "the root that it names"),
        (with_gap, "3 entries were reviewed"),
        (said(4, 2, &root_4), "begins with entry 2"),
        (said(0, 0, &root_4), "0 entries were reviewed"),
        (early, "was not reviewed"),
    ];
    for (context, problem) in &forged {
        let seq = desk.record(of(context.clone())).await;
        let ledger = standing(&desk).await;
        let last = ledger.invalid.last().expect("an invalid one");
        assert_eq!((last.seq, ledger.sign_offs.len()), (seq, 0), "{problem}");
        assert!(last.problem.contains(problem), "{}", last.problem);
    }
    let ledger = standing(&desk).await;
    assert_eq!((ledger.reviewed_to(), ledger.signed_to()), (0, None));
    // Nor is it evidence of a review for a control.
    let mut asked = crate::desk::request(Framework::PciDss);
    asked.period = Period::parse("2026-06-01", "2026-06-01").expect("a day");
    let report = desk.report(asked.clone()).await;
    let reviews = crate::desk::control(&report, "10.4.1");
    assert_eq!((reviews.direct, reviews.state), (0, State::CannotTell));
    assert_eq!(reviews.unknown_terms[0].term, "field.root");
    assert_eq!(
        report
            .reviews
            .list
            .iter()
            .filter(|it| it.problem.is_some())
            .count(),
        6
    );
    for form in [Form::Html, Form::Markdown] {
        let text = render(&report, form).expect("a text").to_lowercase();
        assert!(text.contains("counts for nothing"), "{form}");
    }
    // One that is so counts.
    let mut own = said(4, 0, &root_4);
    own["period_end"] = json!("2026-05-31T00:00:00Z");
    desk.record(of(own.clone())).await;
    assert_eq!(standing(&desk).await.reviewed_to(), 4);
    let report = desk.report(asked).await;
    assert_eq!(crate::desk::control(&report, "10.4.1").direct, 1);
    // The same again begins where nothing waits.
    desk.record(of(own)).await;
    let ledger = standing(&desk).await;
    assert_eq!((ledger.sign_offs.len(), ledger.invalid.len()), (1, 7));
    // The time to come is not signed off either, and what is there now may be.
    let head = desk.audit.head().await.expect("read").expect("entries");
    let now = said(head.size, 4, &head.root.to_string());
    desk.record(of(now)).await;
    let ledger = standing(&desk).await;
    let last = ledger.sign_offs.last().expect("one");
    assert_eq!((last.as_of, last.period.to), (head.size, last.signed_at));
}

#[tokio::test]
async fn sys_29_other_rules_make_no_missed_day_go_away_and_a_change_is_visible() {
    use DayState::{Missed, Reviewed};
    let desk = Desk::new().await;
    let strict = rules(FAILURES);
    desk.clock.set("2026-03-01T08:00:00Z");
    desk.record(event("page_viewed", "2026-03-01T07:00:00Z"))
        .await;
    sign(&desk, &strict, "2026-03-02T01:00:00Z").await;
    let now = "2026-03-06T00:00:00Z";
    let lax = rules(&format!("[schedule]\nevery = \"30d\"\n{FAILURES}"));
    assert_eq!(lax.schedule.frequency(), "every 30 days");
    for rules in [&strict, &lax] {
        let lines = march(&standing(&desk).await, rules, (1, 4), now);
        let states: Vec<_> = lines.iter().map(|line| line.state).collect();
        assert_eq!(
            states,
            [Reviewed, Missed, Missed, Missed][..4],
            "{}",
            rules.sha256
        );
    }
    // From the sign-off with them on they are in force; and the change stands in the ledger.
    sign(&desk, &lax, now).await;
    let ledger = standing(&desk).await;
    let changes: Vec<_> = ledger.rule_changes().collect();
    assert_eq!(changes.len(), 1);
    let (before, after) = changes[0];
    assert_eq!(
        (&before.rules.sha256, &after.rules.sha256),
        (&strict.sha256, &lax.sha256)
    );
    assert_eq!(
        (before.frequency.as_str(), after.frequency.as_str()),
        ("daily", "every 30 days")
    );
    let lines = march(&ledger, &lax, (7, 7), "2026-03-20T00:00:00Z");
    assert_eq!(lines[0].state, DayState::Due);
    // Where stricter rules are at hand, they count.
    let lines = march(&ledger, &strict, (7, 7), "2026-03-20T00:00:00Z");
    assert_eq!(lines[0].state, Missed);
}

#[tokio::test]
async fn sys_28_days_count_from_the_first_entry_or_a_start_that_is_on_record_before() {
    let desk = Desk::new().await;
    desk.clock.set("2026-03-05T08:00:00Z");
    desk.record(event("page_viewed", "2026-03-01T07:00:00Z"))
        .await;
    let rules = rules(FAILURES);
    let first = at("2026-03-05T08:00:00Z");
    let day = |text: &str| rules.schedule.zone.day(at(text));
    let from = |ledger: &Ledger| first_day(ledger, &rules.schedule, first);
    assert_eq!(from(&standing(&desk).await), day("2026-03-05T00:00:00Z"));
    desk.clock.set("2026-03-09T08:00:00Z");
    // A day that has not come makes nothing go away.
    desk.record(started(day("2026-03-20T00:00:00Z"), "later", "q. sa"))
        .await;
    assert_eq!(from(&standing(&desk).await), day("2026-03-05T00:00:00Z"));
    desk.record(started(
        day("2026-03-09T00:00:00Z"),
        "reviews begin",
        "q. sa",
    ))
    .await;
    let ledger = standing(&desk).await;
    assert_eq!(from(&ledger), day("2026-03-09T00:00:00Z"));
    assert_eq!(
        ledger.start.as_ref().and_then(|it| it.by.as_deref()),
        Some("q. sa")
    );
    // A second one is one too many.
    desk.clock.set("2026-03-12T08:00:00Z");
    desk.record(started(day("2026-03-12T00:00:00Z"), "again", "q. sa"))
        .await;
    let ledger = standing(&desk).await;
    assert_eq!(
        (from(&ledger), ledger.invalid.len()),
        (day("2026-03-09T00:00:00Z"), 2)
    );
}

#[tokio::test]
async fn reviews_findings_and_accesses_are_handed_over_as_sheets() {
    let desk = Desk::new().await;
    let rules = rules(FAILURES);
    desk.clock.set("2026-03-02T10:00:00Z");
    desk.record_all((0..3).map(|n| failed("u-1", &format!("09:0{n}:00"))))
        .await;
    let look = event("audit_log_accessed", "2026-03-02T09:30:00Z").user_id("=cmd()");
    desk.record(look).await;
    let review = reviewed(&desk, &rules, 0).await;
    let flag = of(&review, "failures")[0];
    desk.record(flag.raised("q. sa", "many failures", Some("m. muster")))
        .await;
    sign(&desk, &rules, "2026-03-02T12:00:00Z").await;
    let forged = AuditEvent::new(AuditAction::AUDIT_REVIEW_COMPLETED, "x");
    desk.record(forged.context(said(1, 0, "00"))).await;
    let day = march(
        &standing(&desk).await,
        &rules,
        (1, 1),
        "2026-03-05T00:00:00Z",
    )
    .remove(0);
    desk.record(missed(&day)).await;
    let (ledger, period) = (
        standing(&desk).await,
        Period::parse("2026-03-01", "2026-03-31").expect("a month"),
    );
    let rows = |text: String| -> Vec<csv::StringRecord> {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        reader.records().map(|row| row.expect("a row")).collect()
    };
    let reviews = rows(reviews_sheet(&ledger, &period).expect("a sheet"));
    let kinds: Vec<_> = reviews.iter().map(|row| row[0].to_owned()).collect();
    assert_eq!(kinds, ["sign_off", "invalid", "missed"]);
    assert_eq!(
        (&reviews[0][3], &reviews[0][13]),
        ("q. sa", rules.sha256.as_str())
    );
    assert!(
        reviews[1][19].contains("begins with entry 0"),
        "{:?}",
        reviews[1]
    );
    assert_eq!(&reviews[2][4], "2026-03-01");
    let findings = rows(findings_sheet(&ledger, &period).expect("a sheet"));
    assert_eq!(
        (&findings[0][0], &findings[0][7]),
        ("failures-0", "m. muster")
    );
    assert_eq!((findings.len(), &findings[0][8]), (1, "open"));
    let april = Period::parse("2026-04-01", "2026-04-30").expect("a month");
    assert!(rows(reviews_sheet(&ledger, &april).expect("a sheet")).is_empty());
    let report = desk.report(crate::desk::request(Framework::PciDss)).await;
    let accesses = rows(accesses_sheet(&report).expect("a sheet"));
    assert_eq!(
        (&accesses[0][0], &accesses[0][1]),
        ("'=cmd()", "audit_log_accessed")
    );
}

#[tokio::test]
async fn sys_30_what_somebody_else_recorded_decides_nothing() {
    let desk = Desk::new().await;
    let rules = rules(FAILURES);
    desk.clock.set("2026-03-02T10:00:00Z");
    desk.record_all((0..3).map(|n| failed("u-1", &format!("09:0{n}:00"))))
        .await;
    let review = reviewed(&desk, &rules, 0).await;
    let flag = of(&review, "failures")[0];
    desk.record(flag.raised("q. sa", "many failures", None))
        .await;
    // Whoever may record knows what to say, and a code of another entry.
    let day = rules.schedule.zone.day(at("2026-03-02T00:00:00Z"));
    let mut closing = closed(
        &flag.id,
        Disposition::Benign,
        "q. sa",
        ("nothing to see", None),
    );
    let own = desk.audit.entry_at(3).await.expect("read").expect("there");
    let code = own.context.expect("it says")[OWN_CODE].clone();
    assert!(code.is_string());
    if let Some(context) = &mut closing.context {
        context[OWN_CODE] = code;
    }
    let last = desk.forge(closing).await;
    desk.forge(started(day, "no review before", "q. sa")).await;
    desk.forge(raised_as("failures-9")).await;
    let root = root(&desk, 3).await;
    let completed = AuditEvent::new(AuditAction::AUDIT_REVIEW_COMPLETED, "audit_review");
    desk.forge(completed.context(said(3, 0, &root))).await;
    let ledger = standing(&desk).await;
    assert!(ledger.findings[&flag.id].is_open() && ledger.findings.len() == 1);
    assert!(ledger.start.is_none() && ledger.sign_offs.is_empty());
    let invalid = ledger.invalid.iter().map(|it| it.seq);
    assert!(invalid.eq(last..last + 4));
    assert!(
        ledger.invalid[0]
            .problem
            .contains("somebody else recorded it")
    );
    // Nor are they direct evidence.
    let report = desk.march(Framework::PciDss).await;
    let reviews = &report.reviews.list;
    let told = reviews.iter().filter(|it| it.problem.is_some());
    assert_eq!(told.count(), 4, "{reviews:?}");
    desk.record(closed(
        &flag.id,
        Disposition::Benign,
        "q. sa",
        ("seen", None),
    ))
    .await;
    assert!(!standing(&desk).await.findings[&flag.id].is_open());
}

fn raised_as(id: &str) -> AuditEvent {
    AuditEvent::new(AuditAction::AUDIT_FINDING_RAISED, "x").context(json!({
        "finding_id": id, "rule": "r", "severity": "high", "entries": 1, "sample_records": [0],
    }))
}

#[tokio::test]
async fn what_no_review_recorded_so_decides_nothing() {
    let desk = Desk::new().await;
    let event = |action: AuditAction, context| AuditEvent::new(action, "x").context(context);
    let completed = AuditAction::AUDIT_REVIEW_COMPLETED;
    desk.record_all([
        event(completed.clone(), json!({"reviewer": "me"})),
        // Of entries that were not there yet.
        event(completed, said(9, 0, "x")),
        event(
            AuditAction::AUDIT_FINDING_RESOLVED,
            json!({"finding_id": "x"}),
        ),
        assigned("nothing-1", "m", "q", None),
        // No rule and no person gives such a name, and no URL can lead to it.
        raised_as(".."),
        raised_as(&"x".repeat(129)),
        raised_as("a/b"),
    ])
    .await;
    let ledger = standing(&desk).await;
    assert_eq!(ledger.not_understood, [0, 1, 2, 3, 4, 5, 6]);
    assert!(ledger.findings.is_empty());
    assert_eq!((ledger.sign_offs.len(), ledger.reviewed_to()), (0, 0));
    let by_hand = raised_by_hand(&[3, 1], Severity::High, "odd", ("q. sa", Some("m")));
    desk.record(by_hand).await;
    let finding = standing(&desk).await.findings["manual-1"].clone();
    assert_eq!((finding.entries, finding.owner.as_deref()), (2, Some("m")));
}
