//! The list of trails: the first page.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use indelible_core::TrailLine;
use indelible_core::store::Head;

use super::entrance::wants_page;
use super::frame::{Frame, Place};
use super::{href, page};
use crate::access::Caller;
use crate::app::App;
use crate::problem::{Answer, Problem};

/// `GET /`: where people begin who know no URL but the server's. For programs nothing is there.
pub async fn root(headers: HeaderMap) -> Answer {
    if wants_page(&headers) {
        Ok(page::see(super::ROOT))
    } else {
        Err(Problem::not_found("nothing is at this URL"))
    }
}

#[derive(Template)]
#[template(path = "trails.html")]
struct TrailsPage {
    frame: Frame,
    trails: Vec<Row>,
}

struct Row {
    name: String,
    url: String,
    size: String,
    root: String,
    origin: String,
    incarnation: u32,
}

/// `GET /console`: the trails that the key is for.
pub async fn list(State(app): State<App>, Extension(caller): Extension<Caller>) -> Answer {
    let heads = app.engine().heads().await?;
    let mine = |head: &Head| caller.key.covers(head.trail.as_str());
    let trails = heads.into_iter().filter(mine).map(Row::of).collect();
    let page = TrailsPage {
        frame: Frame::of(Some(&caller), "Trails", None, Place::Trails),
        trails,
    };
    page::html(StatusCode::OK, &page)
}

impl Row {
    fn of(head: Head) -> Self {
        let url = href::of_trail(&head.trail, "events");
        let line = TrailLine::from(head);
        Self {
            url,
            size: page::grouped(line.size),
            root: line.root,
            origin: line.origin,
            name: line.trail,
            incarnation: line.incarnation,
        }
    }
}
