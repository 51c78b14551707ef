//! Every URL on one page.

use axum::Router;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, delete, get, post, put};
use tower_http::catch_panic::CatchPanicLayer;

use crate::access::{self, Access};
use crate::app::App;
use crate::keys::Permission;
use crate::problem::{Kind, Problem};
use crate::{
    console, credentials, entry, events, export, gate, health, ingest, metrics, openapi, proofs,
    reports, retention, reviews, subjects, summary, tail, trails, verify,
};

/// One method of one URL, and what it asks of its caller.
pub struct Route {
    /// The method.
    pub method: Method,
    /// The pattern of the URL.
    pub path: &'static str,
    /// What it asks.
    pub access: Access,
    /// What answers.
    pub handler: MethodRouter<App>,
}

fn routes() -> Vec<Route> {
    use Access::{Key, Near, Open, Trail};
    use Method as M;
    use Permission as P;
    let route = |method, path, access, handler| Route {
        method,
        path,
        access,
        handler,
    };
    const EVENTS: &str = "/v1/trails/{trail}/events";
    const STREAM: &str = "/v1/trails/{trail}/events/stream";
    const ENTRY: &str = "/v1/trails/{trail}/events/{id}";
    const PROOF: &str = "/v1/trails/{trail}/events/{id}/proof";
    const CHECKPOINT: &str = "/v1/trails/{trail}/checkpoint";
    const CONSISTENCY: &str = "/v1/trails/{trail}/consistency";
    const VERIFY: &str = "/v1/trails/{trail}/verify";
    const SUMMARY: &str = "/v1/trails/{trail}/summary";
    const EXPORT: &str = "/v1/trails/{trail}/export";
    const REPORT: &str = "/v1/trails/{trail}/reports/{framework}";
    const PACK: &str = "/v1/trails/{trail}/controls/{control}/pack";
    const SYSTEM: &str = "/v1/reports/system";
    const SHOW: &str = "/v1/trails/{trail}/subjects/show";
    const ERASE: &str = "/v1/trails/{trail}/subjects/erase";
    const ERASURE: &str = "/v1/trails/{trail}/subjects/erasure";
    const REQUESTS: &str = "/v1/trails/{trail}/subjects/requests";
    const APPROVE_REQUEST: &str = "/v1/trails/{trail}/subjects/requests/{id}/approve";
    const REJECT_REQUEST: &str = "/v1/trails/{trail}/subjects/requests/{id}/reject";
    const REVIEW: &str = "/v1/trails/{trail}/review";
    const FINDINGS: &str = "/v1/trails/{trail}/review/findings";
    const ASSIGN: &str = "/v1/trails/{trail}/review/findings/{id}/assign";
    const CLOSE: &str = "/v1/trails/{trail}/review/findings/{id}/close";
    const START: &str = "/v1/trails/{trail}/review/start";
    const DAYS: &str = "/v1/trails/{trail}/review/days";
    const SIGN_OFFS: &str = "/v1/trails/{trail}/review/sign-offs";
    const RETENTION: &str = "/v1/trails/{trail}/retention";
    const PLAN: &str = "/v1/trails/{trail}/retention/plan";
    const RUN: &str = "/v1/trails/{trail}/retention/run";
    const HOLDS: &str = "/v1/trails/{trail}/holds";
    const RELEASE: &str = "/v1/trails/{trail}/holds/{id}/release";
    const APPROVE: &str = "/v1/trails/{trail}/holds/{id}/approve";
    vec![
        route(M::GET, "/healthz", Open, get(health::alive)),
        route(M::GET, "/readyz", Open, get(health::ready)),
        route(M::GET, "/metrics", Near(P::Read), get(metrics::show)),
        route(M::GET, "/openapi.json", Open, get(openapi::describe)),
        route(M::GET, "/docs", Open, get(openapi::read)),
        route(M::GET, "/docs/style.css", Open, get(openapi::style)),
        route(M::POST, EVENTS, Trail(P::Record), post(ingest::record)),
        route(M::GET, EVENTS, Trail(P::Read), get(events::query)),
        route(M::GET, STREAM, Trail(P::Read), get(tail::stream)),
        route(M::GET, ENTRY, Trail(P::Read), get(entry::show)),
        route(M::GET, PROOF, Trail(P::Prove), get(entry::prove)),
        route(M::GET, CHECKPOINT, Trail(P::Prove), get(proofs::checkpoint)),
        route(
            M::GET,
            CONSISTENCY,
            Trail(P::Prove),
            get(proofs::consistency),
        ),
        route(M::POST, VERIFY, Trail(P::Verify), post(verify::verify)),
        route(M::GET, SUMMARY, Trail(P::Read), get(summary::count)),
        route(M::GET, EXPORT, Trail(P::Export), get(export::export)),
        route(M::GET, REPORT, Trail(P::Report), get(reports::report_on)),
        route(M::GET, PACK, Trail(P::Export), get(reports::hand_out)),
        route(M::GET, SYSTEM, Key(P::Report), get(reports::on_system)),
        route(M::GET, REVIEW, Trail(P::Report), get(reviews::show)),
        route(M::GET, FINDINGS, Trail(P::Report), get(reviews::findings)),
        route(M::POST, FINDINGS, Trail(P::Review), post(reviews::raise)),
        route(M::POST, ASSIGN, Trail(P::Review), post(reviews::assign)),
        route(M::POST, CLOSE, Trail(P::Review), post(reviews::close)),
        route(M::GET, DAYS, Trail(P::Report), get(reviews::days)),
        route(
            M::POST,
            DAYS,
            Trail(P::Review),
            post(reviews::record_missed),
        ),
        route(M::POST, START, Trail(P::Review), post(reviews::start)),
        route(M::POST, SIGN_OFFS, Trail(P::Review), post(reviews::sign)),
        route(M::GET, RETENTION, Trail(P::Report), get(retention::show)),
        route(M::PUT, RETENTION, Trail(P::Retain), put(retention::set)),
        route(M::GET, PLAN, Trail(P::Report), get(retention::plan)),
        route(M::GET, RUN, Trail(P::Report), get(retention::progress)),
        route(M::POST, RUN, Trail(P::Retain), post(retention::run)),
        route(M::GET, HOLDS, Trail(P::Report), get(retention::holds)),
        route(M::POST, HOLDS, Trail(P::Retain), post(retention::place)),
        route(M::POST, RELEASE, Trail(P::Retain), post(retention::release)),
        route(M::POST, APPROVE, Trail(P::Retain), post(retention::approve)),
        route(M::POST, SHOW, Trail(P::Read), post(subjects::show)),
        route(M::POST, ERASE, Trail(P::Erase), post(subjects::erase)),
        route(M::GET, ERASURE, Trail(P::Erase), get(subjects::standing)),
        route(M::GET, REQUESTS, Trail(P::Erase), get(subjects::requests)),
        route(
            M::POST,
            APPROVE_REQUEST,
            Trail(P::Erase),
            post(subjects::approve),
        ),
        route(
            M::POST,
            REJECT_REQUEST,
            Trail(P::Erase),
            post(subjects::reject),
        ),
        route(M::GET, "/v1/trails", Key(P::Read), get(trails::list)),
        route(
            M::POST,
            "/v1/trails",
            Key(P::BeginTrails),
            post(trails::create),
        ),
        route(
            M::GET,
            "/v1/keys",
            Key(P::ManageKeys),
            get(credentials::list),
        ),
        route(
            M::POST,
            "/v1/keys",
            Key(P::ManageKeys),
            post(credentials::create),
        ),
        route(
            M::DELETE,
            "/v1/keys/{id}",
            Key(P::ManageKeys),
            delete(credentials::revoke),
        ),
        route(
            M::POST,
            "/v1/keys/{id}/rotate",
            Key(P::ManageKeys),
            post(credentials::rotate),
        ),
    ]
}

/// Every method and URL that the server knows, and what it asks of its caller.
pub fn urls() -> Vec<(Method, &'static str, Access)> {
    let url = |route: Route| (route.method, route.path, route.access);
    routes().into_iter().map(url).collect()
}

/// `/metrics` and `/healthz` alone, for a listener of their own, which whoever reaches it may ask.
pub fn operator_router(app: App) -> Router {
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/metrics", get(metrics::show))
        .fallback(async || Problem::not_found("nothing is at this URL"))
        .layer(CatchPanicLayer::custom(gate::panicked))
        .layer(from_fn_with_state(app.clone(), gate::pass))
        .with_state(app)
}

/// Every method and URL of the console, and what it asks of its caller.
pub fn pages() -> Vec<(Method, &'static str, Access)> {
    let url = |route: Route| (route.method, route.path, route.access);
    console::routes().into_iter().map(url).collect()
}

/// The whole API and the console over an open engine.
pub fn router(app: App) -> Router {
    let mut router = Router::new();
    for route in routes() {
        let checked = from_fn_with_state((app.clone(), route.access), access::check);
        router = router.route(route.path, route.handler.route_layer(checked));
    }
    router
        .merge(console::router(&app))
        .fallback(async || Problem::not_found("nothing is at this URL"))
        .method_not_allowed_fallback(async || {
            Problem::new(Kind::MethodNotAllowed, "this URL does not know the method")
        })
        .layer(CatchPanicLayer::custom(gate::panicked))
        .layer(from_fn_with_state(app.clone(), gate::pass))
        .with_state(app)
}
