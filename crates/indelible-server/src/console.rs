//! The console: the trails as pages, for people.
//!
//! | module | what it knows |
//! |---|---|
//! | `entrance` | who is behind a session's cookie |
//! | `foreign` | what pages of other sites ask for |
//! | `login` | beginning and ending sessions |
//! | `frame`, `page` | what stands around every page, and how it leaves |
//! | `escape`, `prose` | text in HTML |
//! | `assets` | the stylesheet, the scripts |
//! | `events`, `trails`, … | one page each |
//!
//! Pages are made here and are whole without a script. What a page shows is recorded in the trail
//! that it shows, as every look is.

mod about;
mod assets;
mod counts;
mod entrance;
mod entry;
pub(crate) mod escape;
mod events;
mod foreign;
mod frame;
mod health;
mod href;
mod integrity;
mod keys;
mod login;
mod moment;
mod page;
mod prose;
mod reports;
mod retention;
mod reviews;
mod subjects;
mod trails;
mod typed;
mod verifier;

use axum::http::Method;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use axum::{Router, extract::Request};
use tower_http::csrf::CsrfLayer;

use crate::access::Access;
use crate::app::App;
use crate::keys::Permission;
use crate::router::Route;
use crate::{export, proofs, tail};

pub use counts::Counted;
pub use entrance::OverTls;
pub use health::Looked;
pub use page::refused;
pub(crate) use prose::prose;

/// Where the console begins.
pub const ROOT: &str = "/console";

/// Every URL of the console, and what it asks of its caller.
pub fn routes() -> Vec<Route> {
    use Access::{Key, Open, Trail};
    use Method as M;
    use Permission as P;
    let route = |method, path, access, handler| Route {
        method,
        path,
        access,
        handler,
    };
    vec![
        route(M::GET, "/", Open, get(trails::root)),
        route(M::GET, "/console", Key(P::Read), get(trails::list)),
        route(
            M::GET,
            "/console/health",
            Key(P::ManageKeys),
            get(health::page),
        ),
        route(
            M::POST,
            "/console/trails",
            Key(P::BeginTrails),
            post(trails::begin),
        ),
        route(M::GET, "/console/keys", Key(P::ManageKeys), get(keys::list)),
        route(
            M::POST,
            "/console/keys",
            Key(P::ManageKeys),
            post(keys::create),
        ),
        route(
            M::GET,
            "/console/keys/{id}",
            Key(P::ManageKeys),
            get(keys::show),
        ),
        route(
            M::GET,
            "/console/keys/{id}/revoke",
            Key(P::ManageKeys),
            get(keys::ask),
        ),
        route(
            M::POST,
            "/console/keys/{id}/revoke",
            Key(P::ManageKeys),
            post(keys::revoke),
        ),
        route(
            M::POST,
            "/console/keys/{id}/rotate",
            Key(P::ManageKeys),
            post(keys::rotate),
        ),
        route(
            M::POST,
            "/console/keys/{id}/link",
            Key(P::ManageKeys),
            post(keys::link),
        ),
        route(M::GET, "/console/login", Open, get(login::show)),
        route(M::POST, "/console/login", Open, post(login::enter)),
        route(M::GET, "/console/verify", Open, get(verifier::show)),
        route(M::GET, "/console/verifier.html", Open, get(verifier::file)),
        route(M::POST, "/console/logout", Open, post(login::leave)),
        route(
            M::GET,
            "/console/assets/{version}/{name}",
            Open,
            get(assets::serve),
        ),
        route(
            M::GET,
            "/console/trails/{trail}",
            Trail(P::Read),
            get(trails::one),
        ),
        route(
            M::GET,
            "/console/trails/{trail}/events",
            Trail(P::Read),
            get(events::list),
        ),
        route(
            M::GET,
            "/console/trails/{trail}/events/{id}",
            Trail(P::Read),
            get(entry::show),
        ),
        route(
            M::GET,
            "/console/trails/{trail}/user",
            Trail(P::Read),
            get(about::user),
        ),
        route(
            M::GET,
            "/console/trails/{trail}/resource",
            Trail(P::Read),
            get(about::resource),
        ),
        route(
            M::GET,
            "/console/trails/{trail}/events/stream",
            Trail(P::Read),
            get(tail::stream),
        ),
        route(
            M::GET,
            "/console/trails/{trail}/events/{id}/proof",
            Trail(P::Prove),
            get(crate::entry::prove),
        ),
        route(
            M::GET,
            "/console/trails/{trail}/checkpoint",
            Trail(P::Prove),
            get(proofs::checkpoint),
        ),
        route(
            M::GET,
            "/console/trails/{trail}/consistency",
            Trail(P::Prove),
            get(proofs::consistency),
        ),
        route(
            M::GET,
            "/console/trails/{trail}/export",
            Trail(P::Export),
            get(export::export),
        ),
        route(
            M::GET,
            "/console/trails/{trail}/integrity",
            Trail(P::Prove),
            get(integrity::page),
        ),
        route(
            M::GET,
            "/console/trails/{trail}/reviews",
            Trail(P::Report),
            get(reviews::page),
        ),
        route(
            M::POST,
            "/console/trails/{trail}/reviews/findings",
            Trail(P::Review),
            post(reviews::raise),
        ),
        route(
            M::POST,
            "/console/trails/{trail}/reviews/findings/{id}/assign",
            Trail(P::Review),
            post(reviews::assign),
        ),
        route(
            M::POST,
            "/console/trails/{trail}/reviews/findings/{id}/close",
            Trail(P::Review),
            post(reviews::close),
        ),
        route(
            M::POST,
            "/console/trails/{trail}/reviews/sign-offs",
            Trail(P::Review),
            post(reviews::sign),
        ),
        route(
            M::POST,
            "/console/trails/{trail}/reviews/start",
            Trail(P::Review),
            post(reviews::start),
        ),
        route(
            M::POST,
            "/console/trails/{trail}/reviews/days",
            Trail(P::Review),
            post(reviews::record_missed),
        ),
        route(
            M::GET,
            "/console/trails/{trail}/retention",
            Trail(P::Report),
            get(retention::page),
        ),
        route(
            M::POST,
            "/console/trails/{trail}/retention",
            Trail(P::Retain),
            post(retention::set),
        ),
        route(
            M::POST,
            "/console/trails/{trail}/retention/run",
            Trail(P::Retain),
            post(retention::run),
        ),
        route(
            M::POST,
            "/console/trails/{trail}/retention/holds",
            Trail(P::Retain),
            post(retention::place),
        ),
        route(
            M::POST,
            "/console/trails/{trail}/retention/holds/{id}/release",
            Trail(P::Retain),
            post(retention::release),
        ),
        route(
            M::POST,
            "/console/trails/{trail}/retention/holds/{id}/approve",
            Trail(P::Retain),
            post(retention::approve),
        ),
        route(
            M::GET,
            "/console/trails/{trail}/subjects",
            Trail(P::Read),
            get(subjects::page),
        ),
        route(
            M::POST,
            "/console/trails/{trail}/subjects/show",
            Trail(P::Read),
            post(subjects::look),
        ),
        route(
            M::POST,
            "/console/trails/{trail}/subjects/plan",
            Trail(P::Erase),
            post(subjects::plan),
        ),
        route(
            M::POST,
            "/console/trails/{trail}/subjects/erase",
            Trail(P::Erase),
            post(subjects::erase),
        ),
        route(
            M::GET,
            "/console/trails/{trail}/subjects/erasure",
            Trail(P::Erase),
            get(subjects::progress),
        ),
        route(
            M::POST,
            "/console/trails/{trail}/subjects/requests/{id}/show",
            Trail(P::Erase),
            post(subjects::who),
        ),
        route(
            M::POST,
            "/console/trails/{trail}/subjects/requests/{id}/approve",
            Trail(P::Erase),
            post(subjects::approve),
        ),
        route(
            M::POST,
            "/console/trails/{trail}/subjects/requests/{id}/reject",
            Trail(P::Erase),
            post(subjects::reject),
        ),
        route(
            M::GET,
            "/console/trails/{trail}/reports",
            Trail(P::Report),
            get(reports::page),
        ),
        route(
            M::GET,
            "/console/trails/{trail}/reports/file",
            Trail(P::Report),
            get(reports::file),
        ),
        route(
            M::GET,
            "/console/trails/{trail}/controls/{control}/pack",
            Trail(P::Export),
            get(crate::reports::hand_out),
        ),
        route(
            M::GET,
            "/console/reports/system",
            Key(P::Report),
            get(crate::reports::on_system),
        ),
        route(
            M::GET,
            "/console/trails/{trail}/verification",
            Trail(P::Verify),
            get(integrity::show),
        ),
        route(
            M::POST,
            "/console/trails/{trail}/verification",
            Trail(P::Verify),
            post(integrity::begin),
        ),
        route(
            M::GET,
            "/console/trails/{trail}/verification/progress",
            Trail(P::Verify),
            get(integrity::progress),
        ),
    ]
}

/// The console over an open engine.
pub fn router(app: &App) -> Router<App> {
    let mut router = Router::new();
    for route in routes() {
        let state = (app.clone(), route.access);
        let checked = from_fn_with_state(state, entrance::check);
        router = router.route(route.path, route.handler.route_layer(checked));
    }
    router
        .route_layer(from_fn(page::pack))
        .route_layer(CsrfLayer::new().with_rejection_response(|_| foreign::refuse()))
        .route_layer(from_fn_with_state(app.clone(), foreign::note))
}

/// Whether a request is one of a browser for a page of the console, which is to be answered with a
/// page whatever becomes of it.
pub fn is_of_page(request: &Request) -> bool {
    let path = request.uri().path();
    let is_here = path == "/" || path == ROOT || path.starts_with("/console/");
    is_here && entrance::wants_page(request.headers())
}
