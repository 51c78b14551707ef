//! `GET /console/trails/{trail}/user` and `/resource`: who somebody is to a trail, and what has
//! happened to something.

use std::collections::HashMap;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use indelible_core::{AuditProtocol, Entry, Query, Timestamp, TrailName};

use super::counts::Counts;
use super::events::{Histogram, Row};
use super::frame::{Frame, Place};
use super::moment::Moment;
use super::page::grouped;
use super::{href, page};
use crate::access::{Caller, Shown};
use crate::app::App;
use crate::limits::ABOUT_ENTRIES_MAX;
use crate::problem::{Answer, Kind, Problem};
use crate::request::{TrailPath, pairs};

/// Entries that are listed.
const LISTED_MAX: usize = 20;
/// Values of one kind that are named.
const VALUES_MAX: usize = 12;

#[derive(Template)]
#[template(path = "about.html")]
struct AboutPage {
    frame: Frame,
    kind: &'static str,
    resource_type: Option<String>,
    id: String,
    events: String,
    first: Option<Sight>,
    last: Option<Sight>,
    /// How many entries were looked at, and whether there are older ones.
    looked_at: String,
    is_partial: bool,
    tables: Vec<Table>,
    histogram: Option<Histogram>,
    rows: Vec<Row>,
}

/// When something was seen, in the order of the trail.
struct Sight {
    occurred: Moment,
    recorded: Moment,
}

impl Sight {
    fn of(entry: &Entry, now: Timestamp) -> Self {
        Self {
            occurred: Moment::of(entry.occurred_at, now),
            recorded: Moment::of(entry.created_at, now),
        }
    }
}

/// How often each value of a field occurs.
struct Table {
    name: &'static str,
    values: Vec<(String, String, String)>,
    further: usize,
}

/// About a user.
pub async fn user(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
    parts: Parts,
) -> Answer {
    let [id] = named(&pairs(&parts), ["id"])?;
    let subject = Subject {
        kind: if id == href::NOBODY {
            "No user"
        } else {
            "User"
        },
        query: Query::new().user_id(id.as_str()),
        resource_type: None,
        id,
    };
    subject.show(&app, &caller, &trail).await
}

/// About a resource.
pub async fn resource(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
    parts: Parts,
) -> Answer {
    let [kind, id] = named(&pairs(&parts), ["type", "id"])?;
    let subject = Subject {
        kind: "Resource",
        query: Query::new()
            .resource_type(kind.as_str())
            .resource_id(id.as_str()),
        resource_type: Some(kind),
        id,
    };
    subject.show(&app, &caller, &trail).await
}

fn named<const N: usize, V: AsRef<str>>(
    pairs: &[(V, V)],
    names: [&str; N],
) -> Result<[String; N], Problem> {
    let mut found = names.map(|_| String::new());
    for (place, name) in found.iter_mut().zip(names) {
        let mut values = pairs.iter().filter(|(given, _)| given.as_ref() == name);
        let missing = || {
            let detail = format!("`{name}` is missing: the page is about one thing");
            Problem::new(Kind::InvalidRequest, detail).at(name)
        };
        let (_, value) = values.next().ok_or_else(missing)?;
        *place = value.as_ref().to_owned();
    }
    Ok(found)
}

struct Subject {
    kind: &'static str,
    query: Query,
    resource_type: Option<String>,
    id: String,
}

impl Subject {
    async fn show(self, app: &App, caller: &Caller, trail: &TrailName) -> Answer {
        let audit = app.trail(trail);
        let newest = self.query.clone().limit(ABOUT_ENTRIES_MAX);
        let found = audit.query(newest).await?;
        let first = if found.has_more {
            audit.first(self.query.clone().as_of(found.as_of)).await?
        } else {
            found.entries.last().cloned()
        };
        let now = app.now();
        let path = href::of_trail(trail, "events");
        let own = self.query.to_parameters();
        let with = |more: &[(&str, &str)]| -> Vec<(String, String)> {
            let own = own.iter().map(|(name, value)| (*name, value.as_str()));
            let pairs = own.chain(more.iter().copied());
            pairs.map(|(n, v)| (n.to_owned(), v.to_owned())).collect()
        };
        let counts = Counts::of(&found.entries);
        let narrowed = href::open(&path, with(&[]));
        let histogram = Histogram::of(&counts, (None, None), (None, None), narrowed);
        let count = |name, field: &str, value: &dyn Fn(&Entry) -> Option<String>| {
            let link = |value: &str| href::with(&path, with(&[(field, value)]));
            Table::of(name, found.entries.iter().filter_map(value), link)
        };
        let mut tables = vec![
            count("Actions", "action", &|entry| Some(entry.action.clone())),
            count("Outcomes", "outcome", &|e| Some(e.outcome.to_string())),
            count("Addresses", "ip_address", &|e| e.ip_address.clone()),
        ];
        tables.push(match self.resource_type {
            None => count("Resource types", "resource_type", &|entry| {
                Some(entry.resource_type.clone())
            }),
            Some(_) => count("Users", "user_id", &|entry| entry.user_id.clone()),
        });
        let page = AboutPage {
            frame: Frame::of(
                Some(caller),
                format!("{} {}", self.kind, self.id),
                Some(trail),
                Place::Events,
            ),
            events: href::with(&path, own),
            first: first.map(|entry| Sight::of(&entry, now)),
            last: found.entries.first().map(|entry| Sight::of(entry, now)),
            looked_at: grouped(found.entries.len() as u64),
            is_partial: found.has_more,
            tables,
            histogram,
            rows: found
                .iter()
                .take(LISTED_MAX)
                .map(|e| Row::of(e, now))
                .collect(),
            kind: self.kind,
            resource_type: self.resource_type,
            id: self.id,
        };
        let mut response = page::html(StatusCode::OK, &page)?;
        let shown = Shown(found.entries.len() as u64);
        response.extensions_mut().insert(shown);
        Ok(response)
    }
}

impl Table {
    fn of(
        name: &'static str,
        values: impl Iterator<Item = String>,
        link: impl Fn(&str) -> String,
    ) -> Self {
        let mut counts: HashMap<String, u64> = HashMap::new();
        for value in values {
            *counts.entry(value).or_default() += 1;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by(|(a, n), (b, m)| m.cmp(n).then_with(|| a.cmp(b)));
        let further = counts.len().saturating_sub(VALUES_MAX);
        let shown = counts.into_iter().take(VALUES_MAX);
        Self {
            name,
            further,
            values: shown
                .map(|(value, count)| (link(&value), value, grouped(count)))
                .collect(),
        }
    }
}
