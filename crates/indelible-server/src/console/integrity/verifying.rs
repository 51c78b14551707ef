//! `/console/trails/{trail}/verification`: beginning one, and seeing how far it is.
//!
//! It runs to its end whoever leaves, unless the server stops; whoever looks sees the same one.

use std::time::Duration;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use indelible_core::TrailName;
use serde_json::json;

use crate::access::Caller;
use crate::app::App;
use crate::console::frame::{Frame, Place};
use crate::console::page::grouped;
use crate::console::{href, page};
use crate::keys::Permission;
use crate::problem::Answer;
use crate::reply;
use crate::request::TrailPath;
use crate::verification::{By, Standing};

#[derive(Template)]
#[template(path = "verification.html")]
struct VerificationPage {
    frame: Frame,
    shown: Shown,
    url: String,
    progress: String,
    integrity: String,
}

/// How far a verification is, as a page shows it.
struct Shown {
    by: String,
    entries: u64,
    /// At least 1: nothing is no measure.
    size: u64,
    said: String,
}

#[derive(Template)]
#[template(path = "verification_busy.html")]
struct BusyPage {
    frame: Frame,
    /// The trail that is being verified, its page and how far that is, where the caller may see it.
    other: Option<(String, String, String)>,
    url: String,
    integrity: String,
}

/// `POST …/verification`: begins one.
pub async fn begin(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
) -> Answer {
    let url = href::of_trail(&trail, "verification");
    let Some(turn) = app.verifications().take() else {
        return match app.verifications().standing() {
            Some(standing) if standing.run.trail == trail => Ok(page::see(&url)),
            standing => busy(&app, &caller, &trail, standing),
        };
    };
    // Its beginning is on record before it begins.
    let mut happening = caller.happening("audit_log_accessed", trail.clone(), Permission::Verify);
    happening.group.push_str("\nbegin");
    app.tally().note(happening).await?;
    let run = turn.begin(&app, &trail, By::caller(&caller));
    tokio::spawn(async move {
        // What comes of it is noted, recorded and logged.
        let _ = turn.verify(&app, run).await;
    });
    Ok(page::see(&url))
}

fn busy(app: &App, caller: &Caller, trail: &TrailName, standing: Option<Standing>) -> Answer {
    let other = standing.filter(|standing| caller.key.covers(standing.run.trail.as_str()));
    let other = other.map(|standing| {
        let other = &standing.run.trail;
        let url = href::of_trail(other, "verification");
        let said = Shown::of(&standing, app.elapsed()).said;
        (other.to_string(), url, said)
    });
    let page = BusyPage {
        frame: frame(caller, trail),
        other,
        url: href::of_trail(trail, "verification"),
        integrity: href::of_trail(trail, "integrity"),
    };
    page::html(StatusCode::CONFLICT, &page)
}

fn frame(caller: &Caller, trail: &TrailName) -> Frame {
    Frame::of(Some(caller), "Verification", Some(trail), Place::Integrity)
}

/// The verification of this trail that runs now.
fn standing(app: &App, trail: &TrailName) -> Option<Standing> {
    let standing = app.verifications().standing();
    standing.filter(|standing| standing.run.trail == *trail)
}

/// `GET …/verification`: how far it is; once it has ended, what it came to.
pub async fn show(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
) -> Answer {
    let integrity = href::of_trail(&trail, "integrity");
    let Some(standing) = standing(&app, &trail) else {
        return Ok(page::see(&integrity));
    };
    let page = VerificationPage {
        frame: frame(&caller, &trail),
        shown: Shown::of(&standing, app.elapsed()),
        url: href::of_trail(&trail, "verification"),
        progress: href::of_trail(&trail, "verification/progress"),
        integrity,
    };
    page::html(StatusCode::OK, &page)
}

/// `GET …/verification/progress`: the same for a script.
pub async fn progress(State(app): State<App>, TrailPath(trail): TrailPath) -> Answer {
    let Some(standing) = standing(&app, &trail) else {
        return reply::json(StatusCode::OK, &json!({ "is_running": false }));
    };
    let shown = Shown::of(&standing, app.elapsed());
    let body = json!({
        "is_running": true,
        "entries": shown.entries,
        "size": shown.size,
        "said": shown.said,
    });
    reply::json(StatusCode::OK, &body)
}

impl Shown {
    fn of(standing: &Standing, now: Duration) -> Self {
        let seconds = now.saturating_sub(standing.run.begun).as_secs();
        let said = match standing.size {
            0 => format!("{seconds} s so far, nothing read yet"),
            size => {
                let (entries, size) = (grouped(standing.entries), grouped(size));
                format!("{entries} of {size} entries read, {seconds} s so far")
            }
        };
        Self {
            by: match &standing.run.by {
                By::Schedule => "the server, on its schedule".to_owned(),
                By::Key { name, .. } => name.clone(),
            },
            entries: standing.entries,
            size: standing.size.max(1),
            said,
        }
    }
}
