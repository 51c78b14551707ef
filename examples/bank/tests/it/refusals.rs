//! What a refusal leaves of the path that was asked for.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use bank::{Bank, application};
use indelible::axum::TrustedProxies;
use indelible::testing::AuditAssertions;
use indelible::{MemoryAuditAdapter, Query};
use serde_json::json;
use tower::ServiceExt;

#[tokio::test]
async fn a_secret_in_the_place_of_a_name_is_masked() {
    let audit = MemoryAuditAdapter::new().await.expect("a trail");
    let bank = Bank::new(Arc::new(audit.clone()), Duration::from_secs(60));
    let token = bank.sessions().begin("alice");
    let request = Request::builder()
        .uri("/customers/4111111111111111")
        .header("authorization", format!("Bearer {token}"))
        .body(Body::empty());
    let application = application(bank, TrustedProxies::none());
    let answer = application.oneshot(request.expect("a request")).await;
    assert_eq!(answer.expect("infallible").status(), StatusCode::FORBIDDEN);

    let denied = audit.assert_one(Query::new().action("access_denied")).await;
    assert_eq!(denied.resource_id.as_deref(), Some("/customers/{user}"));
    let context = denied.context.expect("a context");
    assert_eq!(context["parameters"], json!({"user": "411111******1111"}));
}
