//! `GET /console/trails/{trail}/events`: the entries that match, over their counts in time.

mod filters;
mod histogram;
mod row;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use indelible_core::engine::TwoWayPage;
use indelible_core::{AuditError, Outcome, Page, Query, QueryError, Timestamp, TrailName};

use super::counts::Counts;
use super::frame::{Frame, Place};
use super::{href, page};
use crate::access::{Caller, Shown};
use crate::app::App;
use crate::keys::Permission;
use crate::limits::{CONSOLE_PAGE_ENTRIES, CONSOLE_PAGE_ENTRIES_MAX};
use crate::problem::Answer;
use crate::request::{TrailPath, pairs};
use crate::verification::Noted;
use filters::{Chip, FIRST_FIELDS, Field, Filters};
pub use histogram::Histogram;
pub use row::Row;

#[derive(Template)]
#[template(path = "events.html")]
struct EventsPage {
    frame: Frame,
    path: String,
    fields: Vec<Field>,
    further: Vec<Field>,
    is_further_open: bool,
    outcomes: [&'static str; 5],
    actions: Vec<String>,
    chips: Vec<Chip>,
    histogram: Option<Histogram>,
    /// What the bars leave out of account.
    is_histogram_wider: bool,
    rows: Vec<Row>,
    /// Which of the events that match are listed.
    told: String,
    as_of: String,
    is_empty_trail: bool,
    /// Whether it is the page of the newest entries.
    is_first: bool,
    /// Whether the last verification found the trail altered, and where that is told.
    is_altered: bool,
    integrity: String,
    trouble: Option<String>,
    older: Option<String>,
    newer: Option<String>,
    newest: Option<String>,
    oldest: Option<String>,
    stream: Option<String>,
    exports: Vec<(&'static str, String)>,
}

/// One page of the entries that match.
pub async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
    parts: Parts,
) -> Answer {
    let path = href::of_trail(&trail, "events");
    let given: Vec<(String, String)> = pairs(&parts)
        .into_iter()
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    // A form sends its empty fields too; the URL that is kept and shared has none. An empty value
    // that a link asks for is one.
    if given.iter().any(|(name, _)| name == FORM) {
        let is_set = |(name, value): &&(String, String)| name != FORM && !value.is_empty();
        let set = given
            .iter()
            .filter(is_set)
            .map(|(name, value)| (name, value));
        return Ok(page::see(&href::with(&path, set)));
    }
    let view = View {
        filters: Filters::of(&given),
        given,
        path,
        trail,
        now: app.now(),
    };
    view.show(&app, &caller).await
}

/// The parameter that says which way a page goes from its place, and the way that is not the usual
/// one.
const WAY: &str = "way";
const NEWER: &str = "newer";
/// What a form says of itself.
const FORM: &str = "form";
/// What only other pages than the newest one have.
const PLACES: [&str; 4] = ["cursor", WAY, "offset", "as_of"];

/// What is asked of a trail.
struct View {
    given: Vec<(String, String)>,
    filters: Filters,
    path: String,
    trail: TrailName,
    now: Timestamp,
}

impl View {
    async fn show(&self, app: &App, caller: &Caller) -> Answer {
        let trail = &self.trail;
        let audit = app.trail(trail);
        let asked = self.query();
        let turned = async {
            match (asked.clone(), self.is_upward()) {
                (Ok(query), Ok(true)) => audit.newer(query).await,
                (Ok(query), Ok(false)) => audit.older(query).await,
                (Err(error), _) | (_, Err(error)) => Err(error.into()),
            }
        };
        let (turned, noted) = tokio::join!(turned, Noted::of(app, trail));
        let is_altered = noted?.has_failed();
        let (turned, trouble) = match turned {
            Ok(turned) => (turned, None),
            Err(AuditError::Query(error)) => (nothing(), Some(error)),
            Err(error) => return Err(error.into()),
        };
        let (found, newer) = (turned.page, turned.newer_cursor);
        // Of what is ill-formed nothing is shown, so that no look goes without a record.
        let counts = match trouble {
            Some(_) => None,
            None => Some(app.counted().of(&audit).await?),
        };
        let size = found.as_of;
        let problem = trouble.as_ref().map(Filters::told);
        let named = trouble.as_ref().zip(problem.as_deref());
        let mut fields = self
            .filters
            .fields(named.map(|(error, text)| (error.field(), text)));
        let further = fields.split_off(FIRST_FIELDS);
        let frame = Frame::of(
            Some(caller),
            format!("Events of {trail}"),
            Some(trail),
            Place::Events,
        );
        let is_first = !PLACES.into_iter().any(|place| self.is_given(place));
        let turn = |cursor: Option<&String>, way: Option<&str>| {
            let is_somewhere = cursor.is_some() || way.is_some();
            let query = asked.as_ref().ok().filter(|_| is_somewhere)?;
            Some(self.turn(query, cursor, way))
        };
        let page = EventsPage {
            is_further_open: self.filters.has_further(),
            fields,
            further,
            outcomes: Outcome::ALL.map(Outcome::as_str),
            actions: counts
                .as_ref()
                .map_or(Vec::new(), |c| c.frequent_actions().to_vec()),
            chips: self.filters.chips(&self.path),
            is_histogram_wider: self.is_histogram_wider(),
            histogram: counts.and_then(|counts| self.histogram(&counts, asked.as_ref().ok()?)),
            rows: found.iter().map(|e| Row::of(e, self.now)).collect(),
            told: self.told(&found, is_first),
            as_of: page::grouped(size),
            is_empty_trail: size == 0 && trouble.is_none(),
            is_first,
            is_altered,
            integrity: href::of_trail(trail, "integrity"),
            older: turn(found.next_cursor.as_ref(), None),
            newer: newer
                .as_ref()
                .and_then(|newer| turn(Some(newer), Some(NEWER))),
            oldest: found.has_more.then(|| turn(None, Some(NEWER))).flatten(),
            newest: (!is_first).then(|| href::with(&self.path, self.filters.with(&[]))),
            // From here on, so that nothing falls between the page and the live view.
            stream: (is_first && trouble.is_none())
                .then(|| self.beside("stream", &[("from", &size.to_string())])),
            exports: if frame.may(Permission::Export) {
                self.exports(&found)
            } else {
                Vec::new()
            },
            trouble: problem,
            path: self.path.clone(),
            frame,
        };
        let status = if page.trouble.is_some() {
            StatusCode::BAD_REQUEST
        } else {
            StatusCode::OK
        };
        let mut response = page::html(status, &page)?;
        let shown = Shown(found.entries.len() as u64);
        response.extensions_mut().insert(shown);
        Ok(response)
    }

    /// Which of the events that match a page lists, in words.
    fn told(&self, found: &Page, is_first: bool) -> String {
        let matching = if self.filters.pairs().is_empty() {
            ""
        } else {
            " that match"
        };
        match found.entries.len() {
            0 => "No events".to_owned(),
            count if !is_first => format!("{count} of the events{matching}, newest first"),
            count if found.has_more => format!("The newest {count} events{matching}"),
            1 => format!(
                "1 event{}, and no more",
                matching.replace("match", "matches")
            ),
            count => format!("All {count} events{matching}, newest first"),
        }
    }

    fn query(&self) -> Result<Query, QueryError> {
        let pairs = self.given.iter().filter(|(name, _)| name != WAY);
        let pairs = pairs.map(|(name, value)| (name.as_str(), value.as_str()));
        let mut query = Query::from_parameters(pairs, self.now)?;
        let limit = query.limit.unwrap_or(CONSOLE_PAGE_ENTRIES);
        query.limit = Some(limit.min(CONSOLE_PAGE_ENTRIES_MAX));
        Ok(query)
    }

    fn is_given(&self, name: &str) -> bool {
        self.given.iter().any(|(given, _)| given == name)
    }

    /// The bars of what is asked, as far as counts tell.
    fn histogram(&self, counts: &Counts, query: &Query) -> Option<Histogram> {
        let span = query.instants().ok()?;
        let actions = query.actions().ok()?;
        let wanted = (actions.as_deref(), query.outcome.as_deref());
        let rest = self.filters.without(&["start_date", "end_date"]);
        let rest = rest.map(|(name, value)| (name, value));
        Histogram::of(counts, span, wanted, href::open(&self.path, rest))
    }

    /// Whether filters are set that counts do not tell apart.
    fn is_histogram_wider(&self) -> bool {
        let told = ["action", "outcome", "start_date", "end_date"];
        let pairs = self.filters.pairs().iter();
        let mut names = pairs.map(|(name, _)| name.as_str());
        names.any(|name| !told.contains(&name))
    }

    /// Whether the page is of the entries after its place.
    fn is_upward(&self) -> Result<bool, QueryError> {
        let mut ways = self.given.iter().filter(|(name, _)| name == WAY);
        match (ways.next(), ways.next()) {
            (None, _) => Ok(false),
            (Some((_, way)), None) if way == NEWER => Ok(true),
            _ => {
                let problem = format!("pages go `{NEWER}`, or, without it, to older entries");
                Err(QueryError::new(WAY, problem))
            }
        }
    }

    /// Another page of the same question, with the instants that spans of time stood for.
    fn turn(&self, query: &Query, cursor: Option<&String>, way: Option<&str>) -> String {
        let mut query = query.clone();
        query.cursor = cursor.cloned();
        query.offset = None;
        if cursor.is_some() {
            query.as_of = None;
        }
        query.limit = query.limit.filter(|limit| *limit != CONSOLE_PAGE_ENTRIES);
        let mut pairs = query.to_parameters();
        pairs.extend(way.map(|way| (WAY, way.to_owned())));
        href::with(&self.path, pairs)
    }

    /// What is beside this page, of the same question.
    fn beside(&self, name: &str, more: &[(&str, &str)]) -> String {
        href::with(&format!("{}/{name}", self.path), self.filters.with(more))
    }

    fn exports(&self, found: &Page) -> Vec<(&'static str, String)> {
        let as_of = found.as_of.to_string();
        let formats = [
            ("CSV", "csv"),
            ("NDJSON", "ndjson"),
            ("OCSF", "ocsf"),
            ("CEF", "cef"),
            ("syslog", "syslog"),
            ("Evidence pack", "pack"),
        ];
        let path = href::of_trail(&self.trail, "export");
        let url = |format| {
            let more = [("format", format), ("as_of", as_of.as_str())];
            href::with(&path, self.filters.with(&more))
        };
        formats.map(|(name, format)| (name, url(format))).into()
    }
}

fn nothing() -> TwoWayPage {
    TwoWayPage {
        page: Page {
            entries: Vec::new(),
            as_of: 0,
            next_cursor: None,
            has_more: false,
            limit: 0,
        },
        newer_cursor: None,
    }
}
