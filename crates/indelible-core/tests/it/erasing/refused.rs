//! Orders that are not carried out.

use indelible_core::filter::{Filter, UserFilter};

use super::*;

#[tokio::test]
async fn t91_what_is_held_is_not_erased_and_that_is_recorded() {
    let site = Site::new();
    let audit = site.audit().await;
    fill(&audit, 0..20).await;
    let before = all(&audit).await;
    let hold = Filter {
        user: Some(UserFilter::AnyOf(vec!["u3".to_owned()])),
        resource_ids: Some(vec!["r1".to_owned(), "r4".to_owned()]),
        ..Filter::default()
    };
    let mut order = order(&["u3"]);
    order.holds = vec![hold];
    let plan = audit
        .plan_erasure(&order, &mut |_| {})
        .await
        .expect("a plan");
    assert_eq!((plan.entries, plan.held), (4, vec![8, 18]));
    let refused = audit.erase(&order, &mut |_| {}).await.expect_err("held");
    let AuditError::Held { entries, first, .. } = refused else {
        panic!("{refused}")
    };
    assert_eq!((entries, first), (2, 8));
    let after = all(&audit).await;
    assert_eq!(after[..20], before);
    let shown = after[20].open(audit.name()).expect("JSON");
    assert_eq!(shown.action, "audit_subject_erasure_refused");
    let context = shown.context.expect("a context");
    assert_eq!(context["exception"], "legal_hold");
    assert_eq!(context["records_held"], 2);
    assert_eq!(after.len(), 21);
    assert!(site.state.erased_trails().expect("readable").is_empty());
}

#[tokio::test]
async fn ill_formed_orders_name_the_field_and_change_nothing() {
    let site = Site::new();
    let audit = site.audit().await;
    fill(&audit, 0..5).await;
    let reasonless = ErasureOrder {
        reason: " ".to_owned(),
        ..order(&["u1"])
    };
    let endless = ErasureOrder {
        reason: "x".repeat(5000),
        ..order(&["u1"])
    };
    let mut nowhere = order(&["u1"]);
    nowhere.subjects.also = vec!["mail=x".to_owned()];
    let mut valueless = order(&["u1"]);
    valueless.subjects.also = vec!["user_agent".to_owned()];
    for (order, field) in [
        (order(&[]), "id"),
        (order(&["u1", ""]), "id"),
        (reasonless, "reason"),
        (endless, "reason"),
        (nowhere, "also"),
        (valueless, "also"),
    ] {
        let refused = audit.erase(&order, &mut |_| {}).await.expect_err(field);
        assert_eq!(refused.field(), Some(field), "{refused}");
    }
    assert_eq!(all(&audit).await.len(), 5);
}
