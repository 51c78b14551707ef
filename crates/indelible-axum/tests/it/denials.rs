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
            .resource_id("/answers/{status}")
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

/// A link that resets a password: whoever reads its token may use it.
const LINK: &str = "/resets/3f9d7c1ab2/of/acc-%FF?next=hunter2";

/// An application with such links, of which a part stands in a router of its own.
fn resets(denials: &DenialLayer) -> Router {
    let refuse = || async { StatusCode::FORBIDDEN };
    let inner = Router::new().route("/{token}/of/{account}", get(refuse));
    Router::new()
        .nest("/resets", inner)
        .fallback(|| async { StatusCode::UNAUTHORIZED })
        .layer(denials.clone())
}

#[tokio::test]
async fn what_a_path_holds_is_not_recorded_unless_it_is_named() {
    let trail = Trail::told([]);
    let denials = DenialLayer::new(trail.clone());
    assert_eq!(status(resets(&denials), LINK).await, 403);
    // To no route at all.
    assert_eq!(status(resets(&denials), "/reset/3f9d7c1ab2").await, 401);
    let events = trail.events();
    let template = "/resets/{token}/of/{account}";
    assert_eq!(events[0].resource_id.as_deref(), Some(template));
    assert_eq!(events[1].resource_id, None);
    let said: Vec<_> = events.iter().map(|e| e.context.clone()).collect();
    let told = |resource: &str, reason: &str, status: u16| {
        Some(json!({"resource": resource, "action": "GET", "reason": reason, "status": status}))
    };
    let expected = [
        told(template, "forbidden", 403),
        told("no route", "unauthenticated", 401),
    ];
    assert_eq!(said, expected);

    let named = DenialLayer::new(trail.clone()).parameters(["account", "another"]);
    assert_eq!(status(resets(&named), LINK).await, 403);
    let event = trail.events().pop().expect("an event");
    assert_eq!(event.resource_id.as_deref(), Some(template));
    // It is no UTF-8, and an id all the same.
    let context = event.context.expect("a context");
    assert_eq!(context["parameters"], json!({"account": "acc-%FF"}));
}

#[tokio::test]
async fn the_whole_path_is_recorded_where_it_is_asked_for() {
    let trail = Trail::told([]);
    let denials = DenialLayer::new(trail.clone()).whole_path();
    assert_eq!(status(resets(&denials), LINK).await, 403);
    assert_eq!(status(resets(&denials), "/nowhere").await, 401);
    let events = trail.events();
    let paths: Vec<_> = events.iter().map(|e| e.resource_id.as_deref()).collect();
    let expected = ["/resets/3f9d7c1ab2/of/acc-%FF", "/nowhere"];
    assert_eq!(paths, expected.map(Some));
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
    let counts = denials.counts();
    assert_eq!((counts.crowded_out, counts.underway), (1100 - 1024, 1024));
}

#[tokio::test(start_paused = true)]
async fn one_more_than_can_be_under_way_waits_for_its_turn() {
    let trail = Trail::told([Turn::Hangs; 1024]);
    let denials = DenialLayer::new(trail.clone());
    let mut answers = tokio::task::JoinSet::new();
    for _ in 0..1025 {
        let application = application(&denials);
        answers.spawn(async move { status(application, "/answers/401").await });
    }
    // One of those under way ends, and the one that waits is recorded in its place.
    trail.go_on.notify_one();
    let answers = answers.join_all().await;
    assert!(answers.iter().all(|answer| *answer == 401));
    assert_eq!(trail.events().len(), 2);
    let counts = denials.counts();
    assert_eq!((counts.recorded, counts.underway), (2, 1023));
    assert_eq!((counts.lost, counts.crowded_out), (0, 0));
}
