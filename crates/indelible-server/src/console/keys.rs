//! `/console/keys`: the keys that one may manage.

mod change;
mod form;
mod row;

use askama::Template;
use axum::Extension;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;

use super::frame::{Frame, Place};
use super::login::Form;
use super::{entrance, page};
use crate::access::Caller;
use crate::app::App;
use crate::credentials::Managed;
use crate::keys::{Key, NewKey, State as KeyState};
use crate::limits::CONSOLE_KEYS_MAX;
use crate::problem::{Answer, Problem};
use crate::request::only;
pub use change::{ask, link, revoke, rotate};
use form::Wished;
use row::Row;

#[derive(Template)]
#[template(path = "keys.html")]
struct KeysPage {
    frame: Frame,
    rows: Vec<Row>,
    /// How many of them have ended and are not shown.
    ended: usize,
    /// How many there is no room for.
    left_out: usize,
    is_all: bool,
    form: Wished,
    trails: Vec<String>,
    roles: [(&'static str, &'static str); 4],
    trouble: Option<String>,
}

/// `GET /console/keys`: those that open; with `all`, those that have ended too.
pub async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    parts: Parts,
) -> Answer {
    let is_all = only(&parts, "all")?.is_some();
    let form = Wished::empty(&caller);
    let page = KeysPage::of(&app, &caller, form, is_all).await?;
    page::html(StatusCode::OK, &page)
}

impl KeysPage {
    async fn of(app: &App, caller: &Caller, form: Wished, is_all: bool) -> Result<Self, Problem> {
        let now = app.now();
        let mut keys = Managed::of(app, caller).list().await?;
        let there = keys.len();
        let has_ended = |key: &Key| matches!(key.state(now), KeyState::Expired | KeyState::Revoked);
        keys.retain(|key| is_all || !has_ended(key));
        let ended = there - keys.len();
        keys.sort_by_cached_key(|key| (has_ended(key), key.name.to_lowercase(), key.id.clone()));
        let left_out = keys.len().saturating_sub(CONSOLE_KEYS_MAX);
        keys.truncate(CONSOLE_KEYS_MAX);
        let heads = app.engine().heads().await?;
        let names = heads.into_iter().map(|head| head.trail.to_string());
        let mine = names.filter(|trail| caller.key.covers(trail));
        Ok(Self {
            frame: Frame::of(Some(caller), "Keys", None, Place::Keys),
            rows: keys.iter().map(|key| Row::of(key, now)).collect(),
            ended,
            left_out,
            is_all,
            form,
            trails: mine.take(CONSOLE_KEYS_MAX).collect(),
            roles: form::ROLES,
            trouble: None,
        })
    }
}

/// `POST /console/keys`: makes a key. Its text is in this answer and nowhere else: no other page
/// is gone on to, and no browser keeps this one.
pub async fn create(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Answer {
    let form = Form::read(&app, request).await?;
    let wished = Wished::of(&form, &caller);
    let made = match wished.wish(app.now()) {
        Ok(wish) => Managed::of(&app, &caller).create(wish).await,
        Err(problem) => Err(problem),
    };
    match made {
        Ok(new) => page::html(
            StatusCode::CREATED,
            &MadePage::of(&app, &caller, &new, None),
        ),
        // What can be mended is asked for again, with what was given.
        Err(problem) if problem.field.is_some() => {
            let mut page = KeysPage::of(&app, &caller, wished, false).await?;
            page.trouble = Some(problem.detail.clone());
            page::html(problem.kind.status(), &page)
        }
        Err(problem) => Err(problem),
    }
}

/// A text that is shown once.
#[derive(Template)]
#[template(path = "key-made.html")]
struct MadePage<'a> {
    frame: Frame,
    row: Row,
    key: &'a str,
    /// The key that it takes the place of.
    before: Option<Row>,
}

impl<'a> MadePage<'a> {
    fn of(app: &App, caller: &Caller, new: &'a NewKey, before: Option<&Key>) -> Self {
        let now = app.now();
        Self {
            frame: Frame::of(Some(caller), "New key", None, Place::Keys),
            row: Row::of(&new.key, now),
            key: new.token.expose(),
            before: before.map(|before| Row::of(before, now)),
        }
    }
}

#[derive(Template)]
#[template(path = "key.html")]
struct KeyPage {
    frame: Frame,
    row: Row,
    overlap: String,
    expires: String,
    trouble: Option<String>,
}

impl KeyPage {
    fn of(app: &App, caller: &Caller, key: &Key) -> Self {
        Self {
            frame: Frame::of(Some(caller), format!("Key {}", key.name), None, Place::Keys),
            row: Row::of(key, app.now()),
            overlap: "24h".to_owned(),
            expires: "10m".to_owned(),
            trouble: None,
        }
    }
}

/// `GET /console/keys/{id}`: one key, and what can be done with it.
pub async fn show(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer {
    let key = Managed::of(&app, &caller).get(&id).await?;
    page::html(StatusCode::OK, &KeyPage::of(&app, &caller, &key))
}
