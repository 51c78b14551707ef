//! No answer waits for a store that hangs longer than the bank's deadline.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use bank::{Bank, application};
use indelible::MemoryAuditAdapter;
use indelible::axum::TrustedProxies;
use indelible::testing::{FailingAudit, Fault};
use serde_json::{Value, json};
use tower::ServiceExt;

const DEADLINE: Duration = Duration::from_millis(300);

/// A bank whose trail hangs for ever.
async fn bank() -> Bank {
    let trail = MemoryAuditAdapter::new().await.expect("a trail");
    let audit = FailingAudit::new(Arc::new(trail));
    audit.fail_always(Fault::Hangs);
    Bank::new(Arc::new(audit), DEADLINE)
}

async fn status(bank: Bank, request: (&str, &str), token: &str, body: Value) -> StatusCode {
    let (method, path) = request;
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()));
    let application = application(bank, TrustedProxies::none());
    let answer = application.oneshot(request.expect("a request")).await;
    answer.expect("infallible").status()
}

#[tokio::test(start_paused = true)]
async fn every_request_is_answered() {
    let password = json!({"current": "correct horse", "new": "horse of another colour"});
    let suspension = json!({"reason": "fraud review", "days": 30});
    // What may not happen unrecorded does not happen; what has happened, and refusals, stand.
    let cases = [
        (
            ("POST", "/login"),
            "",
            json!({"user": "alice", "password": "x"}),
            503,
        ),
        (
            ("POST", "/login"),
            "",
            json!({"user": "bob", "password": "battery staple"}),
            503,
        ),
        (("GET", "/me/activity"), "", Value::Null, 401),
        (("GET", "/admin/failed-logins"), "alice", Value::Null, 403),
        (("GET", "/customers/alice"), "alice", Value::Null, 503),
        (
            ("POST", "/providers/p/connection"),
            "alice",
            json!({"access_token": "t"}),
            503,
        ),
        (
            ("POST", "/admin/users/bob/suspension"),
            "carol",
            suspension,
            503,
        ),
        (("POST", "/jobs/backup"), "backup-job", Value::Null, 503),
        (("GET", "/me/activity"), "alice", Value::Null, 503),
        (("GET", "/admin/failed-logins"), "carol", Value::Null, 503),
        (("GET", "/providers/events"), "carol", Value::Null, 503),
        (("PUT", "/me/password"), "alice", password, 204),
        (("DELETE", "/accounts/acc-1"), "alice", Value::Null, 204),
    ];
    for (request, user, body, expected) in cases {
        let bank = bank().await;
        let token = match user {
            "" | "backup-job" => user.to_owned(),
            user => bank.sessions().begin(user),
        };
        let answer = status(bank, request, &token, body);
        let answer = tokio::time::timeout(DEADLINE + DEADLINE / 10, answer).await;
        let answer = answer.unwrap_or_else(|_| panic!("{request:?} is not answered"));
        assert_eq!(answer.as_u16(), expected, "{request:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_not_on_record_is_none() {
    let bank = bank().await;
    let body = json!({"user": "alice", "password": "correct horse"});
    let refused = status(bank.clone(), ("POST", "/login"), "", body).await;
    assert_eq!(refused, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(bank.sessions().count(), 0);
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused() {
    let bank = bank().await;
    let token = bank.sessions().begin("alice");
    let body = json!({"current": "x".repeat(2 * 1024 * 1024), "new": "y"});
    let refused = status(bank, ("PUT", "/me/password"), &token, body).await;
    assert_eq!(refused, StatusCode::PAYLOAD_TOO_LARGE);
}
