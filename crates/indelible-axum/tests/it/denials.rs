//! Refusals become events, and the refusal stands whatever becomes of them (trap T23).

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::routing::get;
use indelible_axum::{Actor, DenialLayer, RequestContext, RequestContextLayer, TrustedProxies};
use indelible_core::{AuditAction, AuditEvent};
use serde_json::json;
use tower::ServiceExt;

use crate::ground::{Standing, Trail, Turn, request};

/// An application that answers with the status in the path, to a user that it knows.
fn application(denials: &DenialLayer) -> Router {
    async fn answer(Path(status): Path<u16>) -> StatusCode {
        StatusCode::from_u16(status).expect("a status")
    }
    async fn authenticate(request: Request, next: Next) -> axum::response::Response {
        if let Some(context) = request.extensions().get::<RequestContext>() {
            context.identify(Actor::new("u-17"));
        }
        next.run(request).await
    }
    let contexts = RequestContextLayer::with(
        TrustedProxies::none(),
        Arc::new(Standing),
        Arc::new(Standing),
    );
    Router::new()
        .route("/answers/{status}", get(answer))
        .layer(from_fn(authenticate))
        .layer(denials.clone())
        .layer(contexts)
}

async fn status(router: Router, uri: &str) -> u16 {
    let response = router.oneshot(request(Some("203.0.113.9"), uri, &[])).await;
    response.expect("infallible").status().as_u16()
}

#[tokio::test]
async fn each_401_and_403_is_an_event_and_nothing_else_is() {
    let trail = Trail::told([]);
    let denials = DenialLayer::new(trail.clone());
    for answer in [200, 302, 400, 401, 403, 404, 429, 500] {
        let uri = format!("/answers/{answer}?token=hunter2");
        assert_eq!(status(application(&denials), &uri).await, answer);
    }
    let expected = [(401, "unauthenticated"), (403, "forbidden")].map(|(status, reason)| {
        AuditEvent::new(AuditAction::ACCESS_DENIED, "http_route")
            .resource_id(format!("/answers/{status}"))
            .ip_address("203.0.113.9")
            .user_id("u-17")
            .correlation_id("019b76da-a800-7a5a-9a5a-5a5a5a5a5a5a")
            .context(json!({
                "resource": "/answers/{status}",
                "action": "GET",
                "reason": reason,
                "status": status,
            }))
    });
    assert_eq!(trail.events(), expected);
    let counts = denials.counts();
    assert_eq!((counts.recorded, counts.lost), (2, 0));
}

#[tokio::test]
async fn a_refusal_without_a_context_is_an_event_too() {
    let trail = Trail::told([]);
    let denials = DenialLayer::new(trail.clone());
    let router = Router::new()
        .route("/vault", get(|| async { StatusCode::FORBIDDEN }))
        .layer(denials);
    assert_eq!(status(router, "/vault").await, 403);
    let events = trail.events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].resource_id.as_deref(), Some("/vault"));
    assert_eq!(events[0].ip_address, None);
}

#[tokio::test]
async fn a_record_that_fails_is_counted_and_changes_no_answer() {
    let trail = Trail::told([Turn::Fails, Turn::Panics]);
    let denials = DenialLayer::new(trail.clone());
    for lost in 1..=2 {
        assert_eq!(status(application(&denials), "/answers/403").await, 403);
        assert_eq!(
            (denials.counts().recorded, denials.counts().lost),
            (0, lost)
        );
    }
    assert_eq!(status(application(&denials), "/answers/403").await, 403);
    assert_eq!((denials.counts().recorded, denials.counts().lost), (1, 2));
    assert_eq!(trail.events().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_trail_that_hangs_keeps_no_answer_and_records_later() {
    let trail = Trail::told([Turn::Hangs]);
    let denials = DenialLayer::new(trail.clone());
    assert_eq!(status(application(&denials), "/answers/401").await, 401);
    assert_eq!((denials.counts().recorded, denials.counts().lost), (0, 0));
    assert!(trail.events().is_empty());
    trail.go_on.notify_one();
    trail.settled.notified().await;
    assert_eq!(trail.events().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_trail_that_hangs_for_long_takes_no_memory_without_end() {
    let trail = Trail::told([Turn::Hangs; 2000]);
    let denials = DenialLayer::new(trail.clone());
    let mut answers = tokio::task::JoinSet::new();
    for _ in 0..1100 {
        let application = application(&denials);
        answers.spawn(async move { status(application, "/answers/401").await });
    }
    let answers = answers.join_all().await;
    assert!(answers.iter().all(|answer| *answer == 401));
    assert_eq!(
        (denials.counts().recorded, denials.counts().lost),
        (0, 1100 - 1024)
    );
}
