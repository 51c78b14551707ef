//! An entry as a row of a table.

use indelible_core::{Entry, Timestamp};

use super::super::href;
use super::super::moment::Moment;
use super::super::page::grouped;

/// A row.
pub struct Row {
    /// The page of the entry.
    pub url: String,
    /// Its position, for reading.
    pub seq: String,
    /// When it happened.
    pub occurred: Moment,
    /// What was done.
    pub action: String,
    /// How it ended, which is the class of its mark as well.
    pub outcome: &'static str,
    /// Who did it, and the page about that user, where there can be one.
    pub user: Option<(String, Option<String>)>,
    /// What it was done to.
    pub resource_type: String,
    /// Which of them, and the page about it.
    pub resource: Option<(String, String)>,
    /// Where from.
    pub address: String,
    /// What of it was erased, in words.
    pub erased: String,
}

impl Row {
    /// An entry as it is seen at `now`.
    pub fn of(entry: &Entry, now: Timestamp) -> Self {
        let user = entry.user_id.as_ref();
        let user = user.map(|id| (id.clone(), href::user(&entry.trail, id)));
        let resource = entry.resource_id.as_ref().map(|id| {
            let url = href::resource(&entry.trail, &entry.resource_type, id);
            (id.clone(), url)
        });
        let erased: Vec<_> = entry.erased.iter().map(ToString::to_string).collect();
        Self {
            url: href::entry(&entry.trail, entry.seq),
            seq: grouped(entry.seq),
            occurred: Moment::of(entry.occurred_at, now),
            action: entry.action.clone(),
            outcome: entry.outcome.as_str(),
            user,
            resource_type: entry.resource_type.clone(),
            resource,
            address: entry.ip_address.clone().unwrap_or_default(),
            erased: erased.join(", "),
        }
    }
}
