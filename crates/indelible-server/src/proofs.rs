//! `GET /v1/trails/{trail}/checkpoint` and `/consistency`: what proves the trail as a whole.

use axum::extract::{FromRequestParts, Request, State};
use indelible_core::TrailName;

use crate::app::App;
use crate::problem::{Answer, Kind, Problem};
use crate::reply;
use crate::request::{TrailPath, only};

/// The trail's size and root, signed: a C2SP checkpoint in a signed note.
pub async fn checkpoint(State(app): State<App>, TrailPath(trail): TrailPath) -> Answer {
    let note = app.trail(&trail).checkpoint().await?;
    Ok(reply::text(note.ok_or_else(|| empty(&trail))?))
}

/// The proof that the trail as it is now continues the one of `from` entries.
pub async fn consistency(State(app): State<App>, request: Request) -> Answer {
    let (mut parts, _) = request.into_parts();
    let TrailPath(trail) = TrailPath::from_request_parts(&mut parts, &app).await?;
    let wrong = |detail: &str| Problem::new(Kind::InvalidRequest, detail).at("from");
    let from = only(&parts, "from")?;
    let from =
        from.ok_or_else(|| wrong("`from` is missing: the size of the earlier checkpoint"))?;
    let from = from
        .parse()
        .map_err(|_| wrong("`from` is a number of entries, 0 or more"))?;
    let file = app.trail(&trail).consistency(from).await?;
    Ok(reply::text(file.ok_or_else(|| empty(&trail))?))
}

/// Where a trail has no entries, there is nothing to sign.
pub fn empty(trail: &TrailName) -> Problem {
    Problem::not_found(format!("trail {trail} has no entries"))
}
