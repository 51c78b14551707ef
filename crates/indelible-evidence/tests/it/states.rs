//! A trail in which each of the eight states comes up.

use indelible_core::AuditEvent;
use indelible_evidence::{Framework, Scope, State};
use serde_json::json;

use crate::desk::{Desk, control, event, request};

const MARCH: &str = "2026-03-10T09:00:00Z";

pub fn scope(text: &str) -> Scope {
    let declared = "[declared]\nby = \"m. muster\"\non = \"2026-02-01\"\nwhy = \"audit of May\"\n";
    Scope::parse(&format!("{declared}{text}")).expect("a scope")
}

fn session(time: &str) -> AuditEvent {
    event("user_logout", time).context(json!({"logout_method": "button"}))
}

/// An event of this action each week of March.
pub async fn weekly(desk: &Desk, action: &str) {
    let days = [4, 11, 18, 25, 31];
    let times = days.map(|day| format!("2026-03-{day:02}T09:00:00Z"));
    desk.record_live(times.iter().map(|time| event(action, time)))
        .await;
}

pub async fn trail() -> Desk {
    let desk = Desk::new().await;
    let access = |action: &str, time: &str| event(action, time);
    desk.record_live([
        // Seen before the period alone.
        event("encryption_key_rotated", "2026-01-05T00:00:00Z"),
        event("admin_backup_restored", "2026-01-06T00:00:00Z"),
        // In the period.
        event("user_login_failed", MARCH).context(json!({"reason": "invalid_password"})),
        event("user_login_failed", "2026-03-12T09:00:00Z"),
        access("access_denied", "2026-03-20T09:00:00Z"),
        access("data_viewed", "2026-03-21T09:00:00Z"),
        event("user_logout", "2026-03-22T09:00:00Z").context(json!({"logout_method": "button"})),
        // Sessions all through it.
        session("2026-03-03T09:00:00Z"),
        session("2026-03-09T09:00:00Z"),
        session("2026-03-16T09:00:00Z"),
        session("2026-03-28T09:00:00Z"),
        // After it.
        event("breach_detected", "2026-04-02T00:00:00Z"),
    ])
    .await;
    desk
}

#[tokio::test]
async fn all_eight_states_come_up() {
    let desk = trail().await;
    let mut request = request(Framework::PciDss);
    request.scope = scope(
        "[scope.cde]\npresent = true\n\
         [[not_applicable]]\ncontrol = \"PCI-DSS-4.0.1:10.2.1.4\"\nby = \"q. sa\"\n\
         on = \"2026-02-03\"\nwhy = \"no logical access\"\n",
    );
    let report = desk.report(request.clone()).await;
    let state = |id: &str| control(&report, id).state;
    // Declared so, though there is direct evidence.
    assert_eq!(state("10.2.1.4"), State::NotApplicable);
    assert!(control(&report, "10.2.1.4").direct > 0);
    let reason = &control(&report, "10.2.1.4").reason;
    assert_eq!(reason, "declared by q. sa on 2026-02-03: no logical access");
    let rests = &control(&report, "10.2.1.4").declarations;
    assert_eq!(rests, &["not_applicable"]);
    // No record shows how access is designed, and no action speaks of the protection of logs.
    assert_eq!(state("7.3.3"), State::NeedsEvidenceElsewhere);
    assert_eq!(state("11.5.2"), State::NeedsEvidenceElsewhere);
    // The view of an account of which nobody said whether it holds cardholder data.
    assert_eq!(state("10.2.1.1"), State::CannotTell);
    assert_eq!(
        control(&report, "10.2.1.1").unknown_terms[0].term,
        "data.chd"
    );
    assert_eq!(state("10.2.2"), State::Operating);
    assert_eq!(state("10.2.1"), State::SupportingOnly);
    // Keys were rotated in January; the category `admin` has nothing in March.
    assert_eq!(state("3.7.4"), State::Stale);
    assert_eq!(state("7.2.4"), State::NotInstrumented);
    // The session of somebody who logs out by hand is no timeout.
    assert_eq!(state("8.2.8"), State::NoOccurrence);
    let all: std::collections::BTreeSet<_> = report.controls.iter().map(|it| it.state).collect();
    assert_eq!(all.len(), State::ALL.len(), "{all:?}");
    for count in &report.states {
        let own = report.controls.iter().filter(|it| it.state == count.state);
        assert_eq!(own.count() as u64, count.controls);
    }
    let counted: u64 = report.states.iter().map(|it| it.controls).sum();
    assert_eq!(counted, report.controls.len() as u64);
    // Without the declaration it operates.
    request.scope = Scope::default();
    let report = desk.report(request).await;
    assert_eq!(control(&report, "10.2.1.4").state, State::Operating);
}

#[tokio::test]
async fn liveness_tells_no_occurrence_from_stale() {
    let desk = trail().await;
    let rotated = |report: &indelible_evidence::Report| control(report, "3.7.4").clone();
    let report = desk.march(Framework::PciDss).await;
    assert_eq!(rotated(&report).state, State::Stale);
    assert!(rotated(&report).reason.ends_with("last seen on 2026-01-05"));
    assert!(!rotated(&report).liveness.is_alive());
    // Another event of the same source is a sign of life of its day, and of no other.
    desk.record_live([event("admin_config_changed", MARCH)])
        .await;
    let report = desk.march(Framework::PciDss).await;
    assert_eq!(rotated(&report).state, State::Stale);
    let said = &rotated(&report).reason;
    assert!(
        said.contains("518 hours at most without a sign of life"),
        "{said}"
    );
    // Nor are those that were recorded long after they happened, as from an import: whoever
    // recorded them chose the time.
    desk.clock.set("2026-06-01T00:00:00Z");
    let late = [4, 11, 18, 25, 31].map(|day| format!("2026-03-{day:02}T09:00:00Z"));
    for action in [
        "admin_config_changed",
        "audit_self_checked",
        "audit_started",
    ] {
        desk.record_all(late.iter().map(|time| event(action, time)))
            .await;
    }
    let report = desk.march(Framework::PciDss).await;
    let imported = rotated(&report);
    assert_eq!(imported.state, State::Stale);
    let counted = (imported.liveness.self_checks, imported.liveness.starts);
    assert_eq!((counted, imported.liveness.hours_with_signs), ((0, 0), 1));
    weekly(&desk, "admin_config_changed").await;
    let report = desk.march(Framework::PciDss).await;
    assert_eq!(rotated(&report).state, State::NoOccurrence);
    let liveness = rotated(&report).liveness;
    assert_eq!(
        (liveness.source_entries, liveness.silent_hours_max),
        (11, 168)
    );
}

#[tokio::test]
async fn what_is_first_seen_after_the_period_was_not_instrumented_in_it() {
    let desk = trail().await;
    let report = desk.march(Framework::Gdpr).await;
    let breach = control(&report, "Art. 33(5)");
    assert_eq!(breach.state, State::NotInstrumented);
    assert!(
        breach
            .reason
            .ends_with("first seen after it, on 2026-04-02"),
        "{}",
        breach.reason
    );
    // Declared to be recorded, and something else of privacy is.
    let mut request = request(Framework::Gdpr);
    request.scope = scope("[instrumented]\nactions = [\"breach_detected\"]\n");
    assert_eq!(
        control(&desk.report(request.clone()).await, "Art. 33(5)").state,
        State::NotInstrumented
    );
    weekly(&desk, "consent_given").await;
    let report = desk.report(request).await;
    let breach = control(&report, "Art. 33(5)");
    assert_eq!(breach.state, State::NoOccurrence);
    assert_eq!(breach.declarations, ["instrumented"]);
    assert!(
        breach.reason.contains("operator's statement"),
        "{}",
        breach.reason
    );
}

#[tokio::test]
async fn direct_evidence_and_what_cannot_be_told_stand_beside_each_other() {
    let desk = Desk::new().await;
    let view = |tag: Option<&str>| -> AuditEvent {
        let view = event("data_viewed", MARCH);
        match tag {
            Some(tag) => view.tag(tag).tag("actor.user"),
            None => view,
        }
    };
    desk.record_all([
        view(Some("data.chd")),
        view(None),
        view(None),
        view(Some("data.chd:no")),
    ])
    .await;
    let report = desk.march(Framework::PciDss).await;
    let views = control(&report, "10.2.1.1");
    assert_eq!(views.state, State::Operating);
    assert_eq!(
        (
            views.records,
            views.direct,
            views.undecidable,
            views.not_met
        ),
        (4, 1, 2, 1)
    );
    assert!(
        views.reason.contains("of 2 entries it cannot be told"),
        "{}",
        views.reason
    );
}

#[tokio::test]
async fn a_framework_whose_presupposition_is_declared_absent_does_not_apply() {
    let desk = trail().await;
    let mut request = request(Framework::Hipaa);
    request.scope = scope("[scope.ephi]\npresent = false\nwhy = \"a shop\"\n");
    let report = desk.report(request).await;
    assert!(
        report
            .controls
            .iter()
            .all(|it| it.state == State::NotApplicable)
    );
    assert!(report.controls[0].reason.ends_with("in scope: a shop"));
    assert_eq!(report.controls[0].declarations, ["scope.ephi"]);
    let report = desk.march(Framework::Hipaa).await;
    assert_eq!(report.scope.presupposes.expect("ePHI").declared, None);
    assert!(
        report.limits.iter().any(|it| it.contains("presuppose")),
        "{:?}",
        report.limits
    );
}

#[tokio::test]
async fn design_controls_need_evidence_elsewhere_whatever_is_recorded() {
    let desk = Desk::new().await;
    let login = event("user_login_success", MARCH).context(json!({"mfa": true}));
    desk.record_all([
        login.tag("actor.privileged"),
        event("access_review_completed", MARCH),
    ])
    .await;
    let mut request = request(Framework::PciDss);
    request.scope = scope("[scope.cde]\npresent = true\n");
    let report = desk.report(request).await;
    let mfa = control(&report, "8.4.1");
    assert_eq!(
        (mfa.state, mfa.supporting),
        (State::NeedsEvidenceElsewhere, 1)
    );
    assert_eq!(control(&report, "7.2.4").state, State::Operating);
}

#[tokio::test]
async fn sys_01_sys_05_sys_06_a_record_without_its_fields_cannot_be_told_to_have_them() {
    let desk = Desk::new().await;
    let bare = AuditEvent::new(indelible_core::AuditAction::USER_LOGIN_SUCCESS, "session")
        .occurred_at(crate::desk::at(MARCH));
    desk.record_all([event("user_login_success", MARCH), bare])
        .await;
    for (framework, id) in [
        (Framework::PciDss, "10.2.2"),
        (Framework::Nist80053, "AU-3"),
    ] {
        let report = desk.march(framework).await;
        let fields = control(&report, id);
        assert_eq!((fields.direct, fields.undecidable), (1, 1), "{id}");
        let terms: Vec<_> = fields
            .unknown_terms
            .iter()
            .map(|it| it.term.as_str())
            .collect();
        assert_eq!(
            terms,
            ["field.origin", "field.resource_id", "field.user_id"]
        );
        let quality = &report.quality;
        assert_eq!(
            (
                quality.without_user,
                quality.without_origin,
                quality.without_resource
            ),
            (1, 1, 1)
        );
    }
}

#[tokio::test]
async fn silences_ask_whether_nothing_happened_or_nothing_was_recorded() {
    let desk = Desk::new().await;
    desk.record_all([
        event("access_denied", "2026-03-02T09:00:00Z"),
        event("access_granted", "2026-03-05T09:00:00Z"),
        event("access_denied", "2026-03-10T09:00:00Z"),
        event("access_denied", "2026-03-31T09:00:00Z"),
    ])
    .await;
    let report = desk.march(Framework::PciDss).await;
    let denials = control(&report, "10.2.1.4");
    let shown: Vec<_> = denials
        .silences
        .iter()
        .map(|it| (it.from.to_string(), it.to.to_string(), it.source_records))
        .collect();
    assert_eq!(
        shown,
        [
            ("2026-03-11".to_owned(), "2026-03-30".to_owned(), 0),
            ("2026-03-03".to_owned(), "2026-03-09".to_owned(), 1),
        ]
    );
    let page = indelible_evidence::render(&report, indelible_evidence::Form::Markdown).expect("it");
    assert!(
        page.contains("nothing from 2026-03-03 to 2026-03-09: none happened, or none recorded?")
    );
}

#[tokio::test]
async fn an_empty_trail_has_no_report_and_sizes_it_does_not_have_are_refused() {
    let desk = Desk::new().await;
    let asked = request(Framework::Soc2);
    assert!(
        desk.try_report(asked.clone())
            .await
            .expect("an answer")
            .is_none()
    );
    desk.record(event("user_login_failed", MARCH)).await;
    for as_of in [0, 2] {
        let request = indelible_evidence::ReportRequest {
            as_of: Some(as_of),
            ..asked.clone()
        };
        let error = desk.try_report(request).await.expect_err("no such size");
        assert!(error.to_string().contains("as_of"), "{error}");
    }
}
