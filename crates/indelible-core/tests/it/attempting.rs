//! Attempts and their outcomes.

use std::sync::Arc;

use indelible_core::{
    AuditAction, AuditError, AuditEvent, AuditProtocol, BeginAttempt, Entry, Outcome, Page, Query,
    Receipt, catalogue, unresolved,
};
use serde_json::json;

use crate::ground::{Site, event, everything};

async fn audit() -> Arc<dyn AuditProtocol> {
    Arc::new(Site::new().audit().await)
}

/// All entries, oldest first.
async fn entries(audit: &Arc<dyn AuditProtocol>) -> Vec<Entry> {
    let page = audit.query(everything()).await.expect("readable");
    page.entries.into_iter().rev().collect()
}

fn told(entries: &[Entry]) -> Vec<(&str, Outcome)> {
    entries
        .iter()
        .map(|entry| (entry.action.as_str(), entry.outcome))
        .collect()
}

#[tokio::test]
async fn an_attempt_and_its_outcome_are_two_entries_that_belong_together() {
    let audit = audit().await;
    let login = AuditEvent::new(AuditAction::USER_LOGIN_ATTEMPTED, "session")
        .user_id("u-1")
        .ip_address("203.0.113.9")
        .context(json!({"method": "password"}));
    let attempt = audit.attempt(login).await.expect("recorded");
    let seq = attempt.receipt().seq;
    let receipt = attempt.failed("invalid_password").await.expect("recorded");
    assert_eq!((seq, receipt.seq), (Some(0), Some(1)));
    let entries = entries(&audit).await;
    assert_eq!(
        told(&entries),
        [
            ("user_login_attempted", Outcome::Attempted),
            ("user_login_failed", Outcome::Failed)
        ]
    );
    let [begun, ended] = &entries[..] else {
        panic!("{entries:?}")
    };
    assert_eq!(begun.context, Some(json!({"method": "password"})));
    assert_eq!(
        ended.context,
        Some(json!({"method": "password", "reason": "invalid_password"}))
    );
    assert!(begun.correlation_id.is_some());
    assert_eq!(begun.correlation_id, ended.correlation_id);
    assert_eq!(begun.user_id, ended.user_id);
    assert_eq!(begun.ip_address, ended.ip_address);
}

#[tokio::test]
async fn t14_one_request_id_keeps_both_entries_apart() {
    let audit = audit().await;
    let event = event("invoice.pay").correlation_id("request-7");
    let attempt = audit.attempt(event).await.expect("recorded");
    let attempt = attempt.learned(|event| event.resource_id("invoice-3").correlation_id("lost"));
    attempt.denied("not the owner").await.expect("recorded");
    let entries = entries(&audit).await;
    // An action outside of the catalogue keeps its name; the outcome tells the two apart.
    assert_eq!(
        told(&entries),
        [
            ("invoice.pay", Outcome::Attempted),
            ("invoice.pay", Outcome::Denied)
        ]
    );
    assert!(
        entries
            .iter()
            .all(|entry| entry.correlation_id.as_deref() == Some("request-7"))
    );
    assert_ne!(entries[0].id, entries[1].id);
    assert_eq!(entries[0].resource_id, None);
    assert_eq!(entries[1].resource_id.as_deref(), Some("invoice-3"));
}

#[tokio::test]
async fn t25_sys_04_no_attempt_is_recorded_under_the_name_of_an_outcome() {
    for workflow in catalogue::workflows() {
        let names = [
            Some(workflow.attempted),
            workflow.succeeded,
            workflow.failed,
            workflow.denied,
        ];
        for name in names.into_iter().flatten() {
            let audit = audit().await;
            let event = AuditEvent::new(AuditAction::new(name).expect("a name"), "thing");
            let attempt = audit.attempt(event).await.expect("recorded");
            attempt.succeeded().await.expect("recorded");
            let entries = entries(&audit).await;
            let succeeded = workflow.succeeded.unwrap_or(workflow.attempted);
            assert_eq!(
                told(&entries),
                [
                    (workflow.attempted, Outcome::Attempted),
                    (succeeded, Outcome::Succeeded)
                ],
                "{name}"
            );
        }
    }
}

#[tokio::test]
async fn an_attempt_that_is_dropped_stays_without_outcome() {
    let audit = audit().await;
    drop(audit.attempt(event("import")).await.expect("recorded"));
    assert_eq!(
        told(&entries(&audit).await),
        [("import", Outcome::Attempted)]
    );
}

#[tokio::test]
async fn a_context_that_is_none_is_refused_by_the_door_and_not_lost() {
    let audit = audit().await;
    let attempt = audit.attempt(event("import")).await.expect("recorded");
    let attempt = attempt.learned(|event| event.context(json!([1])));
    let refused = attempt.failed("x").await.expect_err("no object");
    assert!(refused.to_string().contains("context"), "{refused}");
}

#[tokio::test]
async fn sys_17_what_has_no_outcome_is_found_and_nothing_else() {
    let audit = audit().await;
    let login = || AuditEvent::new(AuditAction::USER_LOGIN_ATTEMPTED, "session");
    let mut open = Vec::new();
    for n in 0..30 {
        // Several attempts of one request: each has its own outcome.
        let correlation = format!("request-{}", n / 3);
        let event = match n % 3 {
            0 => login().correlation_id(correlation),
            1 => event("invoice.pay").correlation_id(correlation),
            _ => event("report.send"),
        };
        let attempt = audit.attempt(event).await.expect("recorded");
        let seq = attempt.receipt().seq.expect("recorded");
        match n % 4 {
            0 => open.push(seq),
            1 => drop(attempt.succeeded().await.expect("recorded")),
            2 => drop(attempt.failed("x").await.expect("recorded")),
            _ => drop(attempt.denied("x").await.expect("recorded")),
        }
    }
    // An outcome from before closes nothing, and neither does another action.
    let early = login().outcome(Outcome::Failed).correlation_id("late");
    audit.record(early).await.expect("recorded");
    let late = audit.attempt(login().correlation_id("late")).await;
    open.push(late.expect("recorded").receipt().seq.expect("recorded"));
    let other = event("invoice.pay").correlation_id("late");
    audit.record(other).await.expect("recorded");
    // Nobody can tell whose outcome would close this one.
    let alone = event("import").outcome(Outcome::Attempted);
    let alone = audit.record(alone).await.expect("recorded");
    open.push(alone.seq.expect("recorded"));
    open.reverse();
    for limit in [1, 2, 7, 1000] {
        let mut query = Query::new().limit(limit);
        let mut found = Vec::new();
        loop {
            let page = unresolved(&*audit, query.clone()).await.expect("readable");
            found.extend(page.entries.iter().map(|entry| entry.seq));
            let Some(cursor) = page.next_cursor else {
                break;
            };
            assert!(!page.entries.is_empty(), "it looks like the end");
            query = query.cursor(cursor);
        }
        assert_eq!(found, open, "{limit} a page");
    }
    for (query, field) in [
        (Query::new().outcome("failed"), "outcome"),
        (Query::new().offset(1), "offset"),
    ] {
        let error = unresolved(&*audit, query).await.expect_err("refused");
        assert!(error.to_string().contains(field), "{error}");
    }
}

#[tokio::test]
async fn one_outcome_closes_one_attempt_of_several_under_one_correlation_id() {
    let audit = audit().await;
    let pay = |n: usize| {
        let pay = event("invoice.pay").correlation_id("request-1");
        pay.resource_id(n.to_string())
    };
    let mut attempts = Vec::new();
    for n in 0..4 {
        attempts.push(audit.attempt(pay(n)).await.expect("recorded"));
    }
    let open = async || {
        let page = unresolved(&*audit, Query::new()).await.expect("readable");
        let entries = page.entries.into_iter();
        entries
            .map(|entry| entry.resource_id.expect("given"))
            .collect::<Vec<_>>()
    };
    assert_eq!(open().await, ["3", "2", "1", "0"]);
    // As brackets close: the latest before the outcome, which no other has closed.
    for left in [&["2", "1", "0"][..], &["1", "0"]] {
        let attempt = attempts.pop().expect("there");
        attempt.succeeded().await.expect("recorded");
        assert_eq!(open().await, left);
    }
    // One that begins after the outcomes is open whatever came before.
    let late = audit.attempt(pay(4)).await.expect("recorded");
    assert_eq!(open().await, ["4", "1", "0"]);
    late.failed("x").await.expect("recorded");
    // The process died here: nobody knows how the other two ended.
    drop(attempts);
    assert_eq!(open().await, ["1", "0"]);
    // Another workflow under the same id has its own brackets.
    let login = AuditEvent::new(AuditAction::USER_LOGIN_ATTEMPTED, "session");
    let login = login.correlation_id("request-1");
    let login = audit.attempt(login).await.expect("recorded");
    login.denied("x").await.expect("recorded");
    assert_eq!(open().await, ["1", "0"]);
    for limit in [1, 2, 3] {
        let page = unresolved(&*audit, Query::new().limit(limit)).await;
        assert_eq!(
            page.expect("readable").entries[0].resource_id.as_deref(),
            Some("1")
        );
    }
}

/// Counts the questions that are asked of a trail.
struct Asked(Arc<dyn AuditProtocol>, std::sync::atomic::AtomicUsize);

#[async_trait::async_trait]
impl AuditProtocol for Asked {
    async fn record(&self, event: AuditEvent) -> Result<Receipt, AuditError> {
        self.0.record(event).await
    }

    async fn query(&self, query: Query) -> Result<Page, AuditError> {
        self.1.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        self.0.query(query).await
    }
}

#[tokio::test]
async fn attempts_under_one_correlation_id_are_asked_about_together() {
    let audit = audit().await;
    for n in 0..60 {
        let pay = event("invoice.pay").correlation_id(format!("request-{}", n % 3));
        let attempt = audit.attempt(pay).await.expect("recorded");
        if n >= 3 {
            attempt.succeeded().await.expect("recorded");
        }
    }
    let asked = Asked(audit, 0.into());
    let page = unresolved(&asked, Query::new().limit(1000))
        .await
        .expect("readable");
    let seqs: Vec<_> = page.entries.iter().map(|entry| entry.seq).collect();
    assert_eq!(seqs, [2, 1, 0]);
    assert_eq!(asked.1.into_inner(), 1 + 3);
}
