//! `/v1/trails/{trail}/subjects`: persons. Their ids stand in bodies alone: a URL is logged.

mod asked;
mod desk;

use axum::Extension;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::StatusCode;
use indelible_evidence::subject::Known;
use serde::Serialize;

use crate::access::{Caller, Noted};
use crate::app::App;
use crate::fields::Fields;
use crate::limits::{KNOWN_MAX, SUBJECTS_BODY_BYTES_MAX};
use crate::problem::{Answer, Kind, Problem};
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
    let known = desk.known(showing, KNOWN_MAX).await;
    Ok(Noted::on(known.and_then(|known| json_of(&known))))
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
    let fields = Fields::read_if_any(app, &parts.headers, body).await?;
    Ok((path, fields))
}

async fn read(app: &App, request: Request) -> Result<Fields, Problem> {
    let (parts, body) = request.into_parts();
    Fields::read_up_to(app, &parts.headers, body, SUBJECTS_BODY_BYTES_MAX).await
}

/// What is known, as the command line prints it.
fn json_of(known: &Known) -> Answer {
    let json = known.to_json().map_err(|error| {
        Problem::new(Kind::Internal, "no answer could be written").because(error)
    })?;
    Ok(reply::of(StatusCode::OK, "application/json", json))
}

/// The bytes that the command line prints.
fn lines(shown: &impl Serialize) -> Answer {
    reply::lines(StatusCode::OK, shown)
}
