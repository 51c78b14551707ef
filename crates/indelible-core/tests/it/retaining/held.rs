//! Legal holds: what they keep, and who lets go of them.

use std::sync::atomic::Ordering::SeqCst;

use indelible_core::engine::{Audit, ErasureOrder, Hold, HoldOrder, HoldRelease, Subjects};
use indelible_core::{AuditError, AuditProtocol, Query};
use serde_json::json;

use super::{aged, all, planned, policy, retain, set, verified};
use crate::ground::{FaultyStore, Site, event};

fn order(query: Query) -> HoldOrder {
    HoldOrder {
        query,
        reason: "letter of the prosecutor".to_owned(),
        matter: Some("4 Js 17/26".to_owned()),
        by: "alice".to_owned(),
    }
}

pub(super) async fn place(audit: &Audit, query: Query) -> Hold {
    audit.place_hold(&order(query)).await.expect("it is placed")
}

pub(super) fn erasure(id: &str) -> ErasureOrder {
    ErasureOrder {
        subjects: Subjects {
            ids: vec![id.to_owned()],
            ..Subjects::default()
        },
        reason: "Art. 17".to_owned(),
        ..ErasureOrder::default()
    }
}

pub(super) async fn release(audit: &Audit, hold: &Hold) {
    let asked = audit
        .request_release(hold.id, "alice".into(), "closed")
        .await;
    asked.expect("it is asked for");
    let released = audit.approve_release(hold.id, "bob".into()).await;
    released.expect("it is over");
}

#[tokio::test]
async fn t91_sys_36_a_held_range_survives_retention_and_erasure() {
    let site = Site::new();
    let audit = aged(&site, 300, 5).await;
    set(&audit, &policy(30)).await;
    let hold = place(&audit, Query::new().resource_id("r123")).await;
    let plan = planned(&audit).await;
    let kept = plan.kept_back.clone().expect("something is kept");
    assert_eq!(
        (kept.seq, kept.entries, kept.hold),
        (123, 177, Some(hold.id.to_string()))
    );
    let (retained, done) = retain(&audit).await;
    assert_eq!((done, retained.first_kept), (plan, 123));
    assert_eq!(all(&audit).await[0].seq, 123);
    // Entry 123 is by u3.
    let held = audit.erase(&erasure("u3"), &mut |_| {}).await;
    assert!(
        matches!(
            held,
            Err(AuditError::Held {
                first: 123,
                entries: 1,
                ..
            })
        ),
        "{held:?}"
    );
    let refused = all(&audit).await.pop().expect("it is recorded");
    assert_eq!(refused.action, "audit_subject_erasure_refused");
    assert!(all(&audit).await[0].erased().is_empty());
    let report = verified(&audit).await;
    assert!(report.ok && report.complete, "{:?}", report.findings);
}

#[tokio::test]
async fn t91_a_hold_that_is_placed_after_a_removal_was_recorded_keeps_what_it_names() {
    let mut site = Site::new();
    let faulty = FaultyStore::over(site.memory.clone());
    site.store = faulty.clone();
    let audit = aged(&site, 300, 5).await;
    set(&audit, &policy(30)).await;
    // The first step fails.
    faulty.removals_until_failure.store(0, SeqCst);
    let cut = audit.retain("officer", &mut |_| {}).await;
    assert!(cut.is_err(), "{cut:?}");
    faulty.removals_until_failure.store(i64::MAX, SeqCst);
    let hold = place(&audit, Query::new().resource_id("r123")).await;
    let (retained, _) = retain(&audit).await;
    assert_eq!(retained.first_kept, 123);
    assert!(retained.is_held_back);
    // Nor does a start take it away.
    let engine = site.long_lived().await;
    engine.retention_resumed().await;
    let audit = engine.trail(audit.name().clone());
    assert_eq!(audit.first_kept().await.expect("read"), 123);
    assert!(verified(&audit).await.ok);
    release(&audit, &hold).await;
    let (retained, _) = retain(&audit).await;
    assert_eq!((retained.first_kept, retained.is_held_back), (300, false));
    let report = verified(&audit).await;
    assert!(report.ok && report.complete, "{:?}", report.findings);
}

#[tokio::test]
async fn sys_22_sys_36_a_release_needs_a_second_person() {
    let site = Site::new();
    let audit = aged(&site, 30, 5).await;
    set(&audit, &policy(30)).await;
    let hold = place(&audit, Query::new()).await;
    let early = audit.approve_release(hold.id, "bob".into()).await;
    assert!(
        matches!(early, Err(AuditError::Query(_))),
        "nobody asked: {early:?}"
    );
    let asked = audit
        .request_release(hold.id, "alice".into(), "the matter is closed")
        .await;
    let asked = asked.expect("it is asked for");
    assert_eq!(
        asked.release,
        HoldRelease::Requested {
            by: "alice".to_owned()
        }
    );
    assert!(asked.is_in_force());
    for same in ["alice", " Alice"] {
        let refused = audit.approve_release(hold.id, same.into()).await;
        assert!(
            matches!(refused, Err(AuditError::SamePerson { .. })),
            "{refused:?}"
        );
    }
    let last = all(&audit).await.pop().expect("it is recorded");
    assert_eq!(last.action, "audit_legal_hold_release_refused");
    let (retained, _) = retain(&audit).await;
    assert_eq!(retained.entries, 0);
    let released = audit
        .approve_release(hold.id, "bob".into())
        .await
        .expect("it is over");
    assert!(!released.is_in_force());
    let last = all(&audit).await.pop().expect("it is recorded");
    assert_eq!(last.action, "audit_legal_hold_released");
    let again = audit
        .request_release(hold.id, "carol".into(), "again")
        .await;
    assert!(matches!(again, Err(AuditError::Query(_))), "{again:?}");
    let (retained, _) = retain(&audit).await;
    assert_eq!(retained.entries, 30);
    assert_eq!(audit.holds().await.expect("read").len(), 1);
}

#[tokio::test]
async fn t91_a_hold_that_vanished_from_the_registry_is_in_force_and_noticed() {
    let site = Site::new();
    let audit = aged(&site, 30, 5).await;
    set(&audit, &policy(30)).await;
    let hold = place(&audit, Query::new()).await;
    assert!(hold.is_known);
    let registry = &audit.engine().ground().registry;
    for (key, row) in registry.list("hold").await.expect("read") {
        registry
            .put("hold", &key, Some(row.version), None)
            .await
            .expect("put");
    }
    let [found] = &audit.holds().await.expect("read")[..] else {
        panic!("one hold")
    };
    assert!(found.is_in_force() && !found.is_known);
    let (retained, _) = retain(&audit).await;
    assert_eq!(retained.entries, 0);
    // It is released as any other.
    release(&audit, &hold).await;
    assert_eq!(retain(&audit).await.0.entries, 30);
}

#[tokio::test]
async fn t91_whoever_may_record_cannot_release_a_hold() {
    let site = Site::new();
    let audit = aged(&site, 30, 5).await;
    set(&audit, &policy(30)).await;
    let hold = place(&audit, Query::new()).await;
    let forged = event("audit_legal_hold_released")
        .resource_id(hold.id.to_string())
        .context(json!({"hold_id": hold.id, "approved_by": "bob"}));
    audit.record(forged).await.expect("recorded");
    assert!(audit.holds().await.expect("read")[0].is_in_force());
    assert_eq!(retain(&audit).await.0.entries, 0);
}

#[tokio::test]
async fn the_entry_that_places_a_hold_stays_while_it_is_in_force() {
    let site = Site::new();
    let audit = aged(&site, 0, 5).await;
    set(&audit, &policy(30)).await;
    let hold = place(&audit, Query::new().user_id("nobody yet")).await;
    site.clock
        .pass(std::time::Duration::from_secs(40 * 24 * 60 * 60));
    let (retained, plan) = retain(&audit).await;
    assert_eq!(retained.first_kept, hold.seq);
    assert_eq!(
        plan.kept_back.expect("it is kept").hold,
        Some(hold.id.to_string())
    );
    assert!(audit.holds().await.expect("read")[0].is_in_force());
}

#[tokio::test]
async fn a_hold_whose_filter_redaction_would_change_is_refused() {
    let site = Site::new();
    let audit = aged(&site, 1, 1).await;
    let query = Query::new().context("card=4111111111111111");
    let refused = audit.place_hold(&order(query)).await;
    let Err(AuditError::Query(error)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(error.field(), "filter");
    assert!(audit.holds().await.expect("read").is_empty());
}
