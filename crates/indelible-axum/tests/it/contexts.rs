//! What handlers are told of a request.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use axum::routing::get;
use indelible_axum::{Actor, ClientAddress, RequestContext, RequestContextLayer, TrustedProxies};
use indelible_core::{AuditAction, AuditEvent};
use tokio::sync::mpsc;
use tower::{Layer, Service, ServiceExt};

use crate::ground::{Standing, request};

const GENERATED: &str = "019b76da-a800-7a5a-9a5a-5a5a5a5a5a5a";

fn layer() -> RequestContextLayer {
    let proxies = TrustedProxies::new(["10.0.0.0/8"]).expect("a block");
    RequestContextLayer::with(proxies, Arc::new(Standing), Arc::new(Standing))
}

/// The context of a request, and the response that it gets.
async fn context(request: Request<Body>) -> (RequestContext, Response<Body>) {
    let (sender, mut contexts) = mpsc::unbounded_channel();
    let handler = move |context: RequestContext| {
        let sent = sender.send(context);
        async move { sent.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR) }
    };
    let router: Router = Router::new().route("/", get(handler)).layer(layer());
    let response = router.oneshot(request).await.expect("infallible");
    (contexts.recv().await.expect("a context"), response)
}

#[tokio::test]
async fn sys_05_an_event_gets_what_the_request_says_and_keeps_what_it_says_itself() {
    let lines: &[(&str, &[u8])] = &[
        ("x-forwarded-for", b"192.0.2.1, 203.0.113.9"),
        ("user-agent", b"curl/8.5"),
        ("x-request-id", b"req-17"),
    ];
    let (context, response) = context(request(Some("10.0.0.1"), "/", lines)).await;
    assert_eq!(response.headers()["x-request-id"], "req-17");
    context.identify(Actor::new("mallory"));
    context.identify(Actor::new("u-17").on_behalf_of("u-42"));
    let event = context.fill(AuditEvent::new(AuditAction::USER_LOGOUT, "session"));
    let expected = AuditEvent::new(AuditAction::USER_LOGOUT, "session")
        .ip_address("203.0.113.9")
        .user_agent("curl/8.5")
        .correlation_id("req-17")
        .user_id("u-17")
        .on_behalf_of("u-42");
    assert_eq!(event, expected);
    let own = AuditEvent::new(AuditAction::USER_LOGOUT, "session")
        .ip_address("198.51.100.1")
        .user_agent("own")
        .correlation_id("own")
        .user_id("own");
    assert_eq!(context.fill(own.clone()), own);
}

#[tokio::test]
async fn a_user_agent_of_any_bytes_and_length_is_kept() {
    let long = vec![b'x'; 100_000];
    let cases: [(&[u8], String); 4] = [
        ("Gl\u{fc}ck/1.0".as_bytes(), "Gl\u{fc}ck/1.0".to_owned()),
        (b"Gl\xfcck/1.0", "Gl\u{fc}ck/1.0".to_owned()),
        (b"=cmd|' /C calc'!A0", "=cmd|' /C calc'!A0".to_owned()),
        (&long, "x".repeat(100_000)),
    ];
    for (sent, expected) in cases {
        let (context, _) = context(request(None, "/", &[("user-agent", sent)])).await;
        assert_eq!(context.user_agent(), Some(&*expected));
    }
    let twice: &[(&str, &[u8])] = &[("user-agent", b"a"), ("user-agent", b"b")];
    let (two, _) = context(request(None, "/", twice)).await;
    assert_eq!(two.user_agent(), Some("a, b"));
    let (none, _) = context(request(None, "/", &[])).await;
    assert_eq!(none.user_agent(), None);
    assert_eq!(none.client(), None);
}

#[tokio::test]
async fn the_id_is_the_callers_else_the_traces_else_a_new_one() {
    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    let later = format!("cc-{TRACE}-00f067aa0ba902b7-01-what");
    let longest = "x".repeat(255);
    let taken: &[(&[(&str, &str)], &str)] = &[
        (&[("x-request-id", "a"), ("traceparent", &parent)], "a"),
        (&[("x-request-id", &longest)], &longest),
        (&[("traceparent", &parent)], TRACE),
        (&[("traceparent", &later)], TRACE),
    ];
    let (upper, over) = (parent.to_uppercase(), "x".repeat(256));
    let (extra, version) = (format!("{parent}-00"), parent.replacen("00", "ff", 1));
    let (zero, short) = (
        parent.replace(TRACE, &"0".repeat(32)),
        parent.replacen('4', "", 1),
    );
    let made: &[&[(&str, &str)]] = &[
        &[],
        &[("x-request-id", "")],
        &[("x-request-id", "a b")],
        &[("x-request-id", "caf\u{e9}")],
        &[("x-request-id", &over)],
        &[("x-request-id", "a"), ("x-request-id", "b")],
        &[("traceparent", &upper)],
        &[("traceparent", &extra)],
        &[("traceparent", &version)],
        &[("traceparent", &zero)],
        &[("traceparent", &short)],
        &[("traceparent", &parent), ("traceparent", &parent)],
    ];
    let made = made.iter().map(|lines| (*lines, GENERATED));
    for (lines, expected) in taken.iter().copied().chain(made) {
        let lines: Vec<_> = lines
            .iter()
            .map(|(name, value)| match *name {
                "x-request-id" => ("x-request-id", value.as_bytes()),
                _ => ("traceparent", value.as_bytes()),
            })
            .collect();
        let (context, response) = context(request(None, "/", &lines)).await;
        assert_eq!(context.id().as_str(), expected, "{lines:?}");
        assert_eq!(response.headers()["x-request-id"], expected);
    }
}

#[tokio::test]
async fn a_response_with_an_id_keeps_it() {
    let inner = tower::service_fn(|_: Request<Body>| async {
        let response = Response::builder().header("x-request-id", "inner");
        Ok::<_, std::convert::Infallible>(response.body(Body::empty()).expect("a response"))
    });
    let mut service = layer().layer(inner);
    let request = request(None, "/", &[("x-request-id", b"outer")]);
    let response = service.call(request).await.expect("infallible");
    assert_eq!(response.headers()["x-request-id"], "inner");
}

#[tokio::test]
async fn extractors_answer_what_is_there_and_refuse_what_is_not() {
    async fn who(actor: Actor) -> String {
        actor.user_id
    }
    async fn maybe(actor: Option<Actor>) -> String {
        actor.map_or_else(|| "nobody".to_owned(), |actor| actor.user_id)
    }
    async fn from(client: ClientAddress) -> String {
        client.to_string()
    }
    async fn about(context: Option<RequestContext>) -> String {
        context.map_or_else(|| "nothing".to_owned(), |context| context.id().to_string())
    }
    let router: Router = Router::new()
        .route("/who", get(who))
        .route("/maybe", get(maybe))
        .route("/from", get(from))
        .route("/about", get(about));
    let identified = router.clone().layer(axum::middleware::from_fn(
        |request: axum::extract::Request, next: axum::middleware::Next| async {
            if let Some(context) = request.extensions().get::<RequestContext>() {
                context.identify(Actor::new("u-17"));
            }
            next.run(request).await
        },
    ));
    let cases = [
        (
            router.clone(),
            "/who",
            StatusCode::UNAUTHORIZED,
            "nobody is signed in",
        ),
        (router.clone(), "/maybe", StatusCode::OK, "nobody"),
        (
            router.clone(),
            "/from",
            StatusCode::INTERNAL_SERVER_ERROR,
            "",
        ),
        (router, "/about", StatusCode::OK, "nothing"),
        (
            identified.clone().layer(layer()),
            "/who",
            StatusCode::OK,
            "u-17",
        ),
        (
            identified.clone().layer(layer()),
            "/maybe",
            StatusCode::OK,
            "u-17",
        ),
        (
            identified.clone().layer(layer()),
            "/from",
            StatusCode::OK,
            "10.0.0.1",
        ),
        (
            identified.layer(layer()),
            "/about",
            StatusCode::OK,
            GENERATED,
        ),
    ];
    for (router, uri, status, body) in cases {
        let response = router.oneshot(request(Some("10.0.0.1"), uri, &[])).await;
        let response = response.expect("infallible");
        assert_eq!(response.status(), status, "{uri}");
        let bytes = axum::body::to_bytes(response.into_body(), 1024)
            .await
            .expect("a body");
        assert_eq!(bytes, body.as_bytes(), "{uri}");
    }
}
