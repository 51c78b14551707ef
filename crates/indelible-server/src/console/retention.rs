//! `/console/trails/{trail}/retention`: how long entries stay, what would go, what legal holds keep,
//! and what can be decided about it.

mod change;
mod policy;
mod row;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use indelible_core::TrailName;
use indelible_evidence::retention::Standing;
use uuid::Uuid;

use super::frame::{Frame, Place};
use super::login::Form;
use super::{href, page};
use crate::access::{Caller, Shown};
use crate::app::App;
use crate::keys::Permission;
use crate::limits::{CONSOLE_HOLDS_MAX, CONSOLE_RELEASED_MAX};
use crate::problem::{Kind, Problem};
use crate::request::{TrailPath, named, number, pairs, truth};
use crate::retention::Keeper;
pub use change::{approve, place, release, run, set};
use policy::{Fields, Policy};
use row::{Hold, Planned, Run};

#[derive(Template)]
#[template(path = "retention.html")]
struct RetentionPage {
    frame: Frame,
    trouble: Option<String>,
    given: Given,
    url: String,
    holds_url: String,
    may_retain: bool,
    /// Nothing where everything is kept.
    policy: Option<Policy>,
    /// Why the policy is not known, where it is not.
    conflict: Option<String>,
    /// What the form to set one holds at first.
    fields: Fields,
    first_kept: u64,
    remarks: Vec<&'static str>,
    run: Option<Run>,
    /// Where somebody asked for it.
    plan: Option<Planned>,
    holds: Vec<Hold>,
    in_force: usize,
    pending: usize,
    /// Holds in force that are passed over.
    skip: usize,
    /// The pages of further ones.
    next: Option<String>,
    before: Option<String>,
    released: Vec<Hold>,
    released_all: usize,
}

/// What a form said that has to be mended, to be shown in it again.
#[derive(Default)]
struct Given {
    /// Which form it was: `policy`, `place`, or the hold that it was about.
    of: String,
    form: Option<Form>,
}

impl Given {
    fn is_of(&self, of: &str) -> bool {
        self.form.is_some() && self.of == of
    }

    /// What a field said; else what it says at first.
    fn text<'g>(&'g self, of: &str, name: &str, first: &'g str) -> &'g str {
        match self.form.as_ref().filter(|_| self.of == of) {
            Some(form) => form.named(name).unwrap_or_default(),
            None => first,
        }
    }
}

#[derive(Default)]
struct Asked {
    /// Whether it is to be said what would go.
    plan: bool,
    /// Holds in force that are passed over.
    skip: usize,
    /// A hold that is to be among those that are shown, where it is in force.
    hold: Option<Uuid>,
}

/// `GET …/retention`: with `plan`, what would go now.
pub async fn page(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
    parts: Parts,
) -> Result<Response, Problem> {
    let given = pairs(&parts);
    let given = given.iter().map(|(name, value)| (&**name, &**value));
    let [plan, skip] = named(given, ["plan", "skip"])?;
    let skip = number("skip", skip)?.unwrap_or_default();
    let asked = Asked {
        plan: plan.map_or(Ok(false), |text| truth("plan", text))?,
        skip: usize::try_from(skip).unwrap_or(usize::MAX),
        hold: None,
    };
    let page = RetentionPage::of((&app, &caller), &trail, &asked).await?;
    let mut response = page::html(StatusCode::OK, &page)?;
    response.extensions_mut().insert(page.shown());
    Ok(response)
}

impl RetentionPage {
    async fn of(
        (app, caller): (&App, &Caller),
        trail: &TrailName,
        asked: &Asked,
    ) -> Result<Self, Problem> {
        let keeper = Keeper::of(app, caller, trail);
        let frame = Frame::of(Some(caller), "Retention", Some(trail), Place::Retention);
        let (standing, conflict) = known(keeper.standing().await, app, trail).await?;
        let plan = match asked.plan && conflict.is_none() {
            true => Some(Planned::of(&keeper.plan().await?, trail, app.now())),
            false => None,
        };
        let all = keeper.holds().await?.0;
        let (mut open, mut over): (Vec<_>, Vec<_>) = all.into_iter().partition(|it| it.in_force);
        let pending = open.iter().filter(|it| it.is_pending()).count();
        // What waits for somebody first, then the newest.
        open.sort_by_key(|it| (!it.is_pending(), std::cmp::Reverse(it.seq)));
        over.sort_by_key(|it| std::cmp::Reverse(it.seq));
        let (in_force, released_all) = (open.len(), over.len());
        let by = caller.name();
        let hold = |it| Hold::of(it, trail, (by.as_str(), app.now()));
        let mut skip = asked.skip.min(in_force);
        let at = open.iter().position(|it| Some(it.id) == asked.hold);
        if let Some(at) = at.filter(|at| *at < skip || at - skip >= CONSOLE_HOLDS_MAX) {
            skip = at - at % CONSOLE_HOLDS_MAX;
        }
        let holds = open.into_iter().skip(skip).take(CONSOLE_HOLDS_MAX);
        let holds: Vec<_> = holds.map(hold).collect();
        let shown = skip + holds.len();
        Ok(Self {
            trouble: None,
            given: Given::default(),
            url: href::of_trail(trail, "retention"),
            holds_url: href::of_trail(trail, "retention/holds"),
            may_retain: frame.may(Permission::Retain),
            frame,
            policy: standing.policy.as_ref().map(Policy::of),
            conflict,
            fields: Fields::of(standing.policy.as_ref()),
            first_kept: standing.first_kept,
            remarks: standing.remarks(),
            run: Run::of(app.retention_runs().state(trail), trail, app.now()),
            plan,
            holds,
            in_force,
            pending,
            skip,
            next: (shown < in_force).then(|| further(trail, shown)),
            before: (skip > 0).then(|| further(trail, skip.saturating_sub(CONSOLE_HOLDS_MAX))),
            released: over
                .into_iter()
                .take(CONSOLE_RELEASED_MAX)
                .map(hold)
                .collect(),
            released_all,
        })
    }

    /// How many holds it shows, for its record.
    fn shown(&self) -> Shown {
        Shown((self.holds.len() + self.released.len()) as u64)
    }
}

/// How retention stands; where database and trail differ about the policy, that they do, which is
/// mended by setting one here.
async fn known(
    standing: Result<Standing, Problem>,
    app: &App,
    trail: &TrailName,
) -> Result<(Standing, Option<String>), Problem> {
    match standing {
        Ok(standing) => Ok((standing, None)),
        Err(problem) if problem.kind == Kind::RetentionConflict => {
            let unknown = Standing {
                trail: trail.clone(),
                policy: None,
                first_kept: app.trail(trail).first_kept().await?,
                overdue: false,
                unfinished: false,
            };
            Ok((unknown, Some(problem.detail)))
        }
        Err(problem) => Err(problem),
    }
}

/// The page of further holds.
fn further(trail: &TrailName, skip: usize) -> String {
    let page = href::of_trail(trail, "retention");
    href::with(&page, [("skip", skip.to_string())]) + "#holds-title"
}
