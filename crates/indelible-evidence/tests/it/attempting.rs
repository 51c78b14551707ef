//! Attempts and their outcomes.

use indelible_core::{Query, unresolved};
use indelible_evidence::{Framework, Report, WorkflowCount};

use crate::desk::{Desk, at, control, event, request};

fn workflow<'r>(report: &'r Report, name: &str) -> &'r WorkflowCount {
    let mut counts = report.attempts.workflows.iter();
    counts.find(|it| it.workflow == name).expect(name)
}

fn linked(action: &str, time: &str, id: &str) -> indelible_core::AuditEvent {
    event(action, time).correlation_id(id)
}

#[tokio::test]
async fn sys_17_each_attempt_is_closed_late_unresolved_pending_or_without_link() {
    let desk = Desk::new().await;
    desk.record_all([
        linked("user_login_attempted", "2026-03-10T09:00:00Z", "in-time"),
        linked("user_login_success", "2026-03-10T09:01:00Z", "in-time"),
        linked("user_login_attempted", "2026-03-10T10:00:00Z", "late"),
        linked("user_login_failed", "2026-03-10T10:01:00.000001Z", "late"),
        linked("user_login_attempted", "2026-03-10T11:00:00Z", "never"),
        event("user_login_attempted", "2026-03-10T12:00:00Z"),
        linked("user_login_success", "2026-03-10T13:00:00Z", "alone"),
        // The other workflow's outcome closes nothing.
        linked("user_logout", "2026-03-10T11:00:10Z", "never"),
        linked("page.open", "2026-03-10T14:00:00Z", "custom")
            .outcome(indelible_core::Outcome::Attempted),
        linked("page.open", "2026-03-10T14:10:00Z", "custom")
            .outcome(indelible_core::Outcome::Succeeded),
    ])
    .await;
    let report = desk.march(Framework::Soc2).await;
    let login = workflow(&report, "user_login");
    assert_eq!(login.resolve_seconds, 60);
    let counts = (
        login.attempts,
        login.closed,
        login.closed_late,
        login.unresolved,
    );
    assert_eq!(counts, (4, 1, 1, 1));
    assert_eq!(
        (
            login.pending,
            login.unlinked,
            login.outcomes_without_attempt
        ),
        (0, 1, 1)
    );
    assert_eq!(workflow(&report, "page.open").closed, 1);
    assert_eq!(report.unresolved_attempts(), 2);
    let listed: Vec<_> = report
        .attempts
        .unresolved
        .iter()
        .map(|it| (it.seq, it.closed_at))
        .collect();
    assert_eq!(
        listed,
        [(2, Some(at("2026-03-10T10:01:00.000001Z"))), (4, None)]
    );
    assert!(control(&report, "CC6.1").unresolved_attempts >= 2);
}

#[tokio::test]
async fn outcomes_beyond_the_end_of_the_period_close_and_attempts_before_it_do_not_count() {
    let desk = Desk::new().await;
    desk.record_all([
        linked("data_export_attempted", "2026-02-28T23:30:00Z", "before"),
        linked("data_exported", "2026-03-01T00:10:00Z", "before"),
        linked("data_export_attempted", "2026-03-31T23:30:00Z", "across"),
        linked("data_exported", "2026-04-01T00:10:00Z", "across"),
    ])
    .await;
    let report = desk.march(Framework::Gdpr).await;
    let export = workflow(&report, "data_export");
    assert_eq!(
        (
            export.attempts,
            export.closed,
            export.outcomes_without_attempt
        ),
        (1, 1, 0)
    );
}

#[tokio::test]
async fn an_attempt_whose_time_is_not_over_is_pending() {
    let desk = Desk::new().await;
    desk.clock.set("2026-03-31T23:00:00Z");
    desk.record(linked("data_export_attempted", "2026-03-31T22:30:00Z", "c"))
        .await;
    let report = desk.march(Framework::Gdpr).await;
    let export = workflow(&report, "data_export");
    assert_eq!(
        (export.attempts, export.pending, export.unresolved),
        (1, 1, 0)
    );
}

#[tokio::test]
async fn with_time_enough_the_unresolved_are_those_of_the_query() {
    let desk = crate::numbers::business().await;
    let report = desk.report(request(Framework::Iso27001)).await;
    let mut query = Query::new()
        .start_date("2026-03-01")
        .end_date("2026-03-31")
        .limit(1000);
    let mut found = 0;
    loop {
        let page = unresolved(&desk.audit, query.clone())
            .await
            .expect("a page");
        found += page.entries.len() as u64;
        match page.next_cursor {
            Some(cursor) => query.cursor = Some(cursor),
            None => break,
        }
    }
    let counts = &report.attempts.workflows;
    let sum = |of: fn(&WorkflowCount) -> u64| counts.iter().map(of).sum::<u64>();
    let attempts = Query::new()
        .outcome("attempted")
        .start_date("2026-03-01")
        .end_date("2026-03-31");
    assert_eq!(sum(|it| it.attempts), desk.count(attempts).await);
    for it in counts {
        let parts = it.closed + it.closed_late + it.unresolved + it.pending + it.unlinked;
        assert_eq!(it.attempts, parts, "{}", it.workflow);
    }
    // The query knows no time limit, so that what came late is closed to it; what was never closed
    // within the hour after the period is open to both.
    assert!(found <= sum(|it| it.unresolved + it.closed_late + it.unlinked));
    assert!(
        sum(|it| it.closed + it.closed_late)
            <= sum(|it| it.attempts) - found + sum(|it| it.closed_late)
    );
}
