//! Policies that somebody put back, forged or that the trail would keep otherwise.

use indelible_core::engine::{Audit, RetentionClass, RetentionPolicy};
use indelible_core::part::PartKind;
use indelible_core::{AuditError, AuditProtocol};
use serde_json::{Value, json};

use super::{aged, all, policy, retain, set};
use crate::ground::{Site, event, faulty};

async fn row(audit: &Audit) -> (u64, Value) {
    let registry = &audit.engine().ground().registry;
    let row = registry.get("policy", "default").await.expect("read");
    let row = row.expect("there");
    (row.version, row.value)
}

/// Writes the row of the policy, past everything.
async fn write(audit: &Audit, value: Option<&Value>) {
    let (version, _) = row(audit).await;
    let registry = &audit.engine().ground().registry;
    let put = registry.put("policy", "default", Some(version), value);
    put.await.expect("put").expect("nobody else does");
}

/// What is said where the policy cannot be told.
async fn refused(audit: &Audit) -> String {
    let now = audit.engine().ground().clock.now();
    let planned = audit.plan_retention(now, &mut |_| {}).await;
    let ran = audit.retain("officer", &mut |_| {}).await;
    let read = audit.retention_policy().await;
    match (planned, ran, read) {
        (
            Err(AuditError::Retention { .. }),
            Err(AuditError::Retention { .. }),
            Err(AuditError::Retention { problem, .. }),
        ) => problem,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_older_policy_that_was_put_back_removes_nothing() {
    let site = Site::new();
    let audit = aged(&site, 20, 5).await;
    set(&audit, &policy(30)).await;
    let (_, old) = row(&audit).await;
    set(&audit, &policy(90)).await;
    write(&audit, Some(&old)).await;
    let problem = refused(&audit).await;
    assert!(
        problem.contains("entry 25") && problem.contains("entry 26"),
        "{problem}"
    );
    // Nor is it gone where its row is.
    write(&audit, None).await;
    let problem = refused(&audit).await;
    assert!(problem.contains("entry 26 sets one"), "{problem}");
    // What somebody else recorded is in nobody's way.
    let set = audit.set_retention_policy(&policy(30), "officer").await;
    set.expect("it is set");
    let forged = event("audit_retention_policy_changed").context(json!({"policy": policy(900)}));
    audit.record(forged).await.expect("recorded");
    assert_eq!(retain(&audit).await.0.entries, 20);
}

#[tokio::test]
async fn a_policy_that_somebody_else_recorded_is_none_though_the_row_names_it() {
    let site = Site::new();
    let audit = aged(&site, 20, 5).await;
    set(&audit, &policy(90)).await;
    let forged = event("audit_retention_policy_changed").context(json!({"policy": policy(1)}));
    let forged = audit.record(forged).await.expect("recorded").id;
    write(&audit, Some(&json!({"policy": policy(1), "entry": forged}))).await;
    refused(&audit).await;
}

#[tokio::test]
async fn a_removal_that_was_altered_is_not_carried_out() {
    let (site, store) = faulty();
    let audit = aged(&site, 20, 50).await;
    set(&audit, &policy(30)).await;
    // It is recorded, and cut off.
    store
        .removals_until_failure
        .store(0, std::sync::atomic::Ordering::SeqCst);
    let cut = audit.retain("officer", &mut |_| {}).await;
    cut.expect_err("it is cut off");
    store
        .removals_until_failure
        .store(i64::MAX, std::sync::atomic::Ordering::SeqCst);
    let name = audit.name().clone();
    store.alter(move |_, entries| {
        for entry in entries.iter_mut().filter(|entry| !entry.erases.is_empty()) {
            entry.erases[0].last = 60;
            entry.leaf_hash = entry.derived_leaf(&name, &mut Vec::new());
        }
    });
    let altered = audit.retain("officer", &mut |_| {}).await;
    assert!(matches!(altered, Err(AuditError::Store(_))), "{altered:?}");
    assert_eq!(audit.first_kept().await.expect("read"), 0);
}

/// The field that is refused.
async fn field(audit: &Audit, policy: RetentionPolicy) -> String {
    let refused = audit.set_retention_policy(&policy, "officer").await;
    let Err(AuditError::Query(error)) = refused else {
        panic!("{refused:?}")
    };
    error.field().to_owned()
}

#[tokio::test]
async fn sys_34_a_policy_that_the_trail_would_keep_otherwise_is_refused_by_field() {
    let site = Site::new();
    let audit = aged(&site, 1, 1).await;
    let class = |basis: &str| RetentionClass {
        actions: vec!["user_*".to_owned()],
        after_days: 10,
        parts: vec![PartKind::Actor],
        legal_basis: Some(basis.to_owned()),
    };
    let card = "as agreed for 4111111111111111";
    let mut of_basis = policy(30);
    of_basis.legal_basis = card.to_owned();
    assert_eq!(field(&audit, of_basis).await, "legal_basis");
    let mut of_class = policy(30);
    of_class.classes = vec![class("a law"), class(card)];
    assert_eq!(field(&audit, of_class).await, "classes[1].legal_basis");
    let mut long = policy(30);
    long.classes = (0..40).map(|_| class(&"x".repeat(1_000))).collect();
    assert_eq!(field(&audit, long.clone()).await, "classes");
    assert_eq!(audit.retention_policy().await.expect("read"), None);
    // The longest is in force, also after one that is as long.
    long.classes.truncate(20);
    for basis in ["one", "another"] {
        long.legal_basis = basis.to_owned();
        set(&audit, &long).await;
        let there = audit.retention_policy().await.expect("read");
        assert_eq!(there.as_ref(), Some(&long));
    }
}

#[tokio::test]
async fn what_a_trail_says_of_its_keeping_keeps_its_parts() {
    let site = Site::new();
    let audit = site.audit().await;
    for action in [
        "audit_finding_resolved",
        "audit_review_completed",
        "user_login",
    ] {
        let event = event(action).user_id("u").context(json!({"a": 1}));
        audit.record(event).await.expect("recorded");
    }
    site.clock.pass(super::DAY * 40);
    let mut policy = policy(365);
    policy.classes.push(RetentionClass {
        actions: vec!["*".to_owned()],
        after_days: 30,
        parts: vec![PartKind::Actor, PartKind::Details],
        legal_basis: None,
    });
    set(&audit, &policy).await;
    retain(&audit).await;
    let erased: Vec<_> = all(&audit)
        .await
        .iter()
        .map(|entry| entry.erased().len())
        .collect();
    assert_eq!(erased[..3], [0, 0, 2]);
}

#[tokio::test]
async fn a_removal_under_an_older_policy_puts_it_not_in_force_again() {
    let site = Site::new();
    let audit = aged(&site, 20, 5).await;
    set(&audit, &policy(30)).await;
    set(&audit, &policy(90)).await;
    // A run that had planned before the second one was set.
    let late = event("audit_records_expired").context(json!({"policy": policy(30)}));
    let late = audit.record_of_own(late).await.expect("recorded").id;
    let now = audit.retention_policy().await.expect("it can be told");
    assert_eq!(now, Some(policy(90)));
    write(&audit, Some(&json!({"policy": policy(30), "entry": late}))).await;
    let problem = refused(&audit).await;
    assert!(problem.contains("entry 26 sets another"), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_is_set_while_a_run_looks_at_the_trail_is_heeded() {
    let site = Site::new();
    let audit = aged(&site, 1_100, 5).await;
    set(&audit, &policy(30)).await;
    let mut is_set = false;
    let mut at_first = |_| {
        if !std::mem::replace(&mut is_set, true) {
            let handle = tokio::runtime::Handle::current();
            tokio::task::block_in_place(|| handle.block_on(set(&audit, &policy(90))));
        }
    };
    let ran = audit.retain("officer", &mut at_first).await;
    let (retained, plan) = ran.expect("it runs");
    assert!(is_set);
    assert_eq!((retained.entries, retained.recorded), (0, vec![]));
    assert_eq!(plan.policy, Some(policy(90)));
}
