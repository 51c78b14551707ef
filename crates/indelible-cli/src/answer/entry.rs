//! Entries and pages of them.

use indelible::{Entry, Page};
use indelible_exchange::{cells, columns};
use serde::{Serialize, Serializer};

use super::{Answer, Field, Layout, Sheet, cell, json_lines};

/// One entry with all it has.
#[derive(Serialize)]
#[serde(transparent)]
pub struct Shown<'a>(pub &'a Entry);

impl Answer for Shown<'_> {
    fn layout(&self) -> Layout {
        let entry = self.0;
        let context = |value| serde_json::to_string_pretty(value).unwrap_or_default();
        let notes = entry.notes.iter().map(|note| note.to_value().to_string());
        let erased: Vec<_> = entry.erased.iter().map(|part| part.as_str()).collect();
        let mut fields = vec![
            Field::text("entry", format!("{} #{}", entry.trail, entry.seq)),
            Field::text("id", entry.id.to_string()),
            Field::text("action", entry.action.clone()),
            Field::text("outcome", entry.outcome.to_string()),
            Field::text("resource_type", entry.resource_type.clone()),
            Field::text("resource_id", cell(&entry.resource_id)),
            Field::text("user_id", cell(&entry.user_id)),
            Field::text("on_behalf_of", cell(&entry.on_behalf_of)),
            Field::text("ip_address", cell(&entry.ip_address)),
            Field::text("user_agent", cell(&entry.user_agent)),
            Field::text("correlation_id", cell(&entry.correlation_id)),
            Field::text("tags", entry.tags.join(" ")),
            Field::text("occurred_at", entry.occurred_at.to_string()),
            Field::text("created_at", entry.created_at.to_string()),
            Field::text("leaf_hash", entry.leaf_hash.to_string()),
            Field::json(
                "context",
                entry.context.as_ref().map(context).unwrap_or_default(),
            ),
            Field::lines("notes", notes.collect()),
            Field::text("erased", erased.join(" ")),
        ];
        fields.retain(|field| !field.is_empty());
        Layout::Fields(fields)
    }

    fn sheet(&self) -> Sheet {
        Sheet {
            columns: columns(),
            rows: vec![cells(self.0)],
        }
    }
}

/// A page, and what to say of the pages after it.
pub struct Found<'a> {
    /// The page.
    pub page: &'a Page,
    /// The flags that ask for the next page, where there is one.
    pub next: Option<String>,
}

impl Serialize for Found<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.page.serialize(serializer)
    }
}

impl Answer for Found<'_> {
    fn layout(&self) -> Layout {
        let entries = &self.page.entries;
        let rows = entries.iter().map(|entry| {
            let resource = match &entry.resource_id {
                Some(id) => format!("{} {id}", entry.resource_type),
                None => entry.resource_type.clone(),
            };
            vec![
                entry.seq.to_string(),
                to_the_second(&entry.occurred_at.to_string()),
                entry.action.clone(),
                entry.outcome.to_string(),
                cell(&entry.user_id),
                cell(&entry.ip_address),
                resource,
            ]
        });
        let columns = vec![
            "seq",
            "occurred_at",
            "action",
            "outcome",
            "user_id",
            "ip_address",
            "resource",
        ];
        let table = Layout::Table(Sheet {
            columns,
            rows: rows.collect(),
        });
        let as_of = self.page.as_of;
        let line = match (&self.next, entries.len()) {
            (_, 0) => return Layout::Line(format!("no entry matches, as of size {as_of}")),
            (Some(next), _) => format!("older entries match; add {next}"),
            (None, 1) => format!("1 entry, as of size {as_of}"),
            (None, count) => format!("{count} entries, as of size {as_of}"),
        };
        Layout::Parts(vec![table, Layout::Line(line)])
    }

    fn sheet(&self) -> Sheet {
        Sheet {
            columns: columns(),
            rows: self.page.entries.iter().map(cells).collect(),
        }
    }

    fn lines(&self) -> serde_json::Result<Vec<String>> {
        json_lines(&self.page.entries)
    }
}

/// Microseconds matter to machines, which have other forms to read.
fn to_the_second(time: &str) -> String {
    format!("{}Z", time.split('.').next().unwrap_or(time))
}
