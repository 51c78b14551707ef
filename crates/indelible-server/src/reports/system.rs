//! `GET /v1/reports/system`: what is asked of the audit system itself, answered for this
//! installation.

use axum::extract::{Request, State};
use indelible_core::TrailName;
use indelible_evidence::{Surroundings, SystemReport, measure, render_system};

use super::{called, form, not_written};
use crate::access::{looked, parameters};
use crate::app::App;
use crate::export::attached;
use crate::keys::Permission;
use crate::problem::{Answer, Kind, Problem};
use crate::request::{named, pairs};

/// Measures the installation. Only keys of all trails may: it tells of all of them.
pub async fn on_system(State(app): State<App>, request: Request) -> Answer {
    let (parts, _) = request.into_parts();
    let caller = called(&parts)?;
    caller.expect_trail(None)?;
    let given = pairs(&parts);
    let given = given.iter().map(|(name, value)| (&**name, &**value));
    let form = form(named(given, ["format"])?[0])?;
    let _seat = app.exports().take(&caller.key.id)?;
    let report = measured(&app).await?;
    let text = render_system(&report, form).map_err(not_written)?;
    // It tells of every trail, so that it is looked at is on record in that of the server.
    let asked = parameters(&parts.uri);
    let looked = looked(&caller, Permission::Report, TrailName::system(), asked, 0);
    app.tally().note(looked).await?;
    let name = format!("system.{form}");
    Ok(attached(form.media_type(), text.into(), &name))
}

/// The answers for this installation, as it is now.
async fn measured(app: &App) -> Result<SystemReport, Problem> {
    // Nothing is said of what could not be looked at.
    let unseen = |error| {
        let detail =
            "what is around the database could not be looked at: its spools cannot be read";
        Problem::new(Kind::Internal, detail).because(error)
    };
    let surroundings = Surroundings {
        keys: app.keys().counts(app.now()).await,
        ..app.surroundings().map_err(unseen)?
    };
    let measured = measure(app.engine(), surroundings).await?;
    let software = concat!("indelible ", env!("CARGO_PKG_VERSION"));
    Ok(SystemReport::of(measured, software))
}
