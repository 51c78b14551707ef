//! The testing kit: what its assertions say, how its fake fails, whom its stores are for.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use indelible::testing::{AuditAssertions, FailingAudit, Fault, IsolatedSqlite, isolated_trail};
use indelible::{
    AuditAction, AuditError, AuditEvent, AuditProtocol, Database, Delivery, MemoryAuditAdapter,
    Query, Settings,
};
use serde_json::json;
use uuid::Uuid;

async fn memory() -> MemoryAuditAdapter {
    MemoryAuditAdapter::new().await.expect("open")
}

fn deletion(account: &str) -> AuditEvent {
    AuditEvent::new(AuditAction::DATA_DELETED, "account")
        .user_id("u-1")
        .resource_id(account)
        .context(json!({"requested_by": "u-1"}))
}

/// What a failed assertion says.
async fn words<T: Send + 'static>(assertion: impl Future<Output = T> + Send + 'static) -> String {
    let failed = tokio::spawn(assertion).await.err().expect("it holds");
    let payload = failed.into_panic();
    payload.downcast_ref::<String>().expect("words").clone()
}

#[tokio::test]
async fn a_failed_assertion_names_its_place_the_question_and_all_that_was_recorded() {
    let audit = memory().await;
    audit.record(deletion("acc-1")).await.expect("recorded");
    audit
        .record(deletion("acc-2").ip_address("203.0.113.9"))
        .await
        .expect("recorded");
    let asked = audit.clone();
    let told = words(async move {
        asked.assert_one(Query::new().action("data_deleted")).await;
    })
    .await;
    assert!(told.contains("tests/it/testing_kit.rs:"), "{told}");
    let expected = "expected 1 of action=data_deleted, found 2\n\
        recorded:\n  \
        #0 data_deleted succeeded account/acc-1 user_id=u-1 ip_address=- correlation_id=- \
        {\"requested_by\":\"u-1\"}\n  \
        #1 data_deleted succeeded account/acc-2 user_id=u-1 ip_address=203.0.113.9 \
        correlation_id=- {\"requested_by\":\"u-1\"}";
    assert!(told.ends_with(expected), "{told}");

    let asked = audit.clone();
    let told = words(async move { asked.assert_actions(&["data_deleted", "data_viewed"]).await });
    let told = told.await;
    assert!(
        told.contains("expected the actions data_deleted, data_viewed\n"),
        "{told}"
    );

    let told = words(async move { memory().await.assert_one(Query::new()).await }).await;
    assert!(
        told.ends_with("expected 1 of any entry, found 0\nnothing was recorded"),
        "{told}"
    );
}

#[tokio::test]
async fn assertions_see_more_than_one_page() {
    let audit = memory().await;
    let events = (0..1203).map(|n| audit.record(deletion(&format!("acc-{n}"))));
    for receipt in futures_util::future::join_all(events).await {
        receipt.expect("recorded");
    }
    let entries = audit.entries().await;
    assert_eq!(entries.len(), 1203);
    assert!(entries.iter().map(|entry| entry.seq).eq(0..1203));
    audit.assert_none(Query::new().action("data_viewed")).await;
}

#[tokio::test]
async fn the_fake_fails_as_often_and_as_it_is_told() {
    let audit = memory().await;
    let failing = FailingAudit::new(Arc::new(audit.clone()));
    failing.fail_next(2, Fault::Overloaded);
    for _ in 0..2 {
        let answer = failing.record(deletion("acc-1")).await;
        assert!(matches!(answer, Err(AuditError::Overloaded)), "{answer:?}");
    }
    failing.record(deletion("acc-1")).await.expect("passed on");
    failing.fail_always(Fault::Unavailable);
    assert!(failing.query(Query::new()).await.is_err());
    failing
        .record(deletion("acc-2"))
        .await
        .expect_err("told to fail");
    failing.recover();
    failing.query(Query::new()).await.expect("passed on");
    assert_eq!(failing.failed().len(), 3);
    audit.assert_one(Query::new()).await;
}

#[tokio::test]
async fn a_lost_answer_is_of_an_event_that_is_recorded() {
    let audit = memory().await;
    let failing = FailingAudit::new(Arc::new(audit.clone()));
    failing.fail_next(1, Fault::AnswerLost);
    let event = deletion("acc-1").id(Uuid::from_u128(5));
    failing
        .record(event.clone())
        .await
        .expect_err("the answer is lost");
    let again = failing.record(event).await.expect("passed on");
    assert_eq!(again.delivery, Delivery::Duplicate);
    audit.assert_one(Query::new()).await;
}

#[tokio::test]
async fn a_call_that_hangs_is_for_a_deadline_to_end() {
    let audit = memory().await;
    let failing = FailingAudit::new(Arc::new(audit.clone()));
    failing.fail_always(Fault::Hangs);
    let mut call = pin!(failing.record(deletion("acc-1")));
    let mut context = Context::from_waker(Waker::noop());
    assert!(call.as_mut().poll(&mut context).is_pending());
    audit.assert_none(Query::new()).await;
}

#[tokio::test]
async fn isolated_stores_see_nothing_of_each_other() {
    let first = IsolatedSqlite::new().await.expect("made");
    let second = IsolatedSqlite::new().await.expect("made");
    first.record(deletion("acc-1")).await.expect("recorded");
    first.assert_one(Query::new()).await;
    second.assert_none(Query::new()).await;
    let folder = first.folder().to_owned();
    assert!(folder.join("data/audit.db").is_file());
    first.close().await.expect("closed");
    drop(first);
    assert!(!folder.exists());

    let url = "memory:".parse().expect("a URL");
    let database = Database::open(&url, Settings::default())
        .await
        .expect("open");
    let (first, second) = (isolated_trail(&database), isolated_trail(&database));
    first.record(deletion("acc-1")).await.expect("recorded");
    first.assert_one(Query::new()).await;
    second.assert_none(Query::new()).await;
}
