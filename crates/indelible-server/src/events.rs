//! `GET /v1/trails/{trail}/events`: the query.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use indelible_core::{AuditProtocol, Query, TrailName};

use crate::access::Shown;
use crate::app::App;
use crate::problem::Answer;
use crate::reply;
use crate::request::{Question, TrailPath};

/// One page, newest first. Where older entries match, `Link` names the next page as a URL, with
/// spans of time replaced by the instants they stood for.
pub async fn query(
    State(app): State<App>,
    TrailPath(trail): TrailPath,
    Question(query): Question,
) -> Answer {
    let page = app.trail(&trail).query(query.clone()).await?;
    let mut response = reply::json(StatusCode::OK, &page)?;
    let shown = Shown(page.entries.len() as u64);
    response.extensions_mut().insert(shown);
    if let Some(cursor) = &page.next_cursor
        && let Ok(link) = HeaderValue::try_from(next(&trail, query, cursor))
    {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

fn next(trail: &TrailName, mut query: Query, cursor: &str) -> String {
    query.cursor = Some(cursor.to_owned());
    query.offset = None;
    let mut encoded = form_urlencoded::Serializer::new(String::new());
    encoded.extend_pairs(query.to_parameters());
    let encoded = encoded.finish();
    format!("</v1/trails/{trail}/events?{encoded}>; rel=\"next\"")
}
