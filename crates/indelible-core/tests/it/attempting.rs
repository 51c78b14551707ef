//! Attempts and their outcomes.

use std::sync::Arc;

use indelible_core::{
    AuditAction, AuditEvent, AuditProtocol, BeginAttempt, Entry, Outcome, catalogue,
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
async fn t25_no_attempt_is_recorded_under_the_name_of_an_outcome() {
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
