//! Every URL on one page.

use axum::Router;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};
use tower_http::catch_panic::CatchPanicLayer;

use crate::app::App;
use crate::problem::{Kind, Problem};
use crate::{entry, events, export, gate, health, ingest, proofs, summary, trails, verify};

/// One method of one URL.
struct Route {
    method: Method,
    path: &'static str,
    handler: MethodRouter<App>,
}

fn routes() -> Vec<Route> {
    use Method as M;
    let route = |method, path, handler| Route {
        method,
        path,
        handler,
    };
    vec![
        route(M::GET, "/healthz", get(health::alive)),
        route(M::GET, "/readyz", get(health::ready)),
        route(M::GET, "/v1/trails", get(trails::list)),
        route(M::POST, "/v1/trails", post(trails::create)),
        route(M::POST, "/v1/trails/{trail}/events", post(ingest::record)),
        route(M::GET, "/v1/trails/{trail}/events", get(events::query)),
        route(M::GET, "/v1/trails/{trail}/events/{id}", get(entry::show)),
        route(
            M::GET,
            "/v1/trails/{trail}/events/{id}/proof",
            get(entry::prove),
        ),
        route(
            M::GET,
            "/v1/trails/{trail}/checkpoint",
            get(proofs::checkpoint),
        ),
        route(
            M::GET,
            "/v1/trails/{trail}/consistency",
            get(proofs::consistency),
        ),
        route(M::POST, "/v1/trails/{trail}/verify", post(verify::verify)),
        route(M::GET, "/v1/trails/{trail}/summary", get(summary::count)),
        route(M::GET, "/v1/trails/{trail}/export", get(export::export)),
    ]
}

/// Every method and URL that the server knows.
pub fn urls() -> Vec<(Method, &'static str)> {
    let url = |route: Route| (route.method, route.path);
    routes().into_iter().map(url).collect()
}

/// The whole API over an open engine.
pub fn router(app: App) -> Router {
    let mut router = Router::new();
    for route in routes() {
        router = router.route(route.path, route.handler);
    }
    router
        .fallback(async || Problem::not_found("nothing is at this URL"))
        .method_not_allowed_fallback(async || {
            Problem::new(Kind::MethodNotAllowed, "this URL does not know the method")
        })
        .layer(CatchPanicLayer::custom(gate::panicked))
        .layer(from_fn_with_state(app.clone(), gate::pass))
        .with_state(app)
}
