//! Reports on a trail of which retention removed the front.

use indelible_evidence::{
    Answer, Form, Framework, Period, Report, State, Surroundings, answer, measure, render,
};

use crate::desk::{Desk, control, event, request};

/// A trail of March, of which the first day may be gone.
async fn trail(is_trimmed: bool) -> Desk {
    let desk = Desk::on("2026-03-01T09:00:00Z").await;
    let viewed = |time: &str| event("page_viewed", time);
    desk.record(viewed("2026-03-01T09:00:00Z")).await;
    desk.clock.set("2026-03-03T09:00:00Z");
    desk.record(event("encryption_key_rotated", "2026-01-05T00:00:00Z"))
        .await;
    for day in [4, 11, 18, 25, 31] {
        let time = format!("2026-03-{day:02}T09:00:00Z");
        desk.clock.set(&time);
        desk.record(event("audit_self_checked", &time)).await;
    }
    desk.clock.set("2026-04-01T12:00:00Z");
    if is_trimmed {
        assert_eq!(desk.trim().await, 1);
    }
    desk
}

async fn reported(desk: &Desk, from: &str) -> Report {
    let mut request = request(Framework::PciDss);
    request.period = Period::parse(from, "2026-03-31").expect("a period");
    desk.report(request).await
}

#[tokio::test]
async fn t102_of_a_period_whose_entries_were_removed_nothing_is_said_not_to_have_occurred() {
    let whole = reported(&trail(false).await, "2026-03-01").await;
    assert_eq!(control(&whole, "3.7.4").state, State::NoOccurrence);
    assert_eq!(whole.completeness.first_kept, 0);
    assert_eq!(whole.completeness.first_kept_at, None);

    let desk = trail(true).await;
    let report = reported(&desk, "2026-03-01").await;
    let rotated = control(&report, "3.7.4");
    assert_eq!(rotated.state, State::CannotTell);
    let why = "entries of the period were removed by retention, those recorded before 2026-03-03";
    assert!(rotated.reason.contains(why), "{}", rotated.reason);
    assert_eq!(report.controls_of(State::NoOccurrence), 0);
    // Nor of what was never seen: it may have been among them.
    let never = control(&report, "10.2.1.4");
    assert_eq!(control(&whole, "10.2.1.4").state, State::NotInstrumented);
    assert_eq!(never.state, State::CannotTell);
    assert!(never.reason.contains(why), "{}", never.reason);
    assert_eq!(report.controls_of(State::NotInstrumented), 0);
    assert_eq!(report.completeness.first_kept, 1);
    let first = report.completeness.first_kept_at.expect("recorded");
    assert!(first.to_string().starts_with("2026-03-03T09:00:00"));
    let limit = "Entries of the period were removed by retention";
    assert!(report.limits.iter().any(|it| it.starts_with(limit)));
    for form in [Form::Html, Form::Markdown] {
        let text = render(&report, form).expect("a text");
        assert!(text.matches(limit).count() >= 2, "{form}");
    }

    // What was removed was of before this one.
    let report = reported(&desk, "2026-03-04").await;
    assert_eq!(control(&report, "3.7.4").state, State::NoOccurrence);
    assert!(!control(&report, "3.7.4").reason.contains("removed"));
    let limit = "all of before the period";
    assert!(report.limits.iter().any(|it| it.contains(limit)));
}

#[tokio::test]
async fn sys_33_a_history_without_its_front_is_told() {
    let desk = trail(true).await;
    let it = measure(desk.audit.engine(), Surroundings::default()).await;
    let mut it = it.expect("measured");
    assert_eq!(it.trails[0].removed, 1);
    it.store.in_memory = false;
    let (answered, fact) = answer(33, &it);
    assert_eq!(answered, Answer::NeedsEvidenceElsewhere);
    for told in [
        "1 entries before it removed by retention",
        "audit_records_expired",
    ] {
        assert!(fact.contains(told), "{fact}");
    }
}
