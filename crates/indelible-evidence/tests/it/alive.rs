//! What shows that recording was alive, and how far.

use indelible_evidence::{Form, Framework, Period, State, render};

use crate::desk::{Desk, control, event, request};
use crate::states::{scope, trail, weekly};

const MARCH: &str = "2026-03-10T09:00:00Z";

#[tokio::test]
async fn t102_one_sign_of_life_does_not_make_a_silent_year_no_occurrence() {
    for action in ["audit_started", "audit_stopped", "admin_config_changed"] {
        let desk = trail().await;
        let rotated = event("encryption_key_rotated", "2024-12-05T00:00:00Z");
        desk.record_all([rotated, event(action, "2025-06-10T09:00:00Z")])
            .await;
        let mut request = request(Framework::PciDss);
        request.period = Period::parse("2025-01-01", "2025-12-31").expect("a year");
        let report = desk.report(request).await;
        assert_eq!(control(&report, "3.7.4").state, State::Stale, "{action}");
    }
    // Whoever stops each week, and never starts, was never seen alive.
    let desk = trail().await;
    weekly(&desk, "audit_stopped").await;
    let report = desk.march(Framework::PciDss).await;
    assert_eq!(control(&report, "3.7.4").state, State::Stale);
    assert_eq!(control(&report, "3.7.4").liveness.hours_with_signs, 0);
    // Early and late are not enough with three weeks between.
    let desk = trail().await;
    desk.record_all([
        event("audit_started", "2026-03-02T09:00:00Z"),
        event("audit_started", "2026-03-30T09:00:00Z"),
    ])
    .await;
    let report = desk.march(Framework::PciDss).await;
    assert_eq!(control(&report, "3.7.4").state, State::Stale);
}

#[tokio::test]
async fn a_period_that_is_not_over_is_reported_up_to_now() {
    let desk = Desk::new().await;
    desk.clock.set("2026-03-10T12:00:00Z");
    desk.record(event("access_denied", "2026-03-02T09:00:00Z"))
        .await;
    let mut request = request(Framework::PciDss);
    request.created = crate::desk::at("2026-03-12T10:00:00Z");
    let report = desk.report(request.clone()).await;
    let completeness = &report.completeness;
    assert!(!completeness.is_over);
    assert_eq!(completeness.covered_to, request.created);
    let silence = &control(&report, "10.2.1.4").silences[0];
    assert_eq!(silence.to.to_string(), "2026-03-12");
    for form in [Form::Html, Form::Markdown, Form::Csv] {
        let text = render(&report, form).expect("a text");
        assert!(text.contains("2026-03-12T10:00:00.000000Z"), "{form}");
    }
    // What came later is no part of an earlier size: that ends where the next entry begins.
    desk.clock.set("2026-03-11T00:00:00Z");
    desk.record(event("access_denied", "2026-03-10T13:00:00Z"))
        .await;
    request.as_of = Some(1);
    let report = desk.report(request.clone()).await;
    let covered = report.completeness.covered_to.to_string();
    assert!(covered.starts_with("2026-03-1") && covered.as_str() < "2026-03-11T00:00:01");
    // Before it has begun, there is nothing to be silent.
    request.period = Period::parse("2026-04-01", "2026-04-30").expect("a period");
    let report = desk.report(request).await;
    assert_eq!(control(&report, "10.2.1.4").silences, []);
    assert_eq!(control(&report, "10.2.1.4").state, State::Stale);
}

#[tokio::test]
async fn an_outcome_that_contradicts_its_action_is_a_success_of_nothing() {
    use indelible_core::Outcome::{Attempted, Denied, Failed, Succeeded};
    let desk = Desk::new().await;
    desk.record_all([
        event("user_login_failed", MARCH).outcome(Succeeded),
        event("user_login_success", MARCH).outcome(Failed),
        event("access_granted", MARCH).outcome(Denied),
        event("access_denied", MARCH).outcome(Succeeded),
        event("encryption_key_rotated", MARCH).outcome(Attempted),
    ])
    .await;
    let report = desk.march(Framework::PciDss).await;
    assert_eq!(report.quality.contradictory, 5);
    for count in &report.actions {
        let counted = (count.succeeded, count.completed, count.failed, count.denied);
        assert_eq!(
            (count.contradictory, counted),
            (1, (0, 0, 0, 0)),
            "{}",
            count.action
        );
    }
    let denied = control(&report, "10.2.1.4");
    assert_eq!((denied.state, denied.direct), (State::CannotTell, 0));
    assert_eq!(denied.unknown_terms[0].term, "field.outcome");
    let fields = control(&report, "10.2.2");
    assert_eq!((fields.state, fields.direct), (State::CannotTell, 0));
    let limit = "Entries of the period whose outcome contradicts their action: 5.";
    assert!(report.limits.iter().any(|it| it == limit));
}

#[tokio::test]
async fn a_heartbeat_shows_that_recording_is_alive() {
    for (action, text, state) in [
        ("audit_self_checked", "", State::NoOccurrence),
        (
            "app.heartbeat",
            "[liveness]\nactions = [\"app.heartbeat\"]\n",
            State::NoOccurrence,
        ),
        ("app.heartbeat", "", State::Stale),
        ("audit_started", "", State::NoOccurrence),
        ("audit_stopped", "", State::Stale),
    ] {
        let desk = trail().await;
        weekly(&desk, action).await;
        let mut request = request(Framework::PciDss);
        request.scope = scope(text);
        let report = desk.report(request).await;
        assert_eq!(control(&report, "3.7.4").state, state, "{action} {text}");
        let rests: &[&str] = if text.is_empty() { &[] } else { &["liveness"] };
        assert_eq!(control(&report, "3.7.4").declarations, rests, "{action}");
    }
}
