//! What the trail `system` says of the life of a log.

use indelible_core::{AuditAction, AuditEvent, Outcome};
use indelible_evidence::{Form, Framework, Period, Report, ReportRequest, render};
use serde_json::json;

use crate::desk::{Desk, at, event, request};

fn of_june() -> ReportRequest {
    ReportRequest {
        period: Period::parse("2026-06-01", "2026-06-01").expect("a day"),
        ..request(Framework::PciDss)
    }
}

async fn say(desk: &Desk, action: AuditAction, of: Option<&str>) {
    let mut event = AuditEvent::new(action, "audit_log").context(json!({"reason": "r"}));
    if let Some(of) = of {
        event = event.resource_id(of);
    }
    let engine = desk.audit.engine();
    engine.record_of_itself(event).await.expect("recorded");
}

fn lived(report: &Report) -> Vec<&str> {
    let list = report.lifecycle.list.iter();
    list.map(|it| it.action.as_str()).collect()
}

#[tokio::test]
async fn what_system_says_of_other_trails_is_theirs() {
    let desk = Desk::new().await;
    desk.record(event("page_viewed", "2026-06-01T00:00:00Z"))
        .await;
    say(&desk, AuditAction::AUDIT_INTEGRITY_FAILED, Some("another")).await;
    say(&desk, AuditAction::AUDIT_INTEGRITY_FAILED, Some("default")).await;
    say(&desk, AuditAction::AUDIT_CLOCK_DRIFT_DETECTED, None).await;
    let report = desk.report(of_june()).await;
    let expected = ["audit_integrity_failed", "audit_clock_drift_detected"];
    assert_eq!(lived(&report), expected);
    assert_eq!(report.lifecycle.count, 2);
}

#[tokio::test]
async fn t55_starts_and_stops_stand_in_the_report_and_only_starts_are_signs_of_life() {
    let desk = Desk::new().await;
    desk.record(event("page_viewed", "2026-06-01T00:00:00Z"))
        .await;
    say(&desk, AuditAction::AUDIT_STARTED, None).await;
    say(&desk, AuditAction::AUDIT_STOPPED, None).await;
    let report = desk.report(of_june()).await;
    assert_eq!(lived(&report), ["audit_started", "audit_stopped"]);
    assert_eq!(report.controls[0].liveness.starts, 1);
    for form in [Form::Html, Form::Markdown] {
        let text = render(&report, form).expect("a text");
        assert!(text.contains("audit_started") && text.contains("audit_stopped"));
    }
}

#[tokio::test]
async fn a_report_gives_the_last_verification_and_says_what_it_did_not_measure() {
    let desk = Desk::new().await;
    desk.record(event("page_viewed", "2026-06-01T00:00:00Z"))
        .await;
    let texts = |report: &Report| {
        [Form::Html, Form::Markdown].map(|form| render(report, form).expect("a text"))
    };
    let report = desk.report(of_june()).await;
    assert_eq!(report.completeness.verified, None);
    for text in texts(&report) {
        assert!(!text.contains("without a gap"), "{text}");
        assert!(text.contains("no verification of this trail is on record"));
    }
    // Of another trail, or cut short, it shows nothing.
    say(
        &desk,
        AuditAction::AUDIT_INTEGRITY_VERIFIED,
        Some("another"),
    )
    .await;
    let sound = |report: &Report| report.completeness.verified.as_ref().map(|it| it.sound);
    let cut_short = AuditEvent::new(AuditAction::AUDIT_INTEGRITY_VERIFIED, "audit_log");
    let cut_short = cut_short.resource_id("default").outcome(Outcome::Failed);
    let engine = desk.audit.engine();
    engine.record_of_itself(cut_short).await.expect("recorded");
    assert_eq!(desk.report(of_june()).await.completeness.verified, None);
    say(
        &desk,
        AuditAction::AUDIT_INTEGRITY_VERIFIED,
        Some("default"),
    )
    .await;
    let report = desk.report(of_june()).await;
    assert_eq!(sound(&report), Some(true));
    assert!(
        texts(&report)
            .iter()
            .all(|text| text.contains("found none"))
    );
    say(&desk, AuditAction::AUDIT_INTEGRITY_FAILED, Some("default")).await;
    let report = desk.report(of_june()).await;
    assert_eq!(sound(&report), Some(false));
    assert!(
        texts(&report)
            .iter()
            .all(|text| text.contains("FOUND SOME"))
    );
    // What is said later does not change an earlier report.
    let earlier = ReportRequest {
        created: at("2026-06-01T00:00:00.5Z"),
        as_of: Some(1),
        ..of_june()
    };
    let first = desk.report(earlier.clone()).await;
    desk.clock.set("2026-06-03T00:00:00Z");
    say(
        &desk,
        AuditAction::AUDIT_INTEGRITY_VERIFIED,
        Some("default"),
    )
    .await;
    assert_eq!(desk.report(earlier).await, first);
}

#[tokio::test]
async fn more_actions_of_attempts_than_are_counted_apart_are_told() {
    let desk = Desk::new().await;
    let attempt = |n: u32| {
        event(&format!("own.{n}"), "2026-06-01T00:00:00Z")
            .outcome(Outcome::Attempted)
            .correlation_id("c")
    };
    desk.record_all((0..1_003).map(attempt)).await;
    let report = desk.report(of_june()).await;
    assert_eq!(report.attempts.workflows.len(), 1_000);
    assert_eq!(report.attempts.uncounted, 3);
    assert!(
        report.limits.iter().any(|it| it.contains("of 3 attempts")),
        "{:?}",
        report.limits
    );
}
