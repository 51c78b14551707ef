//! Chosen routes and their outcomes, each recorded once.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use indelible_axum::{
    Actor, AuditLayer, DenialLayer, Ended, Recorded, RequestContext, RequestContextLayer,
    TrustedProxies,
};
use indelible_core::{AuditAction, AuditEvent, Outcome};
use serde_json::json;
use tower::ServiceExt;

use crate::ground::{Standing, Trail, Turn, request};

const CONNECTED: AuditAction = AuditAction::PROVIDER_CONNECTED;

/// A layer on connections to providers.
fn connections(trail: &Arc<Trail>) -> AuditLayer {
    let event = AuditEvent::new(CONNECTED, "provider").context(json!({"method": "token"}));
    AuditLayer::new(trail.clone(), event).resource_id_from("provider")
}

/// An application that answers with the status in the path, to a user that it knows.
fn application(layer: &AuditLayer, denials: &DenialLayer) -> Router {
    async fn answer(Path((_, status)): Path<(String, u16)>, request: Request) -> StatusCode {
        let context = request.extensions().get::<RequestContext>();
        context.expect("the layer").identify(Actor::new("u-17"));
        StatusCode::from_u16(status).expect("a status")
    }
    Router::new()
        .route(
            "/providers/{provider}/{status}",
            get(answer).route_layer(layer.clone()),
        )
        .route("/others/{other}/{status}", get(answer))
        .layer(denials.clone())
        .layer(RequestContextLayer::with(
            TrustedProxies::none(),
            Arc::new(Standing),
            Arc::new(Standing),
        ))
}

async fn status(router: Router, uri: &str) -> u16 {
    let response = router.oneshot(request(Some("203.0.113.9"), uri, &[])).await;
    response.expect("infallible").status().as_u16()
}

#[tokio::test]
async fn every_answer_is_one_event_with_its_outcome() {
    let trail = Trail::told([]);
    let (layer, denials) = (connections(&trail), DenialLayer::new(trail.clone()));
    let failed = AuditAction::PROVIDER_CONNECTION_FAILED;
    let attempted = AuditAction::PROVIDER_CONNECTION_ATTEMPTED;
    let cases = [
        (200, Outcome::Succeeded, CONNECTED),
        (304, Outcome::Succeeded, CONNECTED),
        (302, Outcome::Attempted, attempted.clone()),
        (303, Outcome::Attempted, attempted),
        (400, Outcome::Failed, failed.clone()),
        (401, Outcome::Denied, failed.clone()),
        (403, Outcome::Denied, failed.clone()),
        (404, Outcome::Failed, failed.clone()),
        (503, Outcome::Failed, failed),
    ];
    let mut expected = Vec::new();
    for (code, outcome, action) in cases {
        let uri = format!("/providers/my%20bank/{code}?token=hunter2");
        assert_eq!(status(application(&layer, &denials), &uri).await, code);
        let event = AuditEvent::new(action, "provider")
            .outcome(outcome)
            .resource_id("my bank")
            .user_id("u-17")
            .ip_address("203.0.113.9")
            .correlation_id("019b76da-a800-7a5a-9a5a-5a5a5a5a5a5a")
            // The event's own method stays.
            .context(json!({
                "method": "token",
                "route": "/providers/{provider}/{status}",
                "status": code,
            }));
        expected.push(event);
    }
    assert_eq!(trail.events(), expected);
    let counts = layer.counts();
    assert_eq!((counts.recorded, counts.lost), (9, 0));
    assert_eq!(denials.counts().recorded, 0, "each is recorded once");

    // A route that was not chosen is none of the layer's business, but refusals are the other's.
    for code in [200, 403] {
        let uri = format!("/others/o/{code}");
        assert_eq!(status(application(&layer, &denials), &uri).await, code);
    }
    let last = trail.events().pop().expect("an event");
    assert_eq!(last.action, AuditAction::ACCESS_DENIED);
    assert_eq!(trail.events().len(), expected.len() + 1);
    assert_eq!(denials.counts().recorded, 1);
}

/// The outcome that is recorded of `answer`, given what `layer` says besides.
async fn outcome(
    answer: impl IntoResponse + Clone + Send + Sync + 'static,
    says: impl FnOnce(AuditLayer) -> AuditLayer,
) -> Option<Outcome> {
    let trail = Trail::told([]);
    let layer = says(connections(&trail));
    let handler = move || async move { answer };
    let router = Router::new().route("/{provider}", get(handler).route_layer(layer));
    status(router, "/p").await;
    trail.events().pop().expect("an event").outcome
}

#[tokio::test]
async fn a_redirect_proves_nothing_and_whoever_knows_says_what_it_is() {
    let to_login = (StatusCode::FOUND, [("location", "/login")]);
    let (denied, done) = (Ended(Outcome::Denied), Ended(Outcome::Succeeded));
    let as_it_is = |layer: AuditLayer| layer;
    let success = |layer: AuditLayer| layer.redirect_is(Outcome::Succeeded);

    assert_eq!(outcome(to_login, as_it_is).await, Some(Outcome::Attempted));
    assert_eq!(outcome(to_login, success).await, Some(Outcome::Succeeded));
    let known = outcome((done, to_login), as_it_is).await;
    assert_eq!(known, Some(Outcome::Succeeded));
    let known = outcome((denied, to_login), success).await;
    assert_eq!(known, Some(Outcome::Denied));
    // A page that tells of a refusal, in the form of a success.
    let known = outcome((denied, "wrong password"), as_it_is).await;
    assert_eq!(known, Some(Outcome::Denied));
    assert_eq!(outcome(denied, as_it_is).await, Some(Outcome::Denied));
    // What a redirect is says nothing of other answers.
    let failed = outcome(StatusCode::BAD_REQUEST, success).await;
    assert_eq!(failed, Some(Outcome::Failed));
}

#[tokio::test]
async fn an_id_that_is_no_text_is_recorded_as_it_was_sent() {
    let trail = Trail::told([]);
    let handler = || async { StatusCode::OK };
    let files = AuditLayer::new(
        trail.clone(),
        AuditEvent::new(AuditAction::DATA_VIEWED, "file"),
    );
    let inner = Router::new()
        .route("/{owner}/files/{*file}", get(handler))
        .route_layer(files.resource_id_from("file"));
    let router = Router::new()
        .route("/{provider}", get(handler))
        .route_layer(connections(&trail))
        .nest("/of/{site}", inner);
    for uri in [
        "/b%FFb",
        "/of/s/bob/files/a/b%FF.txt",
        "/of/s/bob/files/a%20b",
    ] {
        assert_eq!(status(router.clone(), uri).await, 200);
    }
    let events = trail.events();
    let ids: Vec<_> = events.iter().map(|e| e.resource_id.as_deref()).collect();
    assert_eq!(ids, ["b%FFb", "a/b%FF.txt", "a b"].map(Some));
}

#[tokio::test]
async fn an_action_without_a_workflow_keeps_its_name() {
    let trail = Trail::told([]);
    let event = AuditEvent::new(AuditAction::custom("billing.invoice_sent"), "invoice");
    let router = Router::new()
        .route("/invoices", get(|| async { StatusCode::BAD_GATEWAY }))
        .route_layer(AuditLayer::new(trail.clone(), event).resource_id_from("invoice"));
    assert_eq!(status(router, "/invoices").await, 502);
    let events = trail.events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].action, "billing.invoice_sent");
    assert_eq!(events[0].outcome, Some(Outcome::Failed));
    // There is no such parameter, and no context layer either.
    assert_eq!((&events[0].resource_id, &events[0].user_id), (&None, &None));
    let context = json!({"method": "GET", "route": "/invoices", "status": 502});
    assert_eq!(events[0].context, Some(context));
}

#[tokio::test]
async fn a_refusal_from_further_outside_is_an_access_denied() {
    async fn refuse(_: Request, _: Next) -> Response {
        StatusCode::FORBIDDEN.into_response()
    }
    let trail = Trail::told([]);
    let layer = connections(&trail);
    let router = Router::new()
        .route("/providers/{provider}", get(|| async {}).route_layer(layer))
        .layer(from_fn(refuse))
        .layer(DenialLayer::new(trail.clone()));
    assert_eq!(status(router, "/providers/p").await, 403);
    let actions: Vec<_> = trail.events().into_iter().map(|e| e.action).collect();
    assert_eq!(actions, [AuditAction::ACCESS_DENIED]);
}

#[tokio::test]
async fn what_a_handler_recorded_itself_is_left_alone() {
    let trail = Trail::told([]);
    let answer = || async { (StatusCode::UNAUTHORIZED, Recorded) };
    let router = Router::new()
        .route("/providers/{provider}", get(answer))
        .route_layer(connections(&trail))
        .layer(DenialLayer::new(trail.clone()));
    assert_eq!(status(router, "/providers/p").await, 401);
    assert_eq!(trail.events(), []);
}

#[tokio::test]
async fn what_ends_without_an_answer_stays_an_attempt() {
    let trail = Trail::told([]);
    let layer = connections(&trail);
    let routes = |layer: &AuditLayer| {
        async fn panics() {
            panic!("a fault of the handler");
        }
        Router::new()
            .route("/{provider}/panics", get(panics))
            .route("/{provider}/hangs", get(std::future::pending::<()>))
            .route_layer(layer.clone())
    };
    let panicking = tokio::spawn(status(routes(&layer), "/p/panics"));
    assert!(panicking.await.expect_err("it panicked").is_panic());
    trail.settled.notified().await;

    // The client hangs up: the request is dropped where it stands.
    let mut hanging = Box::pin(status(routes(&layer), "/q/hangs"));
    assert!(is_under_way(&mut hanging).await);
    drop(hanging);
    trail.settled.notified().await;

    let events = trail.events();
    let seen: Vec<_> = events
        .iter()
        .map(|event| {
            (
                event.action.as_str(),
                event.outcome,
                event.resource_id.as_deref(),
            )
        })
        .collect();
    let attempted = "provider_connection_attempted";
    let expected = ["p", "q"].map(|id| (attempted, Some(Outcome::Attempted), Some(id)));
    assert_eq!(seen, expected);
    let context = events[1].context.as_ref().expect("a context");
    assert_eq!(context["status"], json!(null));
}

/// Whether it has no end yet after one look.
async fn is_under_way<F: Future + Unpin>(future: &mut F) -> bool {
    let mut look = |cx: &mut Context<'_>| Poll::Ready(Pin::new(&mut *future).poll(cx).is_pending());
    poll_fn(&mut look).await
}

#[tokio::test(start_paused = true)]
async fn a_trail_that_fails_or_hangs_changes_no_answer() {
    let trail = Trail::told([Turn::Fails, Turn::Panics, Turn::Hangs]);
    let (layer, denials) = (connections(&trail), DenialLayer::new(trail.clone()));
    for code in [200, 403, 500] {
        let uri = format!("/providers/p/{code}");
        assert_eq!(status(application(&layer, &denials), &uri).await, code);
    }
    assert_eq!((layer.counts().recorded, layer.counts().lost), (0, 2));
    // What was lost is not tried again by the other layer.
    assert_eq!(denials.counts(), DenialLayer::new(trail.clone()).counts());
    trail.go_on.notify_one();
    trail.settled.notified().await;
    assert_eq!(trail.events().len(), 1);
}
