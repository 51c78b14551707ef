//! `/v1/trails/{trail}/retention` and `…/holds`: what of a trail goes by age, and what stays.

mod asked;
mod keeper;
mod runs;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::access::{Caller, Shown};
use crate::app::App;
use crate::fields::Fields;
use crate::limits::RETENTION_WAIT;
use crate::problem::Answer;
use crate::reply;
use crate::request::{HoldPath, TrailPath};
use crate::reviews::filled;
pub use asked::{read_order, read_policy, read_scope};
pub use keeper::Keeper;
pub use runs::{RunState, Runs};

/// `GET …/retention`: the policy in force, where the trail begins, and what a run would mend.
pub async fn show(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
) -> Answer {
    let standing = Keeper::of(&app, &caller, &trail).standing().await?;
    reply::lines(StatusCode::OK, &standing)
}

/// `PUT …/retention`: sets the policy as a whole; nothing goes by that.
pub async fn set(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
    request: Request,
) -> Answer {
    let mut fields = Fields::of(&app, request).await?;
    let policy = read_policy(&mut fields)?;
    fields.end()?;
    let standing = Keeper::of(&app, &caller, &trail).set(&policy).await?;
    reply::lines(StatusCode::OK, &standing)
}

/// `GET …/retention/plan`: what a run would take away now, what stays and why.
pub async fn plan(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
) -> Answer {
    let plan = Keeper::of(&app, &caller, &trail).plan().await?;
    reply::lines(StatusCode::OK, &plan)
}

/// `POST …/retention/run`: takes it away. Where that takes long, or the client does not want to
/// wait, the answer says how far it is.
pub async fn run(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
    headers: HeaderMap,
) -> Answer {
    let ending = Keeper::of(&app, &caller, &trail).run()?;
    if !is_async(&headers)
        && let Ok(came) = tokio::time::timeout(RETENTION_WAIT, ending).await
    {
        return reply::lines(StatusCode::OK, &came.told()?);
    }
    let mut response = reply::lines(StatusCode::ACCEPTED, &app.retention_runs().state(&trail))?;
    let place = HeaderValue::try_from(format!("/v1/trails/{trail}/retention/run"));
    let headers = response.headers_mut();
    headers.extend(place.ok().map(|place| (header::LOCATION, place)));
    Ok(response)
}

/// `GET …/retention/run`: how far the run is, or what the last one of this server came to.
pub async fn progress(State(app): State<App>, TrailPath(trail): TrailPath) -> Answer {
    reply::lines(StatusCode::OK, &app.retention_runs().state(&trail))
}

/// `GET …/holds`: all that the trail tells of.
pub async fn holds(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
) -> Answer {
    let holds = Keeper::of(&app, &caller, &trail).holds().await?;
    let mut response = reply::lines(StatusCode::OK, &holds)?;
    response
        .extensions_mut()
        .insert(Shown(holds.0.len() as u64));
    Ok(response)
}

/// `POST …/holds`: places one.
pub async fn place(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
    request: Request,
) -> Answer {
    let mut fields = Fields::of(&app, request).await?;
    let order = read_order(&mut fields, app.now())?;
    fields.end()?;
    let held = Keeper::of(&app, &caller, &trail).place(order).await?;
    reply::lines(StatusCode::CREATED, &held)
}

/// `POST …/holds/{id}/release`: asks for its release.
pub async fn release(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    HoldPath { trail, hold }: HoldPath,
    request: Request,
) -> Answer {
    let mut fields = Fields::of(&app, request).await?;
    let reason = filled(Some(fields.needed("reason")?), "reason")?.unwrap_or_default();
    fields.end()?;
    let keeper = Keeper::of(&app, &caller, &trail);
    reply::lines(StatusCode::OK, &keeper.ask_release(hold, &reason).await?)
}

/// `POST …/holds/{id}/approve`: lets it go, where another key has asked for that.
pub async fn approve(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    HoldPath { trail, hold }: HoldPath,
) -> Answer {
    let keeper = Keeper::of(&app, &caller, &trail);
    reply::lines(StatusCode::OK, &keeper.approve(hold).await?)
}

/// Whether a client prefers not to wait for the end (RFC 7240).
fn is_async(headers: &HeaderMap) -> bool {
    let given = headers.get_all("prefer").iter();
    let mut wishes = given.filter_map(|value| value.to_str().ok());
    wishes.any(|wishes| {
        let mut wishes = wishes.split([',', ';']).map(str::trim);
        wishes.any(|wish| wish.eq_ignore_ascii_case("respond-async"))
    })
}
