//! What is decided about a trail's keeping, in forms.

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use indelible_core::engine::HoldOrder;
use indelible_core::{Timestamp, TrailName};

use super::{Asked, Form, Given, RetentionPage, policy};
use crate::access::{Caller, looked};
use crate::app::App;
use crate::console::{href, page};
use crate::keys::Permission;
use crate::limits::RETENTION_WAIT;
use crate::problem::{Answer, Kind, Problem};
use crate::request::{HoldPath, TrailPath};
use crate::retention::{Keeper, read_scope};
use crate::reviews::filled;

/// `POST …/retention`: sets the policy.
pub async fn set(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
    request: Request,
) -> Answer {
    let form = Form::read(&app, request).await?;
    let done = match policy::read(&form) {
        Ok(policy) => {
            let keeper = Keeper::of(&app, &caller, &trail);
            keeper.set(&policy).await.map(drop)
        }
        Err(problem) => Err(problem),
    };
    answer((&app, &caller), (&trail, "policy"), form, done).await
}

/// `POST …/retention/run`: takes away what is due. Where that takes long the page says how far it
/// is.
pub async fn run(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
    request: Request,
) -> Answer {
    let form = Form::read(&app, request).await?;
    let begun = Keeper::of(&app, &caller, &trail).run();
    let done = match begun {
        Ok(ending) => match tokio::time::timeout(RETENTION_WAIT, ending).await {
            Ok(ended) => ended.told().map(drop),
            Err(_) => Ok(()),
        },
        Err(problem) => Err(problem),
    };
    answer((&app, &caller), (&trail, "run"), form, done).await
}

/// `POST …/retention/holds`: places a hold.
pub async fn place(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
    request: Request,
) -> Answer {
    let form = Form::read(&app, request).await?;
    let done = match order(&form, app.now()) {
        Ok(order) => {
            let keeper = Keeper::of(&app, &caller, &trail);
            keeper.place(order).await.map(drop)
        }
        Err(problem) => Err(problem),
    };
    answer((&app, &caller), (&trail, "place"), form, done).await
}

/// `POST …/retention/holds/{id}/release`: asks for its release.
pub async fn release(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Answer {
    let (HoldPath { trail, hold }, form) = Form::at(&app, request).await?;
    let reason = filled(Some(form.said("reason").unwrap_or_default()), "reason");
    let done = match reason {
        Ok(reason) => {
            let keeper = Keeper::of(&app, &caller, &trail);
            let reason = reason.unwrap_or_default();
            keeper.ask_release(hold, &reason).await.map(drop)
        }
        Err(problem) => Err(problem),
    };
    answer((&app, &caller), (&trail, &hold.to_string()), form, done).await
}

/// `POST …/retention/holds/{id}/approve`: lets it go.
pub async fn approve(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Answer {
    let (HoldPath { trail, hold }, form) = Form::at(&app, request).await?;
    let keeper = Keeper::of(&app, &caller, &trail);
    let done = keeper.approve(hold).await.map(drop);
    answer((&app, &caller), (&trail, &hold.to_string()), form, done).await
}

/// The filters that have a field of their own, and what it is called.
pub const FILTERS: [(&str, &str); 7] = [
    ("user_id", "User"),
    ("resource_type", "Kind of resource"),
    ("resource_id", "Resource"),
    ("action", "Action"),
    ("correlation_id", "Correlation id"),
    ("start_date", "From"),
    ("end_date", "To"),
];

/// What a form wants held.
fn order(form: &Form, now: Timestamp) -> Result<HoldOrder, Problem> {
    let own = FILTERS.iter().filter_map(|(name, _)| {
        let value = form.said(name)?;
        Some(format!("{name}={value}"))
    });
    let further = form.named("filters").unwrap_or_default().lines();
    let further = further.map(str::trim).filter(|line| !line.is_empty());
    let filters: Vec<String> = own.chain(further.map(str::to_owned)).collect();
    let is_everything = form.named("everything").is_some();
    let filters = filters.iter().map(String::as_str);
    Ok(HoldOrder {
        query: read_scope(filters, is_everything, now)?,
        reason: filled(Some(form.said("reason").unwrap_or_default()), "reason")?
            .unwrap_or_default(),
        matter: form.said("matter"),
        by: String::new(),
    })
}

/// Whether it can be mended, or seen, where it was asked.
fn is_of_form(problem: &Problem) -> bool {
    let conflicts = [
        Kind::SamePerson,
        Kind::HoldConflict,
        Kind::RetentionConflict,
        Kind::RunInProgress,
        Kind::RemovalRefused,
    ];
    let is_passing = problem.kind.status() == StatusCode::SERVICE_UNAVAILABLE;
    problem.field.is_some() || is_passing || conflicts.contains(&problem.kind)
}

/// Back to the page; what can be mended is asked for again, beside the holds that were seen.
async fn answer(
    (app, caller): (&App, &Caller),
    (trail, of): (&TrailName, &str),
    form: Form,
    done: Result<(), Problem>,
) -> Answer {
    let problem = match done {
        Ok(()) => return Ok(page::see(&href::of_trail(trail, "retention"))),
        Err(problem) if is_of_form(&problem) => problem,
        Err(problem) => return Err(problem),
    };
    let skip = form.named("skip").and_then(|skip| skip.parse().ok());
    let seen = Asked {
        skip: skip.unwrap_or_default(),
        hold: of.parse().ok(),
        ..Asked::default()
    };
    let mut shown = RetentionPage::of((app, caller), trail, &seen).await?;
    // It shows as much as the page that is asked for, and so leaves the same record.
    let asked = serde_json::Map::new();
    let look = looked(
        caller,
        Permission::Report,
        trail.clone(),
        asked,
        shown.shown().0,
    );
    app.tally().note(look).await?;
    shown.trouble = Some(problem.detail.clone());
    shown.given = Given {
        of: of.to_owned(),
        form: Some(form),
    };
    page::html(problem.kind.status(), &shown)
}
