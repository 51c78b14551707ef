//! The trail as handlers take it: every request with its own actor, actor and target apart.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::{FromRef, Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use indelible_axum::{
    Actor, AuditLayer, DenialLayer, RequestAudit, RequestContext, RequestContextLayer,
    TrustedProxies,
};
use indelible_core::{AuditAction, AuditEvent, AuditProtocol};
use serde_json::json;
use tokio::sync::Barrier;
use tower::ServiceExt;

use crate::ground::{Trail, request};

/// An application's state, of which the trail is one part.
#[derive(Clone)]
struct Shop {
    audit: Arc<dyn AuditProtocol>,
    /// Where requests wait until all of them are there.
    gate: Arc<Barrier>,
}

impl FromRef<Shop> for Arc<dyn AuditProtocol> {
    fn from_ref(shop: &Shop) -> Self {
        shop.audit.clone()
    }
}

/// Who asks stands in a header.
async fn authenticate(context: RequestContext, request: Request, next: Next) -> Response {
    let user = request.headers().get("x-user");
    if let Some(user) = user.and_then(|user| user.to_str().ok()) {
        context.identify(Actor::new(user));
    }
    next.run(request).await
}

const CROWD: usize = 64;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t5_requests_at_once_keep_their_actors_apart() {
    async fn order(State(shop): State<Shop>, audit: RequestAudit, Path(n): Path<usize>) {
        // All are under way, each with its handle, before the first one records.
        shop.gate.wait().await;
        let event = AuditEvent::new(AuditAction::custom("order_placed"), "order");
        let recorded = audit.record(event.resource_id(n.to_string())).await;
        recorded.expect("recorded");
    }
    let trail = Trail::told([]);
    let shop = Shop {
        audit: trail.clone(),
        gate: Arc::new(Barrier::new(CROWD)),
    };
    let router = Router::new()
        .route("/orders/{n}", put(order))
        .layer(from_fn(authenticate))
        .layer(RequestContextLayer::new(TrustedProxies::none()))
        .with_state(shop);
    let mut answers = tokio::task::JoinSet::new();
    for n in 0..CROWD {
        let (user, id) = (format!("u-{n}"), format!("request-{n}"));
        let lines = [
            ("x-user", user.as_bytes()),
            ("x-request-id", id.as_bytes()),
            ("user-agent", user.as_bytes()),
        ];
        let mut request = request(
            Some(&format!("203.0.113.{n}")),
            &format!("/orders/{n}"),
            &lines,
        );
        *request.method_mut() = axum::http::Method::PUT;
        answers.spawn(router.clone().oneshot(request));
    }
    for answer in answers.join_all().await {
        assert_eq!(answer.expect("infallible").status(), StatusCode::OK);
    }
    let mut seen = BTreeMap::new();
    for event in trail.events() {
        let n = event.resource_id.clone().expect("a resource");
        assert_eq!(event.user_id, Some(format!("u-{n}")));
        assert_eq!(event.ip_address, Some(format!("203.0.113.{n}")));
        assert_eq!(event.correlation_id, Some(format!("request-{n}")));
        assert_eq!(event.user_agent, Some(format!("u-{n}")));
        *seen.entry(n).or_insert(0) += 1;
    }
    assert_eq!(seen.len(), CROWD);
    assert!(seen.values().all(|times| *times == 1));
}

#[tokio::test]
async fn t24_sys_13_a_denial_from_a_cache_is_an_event_like_the_first() {
    /// Decisions that were made, and how often one was made and one found.
    #[derive(Clone, Default)]
    struct Decisions {
        kept: Arc<std::sync::Mutex<BTreeMap<String, bool>>>,
        made: Arc<AtomicUsize>,
        found: Arc<AtomicUsize>,
    }
    async fn authorize(State(all): State<Decisions>, request: Request, next: Next) -> Response {
        let path = request.uri().path().to_owned();
        let kept = all.kept.lock().expect("unpoisoned").get(&path).copied();
        let is_allowed = kept.unwrap_or(false);
        let counter = if kept.is_some() {
            &all.found
        } else {
            &all.made
        };
        counter.fetch_add(1, Ordering::SeqCst);
        all.kept
            .lock()
            .expect("unpoisoned")
            .insert(path, is_allowed);
        if is_allowed {
            next.run(request).await
        } else {
            StatusCode::FORBIDDEN.into_response()
        }
    }
    let trail = Trail::told([]);
    let decisions = Decisions::default();
    let denials = DenialLayer::new(trail.clone());
    // The decision stands before the chosen route on one side, behind it on the other.
    let vault = AuditEvent::new(AuditAction::DATA_VIEWED, "vault");
    let chosen = AuditLayer::new(trail.clone(), vault);
    let check = from_fn_with_state(decisions.clone(), authorize);
    let router = Router::new()
        .route("/outside", get(|| async {}).route_layer(check.clone()))
        .route(
            "/chosen",
            get(|| async {})
                .route_layer(check)
                .route_layer(chosen.clone()),
        )
        .layer(denials.clone());
    for path in ["/outside", "/chosen"] {
        for _ in 0..100 {
            let answer = router.clone().oneshot(request(None, path, &[])).await;
            assert_eq!(answer.expect("infallible").status(), StatusCode::FORBIDDEN);
        }
    }
    assert_eq!(decisions.made.load(Ordering::SeqCst), 2);
    assert_eq!(decisions.found.load(Ordering::SeqCst), 2 * 99);
    assert_eq!(
        (denials.counts().recorded, chosen.counts().recorded),
        (100, 100)
    );
    let events = trail.events();
    let of = |action: &str| events.iter().filter(|event| event.action == action).count();
    assert_eq!((of("access_denied"), of("data_viewed")), (100, 100));
}

#[tokio::test]
async fn t26_a_change_of_role_has_its_actor_and_its_target_apart() {
    async fn assign(audit: RequestAudit, Path(user): Path<String>) {
        let event = AuditEvent::new(AuditAction::ROLE_ASSIGNED, "user")
            .resource_id(user)
            .context(json!({"role_name": "auditor"}));
        let attempt = audit.attempt(event).await.expect("recorded");
        attempt.succeeded().await.expect("recorded");
    }
    let trail = Trail::told([]);
    let audit: Arc<dyn AuditProtocol> = trail.clone();
    let event = AuditEvent::new(AuditAction::ROLE_REVOKED, "user");
    let revoked = AuditLayer::new(audit.clone(), event).resource_id_from("user");
    let router = Router::new()
        .route("/users/{user}/role", put(assign))
        .route(
            "/users/{user}/role",
            axum::routing::delete(|| async {}).route_layer(revoked),
        )
        .layer(from_fn(authenticate))
        .layer(RequestContextLayer::new(TrustedProxies::none()))
        .with_state(audit);
    for method in ["PUT", "DELETE"] {
        let mut request = request(None, "/users/bob/role", &[("x-user", b"carol")]);
        *request.method_mut() = method.parse().expect("a method");
        let answer = router.clone().oneshot(request).await;
        assert_eq!(answer.expect("infallible").status(), StatusCode::OK);
    }
    let events = trail.events();
    let actions: Vec<_> = events.iter().map(|event| event.action.as_str()).collect();
    assert_eq!(
        actions,
        ["role_assignment_attempted", "role_assigned", "role_revoked"]
    );
    for event in &events {
        assert_eq!(event.user_id.as_deref(), Some("carol"), "who acted");
        assert_eq!(
            event.resource_id.as_deref(),
            Some("bob"),
            "who was acted upon"
        );
    }
    assert_eq!(events[0].correlation_id, events[1].correlation_id);
    assert_ne!(events[1].correlation_id, events[2].correlation_id);
}

#[tokio::test]
async fn a_handle_without_the_layer_is_a_fault_of_the_application() {
    async fn record(_: RequestAudit) {}
    let audit: Arc<dyn AuditProtocol> = Trail::told([]);
    let router = Router::new().route("/", get(record)).with_state(audit);
    let answer = router.oneshot(request(None, "/", &[])).await;
    assert_eq!(
        answer.expect("infallible").status(),
        StatusCode::INTERNAL_SERVER_ERROR
    );
}
