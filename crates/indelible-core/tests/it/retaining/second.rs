//! Runs of a policy that somebody else has to have set.

use indelible_core::engine::{Engine, Options, Signatory};

use super::*;

/// The trail of an installation in which erasing takes two people.
async fn of_two(site: &Site) -> Audit {
    let options = Options {
        long_lived: false,
        erasure_approval: true,
        ..Options::default()
    };
    let engine = Engine::open(site.ground(), options).await.expect("opens");
    engine.trail(TrailName::standard())
}

async fn run(audit: &Audit, who: Signatory<'_>) -> Result<u64, AuditError> {
    let ran = audit.retain(who, &mut |_| {}).await;
    ran.map(|(retained, _)| retained.entries)
}

async fn refuses(audit: &Audit, who: Signatory<'_>) {
    let ran = run(audit, who).await;
    assert!(
        matches!(ran, Err(AuditError::SamePerson { .. })),
        "{who:?}: {ran:?}"
    );
}

async fn newest(audit: &Audit, action: &str) -> serde_json::Value {
    let entry = all(audit).await.pop().expect("an entry");
    let shown = entry.open(audit.name()).expect("JSON");
    assert_eq!(shown.action, action);
    json!(shown)
}

#[tokio::test]
async fn sys_22_nobody_erases_alone_by_a_policy_where_that_takes_two() {
    let site = Site::new();
    aged(&site, 20, 3).await;
    let audit = of_two(&site).await;
    set(&audit, &policy(30)).await;
    for same in ["officer", " Officer "] {
        refuses(&audit, same.into()).await;
        let said = newest(&audit, "audit_retention_run_refused").await;
        assert_eq!(
            (&said["outcome"], &said["context"]["changed_by"]),
            (&json!("denied"), &json!("officer"))
        );
        assert_eq!(audit.first_kept().await.expect("read"), 0);
    }
    let parts = RetentionClass {
        actions: vec!["*".to_owned()],
        after_days: 1,
        parts: vec![PartKind::Actor],
        legal_basis: None,
    };
    let blanking = RetentionPolicy {
        maximum_days: None,
        classes: vec![parts],
        ..policy(30)
    };
    set(&audit, &blanking).await;
    refuses(&audit, "officer".into()).await;
    set(&audit, &policy(30)).await;
    assert_eq!(run(&audit, "deputy".into()).await.expect("it runs"), 20);
    // It is over: there is nothing that anybody would have to agree to.
    assert_eq!(run(&audit, "officer".into()).await.expect("it runs"), 0);
    assert!(verified(&audit).await.findings.is_empty());
}

#[tokio::test]
async fn sys_22_who_set_a_policy_is_known_when_the_entry_that_sets_it_is_gone() {
    let site = Site::new();
    let audit = of_two(&site).await;
    fill(&audit, 0..5).await;
    set(&audit, &policy(30)).await;
    site.clock.pass(DAY * 40);
    fill(&audit, 5..10).await;
    run(&audit, "deputy".into()).await.expect("it runs");
    let said = newest(&audit, "audit_records_expired").await;
    assert_eq!(said["context"]["changed_by"], "officer");
    assert!(audit.first_kept().await.expect("read") > 5);
    site.clock.pass(DAY * 40);
    refuses(&audit, "officer".into()).await;
    assert!(run(&audit, "deputy".into()).await.expect("it runs") > 0);
}

#[tokio::test]
async fn sys_22_a_rotated_key_and_a_redacted_name_are_no_second_person() {
    let site = Site::new();
    aged(&site, 5, 3).await;
    let audit = of_two(&site).await;
    let key = |by: &'static str| Signatory {
        by,
        name: Some("privacy desk"),
    };
    let set = audit.set_retention_policy(&policy(30), key("key:1")).await;
    set.expect("it is set");
    refuses(&audit, key("key:2")).await;
    refuses(&audit, "key:1".into()).await;
    let redacted = "alice 4111111111111111";
    let set = audit.set_retention_policy(&policy(31), redacted).await;
    set.expect("it is set");
    let said = newest(&audit, "audit_retention_policy_changed").await;
    assert_ne!(said["context"]["changed_by"], redacted);
    refuses(&audit, redacted.into()).await;
    assert_eq!(run(&audit, key("key:1")).await.expect("it runs"), 5);
}
