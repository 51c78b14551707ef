//! A query compiled to what stores can look up and what an entry can be tested against.

use std::net::Ipv6Addr;

use serde_json::Value;

use crate::entry::{Columns, StoredEntry, Unreadable};
use crate::outcome::Outcome;
use crate::part::PartKind;
use crate::time::Timestamp;

/// What an entry must match: all that is set, together. Each list is an "any of"; an empty outer
/// option means no condition.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// The user.
    pub user: Option<UserFilter>,
    /// Any of these actions, as stored.
    pub actions: Option<Vec<String>>,
    /// The outcome.
    pub outcome: Option<Outcome>,
    /// The resource type.
    pub resource_type: Option<String>,
    /// Any of these resource ids.
    pub resource_ids: Option<Vec<String>>,
    /// The addresses.
    pub addresses: Option<AddressFilter>,
    /// Any of these correlation ids.
    pub correlation_ids: Option<Vec<String>>,
    /// All of these tags.
    pub tags: Vec<String>,
    /// All of these members of the context.
    pub context: Vec<ContextFilter>,
    /// `occurred_at` not before this.
    pub earliest: Option<Timestamp>,
    /// `occurred_at` not after this.
    pub latest: Option<Timestamp>,
}

/// Whose entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserFilter {
    /// Any of these users.
    AnyOf(Vec<String>),
    /// Entries without a user, those included whose actor was erased.
    None,
}

/// Which addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddressFilter {
    /// Every address of a block, both ends inclusive.
    Block {
        /// The first address.
        first: Ipv6Addr,
        /// The last address.
        last: Ipv6Addr,
    },
    /// Any text, compared with the address as it was given.
    Text(String),
}

/// A member of the context and the values it may have.
#[derive(Debug, Clone, PartialEq)]
pub struct ContextFilter {
    /// The names that lead to the member, outermost first; digits also index a list.
    pub path: Vec<String>,
    /// The member's text, or the JSON spelling of a number, boolean or null, is any of these.
    pub values: Vec<String>,
}

impl Filter {
    /// Whether an entry matches.
    ///
    /// # Errors
    /// [`Unreadable`] when a part that must be opened is no JSON of its form.
    pub fn matches(&self, entry: &StoredEntry, columns: &Columns) -> Result<bool, Unreadable> {
        Ok(self.matches_skeleton(entry)
            && self.matches_columns(columns)
            && self.matches_parts(entry)?)
    }

    /// Whether anything but the skeleton's columns and the indexed columns must be looked at.
    pub fn needs_parts(&self) -> bool {
        !self.context.is_empty() || matches!(self.addresses, Some(AddressFilter::Text(_)))
    }

    /// Whether anything is asked of a part.
    pub(crate) fn asks_parts(&self) -> bool {
        self.user.is_some()
            || self.addresses.is_some()
            || self.resource_ids.is_some()
            || self.correlation_ids.is_some()
            || !self.context.is_empty()
    }

    /// The same without what is asked of these parts.
    pub(crate) fn without(&self, is_left_out: impl Fn(PartKind) -> bool) -> Self {
        let mut filter = self.clone();
        if is_left_out(PartKind::Actor) {
            filter.user = None;
            filter.addresses = None;
        }
        if is_left_out(PartKind::Target) {
            filter.resource_ids = None;
        }
        if is_left_out(PartKind::Details) {
            filter.correlation_ids = None;
            filter.context.clear();
        }
        filter
    }

    /// Whether the skeleton of an entry matches what is asked of skeletons.
    pub(crate) fn matches_skeleton(&self, entry: &StoredEntry) -> bool {
        self.earliest
            .is_none_or(|earliest| entry.occurred_at >= earliest)
            && self.latest.is_none_or(|latest| entry.occurred_at <= latest)
            && self.outcome.is_none_or(|outcome| entry.outcome == outcome)
            && self
                .actions
                .as_ref()
                .is_none_or(|any| any.contains(&entry.action))
            && self
                .resource_type
                .as_ref()
                .is_none_or(|kind| *kind == entry.resource_type)
            && self.tags.iter().all(|tag| entry.tags.contains(tag))
    }

    fn matches_columns(&self, columns: &Columns) -> bool {
        let any_of = |any: &Option<Vec<String>>, value: &Option<String>| match (any, value) {
            (None, _) => true,
            (Some(any), Some(value)) => any.contains(value),
            (Some(_), None) => false,
        };
        let user = match &self.user {
            None => true,
            Some(UserFilter::None) => columns.user_id.is_none(),
            Some(UserFilter::AnyOf(any)) => {
                columns.user_id.as_ref().is_some_and(|u| any.contains(u))
            }
        };
        let address = match &self.addresses {
            Some(AddressFilter::Block { first, last }) => columns
                .ip_address
                .is_some_and(|a| *first <= a && a <= *last),
            _ => true,
        };
        user && address
            && any_of(&self.resource_ids, &columns.resource_id)
            && any_of(&self.correlation_ids, &columns.correlation_id)
    }

    fn matches_parts(&self, entry: &StoredEntry) -> Result<bool, Unreadable> {
        if let Some(AddressFilter::Text(text)) = &self.addresses {
            let actor = entry.body(PartKind::Actor)?;
            let given = actor
                .as_ref()
                .and_then(|a| a.get("ip_address"))
                .and_then(Value::as_str);
            if given != Some(text) {
                return Ok(false);
            }
        }
        if self.context.is_empty() {
            return Ok(true);
        }
        let Some(details) = entry.body(PartKind::Details)? else {
            return Ok(false);
        };
        let Some(context) = details.get("context") else {
            return Ok(false);
        };
        Ok(self.context.iter().all(|member| member.matches(context)))
    }
}

/// A list index as RFC 6901 spells it: digits without a leading zero.
fn index(name: &str) -> Option<usize> {
    let plain = name.bytes().all(|b| b.is_ascii_digit()) && (name == "0" || !name.starts_with('0'));
    name.parse().ok().filter(|_| plain)
}

impl ContextFilter {
    /// Whether a value, from which the path leads, has one of the values there.
    pub(crate) fn matches(&self, context: &Value) -> bool {
        let found = self
            .path
            .iter()
            .try_fold(context, |value, name| match value {
                Value::Object(members) => members.get(name),
                Value::Array(items) => items.get(index(name)?),
                _ => None,
            });
        match found {
            Some(Value::String(text)) => self.values.contains(text),
            Some(value @ (Value::Number(_) | Value::Bool(_) | Value::Null)) => {
                let spelling = crate::json::canonical::to_string(value);
                self.values.contains(&spelling)
            }
            _ => false,
        }
    }
}
