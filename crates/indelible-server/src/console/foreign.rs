//! What pages of other sites ask for: it is refused, and on record.

use axum::extract::{Request, State};
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use indelible_core::TrailName;
use serde_json::json;

use crate::access::{self, Origin};
use crate::app::App;
use crate::problem::{Kind, Problem};
use crate::tally::Happening;

/// Marks what was refused for that.
#[derive(Debug, Clone, Copy)]
struct Refused;

/// The answer to a page of another site.
pub fn refuse() -> Response {
    let detail = "the request came from a page of another site, which may change nothing here";
    let mut response = Problem::new(Kind::Forbidden, detail).into_response();
    response.extensions_mut().insert(Refused);
    response
}

/// Records in `system` what was refused. Whoever sends it needs no key, so that all of it is one
/// sum, whatever address and site it comes from.
pub async fn note(State(app): State<App>, request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    let origin = Origin::of(&request, app.proxies());
    let site = request.headers().get(header::ORIGIN);
    let site = site.map(|site| String::from_utf8_lossy(site.as_bytes()).into_owned());
    let response = next.run(request).await;
    if response.extensions().get::<Refused>().is_some() {
        access::note(&app, happening(&origin, site)).await;
    }
    response
}

fn happening(origin: &Origin, site: Option<String>) -> Happening {
    let mut event = origin.event("access_denied", "session");
    let mut details = origin.details(None);
    // What is summed up is of many addresses.
    for field in ["ip_address", "user_agent"] {
        details.extend(
            event
                .remove_entry(field)
                .filter(|(_, value)| !value.is_null()),
        );
    }
    details.extend(site.map(|site| ("origin".to_owned(), json!(site))));
    let context = json!({ "interface": "console", "reason": "request of another site" });
    event.insert("context".to_owned(), context);
    Happening {
        trail: TrailName::system(),
        group: "console\nforeign".to_owned(),
        event,
        details,
        results: 0,
        request_id: origin.request_id().to_owned(),
    }
}
