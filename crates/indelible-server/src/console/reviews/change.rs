//! What reviewers decide, in forms.

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use indelible_core::TrailName;
use indelible_evidence::review::ByHand;

use super::{Asked, Form, Given, ReviewsPage};
use crate::access::{Caller, looked};
use crate::app::App;
use crate::console::{href, page};
use crate::keys::Permission;
use crate::problem::{Answer, Kind, Problem};
use crate::request::{FindingPath, TrailPath};
use crate::reviews::{Desk, Raising, Signing, filled, read_disposition, read_severity};

/// `POST …/reviews/findings`: one that is flagged, all that are, or entries that somebody found.
pub async fn raise(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
    request: Request,
) -> Answer {
    let form = Form::read(&app, request).await?;
    let decided = match Wished::raising(&form) {
        Ok((raising, owner)) => {
            let desk = Desk::of(&app, &caller, &trail)?;
            desk.raise(raising, owner.as_deref()).await.map(drop)
        }
        Err(problem) => Err(problem),
    };
    answer((&app, &caller), (&trail, ""), form, decided).await
}

/// `POST …/reviews/findings/{id}/assign`
pub async fn assign(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Answer {
    let (FindingPath { trail, finding }, form) = Form::at(&app, request).await?;
    let decided = match needed(&form, "to") {
        Ok(to) => {
            let desk = Desk::of(&app, &caller, &trail)?;
            let comment = form.said("comment");
            let done = desk.assign(&finding, &to, comment.as_deref());
            done.await.map(drop)
        }
        Err(problem) => Err(problem),
    };
    answer((&app, &caller), (&trail, &finding), form, decided).await
}

/// `POST …/reviews/findings/{id}/close`
pub async fn close(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Answer {
    let (FindingPath { trail, finding }, form) = Form::at(&app, request).await?;
    let decided = match Wished::closing(&form) {
        Ok((disposition, comment)) => {
            let evidence = form.said("evidence");
            let desk = Desk::of(&app, &caller, &trail)?;
            let why = (comment.as_str(), evidence.as_deref());
            desk.close((&finding, disposition), why).await.map(drop)
        }
        Err(problem) => Err(problem),
    };
    answer((&app, &caller), (&trail, &finding), form, decided).await
}

/// `POST …/reviews/sign-offs`
pub async fn sign(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
    request: Request,
) -> Answer {
    let form = Form::read(&app, request).await?;
    let signing = Signing {
        as_of: size(&form)?,
        from: form.said("from"),
        to: form.said("to"),
        scope: form.said("scope"),
        comment: form.said("comment"),
    };
    let signed = Desk::of(&app, &caller, &trail)?.sign(signing).await;
    match signed {
        Ok(_) => Ok(page::see(&href::of_trail(&trail, "reviews"))),
        Err(problem) => answer((&app, &caller), (&trail, ""), form, Err(problem)).await,
    }
}

/// `POST …/reviews/start`: says from which day on is reviewed.
pub async fn start(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
    request: Request,
) -> Answer {
    let form = Form::read(&app, request).await?;
    let decided = match needed(&form, "day").and_then(|day| Ok((day, needed(&form, "why")?))) {
        Ok((day, why)) => {
            let desk = Desk::of(&app, &caller, &trail)?;
            desk.start(&day, &why).await.map(drop)
        }
        Err(problem) => Err(problem),
    };
    answer((&app, &caller), (&trail, START), form, decided).await
}

/// `POST …/reviews/days`: puts missed days on record, each once.
pub async fn record_missed(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
    request: Request,
) -> Answer {
    let form = Form::read(&app, request).await?;
    let (from, to) = (form.said("from"), form.said("to"));
    let desk = Desk::of(&app, &caller, &trail)?;
    let days = desk.record_missed((from.as_deref(), to.as_deref())).await;
    drop(desk);
    let decided = days.map(drop);
    answer((&app, &caller), (&trail, DAYS), form, decided).await
}

/// The form of the first day, where those of findings have their ids. No finding is called so.
pub const START: &str = "#start";
/// That of missed days.
const DAYS: &str = "#days";

/// What a form wishes for.
struct Wished;

impl Wished {
    fn raising(form: &Form) -> Result<(Raising, Option<String>), Problem> {
        let owner = form.said("owner");
        if form.named("seqs").is_some() {
            let seqs = needed(form, "seqs")?;
            let seqs = seqs.split([',', ' ']).filter(|seq| !seq.is_empty());
            let seqs: Result<Vec<u64>, _> = seqs.map(str::parse).collect();
            let wrong = |_| {
                let detail = "entries are named by their numbers, with commas between";
                Problem::new(Kind::InvalidBody, detail).at("seqs")
            };
            let found = ByHand {
                seqs: seqs.map_err(wrong)?,
                severity: read_severity(form.named("severity").unwrap_or_default())?,
                why: needed(form, "why")?,
            };
            return Ok((Raising::by_hand(found)?, owner));
        }
        let findings = form.said("finding").into_iter().collect();
        let as_of = size(form)?;
        Ok((Raising::Flagged { as_of, findings }, owner))
    }

    fn closing(form: &Form) -> Result<(indelible_evidence::review::Disposition, String), Problem> {
        let disposition = read_disposition(form.named("as").unwrap_or_default())?;
        Ok((disposition, needed(form, "comment")?))
    }
}

fn needed(form: &Form, name: &str) -> Result<String, Problem> {
    let text = form.named(name).unwrap_or_default().trim().to_owned();
    Ok(filled(Some(text), name)?.unwrap_or_default())
}

/// The size that the page showed.
fn size(form: &Form) -> Result<u64, Problem> {
    let wrong = |_| {
        let detail = "the size that was shown is a whole number";
        Problem::new(Kind::InvalidBody, detail).at("as_of")
    };
    let given = form.named("as_of").unwrap_or_default();
    given.parse().map_err(wrong)
}

/// Whether it can be mended, or tried again, where it was asked.
fn is_of_form(problem: &Problem) -> bool {
    let is_passing = problem.kind.status() == StatusCode::SERVICE_UNAVAILABLE;
    problem.field.is_some() || is_passing || problem.kind == Kind::AlreadyDecided
}

/// Back to what was shown, as of the same size; what can be mended is asked for again.
async fn answer(
    (app, caller): (&App, &Caller),
    (trail, finding): (&TrailName, &str),
    form: Form,
    decided: Result<(), Problem>,
) -> Answer {
    let as_of = form.named("as_of").and_then(|size| size.parse().ok());
    let problem = match decided {
        Ok(()) => return Ok(back(trail, as_of)),
        Err(problem) if is_of_form(&problem) => problem,
        Err(problem) => return Err(problem),
    };
    let asked = Asked {
        as_of,
        ..Asked::default()
    };
    let shown = match ReviewsPage::of((app, caller), trail, asked).await {
        Ok(page) => Ok(page),
        // The size itself is what is wrong.
        Err(wrong) if wrong.field.is_some() => {
            ReviewsPage::of((app, caller), trail, Asked::default()).await
        }
        Err(other) => Err(other),
    };
    let mut shown = shown?;
    // It shows as much as the page that is asked for, and so leaves the same record.
    let entries = shown.seen.as_ref().map_or(0, |seen| seen.entries);
    let asked = as_of.map(|size| ("as_of".to_owned(), size.to_string().into()));
    let asked = asked.into_iter().collect();
    let look = looked(caller, Permission::Report, trail.clone(), asked, entries);
    app.tally().note(look).await?;
    shown.trouble = Some(problem.detail.clone());
    shown.given = Given {
        finding: finding.to_owned(),
        form: Some(form),
    };
    page::html(problem.kind.status(), &shown)
}

fn back(trail: &TrailName, as_of: Option<u64>) -> Response {
    let page = href::of_trail(trail, "reviews");
    let size = as_of.map(|size: u64| ("as_of", size.to_string()));
    page::see(&href::with(&page, size)).into_response()
}
