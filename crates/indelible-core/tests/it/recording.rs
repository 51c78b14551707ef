//! Recording through the engine, on the reference store.

use indelible_core::{
    AuditAction, AuditError, AuditEvent, AuditProtocol, Delivery, Outcome, Query, TrailName,
};
use serde_json::json;
use uuid::Uuid;

use crate::ground::{Site, event, everything};

#[tokio::test]
async fn sys_06_sys_07_a_record_comes_back_as_it_was_given() {
    let audit = Site::new().audit().await;
    let given = AuditEvent::new(AuditAction::USER_LOGIN_FAILED, "session")
        .user_id("u-1")
        .on_behalf_of("u-2")
        .ip_address("203.0.113.9")
        .user_agent("curl/8")
        .resource_id("arn:aws:iam::1:user/x")
        .correlation_id("req-1")
        .tag("data.chd")
        .context(json!({"attempts": 3, "big": 9_007_199_254_740_993_u64, "empty": {}}));
    let receipt = audit.record(given).await.expect("recorded");
    assert_eq!((receipt.seq, receipt.tree_size), (Some(0), Some(1)));
    assert_eq!(receipt.delivery, Delivery::Recorded);
    let entry = audit
        .entry(receipt.id)
        .await
        .expect("readable")
        .expect("there");
    assert_eq!(entry.action, "user_login_failed");
    assert_eq!(entry.outcome, Outcome::Failed);
    assert_eq!(entry.user_id.as_deref(), Some("u-1"));
    assert_eq!(entry.on_behalf_of.as_deref(), Some("u-2"));
    assert_eq!(entry.ip_address.as_deref(), Some("203.0.113.9"));
    assert_eq!(entry.resource_id.as_deref(), Some("arn:aws:iam::1:user/x"));
    assert_eq!(entry.tags, ["data.chd"]);
    let context = json!({"attempts": 3, "big": 9_007_199_254_740_993_u64, "empty": {}});
    assert_eq!(entry.context, Some(context));
    assert_eq!(Some(entry.leaf_hash), receipt.leaf_hash);
    assert!(entry.notes.is_empty() && entry.erased.is_empty());
}

#[tokio::test]
async fn null_context_is_absent_and_the_empty_object_is_not() {
    let audit = Site::new().audit().await;
    for context in [json!(null), json!({})] {
        audit
            .record(event("x").context(context))
            .await
            .expect("recorded");
    }
    let first = audit.entry_at(0).await.expect("readable").expect("there");
    let second = audit.entry_at(1).await.expect("readable").expect("there");
    assert_eq!((first.context, second.context), (None, Some(json!({}))));
}

#[tokio::test(flavor = "multi_thread")]
async fn t5_many_writers_do_not_mix_their_actors() {
    let audit = Site::new().audit().await;
    let tasks: Vec<_> = (0..64)
        .map(|writer| {
            let audit = audit.clone();
            tokio::spawn(async move {
                for n in 0..20 {
                    let user = format!("user-{writer}");
                    let given = event("x")
                        .resource_id(format!("{writer}/{n}"))
                        .user_id(user);
                    audit.record(given).await.expect("recorded");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
    let mut seen = 0;
    let mut query = everything();
    loop {
        let page = audit.query(query.clone()).await.expect("a page");
        for entry in &page.entries {
            let writer = entry
                .resource_id
                .as_deref()
                .and_then(|r| r.split('/').next());
            let user = entry
                .user_id
                .as_deref()
                .and_then(|u| u.strip_prefix("user-"));
            assert_eq!(writer, user);
        }
        seen += page.entries.len();
        match page.next_cursor {
            Some(cursor) => query = everything().cursor(cursor),
            None => break,
        }
    }
    assert_eq!(seen, 64 * 20);
}

#[tokio::test]
async fn t14_attempt_and_outcome_of_one_request_are_two_entries() {
    let audit = Site::new().audit().await;
    for action in ["user_login_attempted", "user_login_success"] {
        audit
            .record(event(action).correlation_id("req-9"))
            .await
            .expect("recorded");
    }
    let page = audit
        .query(Query::new().correlation_id("req-9"))
        .await
        .expect("a page");
    assert_eq!(page.entries.len(), 2);
}

#[tokio::test]
async fn the_same_event_again_gets_the_first_receipt() {
    let audit = Site::new().audit().await;
    let given = event("x")
        .id(Uuid::from_u128(1))
        .user_id("u")
        .context(json!({"n": 1.0}));
    let first = audit.record(given.clone()).await.expect("recorded");
    audit.record(event("y")).await.expect("recorded");
    let again = audit.record(given).await.expect("a duplicate");
    assert_eq!(again.delivery, Delivery::Duplicate);
    assert_eq!(again.content_checked, Some(true));
    assert_eq!((again.seq, again.leaf_hash), (first.seq, first.leaf_hash));
    assert_eq!(
        (again.created_at, again.tree_size),
        (first.created_at, Some(2))
    );
    // What is left out matches anything.
    let bare = audit
        .record(event("x").id(Uuid::from_u128(1)))
        .await
        .expect("a duplicate");
    assert_eq!(bare.delivery, Delivery::Duplicate);
}

#[tokio::test]
async fn t67_the_same_id_with_other_content_is_a_conflict_and_recorded() {
    let site = Site::new();
    let engine = site.engine().await;
    let audit = engine.trail(TrailName::standard());
    let id = Uuid::from_u128(1);
    audit
        .record(event("x").id(id).user_id("u"))
        .await
        .expect("recorded");
    let others = [
        ("action", event("y").id(id)),
        ("user_id", event("x").id(id).user_id("v")),
        ("resource_id", event("x").id(id).resource_id("r")),
        ("context", event("x").id(id).context(json!({}))),
        ("outcome", event("x").id(id).outcome(Outcome::Denied)),
        ("tags", event("x").id(id).tag("t")),
    ];
    let count = others.len();
    for (expected, other) in others {
        match audit.record(other).await {
            Err(AuditError::IdConflict { field, seq: 0, .. }) => assert_eq!(field, expected),
            other => panic!("{expected}: {other:?}"),
        }
    }
    assert_eq!(
        audit.head().await.expect("readable").expect("there").size,
        1
    );
    engine.close().await.expect("closes");
    let system = site.engine().await.trail(TrailName::system());
    let conflicts = system
        .query(everything().action("AUDIT_ID_CONFLICT"))
        .await
        .expect("a page");
    assert_eq!(conflicts.entries.len(), count);
}

#[tokio::test]
async fn one_id_many_times_in_one_batch_is_one_entry() {
    let audit = Site::new().audit().await;
    let id = Uuid::from_u128(7);
    let mut events = vec![event("x").id(id); 50];
    events.push(event("y").id(id));
    events.push(event("z"));
    let answers = audit.record_all(events).await;
    let recorded = |d| answers.iter().flatten().filter(|r| r.delivery == d).count();
    assert_eq!(
        (recorded(Delivery::Recorded), recorded(Delivery::Duplicate)),
        (2, 49)
    );
    assert!(matches!(answers[50], Err(AuditError::IdConflict { .. })));
    assert_eq!(
        audit.head().await.expect("readable").expect("there").size,
        2
    );
}

#[tokio::test]
async fn the_same_id_in_two_trails_is_two_entries() {
    let engine = Site::new().engine().await;
    for trail in ["a", "b"] {
        let trail = engine.trail(trail.parse().expect("a name"));
        let receipt = trail
            .record(event("x").id(Uuid::from_u128(1)))
            .await
            .expect("recorded");
        assert_eq!(receipt.delivery, Delivery::Recorded);
    }
    assert_eq!(engine.heads().await.expect("readable").len(), 2);
}

#[tokio::test]
async fn nothing_ill_formed_is_recorded_and_the_field_is_named() {
    let audit = Site::new().audit().await;
    let custom = AuditAction::custom("x");
    for (field, given) in [
        ("resource_type", AuditEvent::new(custom.clone(), "")),
        ("resource_type", AuditEvent::new(custom.clone(), "a b")),
        (
            "resource_type",
            AuditEvent::new(custom.clone(), "x".repeat(101)),
        ),
        (
            "context",
            AuditEvent::new(custom.clone(), "x").context(json!([1])),
        ),
        (
            "context",
            AuditEvent::new(custom, "x").context(json!("text")),
        ),
    ] {
        let error = audit.record(given).await.expect_err("refused");
        assert_eq!(error.field(), Some(field), "{error}");
    }
    assert!(audit.head().await.expect("readable").is_none());
}

#[tokio::test]
async fn the_system_trail_is_not_for_callers() {
    let system = Site::new().engine().await.trail(TrailName::system());
    assert!(matches!(
        system.record(event("x")).await,
        Err(AuditError::Reserved(_))
    ));
}

#[tokio::test]
async fn a_closed_engine_says_so() {
    let engine = Site::new().engine().await;
    let audit = engine.trail(TrailName::standard());
    audit.record(event("x")).await.expect("recorded");
    engine.close().await.expect("closes");
    assert!(matches!(
        audit.record(event("x")).await,
        Err(AuditError::Closed)
    ));
}

#[tokio::test]
async fn sys_03_a_later_time_than_now_is_clamped_and_noted() {
    let audit = Site::new().audit().await;
    let later = "9999-12-31T23:59:59.999999Z".parse().expect("a time");
    let given = event("x").id(Uuid::from_u128(1)).occurred_at(later);
    let receipt = audit.record(given.clone()).await.expect("recorded");
    let entry = audit
        .entry(receipt.id)
        .await
        .expect("readable")
        .expect("there");
    assert!(entry.occurred_at <= entry.created_at);
    assert_eq!(entry.notes[0].kind, "clamped");
    assert_eq!(entry.notes[0].facts["was"], "9999-12-31T23:59:59.999999Z");
    let again = audit.record(given).await.expect("a duplicate");
    assert_eq!(again.delivery, Delivery::Duplicate);
}
