//! `GET /console/health`: whether the installation is well, as far as its server can see.

mod look;
mod server;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;

use super::frame::{Frame, Place};
use super::moment::Moment;
use super::page;
use crate::access::Caller;
use crate::app::App;
use crate::checkup::{Check, Verdict};
use crate::problem::Answer;
pub use look::Looked;
use look::{Look, TrailLook};

#[derive(Template)]
#[template(path = "health.html")]
struct HealthPage<'a> {
    frame: Frame,
    verdict: Verdict,
    summary: String,
    looked_at: Moment,
    database: &'a [Check],
    trails: &'a [TrailLook],
    trails_left_out: usize,
    server: Vec<Check>,
    figures: Vec<(&'static str, String)>,
    refusals: Vec<(&'static str, String)>,
}

/// The page for those who may see the whole installation.
pub async fn page(State(app): State<App>, Extension(caller): Extension<Caller>) -> Answer {
    caller.expect_trail(None)?;
    let look = app.looked().at(&app).await;
    let now = app.now();
    let server = server::checks(&app);
    let health = HealthPage {
        frame: Frame::of(Some(&caller), "Health", None, Place::Health),
        verdict: worst(&look, &server),
        summary: summary(&look, &server),
        looked_at: Moment::of(look.at, now),
        database: &look.database,
        trails: &look.trails,
        trails_left_out: look.trails_left_out,
        figures: server::figures(&app),
        refusals: server::refusals(&app),
        server,
    };
    page::html(StatusCode::OK, &health)
}

/// The verdicts on everything that was looked at.
fn verdicts<'a>(look: &'a Look, server: &'a [Check]) -> impl Iterator<Item = Verdict> + 'a {
    let checks = look.database.iter().chain(server);
    let trails = look.trails.iter().flat_map(TrailLook::verdicts);
    checks.map(|check| check.verdict).chain(trails)
}

fn worst(look: &Look, server: &[Check]) -> Verdict {
    verdicts(look, server).max().unwrap_or(Verdict::Ok)
}

fn summary(look: &Look, server: &[Check]) -> String {
    let count = |wanted| {
        let found = verdicts(look, server).filter(|verdict| *verdict == wanted);
        found.count()
    };
    match (count(Verdict::Fail), count(Verdict::Warn)) {
        (0, 0) => "All that was looked at is as it should be.".to_owned(),
        (0, 1) => "Nothing must be mended; 1 thing is worth knowing.".to_owned(),
        (0, warnings) => format!("Nothing must be mended; {warnings} things are worth knowing."),
        (1, 0) => "1 thing must be mended.".to_owned(),
        (failures, 0) => format!("{failures} things must be mended."),
        (failures, warnings) => {
            format!("To be mended: {failures}. Worth knowing besides: {warnings}.")
        }
    }
}

/// How pages show a verdict.
impl Verdict {
    /// The class that colours it.
    const fn class(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "note",
            Self::Fail => "bad",
        }
    }

    /// What stands for it beside its word.
    const fn glyph(self) -> &'static str {
        match self {
            Self::Ok => "✓",
            Self::Warn => "!",
            Self::Fail => "✗",
        }
    }

    /// Its word.
    const fn said(self) -> &'static str {
        match self {
            Self::Ok => "good",
            Self::Warn => "warning",
            Self::Fail => "failure",
        }
    }
}
