//! The list of trails: the first page.

use askama::Template;
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use futures_util::StreamExt;
use indelible_core::store::Head;
use indelible_core::{TrailLine, TrailName};

use super::entrance::wants_page;
use super::frame::{Frame, Place};
use super::login::Form;
use super::moment::Moment;
use super::{href, page};
use crate::access::Caller;
use crate::app::App;
use crate::keys::Permission;
use crate::limits::{CONSOLE_AGES_AT_ONCE, CONSOLE_AGES_MAX};
use crate::problem::{Answer, Kind, Problem};
use crate::request::TrailPath;
use crate::trails::begun;

/// `GET /`: where people begin who know no URL but the server's. For programs nothing is there.
pub async fn root(headers: HeaderMap) -> Answer {
    if wants_page(&headers) {
        Ok(page::see(super::ROOT))
    } else {
        Err(Problem::not_found("nothing is at this URL"))
    }
}

/// `GET /console/trails/{trail}`: leads to its events.
pub async fn one(TrailPath(trail): TrailPath) -> Response {
    page::see(&href::of_trail(&trail, "events"))
}

#[derive(Template)]
#[template(path = "trails.html")]
struct TrailsPage {
    frame: Frame,
    trails: Vec<Row>,
    /// What a trail is begun with, for those who may.
    form: Option<Begun>,
    trouble: Option<String>,
}

/// A trail that is to be begun, as it was written.
#[derive(Default)]
struct Begun {
    name: String,
    description: String,
    /// Whether it is the one that the key is for.
    is_only: bool,
}

struct Row {
    name: String,
    url: String,
    size: String,
    last: Option<Moment>,
    root: String,
    origin: String,
    incarnation: u32,
}

/// `GET /console`: the trails that the key is for.
pub async fn list(State(app): State<App>, Extension(caller): Extension<Caller>) -> Answer {
    let page = TrailsPage::of(&app, &caller, None).await?;
    page::html(StatusCode::OK, &page)
}

/// `POST /console/trails`: begins a trail and leads to it.
pub async fn begin(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Answer {
    let form = Form::read(&app, request).await?;
    let text = |name: &str| form.named(name).unwrap_or_default().trim().to_owned();
    let (name, description) = (text("trail"), text("description"));
    match begin_named(&app, &caller, &name, &description).await {
        Ok(trail) => Ok(page::see(&href::of_trail(&trail, "events"))),
        // What can be mended is asked for again, with what was given.
        Err(problem) if problem.field.is_some() => {
            let given = Begun {
                name,
                description,
                is_only: false,
            };
            let mut page = TrailsPage::of(&app, &caller, Some(given)).await?;
            page.trouble = Some(problem.detail.clone());
            page::html(problem.kind.status(), &page)
        }
        Err(problem) => Err(problem),
    }
}

async fn begin_named(
    app: &App,
    caller: &Caller,
    name: &str,
    description: &str,
) -> Result<TrailName, Problem> {
    let ill_formed = |error| Problem::new(Kind::InvalidBody, error).at("trail");
    let trail: TrailName = name.parse().map_err(ill_formed)?;
    let description = (!description.is_empty()).then(|| description.to_owned());
    begun(app, caller, &trail, description).await?;
    Ok(trail)
}

impl TrailsPage {
    async fn of(app: &App, caller: &Caller, given: Option<Begun>) -> Result<Self, Problem> {
        let mut heads = app.engine().heads().await?;
        heads.retain(|head| caller.key.covers(head.trail.as_str()));
        let frame = Frame::of(Some(caller), "Trails", None, Place::Trails);
        let form = frame
            .may(Permission::BeginTrails)
            .then(|| match &caller.key.trail {
                None => Some(given.unwrap_or_default()),
                Some(_) if !heads.is_empty() => None,
                Some(own) => Some(Begun {
                    name: own.to_string(),
                    is_only: true,
                    ..given.unwrap_or_default()
                }),
            });
        Ok(Self {
            frame,
            trails: rows(app, heads).await,
            form: form.flatten(),
            trouble: None,
        })
    }
}

/// The trails with how old their last entries are, unless they are many.
async fn rows(app: &App, heads: Vec<Head>) -> Vec<Row> {
    if heads.len() > CONSOLE_AGES_MAX {
        return heads.into_iter().map(|head| Row::of(head, None)).collect();
    }
    let now = app.now();
    let row = async |head: Head| {
        let store = &app.engine().ground().store;
        let range = head.size.saturating_sub(1)..head.size;
        // A page that cannot say it shows the trail all the same.
        let last = store.entries(&head.trail, range).await.ok();
        let last = last.and_then(|entries| entries.last().map(|last| last.created_at));
        Row::of(head, last.map(|last| Moment::of(last, now)))
    };
    let rows = futures_util::stream::iter(heads).map(row);
    rows.buffered(CONSOLE_AGES_AT_ONCE).collect().await
}

impl Row {
    fn of(head: Head, last: Option<Moment>) -> Self {
        let url = href::of_trail(&head.trail, "events");
        let line = TrailLine::from(head);
        Self {
            url,
            last,
            size: page::grouped(line.size),
            root: line.root,
            origin: line.origin,
            name: line.trail,
            incarnation: line.incarnation,
        }
    }
}
