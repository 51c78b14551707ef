//! `/v1/trails/{trail}/subjects`: persons. Their ids stand in bodies alone: a URL is logged.

mod asked;
mod desk;

use axum::Extension;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Serialize;

use crate::access::{Caller, Shown, Sought};
use crate::app::App;
use crate::fields::Fields;
use crate::limits::SUBJECTS_BODY_BYTES_MAX;
use crate::problem::{Answer, Problem};
use crate::reply;
use crate::request::{RequestPath, TrailPath};
pub use asked::{Erasing, Showing, of_erasing, parts_of};
pub use desk::Desk;

/// `POST …/subjects/show`: what is known about a person; others who acted are masked.
pub async fn show(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
    request: Request,
) -> Answer {
    let mut fields = read(&app, request).await?;
    let showing = Showing::read(&mut fields)?;
    fields.end()?;
    let desk = Desk::of(&app, &caller, &trail);
    let refs = desk.refs(&showing.subjects()).await;
    let (mut response, entries) = match desk.known(showing).await {
        Ok(known) => {
            let entries = known.entries.len() as u64;
            (reply::lines(StatusCode::OK, &known)?, entries)
        }
        Err(problem) => (problem.into_response(), 0),
    };
    // Of whom it was is on record by digests, also where nothing was found.
    response.extensions_mut().insert(Sought(refs));
    response.extensions_mut().insert(Shown(entries));
    Ok(response)
}

/// `POST …/subjects/erase`: erases persons; with `dry_run` says what would go. Where erasures take
/// two people it waits for somebody else.
pub async fn erase(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
    request: Request,
) -> Answer {
    let mut fields = read(&app, request).await?;
    let erasing = Erasing::read(&mut fields)?;
    let dry_run = fields.truth("dry_run")?.unwrap_or(false);
    fields.end()?;
    let desk = Desk::of(&app, &caller, &trail);
    let order = desk.order(erasing);
    if dry_run {
        return reply::lines(StatusCode::OK, &desk.plan(&order).await?);
    }
    if desk.takes_two() {
        return reply::lines(StatusCode::ACCEPTED, &desk.ask(&order).await?);
    }
    reply::lines(StatusCode::OK, &desk.erase(order).await?)
}

/// `GET …/subjects/erasure`: how far the one is that runs, and what the last one came to.
pub async fn standing(State(app): State<App>, TrailPath(trail): TrailPath) -> Answer {
    reply::json(StatusCode::OK, &app.erasures().standing(&trail))
}

/// `GET …/subjects/requests`: the erasures that wait for somebody else.
pub async fn requests(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
) -> Answer {
    lines(&Desk::of(&app, &caller, &trail).requests().await?)
}

/// `POST …/subjects/requests/{id}/approve`: carries out what somebody else has asked for.
pub async fn approve(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Answer {
    let (path, mut fields) = of_request(&app, request).await?;
    let dry_run = fields.truth("dry_run")?.unwrap_or(false);
    fields.end()?;
    let desk = Desk::of(&app, &caller, &path.trail);
    let waiting = desk.waiting(path.request).await?;
    match dry_run {
        true => lines(&desk.plan(&waiting.order).await?),
        false => lines(&desk.approve(waiting).await?),
    }
}

/// `POST …/subjects/requests/{id}/reject`: nothing goes, and who was meant is forgotten.
pub async fn reject(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Answer {
    let (path, mut fields) = of_request(&app, request).await?;
    let reason = fields.needed("reason")?;
    fields.end()?;
    let desk = Desk::of(&app, &caller, &path.trail);
    lines(&desk.reject(path.request, &reason).await?)
}

async fn of_request(app: &App, request: Request) -> Result<(RequestPath, Fields), Problem> {
    let (mut parts, body) = request.into_parts();
    let path = RequestPath::from_request_parts(&mut parts, app).await?;
    let fields = Fields::read(app, &parts.headers, body).await?;
    Ok((path, fields))
}

async fn read(app: &App, request: Request) -> Result<Fields, Problem> {
    let (parts, body) = request.into_parts();
    Fields::read_up_to(app, &parts.headers, body, SUBJECTS_BODY_BYTES_MAX).await
}

/// The bytes that the command line prints.
fn lines(shown: &impl Serialize) -> Answer {
    reply::lines(StatusCode::OK, shown)
}
