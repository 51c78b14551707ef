//! `/v1/trails/{trail}/review`: the daily review of a trail.

mod asked;
mod desk;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use indelible_evidence::review::{FindingLines, Shown as ShownReview};
use serde::Serialize;

use crate::access::{Caller, Shown};
use crate::app::App;
use crate::fields::Fields;
use crate::problem::{Answer, Problem};
use crate::reply;
use crate::request::{FindingPath, TrailPath, named, number, only, pairs, truth};
pub use asked::{Raising, Signing, filled, read_disposition, read_severity};
pub use desk::Desk;

/// `GET …/review`: what is new since the last sign-off, and what the server's rules flag in it.
pub async fn show(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
    parts: Parts,
) -> Answer {
    let as_of = only(&parts, "as_of")?;
    let as_of = number("as_of", as_of.as_deref())?;
    let reviewed = Desk::of(&app, &caller, &trail)?.reviewed(as_of).await?;
    let entries = reviewed.review.entries;
    looked(&ShownReview::of(reviewed), entries)
}

/// `GET …/review/findings`: those on record; with `open`, those alone that wait for somebody.
pub async fn findings(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
    parts: Parts,
) -> Answer {
    let open = only(&parts, "open")?;
    let open = open.map_or(Ok(false), |text| truth("open", &text))?;
    let ledger = Desk::of(&app, &caller, &trail)?.ledger().await?;
    let lines = FindingLines::of(ledger, open);
    looked(&lines, lines.findings.len() as u64)
}

/// `GET …/review/days`: which were signed off, late, or missed.
pub async fn days(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
    parts: Parts,
) -> Answer {
    let given = pairs(&parts);
    let given = given.iter().map(|(name, value)| (&**name, &**value));
    let [from, to] = named(given, ["from", "to"])?;
    let lines = Desk::of(&app, &caller, &trail)?.days((from, to)).await?;
    looked(&lines, lines.sign_offs.len() as u64)
}

/// `POST …/review/start`: says from which day on is reviewed.
pub async fn start(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
    request: Request,
) -> Answer {
    let mut fields = Fields::of(&app, request).await?;
    let day = fields.needed("day")?;
    let why = filled(Some(fields.needed("why")?), "why")?.unwrap_or_default();
    fields.end()?;
    let started = Desk::of(&app, &caller, &trail)?.start(&day, &why).await;
    reply::lines(StatusCode::OK, &started.map_err(Problem::in_body)?)
}

/// `POST …/review/days`: puts missed days on record, each once.
pub async fn record_missed(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
    request: Request,
) -> Answer {
    let mut fields = Fields::of(&app, request).await?;
    let (from, to) = (fields.text("from")?, fields.text("to")?);
    fields.end()?;
    let desk = Desk::of(&app, &caller, &trail)?;
    let days = desk.record_missed((from.as_deref(), to.as_deref())).await;
    reply::lines(StatusCode::OK, &days.map_err(Problem::in_body)?)
}

/// `POST …/review/findings`: puts on record what is flagged, or what somebody found.
pub async fn raise(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
    request: Request,
) -> Answer {
    let mut fields = Fields::of(&app, request).await?;
    let raising = Raising::read(&mut fields)?;
    let owner = filled(fields.text("owner")?, "owner")?;
    fields.end()?;
    let desk = Desk::of(&app, &caller, &trail)?;
    let done = desk.raise(raising, owner.as_deref()).await;
    reply::lines(StatusCode::OK, &done.map_err(Problem::in_body)?)
}

/// `POST …/review/findings/{id}/assign`: says who has to see to it.
pub async fn assign(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    FindingPath { trail, finding }: FindingPath,
    request: Request,
) -> Answer {
    let mut fields = Fields::of(&app, request).await?;
    let to = filled(Some(fields.needed("to")?), "to")?.unwrap_or_default();
    let comment = fields.text("comment")?;
    fields.end()?;
    let desk = Desk::of(&app, &caller, &trail)?;
    let done = desk.assign(&finding, &to, comment.as_deref()).await?;
    reply::lines(StatusCode::OK, &done)
}

/// `POST …/review/findings/{id}/close`: says what came of it.
pub async fn close(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    FindingPath { trail, finding }: FindingPath,
    request: Request,
) -> Answer {
    let mut fields = Fields::of(&app, request).await?;
    let disposition = read_disposition(&fields.needed("as")?)?;
    let comment = filled(Some(fields.needed("comment")?), "comment")?.unwrap_or_default();
    let evidence = filled(fields.text("evidence")?, "evidence")?;
    fields.end()?;
    let desk = Desk::of(&app, &caller, &trail)?;
    let why = (comment.as_str(), evidence.as_deref());
    let done = desk.close((&finding, disposition), why).await?;
    reply::lines(StatusCode::OK, &done)
}

/// `POST …/review/sign-offs`: signs off exactly what was shown.
pub async fn sign(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
    request: Request,
) -> Answer {
    let mut fields = Fields::of(&app, request).await?;
    let signing = Signing::read(&mut fields)?;
    fields.end()?;
    let signed = Desk::of(&app, &caller, &trail)?.sign(signing).await;
    reply::lines(StatusCode::CREATED, &signed.map_err(Problem::in_body)?)
}

/// The bytes that the command line prints, with how many entries they show.
fn looked(shown: &impl Serialize, entries: u64) -> Answer {
    let mut response = reply::lines(StatusCode::OK, shown)?;
    response.extensions_mut().insert(Shown(entries));
    Ok(response)
}
