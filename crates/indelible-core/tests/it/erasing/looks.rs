//! Indelible's own records: what they say of a person who was looked for goes, and no more of them.

use indelible_core::AuditAction;
use serde_json::Value;

use super::*;

fn own(action: &'static str, context: Value) -> AuditEvent {
    AuditEvent::new(AuditAction::custom(action), "audit_log")
        .user_id("key:1")
        .resource_id("default")
        .context(context)
}

#[tokio::test]
async fn sys_43_records_of_looks_that_name_the_person_go_too() {
    let long = "p".repeat(200);
    let digest = {
        use sha2::{Digest, Sha256};
        let bytes = Sha256::digest(&long);
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let looked = "audit_log_accessed";
    let cases = [
        (looked, json!({"query": {"user_id": "person"}}), true),
        (
            looked,
            json!({"query": {"resource_id": ["x", "person"]}}),
            true,
        ),
        (looked, json!({"query": {"context": "who=person"}}), false),
        (
            looked,
            json!({"query": {"context": "email=p@a.example"}}),
            true,
        ),
        (looked, json!({"query": {"ip_address": "192.0.2.9"}}), true),
        (
            looked,
            json!({"query": {"user_id": {"start": "ppp", "bytes": 200, "sha256": digest}}}),
            true,
        ),
        (
            looked,
            json!({"repeats": {"count": 3, "asked": [{"query": {}, "count": 1},
                {"query": {"user_id": "person"}, "count": 2}]}}),
            true,
        ),
        (
            "audit_log_access_denied",
            json!({"query": {"user_id": "person"}}),
            true,
        ),
        (
            "audit_log_exported",
            json!({"filters": ["user_id=person"]}),
            true,
        ),
        (
            "audit_log_export_failed",
            json!({"filters": [{"user_id": "person"}]}),
            true,
        ),
        (looked, json!({"query": {"user_id": "persona"}}), false),
        (looked, json!({"query": {"limit": "person"}}), false),
        (
            looked,
            json!({"query": {"context": "email=q@a.example"}}),
            false,
        ),
        (looked, json!({"purpose": "person"}), false),
        (
            "audit_report_generated",
            json!({"query": {"user_id": "person"}}),
            false,
        ),
        (
            "page_viewed",
            json!({"query": {"user_id": "person"}}),
            false,
        ),
    ];
    let site = Site::new();
    let audit = site.audit().await;
    for (action, context, _) in &cases {
        let event = own(action, context.clone());
        audit.record(event).await.expect("recorded");
    }
    let mut order = order(&["person", &long]);
    order.subjects.also = vec![
        "context.email=p@a.example".to_owned(),
        "ip_address=192.0.2.9".to_owned(),
    ];
    let (_, plan) = erase(&audit, &order).await;
    let entries = all(&audit).await;
    for (entry, (action, context, goes)) in entries.iter().zip(&cases) {
        let gone: &[PartKind] = if *goes { &[Details] } else { &[] };
        assert_eq!(entry.erased(), gone, "{action} {context}");
    }
    assert_eq!(plan.unknown, [""; 0]);
    assert!(verified(&audit).await.ok);
    assert!(all(&audit).await.iter().all(|entry| {
        let shown = entry.clone().open(audit.name()).expect("JSON");
        shown.user_id.is_some()
    }));
}

#[tokio::test]
async fn what_indelible_says_of_its_own_doing_stays_whatever_is_asked() {
    let site = Site::new();
    let audit = site.audit().await;
    fill(&audit, 0..20).await;
    erase(&audit, &order(&["u3"])).await;
    let records = [
        "audit_review_completed",
        "audit_legal_hold_placed",
        "audit_legal_hold_released",
        "audit_records_expired",
        "audit_trail_succeeded",
        "audit_log_accessed",
    ];
    for action in records {
        let said = json!({"reason": "Art. 17(1)(a)", "query": {"user_id": "u1"}});
        let event = own(action, said).user_id("officer").correlation_id("c3");
        audit.record(event).await.expect("recorded");
    }
    let mut order = order(&["officer"]);
    order.subjects.also = vec![
        "context.reason=Art. 17(1)(a)".to_owned(),
        "correlation_id=c4".to_owned(),
    ];
    order.subjects.widen = PartKind::ALL.to_vec();
    let (_, plan) = erase(&audit, &order).await;
    // Who it was goes, what was done stays.
    let entries = all(&audit).await;
    assert_eq!(entries[4].erased(), [Actor, Details, Target]);
    for entry in &entries[20..27] {
        let gone: &[PartKind] = match &*entry.action {
            // A look is what a place may name.
            "audit_log_accessed" => &[Actor, Details, Target],
            _ => &[Actor, Target],
        };
        assert_eq!(entry.erased(), gone, "{}", entry.action);
    }
    assert_eq!((plan.parts.details, plan.kept_own), (2, 6));
    assert!(verified(&audit).await.ok);
}

#[tokio::test]
async fn that_the_identity_of_another_goes_along_is_planned_and_recorded() {
    let site = Site::new();
    let audit = site.audit().await;
    let events = [
        event("x").user_id("staff").on_behalf_of("person"),
        event("x").user_id("person").on_behalf_of("staff"),
        event("x").on_behalf_of("person"),
        event("x").user_id("staff").resource_id("person"),
    ];
    for event in events {
        audit.record(event).await.expect("recorded");
    }
    let (_, plan) = erase(&audit, &order(&["person"])).await;
    assert_eq!(plan.of_other_actors, 1);
    let said = |entry: &StoredEntry| entry.body(Details).expect("JSON").expect("details");
    let last = all(&audit).await.pop().expect("an erasure entry");
    assert_eq!(said(&last)["context"]["of_other_actors"], 1);
    // Who widens takes it of whoever acted upon the person, too.
    audit
        .record(event("x").user_id("staff").resource_id("person"))
        .await
        .expect("recorded");
    let mut wider = order(&["person"]);
    wider.subjects.widen = vec![Actor];
    let plan = audit
        .plan_erasure(&wider, &mut |_| {})
        .await
        .expect("a plan");
    assert_eq!((plan.entries, plan.of_other_actors), (1, 1));
}

#[tokio::test]
async fn records_that_only_look_like_indelibles_own_lose_their_details() {
    // As imports have them: 4719 of Windows, and what applications call so.
    let of_others = [
        "audit_config_changed",
        "audit_started",
        "audit_stopped",
        "audit_log_cleared",
        "audit_of_the_person",
    ];
    let of_keeping = ["audit_finding_assigned", "audit_legal_hold_release_refused"];
    for name in [TrailName::standard(), TrailName::system()] {
        let site = Site::new();
        let engine = site.engine().await;
        let audit = engine.trail(name);
        for action in of_others.iter().chain(&of_keeping) {
            let event = own(action, json!({"email": "p@a.example"})).user_id("person");
            match audit.name().is_system() {
                true => engine.record_of_itself(event).await.map(drop),
                false => audit.record(event).await.map(drop),
            }
            .expect("recorded");
        }
        // Both by the place alone, and with what is widened.
        for (ids, widen) in [(&[][..], vec![]), (&["person"][..], vec![Details])] {
            let mut order = order(ids);
            order.subjects.also = vec!["context.email=p@a.example".to_owned()];
            order.subjects.widen = widen;
            let plan = audit.plan_erasure(&order, &mut |_| {}).await;
            let plan = plan.expect("a plan");
            let (goes, stays) = match audit.name().is_system() {
                true => (0, 7),
                false => (5, 2),
            };
            assert_eq!((plan.parts.details, plan.kept_own), (goes, stays));
        }
        let mut order = order(&["person"]);
        order.subjects.also = vec!["context.email=p@a.example".to_owned()];
        erase(&audit, &order).await;
        let gone: &[PartKind] = match audit.name().is_system() {
            true => &[Actor],
            false => &[Actor, Details],
        };
        for entry in &all(&audit).await[..5] {
            assert_eq!(entry.erased(), gone, "{}", entry.action);
        }
        assert!(verified(&audit).await.ok);
    }
}
