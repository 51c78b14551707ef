//! Questions to a trail.

mod compile;
mod cursor;
mod following;
mod parameters;
mod span;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub(crate) use compile::{Plan, context as member, plan, split_member};
pub use cursor::CursorError;
pub use following::Following;
pub use span::span;

use crate::setters::text_setters;

/// The most entries of one page.
pub const LIMIT_MAX: i64 = 1000;
/// The entries of one page when the caller does not say.
pub const LIMIT_STANDARD: i64 = 100;

/// A question: every filter that is set must hold. The default asks for the newest 100 entries.
///
/// ```
/// use indelible_core::{AuditAction, Query};
///
/// let failed_logins = Query::new()
///     .action(AuditAction::USER_LOGIN_FAILED)
///     .start_date("2026-11-01")
///     .end_date("2026-11-02")
///     .limit(1000);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Query {
    /// Entries of this user; `none` asks for entries without a user.
    pub user_id: Option<String>,
    /// Entries of this action or any alias of it; `admin_*` asks for the catalogue's actions
    /// that begin so.
    pub action: Option<String>,
    /// Entries of this outcome.
    pub outcome: Option<String>,
    /// Entries on this kind of resource.
    pub resource_type: Option<String>,
    /// Entries on this resource.
    pub resource_id: Option<String>,
    /// Entries from this address, block of addresses (`10.0.0.0/8`) or, where it is neither,
    /// this text.
    pub ip_address: Option<String>,
    /// Entries with this correlation id.
    pub correlation_id: Option<String>,
    /// Entries with all of these tags.
    pub tags: Vec<String>,
    /// Entries whose context has all of these members: `path=value`, the path with dots
    /// (`request.method=GET`) or as a JSON Pointer (`/request/method=GET`).
    pub context: Vec<String>,
    /// Entries that occurred at or after this: RFC 3339, or a bare date for its first
    /// microsecond in UTC.
    pub start_date: Option<String>,
    /// Entries that occurred at or before this: RFC 3339, or a bare date for its last
    /// microsecond in UTC.
    pub end_date: Option<String>,
    /// At most this many entries, 1 to 1000; more is cut to 1000, the page says so.
    pub limit: Option<i64>,
    /// Passes over this many matching entries first. Cursors do the same at no cost.
    pub offset: Option<i64>,
    /// Goes on at a place that an earlier page of the same question names.
    pub cursor: Option<String>,
    /// Asks the trail as it was at this tree size.
    pub as_of: Option<u64>,
}

impl Query {
    /// The newest 100 entries of the trail.
    pub fn new() -> Self {
        Self::default()
    }

    text_setters! {
        /// Asks for entries of one user, or of none with `none`.
        user_id,
        /// Asks for entries of one action.
        action,
        /// Asks for entries of one outcome.
        outcome,
        /// Asks for entries on one kind of resource.
        resource_type,
        /// Asks for entries on one resource.
        resource_id,
        /// Asks for entries from one address or block.
        ip_address,
        /// Asks for entries with one correlation id.
        correlation_id,
        /// Asks for entries that occurred at or after a date.
        start_date,
        /// Asks for entries that occurred at or before a date.
        end_date,
        /// Goes on where an earlier page ended.
        cursor,
    }

    /// Asks for entries with one more tag.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Asks for entries whose context has one more member, as `path=value`.
    #[must_use]
    pub fn context(mut self, member: impl Into<String>) -> Self {
        self.context.push(member.into());
        self
    }

    /// Sets the number of entries of a page.
    #[must_use]
    pub fn limit(mut self, limit: i64) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Passes over matching entries first.
    #[must_use]
    pub fn offset(mut self, offset: i64) -> Self {
        self.offset = Some(offset);
        self
    }

    /// Asks the trail as it was at a tree size.
    #[must_use]
    pub fn as_of(mut self, size: u64) -> Self {
        self.as_of = Some(size);
        self
    }
}

/// An ill-formed question, and the field that is to be mended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}`: {problem}")]
pub struct QueryError {
    field: Cow<'static, str>,
    problem: String,
}

impl QueryError {
    /// What is wrong with a field of a question.
    pub fn new(field: impl Into<Cow<'static, str>>, problem: impl std::fmt::Display) -> Self {
        Self {
            field: field.into(),
            problem: problem.to_string(),
        }
    }

    /// The field.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// What is wrong with it.
    pub fn problem(&self) -> &str {
        &self.problem
    }
}
