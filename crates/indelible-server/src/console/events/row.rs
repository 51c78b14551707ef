//! An entry as a row of a table.

use indelible_core::{Entry, Outcome, Timestamp};

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
    /// How it ended.
    pub outcome: &'static str,
    /// Who did it, and the page about that user, where there can be one.
    pub user: Option<(String, String)>,
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
        let about = |page, pairs: &[(&str, &str)]| {
            href::with(&href::of_trail(&entry.trail, page), pairs.iter().copied())
        };
        let user = entry.user_id.as_ref();
        // A question for the user `none` is one for entries without a user.
        let url = |id: &str| {
            if id == "none" {
                String::new()
            } else {
                about("user", &[("id", id)])
            }
        };
        let user = user.map(|id| (id.clone(), url(id)));
        let kind = entry.resource_type.as_str();
        let resource = entry.resource_id.as_ref().map(|id| {
            let url = about("resource", &[("type", kind), ("id", id)]);
            (id.clone(), url)
        });
        let erased: Vec<_> = entry.erased.iter().map(ToString::to_string).collect();
        Self {
            url: href::entry(&entry.trail, entry.seq),
            seq: grouped(entry.seq),
            occurred: Moment::of(entry.occurred_at, now),
            action: entry.action.clone(),
            outcome: outcome(entry.outcome),
            user,
            resource_type: entry.resource_type.clone(),
            resource,
            address: entry.ip_address.clone().unwrap_or_default(),
            erased: erased.join(", "),
        }
    }
}

/// The name of an outcome, which is the class of its mark as well.
pub fn outcome(outcome: Outcome) -> &'static str {
    outcome.as_str()
}
