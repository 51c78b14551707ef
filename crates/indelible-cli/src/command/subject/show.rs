//! `indelible subject show`

use std::collections::HashMap;

use clap::Args;
use indelible::core::engine::{Sighting, Subjects};
use indelible::core::entry::Unreadable;
use indelible::core::part::PartKind;
use indelible::core::store::StoreError;
use indelible::{Audit, Entry, Outcome, Timestamp, TrailName};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::Places;
use crate::answer::{Answer, Layout, Sheet, cell, json_lines};
use crate::failure::{Failure, Status};
use crate::progress::{self, Unit};
use crate::session::{Access, Session};

/// Shows what is known about a person: when, what was done, why, and by whom
///
/// Every entry is listed in which the person is named: as the one who acted, or on whose behalf, as
/// the one acted upon, or in a place that --also names. Others who acted are shown as staff-1,
/// staff-2, …: the person may know that somebody did something and for what purpose, not who it was
/// (--names shows them). Address and user agent are shown where they are the person's own.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible subject show u-17
  indelible subject show u-17 --also context.email=ada@shop.example --output csv > access.csv

The purpose is the context's `purpose`, else its `reason`; the recipient its `recipient`.")]
pub struct Show {
    /// The person's id
    id: String,
    #[command(flatten)]
    places: Places,
    /// Show who acted by name
    #[arg(long)]
    names: bool,
}

/// What is known about a person.
#[derive(Serialize)]
struct Known {
    trail: TrailName,
    id: String,
    /// The size of the trail that was looked at.
    as_of: u64,
    entries: Vec<Line>,
}

/// One entry as the person may see it.
#[derive(Serialize)]
struct Line {
    seq: u64,
    id: Uuid,
    occurred_at: Timestamp,
    action: String,
    outcome: Outcome,
    resource_type: String,
    /// In which parts the person is named.
    named_in: Vec<PartKind>,
    by: Option<String>,
    purpose: Option<String>,
    recipient: Option<String>,
    ip_address: Option<String>,
    user_agent: Option<String>,
}

impl Show {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let subjects = self.places.subjects(vec![self.id.clone()]);
        let opened = session.open(Access::Read).await?;
        let mut lines = Lines {
            own: self.id.clone(),
            names: self.names,
            staff: HashMap::new(),
            lines: Vec::new(),
        };
        let looked = look(&opened.audit, &subjects, &mut lines).await;
        let trail = opened.audit.name().clone();
        let as_of = opened.close(looked).await?;
        if lines.lines.is_empty() {
            let text = format!("trail {trail} names {} nowhere", self.id);
            return Err(Failure::not_found(text));
        }
        session.output.print(&Known {
            trail,
            id: self.id,
            as_of,
            entries: lines.lines,
        })?;
        Ok(Status::Fine)
    }
}

async fn look(audit: &Audit, subjects: &Subjects, lines: &mut Lines) -> Result<u64, Failure> {
    let total = audit.head().await?.map(|head| head.size);
    let bar = progress::bar("looking", total, Unit::Entries);
    let mut unreadable: Option<Unreadable> = None;
    let mut each = |sighting: Sighting<'_>| {
        if sighting.parts.is_empty() {
            return;
        }
        match sighting.entry.open(audit.name()) {
            Ok(entry) => lines.add(entry, sighting.parts),
            Err(error) => drop(unreadable.get_or_insert(error)),
        };
    };
    let looked = audit
        .sightings(subjects, &mut each, &mut |done, _| bar.set_position(done))
        .await;
    bar.finish_and_clear();
    match unreadable {
        None => Ok(looked?),
        Some(unreadable) => Err(StoreError::unreadable(unreadable).into()),
    }
}

/// What is shown, in the making.
struct Lines {
    /// The person, who is shown by name.
    own: String,
    names: bool,
    /// Others who acted, by the order in which they come.
    staff: HashMap<String, usize>,
    lines: Vec<Line>,
}

impl Lines {
    fn add(&mut self, entry: Entry, named_in: Vec<PartKind>) {
        // Of whoever acted on behalf of the person they are the other's.
        let acted = entry.user_id.as_ref().is_none_or(|user| *user == self.own);
        let is_own = acted && named_in.contains(&PartKind::Actor);
        let text = |name: &str| {
            let value = entry.context.as_ref()?.get(name)?;
            value.as_str().map(str::to_owned).or_else(|| match value {
                Value::Null => None,
                other => Some(other.to_string()),
            })
        };
        let (purpose, recipient) = (
            text("purpose").or_else(|| text("reason")),
            text("recipient"),
        );
        let by = entry.user_id.map(|user| self.shown(user));
        self.lines.push(Line {
            seq: entry.seq,
            id: entry.id,
            occurred_at: entry.occurred_at,
            action: entry.action,
            outcome: entry.outcome,
            resource_type: entry.resource_type,
            by,
            purpose,
            recipient,
            ip_address: entry.ip_address.filter(|_| is_own),
            user_agent: entry.user_agent.filter(|_| is_own),
            named_in,
        });
    }

    fn shown(&mut self, user: String) -> String {
        if self.names || user == self.own {
            return user;
        }
        let next = self.staff.len() + 1;
        format!("staff-{}", self.staff.entry(user).or_insert(next))
    }
}

impl Answer for Known {
    fn layout(&self) -> Layout {
        let rows = self.entries.iter().map(|line| {
            vec![
                line.seq.to_string(),
                line.occurred_at.to_string(),
                line.action.clone(),
                parts(&line.named_in),
                cell(&line.by),
                cell(&line.purpose),
            ]
        });
        let table = Layout::Table(Sheet {
            columns: vec!["seq", "occurred_at", "action", "named_in", "by", "purpose"],
            rows: rows.collect(),
        });
        let count = self.entries.len();
        let entries = if count == 1 { "entry" } else { "entries" };
        let told = format!(
            "{count} {entries} of trail {} name {}, as of {} entries",
            self.trail, self.id, self.as_of
        );
        Layout::Parts(vec![table, Layout::Line(told)])
    }

    fn sheet(&self) -> Sheet {
        let rows = self.entries.iter().map(|line| {
            vec![
                line.seq.to_string(),
                line.id.to_string(),
                line.occurred_at.to_string(),
                line.action.clone(),
                line.outcome.to_string(),
                line.resource_type.clone(),
                parts(&line.named_in),
                cell(&line.by),
                cell(&line.purpose),
                cell(&line.recipient),
                cell(&line.ip_address),
                cell(&line.user_agent),
            ]
        });
        Sheet {
            columns: vec![
                "seq",
                "id",
                "occurred_at",
                "action",
                "outcome",
                "resource_type",
                "named_in",
                "by",
                "purpose",
                "recipient",
                "ip_address",
                "user_agent",
            ],
            rows: rows.collect(),
        }
    }

    fn lines(&self) -> serde_json::Result<Vec<String>> {
        json_lines(&self.entries)
    }
}

fn parts(parts: &[PartKind]) -> String {
    let names: Vec<_> = parts.iter().map(|part| part.as_str()).collect();
    names.join(" ")
}
