//! `/v1/trails`: listing and beginning trails.

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use indelible_core::store::Head;
use indelible_core::{AuditAction, AuditEvent, AuditProtocol, TrailLine, TrailName};
use serde_json::json;

use crate::access::Caller;
use crate::app::App;
use crate::fields::Fields;
use crate::problem::{Answer, Kind, Problem};
use crate::reply;

/// `GET /v1/trails`: those that the key is for.
pub async fn list(State(app): State<App>, Extension(caller): Extension<Caller>) -> Answer {
    let heads = app.engine().heads().await?;
    let mine = |head: &Head| caller.key.covers(head.trail.as_str());
    let trails = heads.into_iter().filter(mine).map(TrailLine::from);
    let trails: Vec<TrailLine> = trails.collect();
    reply::json(StatusCode::OK, &json!({ "trails": trails }))
}

/// `POST /v1/trails`: begins a trail with an entry that says what it is for.
pub async fn create(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Answer {
    let (parts, body) = request.into_parts();
    let mut fields = Fields::read(&app, &parts.headers, body).await?;
    let missing = || Problem::new(Kind::InvalidBody, "`trail` is missing").at("trail");
    let name: TrailName = fields.parsed("trail")?.ok_or_else(missing)?;
    let description = fields.text("description")?;
    fields.end()?;
    let line = begun(&app, &caller, &name, description).await?;
    let mut response = reply::json(StatusCode::CREATED, &line)?;
    // A trail's name is plain ASCII.
    if let Ok(place) = HeaderValue::try_from(format!("/v1/trails/{name}/events")) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

/// Begins a trail with an entry that says what it is for.
///
/// # Errors
/// The caller may not begin this one; it is there already, or reserved.
pub async fn begun(
    app: &App,
    caller: &Caller,
    name: &TrailName,
    description: Option<String>,
) -> Result<TrailLine, Problem> {
    caller.expect_trail(Some(name))?;
    let audit = app.trail(name);
    if name.is_system() {
        return Err(indelible_core::AuditError::Reserved(name.clone()).into());
    }
    if audit.head().await?.is_some() {
        let detail = format!("trail {name} is there already");
        return Err(Problem::new(Kind::TrailExists, detail).at("trail"));
    }
    let mut event = AuditEvent::new(AuditAction::AUDIT_STARTED, "audit_log")
        .user_id(caller.name())
        .resource_id(name.as_str());
    if let Some(description) = description {
        event = event.context(json!({ "description": description }));
    }
    audit.record(event).await?;
    let head = audit.head().await?;
    let gone = || Problem::new(Kind::Internal, "the trail that was begun is not there");
    Ok(TrailLine::from(head.ok_or_else(gone)?))
}
