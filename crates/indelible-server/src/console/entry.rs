//! `GET /console/trails/{trail}/events/{id}`: one entry, all of it, and what stands around it.

mod remarks;
mod tree;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use indelible_core::engine::{Audit, Sight};
use indelible_core::{AuditError, Delivery, Entry, Query, Receipt, Timestamp};
use serde_json::Value;

use super::events::Row;
use super::frame::{Frame, Place};
use super::moment::Moment;
use super::page::grouped;
use super::{href, page};
use crate::access::{Caller, Shown};
use crate::app::App;
use crate::entry::find;
use crate::keys::Permission;
use crate::problem::{Answer, Problem};
use crate::request::EntryPath;
use remarks::Remark;
use tree::Tree;

/// Entries on each side that have something in common with this one.
const NEIGHBOURS: i64 = 3;
/// Entries on each side that have its correlation id.
const TIMELINE_SIDE: i64 = 25;

#[derive(Template)]
#[template(path = "entry.html")]
struct EntryPage<'a> {
    frame: Frame,
    row: Row,
    seq: String,
    recorded: Moment,
    entry: &'a Entry,
    facts: Vec<Fact>,
    context: Option<Tree<'a>>,
    raw_context: String,
    remarks: Vec<Remark>,
    groups: Vec<Group>,
    timeline: Option<Group>,
    leaf: String,
    skeleton: String,
    receipt: String,
    previous: Option<String>,
    next: Option<String>,
    proof: Option<Proof>,
}

/// A field with its value, and where other entries with it are.
struct Fact {
    name: &'static str,
    value: String,
    url: Option<String>,
}

/// Entries that have something in common with this one.
struct Group {
    what: &'static str,
    value: String,
    url: String,
    rows: Vec<Row>,
    has_more: bool,
}

/// What the browser proves the entry from.
struct Proof {
    url: String,
    origin: String,
    key: String,
}

/// One entry.
pub async fn show(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    path: EntryPath,
) -> Answer {
    let audit = app.trail(&path.trail);
    let sight = find(&audit, path.entry).await?;
    let (entry, head) = (&sight.entry, &sight.head);
    let now = app.now();
    let around = Around {
        audit: &audit,
        sight: &sight,
        now,
    };
    let (user, resource, timeline) =
        tokio::try_join!(around.of_user(), around.of_resource(), around.timeline())?;
    let groups: Vec<Group> = user.into_iter().chain(resource).collect();
    let skeleton = sight.stored.skeleton(&path.trail);
    let frame = Frame::of(
        Some(&caller),
        format!("{} #{}", entry.action, entry.seq),
        Some(&path.trail),
        Place::Events,
    );
    let proof = frame.may(Permission::Prove).then(|| Proof {
        url: format!("{}/proof?open=true", href::entry(&path.trail, entry.seq)),
        origin: head.key.name().to_owned(),
        key: head.key.to_string(),
    });
    let shown = groups.iter().chain(&timeline).map(|group| group.rows.len());
    let shown = Shown(1 + shown.sum::<usize>() as u64);
    let own_context = entry.context.as_ref().and_then(Value::as_object);
    let page = EntryPage {
        row: Row::of(entry, now),
        seq: grouped(entry.seq),
        recorded: Moment::of(entry.created_at, now),
        facts: facts(entry),
        context: own_context.map(Tree),
        raw_context: entry.context.as_ref().map_or(String::new(), laid_out),
        remarks: entry.notes.iter().map(Remark::of).collect(),
        groups,
        timeline,
        leaf: entry.leaf_hash.to_string(),
        skeleton: String::from_utf8_lossy(&skeleton).into_owned(),
        receipt: receipt(entry, head.size)?,
        previous: (entry.seq > 0).then(|| href::entry(&path.trail, entry.seq - 1)),
        next: (entry.seq + 1 < head.size).then(|| href::entry(&path.trail, entry.seq + 1)),
        proof,
        entry,
        frame,
    };
    let mut response = page::html(StatusCode::OK, &page)?;
    response.extensions_mut().insert(shown);
    Ok(response)
}

/// The entry's fields that were given, in the order in which one asks: who, from where, to what.
fn facts(entry: &Entry) -> Vec<Fact> {
    let path = href::of_trail(&entry.trail, "events");
    let asks = |name: &str, value: &str| Some(href::with(&path, [(name, value)]));
    let mut facts = Vec::new();
    let mut add = |name, value: &Option<String>, url: &dyn Fn(&str) -> Option<String>| {
        if let Some(value) = value {
            facts.push(Fact {
                name,
                value: value.clone(),
                url: url(value),
            });
        }
    };
    add("User", &entry.user_id, &|id| href::user(&entry.trail, id));
    add("On behalf of", &entry.on_behalf_of, &|_| None);
    add("Address", &entry.ip_address, &|v| asks("ip_address", v));
    add("User agent", &entry.user_agent, &|_| None);
    let kind = Some(entry.resource_type.clone());
    add("Resource type", &kind, &|v| asks("resource_type", v));
    add("Resource", &entry.resource_id, &|id| {
        Some(href::resource(&entry.trail, &entry.resource_type, id))
    });
    add("Correlation", &entry.correlation_id, &|v| {
        asks("correlation_id", v)
    });
    for tag in &entry.tags {
        add("Tag", &Some(tag.clone()), &|v| asks("tag", v));
    }
    add("Id", &Some(entry.id.to_string()), &|_| None);
    facts
}

struct Around<'a> {
    audit: &'a Audit,
    sight: &'a Sight,
    now: Timestamp,
}

impl Around<'_> {
    /// The entries next to this one of the same user.
    async fn of_user(&self) -> Result<Option<Group>, AuditError> {
        let user = self.sight.entry.user_id.as_deref();
        let Some(user) = user.filter(|user| *user != href::NOBODY) else {
            return Ok(None);
        };
        let query = Query::new().user_id(user);
        self.group(("same user", user), query, NEIGHBOURS)
            .await
            .map(Some)
    }

    /// Those on the same resource.
    async fn of_resource(&self) -> Result<Option<Group>, AuditError> {
        let Some(resource) = &self.sight.entry.resource_id else {
            return Ok(None);
        };
        let query = Query::new()
            .resource_type(self.sight.entry.resource_type.as_str())
            .resource_id(resource.as_str());
        self.group(("same resource", resource), query, NEIGHBOURS)
            .await
            .map(Some)
    }

    /// This entry between those next to it that match, so many on each side, newest first.
    async fn group(
        &self,
        (what, value): (&'static str, &str),
        query: Query,
        side: i64,
    ) -> Result<Group, AuditError> {
        let path = href::of_trail(&self.sight.entry.trail, "events");
        let url = href::with(&path, query.to_parameters());
        let around = query.limit(side);
        let found = self.audit.neighbours(around, self.sight).await?;
        let is_full = |found: &[Entry]| found.len() as i64 >= side;
        let own = std::slice::from_ref(&self.sight.entry);
        let entries = found.newer.iter().chain(own).chain(&found.older);
        Ok(Group {
            what,
            value: value.to_owned(),
            url,
            rows: entries.map(|entry| Row::of(entry, self.now)).collect(),
            has_more: is_full(&found.newer) || is_full(&found.older),
        })
    }

    /// What belongs together by its correlation id, oldest first: an attempt and its outcome.
    async fn timeline(&self) -> Result<Option<Group>, AuditError> {
        let Some(id) = &self.sight.entry.correlation_id else {
            return Ok(None);
        };
        let query = Query::new().correlation_id(id.as_str());
        let named = ("same correlation", id.as_str());
        let mut group = self.group(named, query, TIMELINE_SIDE).await?;
        group.rows.reverse();
        Ok(Some(group))
    }
}

/// JSON on lines of its own, but for what would be mostly white space.
fn laid_out(value: &Value) -> String {
    let short = value.to_string();
    let laid_out = serde_json::to_string_pretty(value).unwrap_or_default();
    if laid_out.len() > 4 * short.len() {
        short
    } else {
        laid_out
    }
}

/// The receipt as recording the same event again would answer it.
fn receipt(entry: &Entry, size: u64) -> Result<String, Problem> {
    let receipt = Receipt {
        trail: entry.trail.clone(),
        id: entry.id,
        seq: Some(entry.seq),
        created_at: Some(entry.created_at),
        leaf_hash: Some(entry.leaf_hash),
        tree_size: Some(size),
        delivery: Delivery::Duplicate,
        content_checked: None,
    };
    serde_json::to_string_pretty(&receipt).map_err(|error| {
        Problem::new(
            crate::problem::Kind::Internal,
            "no receipt could be written",
        )
        .because(error)
    })
}
