//! What somebody else recorded or dated back: it decides nothing, and is evidence of nothing.

use std::time::Duration;

use indelible_core::{AuditAction, AuditError, AuditEvent, TrailName};
use indelible_evidence::review::{Severity, ledger, raised_by_hand};
use indelible_evidence::{Framework, Period};
use serde_json::json;

use super::workflow::standing;
use crate::desk::{Desk, event};

#[tokio::test]
async fn sys_30_a_decision_that_was_dated_back_is_none() {
    // All that belongs to it is made to fit, but for the tree above it.
    let desk = Desk::erasing(|entry| {
        let mut entry = entry.clone();
        if entry.action == "audit_finding_raised" {
            entry.created_at = entry.created_at.earlier(Duration::from_secs(60));
            entry.leaf_hash = entry.derived_leaf(&TrailName::standard(), &mut Vec::new());
        }
        entry
    });
    let desk = desk.await;
    desk.record(event("page_viewed", "2026-06-01T00:00:00Z"))
        .await;
    assert_eq!(standing(&desk).await.findings.len(), 0);
    desk.record(raised_by_hand(&[0], Severity::High, "odd", ("q. sa", None)))
        .await;
    let read = ledger(&desk.audit).await;
    assert!(matches!(read, Err(AuditError::Store(_))), "{read:?}");
}

#[tokio::test]
async fn sys_30_holds_policies_and_removals_that_somebody_else_recorded_are_no_evidence() {
    let desk = Desk::new().await;
    let actions = [
        AuditAction::AUDIT_LEGAL_HOLD_PLACED,
        AuditAction::AUDIT_RETENTION_POLICY_CHANGED,
        AuditAction::AUDIT_RECORDS_EXPIRED,
        AuditAction::AUDIT_FINDING_RESOLVED,
    ];
    let said = |action: &AuditAction| {
        let event = AuditEvent::new(action.clone(), "audit_log").user_id("u-1");
        event
            .resource_id("a-1")
            .context(json!({"policy": {"maximum_days": 1}}))
    };
    for action in &actions {
        desk.forge(said(action)).await;
    }
    let mut asked = crate::desk::request(Framework::PciDss);
    asked.period = Period::parse("2026-06-01", "2026-06-01").expect("a day");
    let evidence = async || {
        let report = desk.report(asked.clone()).await;
        let named = report.controls.iter().flat_map(|control| &control.actions);
        let named = named.filter(|row| actions.iter().any(|it| it.as_ref() == row.action));
        named
            .map(|row| (row.holds, row.unknown))
            .collect::<Vec<_>>()
    };
    let forged = evidence().await;
    assert!(!forged.is_empty());
    assert!(
        forged
            .iter()
            .all(|(holds, unknown)| (*holds, *unknown) == (0, 1)),
        "{forged:?}"
    );
    for action in &actions {
        let own = desk.audit.record_of_own(said(action)).await;
        own.expect("recorded");
    }
    let both = evidence().await;
    assert!(both.iter().any(|(holds, _)| *holds == 1), "{both:?}");
}
