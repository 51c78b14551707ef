//! `POST /v1/trails/{trail}/verify`: derive everything again and compare.

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use indelible_core::verify::Report;

use crate::access::Caller;
use crate::app::App;
use crate::problem::{Answer, Kind, Problem};
use crate::proofs::empty;
use crate::reply;
use crate::request::TrailPath;
use crate::verification::By;

/// Verifies the trail against itself and against the key and the high-water mark of this
/// installation. The status is 200 whatever is found: `ok` says it.
///
/// One verification runs at a time, because it reads the whole trail.
pub async fn verify(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
) -> Answer {
    let Some(turn) = app.verifications().take() else {
        let detail = "a verification runs already; one is done at a time";
        return Err(Problem::new(Kind::Overloaded, detail));
    };
    let run = turn.begin(&app, &trail, By::caller(&caller));
    let report = turn.verify(&app, run).await?;
    if report.ok && report.size == 0 {
        return Err(empty(&trail));
    }
    reply::json(StatusCode::OK, &Report::from(vec![report]))
}
