//! Situation 11: a test of the application, with a trail in memory.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use bank::{Bank, application};
use indelible::axum::TrustedProxies;
use indelible::testing::{AuditAssertions, FailingAudit, Fault};
use indelible::{AuditProtocol, MemoryAuditAdapter, Query};
use tower::ServiceExt;

/// What a call that never ends costs the tests.
const DEADLINE: Duration = Duration::from_secs(1);

/// Alice deletes one of her accounts.
async fn delete_account(audit: Arc<dyn AuditProtocol>, account: &str) -> StatusCode {
    let bank = Bank::new(audit, DEADLINE);
    let token = bank.sessions().begin("alice");
    let request = Request::builder()
        .method(Method::DELETE)
        .uri(format!("/accounts/{account}"))
        .header("authorization", format!("Bearer {token}"))
        .body(Body::empty());
    let request = request.expect("a request");
    let application = application(bank, TrustedProxies::none());
    let answer = application.oneshot(request).await;
    answer.expect("infallible").status()
}

#[tokio::test]
async fn a_deleted_account_is_one_entry() {
    let audit = MemoryAuditAdapter::new().await.expect("a trail");
    let answer = delete_account(Arc::new(audit.clone()), "acc-1").await;
    assert_eq!(answer, StatusCode::NO_CONTENT);

    let deleted = Query::new().action("data_deleted").resource_id("acc-1");
    let entry = audit.assert_one(deleted).await;
    assert_eq!(entry.user_id.as_deref(), Some("alice"));
    // On record before it happened.
    let actions = ["data_deletion_attempted", "data_deleted"];
    audit.assert_actions(&actions).await;
}

#[tokio::test]
async fn a_deletion_goes_on_whatever_the_trail_does() {
    for fault in [Fault::Unavailable, Fault::Overloaded, Fault::Hangs] {
        let trail = MemoryAuditAdapter::new().await.expect("a trail");
        let audit = FailingAudit::new(Arc::new(trail.clone()));
        // The first call only: what comes after it is recorded.
        audit.fail_next(1, fault);
        let answer = delete_account(Arc::new(audit.clone()), "acc-1").await;
        assert_eq!(answer, StatusCode::NO_CONTENT, "{fault:?}");
        trail.assert_actions(&["data_deleted"]).await;

        audit.fail_always(fault);
        let answer = delete_account(Arc::new(audit.clone()), "acc-2").await;
        assert_eq!(answer, StatusCode::NO_CONTENT, "{fault:?}");
        trail.assert_actions(&["data_deleted"]).await;
        assert_eq!(audit.failed().len(), 3);
    }
}
