//! What is done to a key: rotated, revoked, a link made of it.

use std::time::Duration;

use askama::Template;
use axum::Extension;
use axum::extract::{Path, Request, State};
use axum::http::uri::Authority;
use axum::http::{StatusCode, header};
use indelible_core::{Timestamp, span};

use super::row::Row;
use super::{Form, KeyPage, MadePage, entrance};
use crate::access::Caller;
use crate::app::App;
use crate::console::frame::{Frame, Place};
use crate::console::moment::Moment;
use crate::console::page;
use crate::credentials::Managed;
use crate::keys::{Key, NewLink, Role, State as KeyState};
use crate::problem::{Answer, Kind, Problem};

#[derive(Template)]
#[template(path = "key-revoke.html")]
struct RevokePage {
    frame: Frame,
    row: Row,
    /// Whether the session that asks is the key's.
    is_own: bool,
    /// Whether nobody could make keys over HTTP any more.
    is_last_admin: bool,
}

/// `GET /console/keys/{id}/revoke`: asks whether it is really meant.
pub async fn ask(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer {
    let managed = Managed::of(&app, &caller);
    let key = managed.get(&id).await?;
    let now = app.now();
    let is_admin = |key: &Key| {
        key.role == Role::Admin && key.trail.is_none() && key.state(now) == KeyState::Active
    };
    let is_last_admin = is_admin(&key) && {
        let mut others = managed.list().await?.into_iter();
        !others.any(|other| other.id != key.id && is_admin(&other))
    };
    let page = RevokePage {
        frame: Frame::of(Some(&caller), "Revoke a key", None, Place::Keys),
        row: Row::of(&key, now),
        is_own: key.id == caller.key.id,
        is_last_admin,
    };
    page::html(StatusCode::OK, &page)
}

/// `POST /console/keys/{id}/revoke`: revokes it.
pub async fn revoke(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer {
    Managed::of(&app, &caller).revoke(&id).await?;
    Ok(page::see("/console/keys"))
}

/// `POST /console/keys/{id}/rotate`: makes a key in its place, shown in this answer alone.
pub async fn rotate(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    request: Request,
) -> Answer {
    let form = Form::read(&app, request).await?;
    let managed = Managed::of(&app, &caller);
    let made = match time(&form, "overlap", "0s, 24h or 7d") {
        Ok(overlap) => managed.rotate(&id, overlap).await,
        Err(problem) => Err(problem),
    };
    match made {
        Ok(new) => {
            let before = managed.get(&id).await?;
            let page = MadePage::of(&app, &caller, &new, Some(&before));
            page::html(StatusCode::CREATED, &page)
        }
        Err(problem) => again(&app, &caller, &id, &form, problem).await,
    }
}

#[derive(Template)]
#[template(path = "key-link.html")]
struct LinkPage {
    frame: Frame,
    row: Row,
    link: String,
    expires: Moment,
}

/// `POST /console/keys/{id}/link`: makes a link, shown in this answer alone.
pub async fn link(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    request: Request,
) -> Answer {
    let place = place(&app, &request);
    let now = app.now();
    let form = Form::read(&app, request).await?;
    let made = match time(&form, "expires", "10m or 8h") {
        Ok(time) => Managed::of(&app, &caller).link(&id, time).await,
        Err(problem) => Err(problem),
    };
    match made {
        Ok(new) => {
            let page = LinkPage::of(&caller, &new, &place, now);
            page::html(StatusCode::CREATED, &page)
        }
        Err(problem) => again(&app, &caller, &id, &form, problem).await,
    }
}

impl LinkPage {
    fn of(caller: &Caller, new: &NewLink, place: &str, now: Timestamp) -> Self {
        Self {
            frame: Frame::of(Some(caller), "New link", None, Place::Keys),
            row: Row::of(&new.key, now),
            link: format!("{place}{}", new.path()),
            expires: Moment::of(new.expires_at, now),
        }
    }
}

/// The page of the key once more, with what is to be mended.
async fn again(app: &App, caller: &Caller, id: &str, form: &Form, problem: Problem) -> Answer {
    if problem.field.is_none() {
        return Err(problem);
    }
    let key = Managed::of(app, caller).get(id).await?;
    let mut page = KeyPage::of(app, caller, &key);
    let given = |name: &str| form.named(name).map(str::to_owned);
    page.overlap = given("overlap").unwrap_or(page.overlap);
    page.expires = given("expires").unwrap_or(page.expires);
    page.trouble = Some(problem.detail.clone());
    page::html(problem.kind.status(), &page)
}

fn time(form: &Form, field: &str, example: &str) -> Result<Duration, Problem> {
    let given = form.named(field).unwrap_or_default();
    let wrong = || {
        let detail = format!("a span of time is written such as {example}");
        Problem::new(Kind::InvalidBody, detail).at(field)
    };
    span(given.trim()).ok_or_else(wrong)
}

/// Where the browser has this page from, as far as it says: nothing, and a link then says only
/// where on this server it leads.
fn place(app: &App, request: &Request) -> String {
    let scheme = if entrance::is_secure(app, request) {
        "https"
    } else {
        "http"
    };
    let host = request.headers().get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
    let host = host.filter(|host| !host.as_str().contains('@'));
    host.map_or_else(String::new, |host| format!("{scheme}://{host}"))
}
