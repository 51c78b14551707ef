//! `/console/trails/{trail}/subjects`: what is known of a person, what an erasure would take away,
//! those that wait for somebody else, and how the last one ended. Ids stand in forms, never in a
//! URL.

mod change;
mod shown;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use indelible_core::TrailName;
use indelible_evidence::subject::Erasure;
use uuid::Uuid;

use super::frame::{Frame, Place};
use super::login::Form;
use super::{href, page};
use crate::access::Caller;
use crate::app::App;
use crate::keys::Permission;
use crate::limits::SUBJECTS_MAX;
use crate::problem::{Answer, Problem};
use crate::request::TrailPath;
use crate::subjects::Desk;
pub use change::{approve, erase, look, plan, progress, reject, who};
use shown::{Known, Last, Running, Waiting};

#[derive(Template)]
#[template(path = "subjects.html")]
struct SubjectsPage {
    frame: Frame,
    trouble: Option<String>,
    url: String,
    /// Whether the trail has an entry at all.
    has_entries: bool,
    may_erase: bool,
    takes_two: bool,
    /// Persons that one form names at most.
    most: usize,
    given: Given,
    known: Option<Known>,
    plan: Option<Planned>,
    running: Option<Running>,
    last: Option<Last>,
    waiting: Vec<Waiting>,
    /// The ids of orders that wait and cannot be read.
    unreadable: Vec<String>,
}

/// What would go, and the form that makes it go.
struct Planned {
    erasure: Erasure,
    /// The order that waits, where the plan is of one.
    of_waiting: Option<String>,
}

/// What a form said, to be shown in it again.
#[derive(Default)]
struct Given {
    form: Option<Form>,
    /// The order that it was about.
    of: Option<Uuid>,
}

impl Given {
    /// What a form of the whole page said.
    fn all(form: Option<Form>) -> Self {
        Self { form, of: None }
    }

    /// What a form about an order that waits said.
    fn of(order: Uuid, form: Form) -> Self {
        Self {
            form: Some(form),
            of: Some(order),
        }
    }

    fn text(&self, name: &str) -> &str {
        let form = self.form.as_ref();
        form.and_then(|form| form.named(name)).unwrap_or_default()
    }

    /// The same, in the form about this order.
    fn text_of(&self, order: &str, name: &str) -> &str {
        let is_of = self.of.is_some_and(|of| of.to_string() == order);
        if is_of { self.text(name) } else { "" }
    }

    fn has(&self, name: &str, value: &str) -> bool {
        let form = self.form.as_ref();
        form.is_some_and(|form| form.all(name).any(|given| given == value))
    }
}

/// `GET …/subjects`
pub async fn page(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
) -> Answer {
    let page = SubjectsPage::of((&app, &caller), &trail).await?;
    page::html(StatusCode::OK, &page)
}

impl SubjectsPage {
    async fn of((app, caller): (&App, &Caller), trail: &TrailName) -> Result<Self, Problem> {
        let frame = Frame::of(Some(caller), "Subjects", Some(trail), Place::Subjects);
        let desk = Desk::of(app, caller, trail);
        let (now, may_erase) = (app.now(), frame.may(Permission::Erase));
        // Who may not erase sees neither whom that is about nor what came of it.
        let (standing, waiting) = match may_erase {
            true => {
                let waiting = desk.requests_unseen().await?;
                (Some(app.erasures().standing(trail)), Some(waiting))
            }
            false => (None, None),
        };
        let (running, last) = standing.map_or((None, None), |it| (it.running, it.last));
        let own = caller.name();
        let (waiting, unreadable) =
            waiting.map_or_else(Default::default, |it| (it.requests, it.unreadable));
        let waiting = waiting.into_iter();
        Ok(Self {
            trouble: None,
            url: href::of_trail(trail, "subjects"),
            has_entries: app.trail(trail).head().await?.is_some(),
            may_erase,
            takes_two: desk.takes_two(),
            most: SUBJECTS_MAX,
            given: Given::default(),
            known: None,
            plan: None,
            running: running.map(Running::of),
            last: last.map(|last| Last::of(last, trail, now)),
            waiting: waiting.map(|it| Waiting::of(it, &own, now)).collect(),
            unreadable: unreadable.iter().map(ToString::to_string).collect(),
            frame,
        })
    }
}
