//! What the server of this project answers.

use std::sync::Arc;

use indelible::core::Delivery;
use indelible::{AuditAction, AuditError, AuditEvent, AuditProtocol, Query};
use indelible_client::{ClientError, Verify};
use serde_json::json;

use crate::ground::{Server, shop};

fn event() -> AuditEvent {
    AuditEvent::new(AuditAction::USER_LOGIN_FAILED, "session").user_id("u-17")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_recorded_is_found() {
    let server = Server::new().await;
    for verify in [Verify::Receipts, Verify::default(), Verify::Off] {
        let audit = server.client().verify(verify).build().expect("built");
        let before = audit.query(Query::new()).await.expect("a page").as_of;
        let context = json!({"n": u64::MAX, "password": "hunter2"});
        let event = event().context(context).tag("data.chd").correlation_id("c");
        let receipt = audit.record(event.clone()).await.expect("recorded");
        assert_eq!(receipt.delivery, Delivery::Recorded);
        assert_eq!((&receipt.trail, receipt.seq), (&shop(), Some(before)));
        let again = event.id(receipt.id);
        let again = audit.record(again).await.expect("recorded");
        assert_eq!(again.delivery, Delivery::Duplicate);
        assert_eq!(again.content_checked, Some(true));
        assert_eq!(
            (again.seq, again.leaf_hash),
            (receipt.seq, receipt.leaf_hash)
        );
        let question = Query::new().user_id("u-17").tag("data.chd").limit(1);
        let page = audit.query(question).await.expect("a page");
        let entry = &page.entries[0];
        assert_eq!((entry.id, entry.seq), (receipt.id, before));
        let context = entry.context.as_ref().expect("a context");
        assert_eq!(context["n"], u64::MAX);
        assert_ne!(context["password"], "hunter2");
        assert_eq!(page.has_more, before > 0);
    }
    // The fourth says that somebody looked.
    assert_eq!(server.entries().await, 4);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_may_only_record_has_its_receipts_proved() {
    let server = Server::new().await;
    let writer = server.writer().await;
    let audit = server.client().key(&writer).verify(Verify::Receipts);
    let audit = Arc::new(audit.build().expect("built"));
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let audit = audit.clone();
        waiting.spawn(async move { audit.record(event()).await });
    }
    let mut seqs = Vec::new();
    while let Some(receipt) = waiting.join_next().await {
        seqs.push(receipt.expect("no panic").expect("recorded").seq);
    }
    seqs.sort_unstable();
    let expected: Vec<_> = (0..64).map(Some).collect();
    assert_eq!(seqs, expected);
    assert_eq!(server.entries().await, 64);
    let refused = audit.query(Query::new()).await.expect_err("it may not ask");
    let refused = ClientError::of(&refused).expect("the client's");
    assert!(
        matches!(refused, ClientError::Refused { status: 403, name, .. } if name == "forbidden")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_what_an_engine_of_ones_own_refuses() {
    let server = Server::new().await;
    let audit = server.client().build().expect("built");
    let id = audit.record(event()).await.expect("recorded").id;
    let conflict = event().user_id("u-18").id(id);
    let error = audit.record(conflict).await.expect_err("another event");
    match &error {
        AuditError::IdConflict {
            id: found,
            seq,
            field,
        } => assert_eq!((*found, *seq, *field), (id, 0, "user_id")),
        other => panic!("{other}"),
    }
    assert_eq!(error.field(), Some("id"));

    let ill = AuditEvent::new(AuditAction::USER_LOGIN_FAILED, "no kind");
    let error = audit.record(ill).await.expect_err("ill-formed");
    assert_eq!(error.field(), Some("resource_type"));

    let error = audit.query(Query::new().limit(0)).await.expect_err("none");
    assert!(matches!(&error, AuditError::Query(_)), "{error}");
    assert_eq!(error.field(), Some("limit"));

    let system = server.client().trail("system".parse().expect("a name"));
    let error = system.build().expect("built").record(event()).await;
    assert!(matches!(error, Err(AuditError::Reserved(name)) if name.is_system()));

    let stranger = server.client().key("indelible_nobody").build();
    let error = stranger.expect("built").record(event()).await;
    let error = error.expect_err("a stranger");
    assert!(
        matches!(
            ClientError::of(&error),
            Some(ClientError::Refused { status: 401, .. })
        ),
        "{error}"
    );
    assert!(!error.is_passing());
    assert_eq!(server.entries().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn t20_every_rejected_event_is_told_and_every_other_one_is_stored() {
    let server = Server::new().await;
    let audit = Arc::new(server.client().build().expect("built"));
    let first = audit.record(event()).await.expect("recorded").id;
    let mut waiting = tokio::task::JoinSet::new();
    for n in 0..100_u32 {
        let audit = audit.clone();
        let sent = match n % 10 {
            3 => AuditEvent::new(AuditAction::DATA_VIEWED, "no kind"),
            5 => AuditEvent::new(AuditAction::DATA_VIEWED, "page").context(json!([n])),
            7 => event().user_id(format!("other-{n}")).id(first),
            // Over every limit: cut and stored.
            9 => event()
                .user_id("x".repeat(1 << 20))
                .context(json!({"a": "y".repeat(1 << 20)})),
            _ => event().resource_id(n.to_string()),
        };
        waiting.spawn(async move { (n, audit.record(sent).await) });
    }
    while let Some(done) = waiting.join_next().await {
        let (n, result) = done.expect("no panic");
        let field = result.as_ref().err().and_then(AuditError::field);
        let expected = match n % 10 {
            3 => Some("resource_type"),
            5 => Some("context"),
            7 => Some("id"),
            _ => None,
        };
        assert_eq!(field, expected, "{n}: {result:?}");
        assert_eq!(result.is_err(), expected.is_some(), "{n}: {result:?}");
    }
    assert_eq!(server.entries().await, 71);
}

#[test]
fn the_key_is_not_shown() {
    let builder = indelible_client::HttpAudit::builder("http://127.0.0.1:1").key("hunter2");
    assert!(!format!("{builder:?}").contains("hunter2"));
    let audit = builder.build().expect("built");
    assert!(!format!("{audit:?}").contains("hunter2"));
}
