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
    let shown = after[20].clone().open(audit.name()).expect("JSON");
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
    let text = |length: usize| Some("x".repeat(length));
    let written_out = ErasureOrder {
        reason: "\u{1}".repeat(4096),
        ..order(&["u1"])
    };
    let legal_basis = ErasureOrder {
        legal_basis: text(1025),
        ..order(&["u1"])
    };
    let request_id = ErasureOrder {
        request_id: text(256),
        ..order(&["u1"])
    };
    let by = ErasureOrder {
        by: text(256),
        ..order(&["u1"])
    };
    let long = "é".repeat(128);
    for (order, field) in [
        (order(&[&long]), "id"),
        (written_out, "reason"),
        (legal_basis, "legal_basis"),
        (request_id, "request_id"),
        (by, "by"),
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

#[tokio::test]
async fn a_place_without_a_value_would_be_everybodys_and_is_refused() {
    let site = Site::new();
    let audit = site.audit().await;
    for context in [json!({"email": ""}), json!({"email": null}), json!({})] {
        let event = event("x").user_id("u").context(context);
        audit.record(event).await.expect("recorded");
    }
    let places = [
        "context.email=",
        "context.email= ",
        "context.email=null",
        "context./email=",
        "ip_address=",
        "user_agent= ",
        "correlation_id=",
    ];
    for place in places {
        let mut order = order(&[]);
        order.subjects.also = vec![place.to_owned()];
        for is_run in [false, true] {
            let refused = match is_run {
                true => audit.erase(&order, &mut |_| {}).await.map(|_| ()),
                false => audit.plan_erasure(&order, &mut |_| {}).await.map(|_| ()),
            };
            let refused = refused.expect_err(place);
            assert_eq!(refused.field(), Some("also"));
            let named = format!("--also {place}");
            assert!(refused.to_string().contains(&named), "{refused}");
        }
    }
    assert!(
        all(&audit)
            .await
            .iter()
            .all(|entry| entry.erased().is_empty())
    );
}

#[tokio::test]
async fn a_trail_that_is_not_there_is_not_brought_into_being_by_an_order() {
    let site = Site::new();
    let audit = site.audit().await;
    let refused = audit.erase(&order(&["u1"]), &mut |_| {}).await;
    let refused = refused.expect_err("nothing is there");
    assert_eq!(refused.field(), Some("trail"), "{refused}");
    assert!(site.state.erased_trails().expect("readable").is_empty());
}

#[tokio::test]
async fn an_order_of_the_longest_texts_is_recorded_whole() {
    let site = Site::new();
    let audit = site.audit().await;
    fill(&audit, 0..5).await;
    let ids: Vec<String> = (0..700).map(|n| format!("u{n}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let order = ErasureOrder {
        reason: "\"".repeat(4096),
        legal_basis: Some("\\".repeat(1024)),
        request_id: Some("\"".repeat(255)),
        by: Some("b".repeat(255)),
        ..order(&ids)
    };
    erase(&audit, &order).await;
    let entry = all(&audit).await.pop().expect("an erasure entry");
    let shown = entry.clone().open(audit.name()).expect("JSON");
    assert_eq!(shown.notes, []);
    let context = shown.context.expect("a context");
    assert_eq!(context["reason"], order.reason);
    assert_eq!(refs_of(&entry).len(), 700);
}
