//! Erasures that take two people.

use std::time::Duration;

use indelible_core::OrderProblem;
use indelible_core::engine::{Engine, ErasureRequest, HoldOrder, Options, Signatory};

use super::*;

/// An engine of an installation in which erasures take two people.
pub(super) async fn of_two(site: &Site) -> Engine {
    let options = Options {
        long_lived: false,
        erasure_approval: true,
        ..Options::default()
    };
    Engine::open(site.ground(), options).await.expect("opens")
}

/// Such an installation with 20 entries of five persons.
pub(super) async fn filled() -> (Site, Audit) {
    let site = Site::new();
    let audit = of_two(&site).await.trail(TrailName::standard());
    fill(&audit, 0..20).await;
    (site, audit)
}

/// No order.
pub(super) const NONE: [Uuid; 0] = [];

/// The orders that stand in the state directory.
pub(super) fn kept(site: &Site, audit: &Audit) -> Vec<Uuid> {
    site.state.erasure_requests(audit.name()).expect("readable")
}

pub(super) fn named(by: &str) -> Signatory<'_> {
    Signatory { by, name: None }
}

pub(super) async fn ask(audit: &Audit, order: &ErasureOrder) -> ErasureRequest {
    let asked = audit.request_erasure(order, &mut |_| {}).await;
    asked.expect("asked").0
}

/// How many orders wait.
pub(super) async fn orders_waiting(audit: &Audit) -> usize {
    let requests = audit.erasure_requests().await.expect("readable");
    requests.waiting.len()
}

/// The details of the newest entry, which is of this action.
pub(super) async fn newest(audit: &Audit, action: &str) -> serde_json::Value {
    let entry = all(audit).await.pop().expect("an entry");
    let shown = entry.open(audit.name()).expect("JSON");
    assert_eq!(shown.action, action);
    shown.context.expect("a context")
}

#[tokio::test]
async fn sys_22_nothing_goes_before_somebody_else_approves_and_nobody_is_named_meanwhile() {
    let (site, audit) = filled().await;
    let before = all(&audit).await;
    let refused = audit.erase(&order(&["u3"]), &mut |_| {}).await;
    assert!(matches!(refused, Err(AuditError::Unapproved(_))));
    assert_eq!(all(&audit).await, before);

    let mut wider = order(&["u3"]);
    wider.by_name = Some("privacy desk".to_owned());
    let request = ask(&audit, &wider).await;
    let said = newest(&audit, "audit_subject_erasure_requested").await;
    assert_eq!(said["subject_refs"], json!(request.subject_refs));
    assert_eq!(said["records_affected"], 4);
    assert_eq!(said["key_name"], "privacy desk");
    assert!(!said.to_string().contains("u3"), "{said}");
    assert_eq!(all(&audit).await[..20], before);

    // Another process, after a restart.
    let audit = of_two(&site).await.trail(TrailName::standard());
    let waiting = audit.erasure_requests().await.expect("readable").waiting;
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].order.subjects, wider.subjects);
    for same in [
        named(" OFFICER "),
        named("Privacy Desk"),
        Signatory {
            by: "key:7",
            name: Some("privacy desk"),
        },
    ] {
        let refused = audit.approve_erasure(request.id, same, &mut |_| {}).await;
        assert!(matches!(refused, Err(AuditError::SamePerson { .. })));
        let said = newest(&audit, "audit_subject_erasure_refused").await;
        assert_eq!(said["exception"], "same_person");
    }
    assert_eq!(all(&audit).await[..20], before);

    // What came since goes along.
    fill(&audit, 23..24).await;
    let approved = audit
        .approve_erasure(request.id, named("second"), &mut |_| {})
        .await;
    let (erased, plan) = approved.expect("approved");
    assert_eq!((erased.parts, plan.entries), (5, 5));
    let said = newest(&audit, "audit_subject_erased").await;
    assert_eq!(said["approved_by"], "second");
    assert_eq!(said["erasure_request"], json!(request.id));
    let entries = all(&audit).await;
    let approval = entries[entries.len() - 2]
        .clone()
        .open(audit.name())
        .expect("JSON");
    assert_eq!(approval.action, "audit_subject_erasure_approved");
    assert_eq!(approval.user_id.as_deref(), Some("second"));
    assert!(verified(&audit).await.ok);
    assert_eq!(orders_waiting(&audit).await, 0);
    assert_eq!(kept(&site, &audit), NONE);
    let again = audit
        .approve_erasure(request.id, named("third"), &mut |_| {})
        .await;
    assert!(matches!(
        again,
        Err(AuditError::Order(OrderProblem::Decided(_)))
    ));
}

#[tokio::test]
async fn t91_an_approval_asks_the_holds_again_and_the_order_goes_on_waiting() {
    let (_site, audit) = filled().await;
    let request = ask(&audit, &order(&["u3"])).await;
    let hold = HoldOrder {
        query: Query::new().user_id("u3"),
        reason: "a letter".to_owned(),
        by: "alice".to_owned(),
        ..HoldOrder::default()
    };
    let hold = audit.place_hold(&hold).await.expect("placed");
    let held = audit
        .approve_erasure(request.id, named("second"), &mut |_| {})
        .await;
    assert!(matches!(held, Err(AuditError::Held { entries: 4, .. })));
    assert_eq!(orders_waiting(&audit).await, 1);
    let asked = audit.request_release(hold.id, "alice".into(), "over").await;
    asked.expect("asked");
    audit
        .approve_release(hold.id, "bob".into())
        .await
        .expect("over");
    let approved = audit
        .approve_erasure(request.id, named("second"), &mut |_| {})
        .await;
    assert_eq!(approved.expect("approved").0.parts, 4);
}

#[tokio::test]
async fn what_is_rejected_withdrawn_or_too_old_is_forgotten_and_on_record() {
    let (site, audit) = filled().await;
    for (by, exception) in [("second", "rejected"), ("Officer", "withdrawn")] {
        let request = ask(&audit, &order(&["u3"])).await;
        let empty = audit.reject_erasure(request.id, named(by), " ").await;
        assert!(matches!(empty, Err(AuditError::Query(_))));
        let rejected = audit.reject_erasure(request.id, named(by), "it runs").await;
        assert_eq!(rejected.expect("rejected").id, request.id);
        let said = newest(&audit, "audit_subject_erasure_refused").await;
        assert_eq!(said["exception"], exception);
        assert_eq!(said["rejected_because"], "it runs");
        assert_eq!(said["erasure_request"], json!(request.id));
        assert!(!said.to_string().contains("u3"), "{said}");
        assert_eq!(kept(&site, &audit), NONE);
    }
    let request = ask(&audit, &order(&["u3"])).await;
    site.clock.pass(Duration::from_secs(15 * 24 * 60 * 60));
    assert_eq!(orders_waiting(&audit).await, 0);
    let late = audit
        .approve_erasure(request.id, named("second"), &mut |_| {})
        .await;
    assert!(matches!(
        late,
        Err(AuditError::Order(OrderProblem::Decided(_)))
    ));
    let said = newest(&audit, "audit_subject_erasure_refused").await;
    assert_eq!(said["exception"], "expired");
    // The next start forgets, too.
    ask(&audit, &order(&["u3"])).await;
    site.clock.pass(Duration::from_secs(15 * 24 * 60 * 60));
    let engine = of_two(&site).await;
    assert_eq!(kept(&site, &audit), NONE);
    let audit = engine.trail(TrailName::standard());
    newest(&audit, "audit_subject_erasure_refused").await;
    assert!(all(&audit).await.iter().all(|it| it.erased().is_empty()));
    assert!(verified(&audit).await.ok);
}

#[tokio::test]
async fn an_order_whose_file_was_changed_is_not_carried_out() {
    let (site, audit) = filled().await;
    let request = ask(&audit, &order(&["u3"])).await;
    let id = request.id;
    let text = site.state.erasure_request(audit.name(), id);
    let text = text.expect("readable").expect("there");
    let original = text.clone();
    let widened = [
        text.replace("\"u3\"", "\"u3\",\"u4\""),
        text.replace("\"parts\":[]", "\"parts\":[\"details\"]"),
        text.replace("\"officer\"", "\"mallory\""),
        text.replace("\"by_name\":null", "\"by_name\":\"desk\""),
        text.replace("Art. 17(1)(a)", "Art. 17(1)(b)"),
        text.replace("\"GDPR\"", "null"),
        text.replace("DSR-4711", "DSR-4712"),
        text.replace("\"expires_at\":\"2026", "\"expires_at\":\"2027"),
    ];
    for text in widened {
        assert_ne!(text, original);
        site.state
            .keep_erasure_request(audit.name(), id, &text)
            .expect("kept");
        let refused = audit
            .approve_erasure(request.id, named("second"), &mut |_| {})
            .await;
        let unbound = OrderProblem::Unbound(id);
        assert!(
            matches!(&refused, Err(AuditError::Order(it)) if *it == unbound),
            "{refused:?}"
        );
    }
    assert!(all(&audit).await.iter().all(|it| it.erased().is_empty()));
    // Nor one that the trail has no entry of.
    let forged = Uuid::from_u128(7);
    site.state
        .keep_erasure_request(audit.name(), forged, &text)
        .expect("kept");
    let refused = audit
        .approve_erasure(forged, named("second"), &mut |_| {})
        .await;
    assert!(matches!(
        refused,
        Err(AuditError::Order(OrderProblem::Unbound(_)))
    ));
}
