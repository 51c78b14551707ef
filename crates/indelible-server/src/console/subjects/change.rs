//! Looking for persons, planning, erasing, and deciding about what waits, in forms.

use askama::Template;
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use indelible_core::TrailName;
use indelible_core::engine::Subjects;
use indelible_evidence::subject::Request as Waiting;

use super::shown::{Known, Running};
use super::{Form, Given, Planned, SubjectsPage};
use crate::access::{Caller, Noted};
use crate::app::App;
use crate::console::frame::{Frame, Place};
use crate::console::{href, page};
use crate::erasures::Ordered;
use crate::limits::{
    CONSOLE_ERASURE_WAIT, CONSOLE_KNOWN_MAX, CONSOLE_PERSONS_BYTES_MAX, SUBJECTS_MAX,
};
use crate::pause::pause;
use crate::problem::{Answer, Kind, Problem};
use crate::request::{RequestPath, TrailPath};
use crate::subjects::{Desk, Erasing, Showing, parts_of};

/// `POST …/subjects/show`: what is known about a person; others who acted are masked.
pub async fn look(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
    request: Request,
) -> Answer {
    let form = Form::read(&app, request).await?;
    let desk = Desk::of(&app, &caller, &trail);
    let known = match showing(&form) {
        Ok(showing) => desk.known(showing, CONSOLE_KNOWN_MAX).await,
        Err(problem) => Err(problem),
    };
    let mut page = SubjectsPage::of((&app, &caller), &trail).await?;
    page.given = Given::all(Some(form));
    let status = match known {
        Ok(known) => {
            page.known = Some(Known::of(known, &trail, app.now()));
            StatusCode::OK
        }
        Err(problem) => trouble(&mut page, problem)?,
    };
    Ok(Noted::on(page::html(status, &page)))
}

/// `POST …/subjects/plan`: what an erasure would take away, and whether it is really meant.
pub async fn plan(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
    request: Request,
) -> Answer {
    let desk = Desk::of(&app, &caller, &trail);
    let (form, erasing) = persons(&app, request).await;
    let planned = match erasing {
        Ok(erasing) => desk.plan(&desk.order(erasing)).await,
        Err(problem) => Err(problem),
    };
    let mut page = SubjectsPage::of((&app, &caller), &trail).await?;
    page.given = Given::all(form);
    let status = match planned {
        Ok(erasure) => {
            let of_waiting = None;
            page.plan = Some(Planned {
                erasure,
                of_waiting,
            });
            StatusCode::OK
        }
        Err(problem) => trouble(&mut page, problem)?,
    };
    page::html(status, &page)
}

/// `POST …/subjects/erase`: erases, or asks for it where that takes two people.
pub async fn erase(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
    request: Request,
) -> Answer {
    let desk = Desk::of(&app, &caller, &trail);
    let (form, erasing) = persons(&app, request).await;
    let done = match erasing.map(|erasing| desk.order(erasing)) {
        Ok(order) if desk.takes_two() => desk.ask(&order).await.map(|_| true),
        Ok(order) => begin(&app, &desk, Ordered::Now(order)).await,
        Err(problem) => Err(problem),
    };
    answer((&app, &caller), &trail, Given::all(form), done).await
}

/// `POST …/subjects/requests/{id}/approve`: carries out what somebody else has asked for; with
/// `plan` says what would go as of now.
pub async fn approve(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Answer {
    let (RequestPath { trail, request }, form) = Form::at(&app, request).await?;
    let desk = Desk::of(&app, &caller, &trail);
    let waiting = desk.waiting(request).await?;
    if form.named("plan").is_some() {
        let erasure = desk.plan(&waiting.order).await?;
        let mut page = SubjectsPage::of((&app, &caller), &trail).await?;
        page.plan = Some(Planned {
            erasure,
            of_waiting: Some(request.to_string()),
        });
        return page::html(StatusCode::OK, &page);
    }
    let ordered = Ordered::Approved(request, waiting.order);
    let done = begin(&app, &desk, ordered).await;
    answer((&app, &caller), &trail, Given::all(Some(form)), done).await
}

/// `POST …/subjects/requests/{id}/show`: whom an order that waits is about, which is on record as a
/// look.
pub async fn who(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Answer {
    let (RequestPath { trail, request }, _) = Form::at(&app, request).await?;
    let desk = Desk::of(&app, &caller, &trail);
    let waiting = Waiting::of(&desk.waiting(request).await?);
    desk.note_seen(&waiting).await?;
    let mut page = SubjectsPage::of((&app, &caller), &trail).await?;
    let id = waiting.id.to_string();
    if let Some(shown) = page.waiting.iter_mut().find(|it| it.id == id) {
        shown.name(waiting);
    }
    page::html(StatusCode::OK, &page)
}

/// `POST …/subjects/requests/{id}/reject`
pub async fn reject(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Answer {
    let (RequestPath { trail, request }, form) = Form::at(&app, request).await?;
    let desk = Desk::of(&app, &caller, &trail);
    let reason = form.named("rejected_because").unwrap_or_default();
    let done = desk.reject(request, reason.trim()).await.map(|_| true);
    let given = Given::of(request, form);
    answer((&app, &caller), &trail, given, done).await
}

#[derive(Template)]
#[template(path = "erasure.html")]
struct ErasurePage {
    frame: Frame,
    running: Running,
    url: String,
    subjects: String,
}

/// `GET …/subjects/erasure`: how far it is; once it has ended, what it came to.
pub async fn progress(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
) -> Answer {
    let subjects = href::of_trail(&trail, "subjects");
    let Some(running) = app.erasures().standing(&trail).running else {
        return Ok(page::see(&subjects));
    };
    let page = ErasurePage {
        frame: Frame::of(Some(&caller), "Erasure", Some(&trail), Place::Subjects),
        running: Running::of(running),
        url: href::of_trail(&trail, "subjects/erasure"),
        subjects,
    };
    page::html(StatusCode::OK, &page)
}

/// Begins an erasure, which runs to its end whoever leaves; answers whether it has ended. It is
/// waited for as long as nobody minds.
async fn begin(app: &App, desk: &Desk<'_>, ordered: Ordered) -> Result<bool, Problem> {
    let (turn, running) = desk.begin().await?;
    let app = app.clone();
    let erasing = tokio::spawn(async move { turn.erase(&app, running, ordered).await });
    tokio::select! {
        erased = erasing => match erased {
            Ok(erased) => erased.map(|_| true),
            Err(error) => {
                let detail = "the server failed at this erasure";
                Err(Problem::new(Kind::Internal, detail).because(error))
            }
        },
        () = pause(CONSOLE_ERASURE_WAIT) => Ok(false),
    }
}

/// On to what came of it, or to how far it is; what can be mended is asked for again.
async fn answer(
    (app, caller): (&App, &Caller),
    trail: &TrailName,
    given: Given,
    done: Result<bool, Problem>,
) -> Result<Response, Problem> {
    let problem = match done {
        Ok(true) => return Ok(page::see(&href::of_trail(trail, "subjects"))),
        Ok(false) => return Ok(page::see(&href::of_trail(trail, "subjects/erasure"))),
        Err(problem) => problem,
    };
    let mut page = SubjectsPage::of((app, caller), trail).await?;
    page.given = given;
    let status = trouble(&mut page, problem)?;
    page::html(status, &page)
}

/// What went wrong, on the page where it can be mended; anything else is a page of its own.
fn trouble(page: &mut SubjectsPage, problem: Problem) -> Result<StatusCode, Problem> {
    let is_here = matches!(
        problem.kind,
        Kind::InvalidBody
            | Kind::NotFound
            | Kind::Held
            | Kind::SamePerson
            | Kind::AlreadyDecided
            | Kind::OrderConflict
            | Kind::WritesRefused
            | Kind::RunInProgress
            | Kind::Overloaded
            | Kind::TooLarge
    );
    if !is_here && problem.kind.status() != StatusCode::SERVICE_UNAVAILABLE {
        return Err(problem);
    }
    page.trouble = Some(problem.detail);
    Ok(problem.kind.status())
}

/// Who is looked for.
fn showing(form: &Form) -> Result<Showing, Problem> {
    let showing = Showing {
        id: form.named("person").unwrap_or_default().trim().to_owned(),
        also: listed(form, "places"),
        names: false,
        before: None,
    };
    showing.checked()
}

/// Reads a form that names many persons: what it says, and whom it wants erased.
async fn persons(app: &App, request: Request) -> (Option<Form>, Result<Erasing, Problem>) {
    match Form::read_up_to(app, request, CONSOLE_PERSONS_BYTES_MAX).await {
        Ok(form) => {
            let erasing = erasing(&form);
            (Some(form), erasing)
        }
        Err(problem) if problem.kind == Kind::TooLarge => {
            let kibibytes = CONSOLE_PERSONS_BYTES_MAX >> 10;
            let detail = format!(
                "This form takes up to {kibibytes} KiB, as the browser sends it, and up to \
                 {SUBJECTS_MAX} persons and places. Go back, where what you wrote still stands, and \
                 name fewer at once."
            );
            (None, Err(Problem { detail, ..problem }))
        }
        Err(problem) => (None, Err(problem)),
    }
}

/// Who is to be erased, and why.
fn erasing(form: &Form) -> Result<Erasing, Problem> {
    let missing = || Problem::new(Kind::InvalidBody, "say why").at("reason");
    let erasing = Erasing {
        subjects: Subjects {
            ids: listed(form, "ids"),
            also: listed(form, "also"),
            widen: parts_of(form.all("part"))?,
        },
        reason: form.said("reason").ok_or_else(missing)?,
        legal_basis: form.said("legal_basis"),
        request_id: form.said("request_id"),
    };
    erasing.checked()
}

/// The lines of a field.
fn listed(form: &Form, name: &str) -> Vec<String> {
    let lines = form.named(name).unwrap_or_default().lines();
    let lines = lines.map(str::trim).filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}
