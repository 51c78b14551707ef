//! Paging both ways, as of one tree size.
//!
//! A cursor is a place between two entries and has two sides: the page before it and the page after
//! it, of the same question. So one kind of cursor leads both ways, and none can be taken for
//! another.

use super::audit::{Audit, StoredPage};
use crate::entry::{Entry, StoredEntry};
use crate::error::AuditError;
use crate::protocol::Page;
use crate::query::{Plan, Query, QueryError};
use crate::store::Find;

/// A page with the ways to both sides of it.
///
/// From the oldest entries that match up to the newest, page by page:
///
/// ```
/// use indelible_core::engine::Audit;
/// use indelible_core::{AuditError, Query};
///
/// async fn seqs(audit: &Audit, user: &str) -> Result<Vec<u64>, AuditError> {
///     let of_user = Query::new().user_id(user);
///     let mut turned = audit.newer(of_user.clone()).await?;
///     let mut seqs = Vec::new();
///     loop {
///         seqs.extend(turned.page.iter().rev().map(|entry| entry.seq));
///         match turned.newer_cursor {
///             Some(cursor) => turned = audit.newer(of_user.clone().cursor(cursor)).await?,
///             None => return Ok(seqs),
///         }
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TwoWayPage {
    /// The page, newest seq first. Its `next_cursor` is for [`Audit::older`].
    pub page: Page,
    /// For [`Audit::newer`]: the place after the page's newest entry, as of the same tree size.
    /// `None` where no newer entry matches as of that size.
    pub newer_cursor: Option<String>,
}

/// Entries in the order of the trail, as they are stored.
#[derive(Debug, Clone)]
pub struct StoredRun {
    /// The entries, oldest seq first.
    pub entries: Vec<StoredEntry>,
    /// The tree size that the run answers for.
    pub as_of: u64,
    /// The seq that the next run begins with; `None` on the last.
    pub next: Option<u64>,
}

/// What only pages have.
const OF_PAGES: &str = "the first entry is one and stands on no page";

impl Audit {
    /// The page before a place: what [`AuditProtocol::query`] answers for the same question, and
    /// whether newer entries match. Without a cursor, the newest page.
    ///
    /// # Errors
    /// As [`AuditProtocol::query`].
    ///
    /// [`AuditProtocol::query`]: crate::AuditProtocol::query
    pub async fn older(&self, query: Query) -> Result<TwoWayPage, AuditError> {
        let (plan, as_of) = self.planned(&query).await?;
        let found = self.stored_page(&plan, as_of).await?;
        let begin = plan.place.unwrap_or(as_of).min(as_of);
        let top = found.entries.first().map_or(begin, |entry| entry.seq + 1);
        // Nothing that matches was passed over before the newest page.
        let is_newest = plan.place.is_none() && plan.offset == 0;
        let has_newer = !is_newest && self.finds(next_above(&plan, top, as_of)).await?;
        Ok(TwoWayPage {
            page: self.open_page(found)?,
            newer_cursor: has_newer.then(|| plan.cursor(top, as_of)),
        })
    }

    /// The page after a place, as of the cursor's tree size: of the entries that match there, the
    /// oldest, newest seq first. Without a cursor, the page of the oldest entries of all.
    ///
    /// # Errors
    /// As [`AuditProtocol::query`]; an offset, which counts down from the newest entry, is refused.
    ///
    /// [`AuditProtocol::query`]: crate::AuditProtocol::query
    pub async fn newer(&self, query: Query) -> Result<TwoWayPage, AuditError> {
        if query.offset.is_some() {
            let problem = "an offset counts down from the newest entry; a cursor leads both ways";
            return Err(QueryError::new("offset", problem).into());
        }
        let (plan, as_of) = self.planned(&query).await?;
        let place = plan.place.unwrap_or(0).min(as_of);
        // One more than the page holds tells whether another page follows.
        let find = Find {
            limit: plan.limit + 1,
            ..next_above(&plan, place, as_of)
        };
        let store = &self.engine.shared.ground.store;
        let mut entries = store.find(&self.trail, &find).await?;
        let has_newer = entries.len() > plan.limit;
        if has_newer {
            entries.remove(0);
        }
        let top = entries.first().map_or(place, |entry| entry.seq + 1);
        let bottom = entries.last().map_or(place, |entry| entry.seq);
        // Looked for from here down: where somebody came from lies near.
        let next_below = Find {
            from: None,
            ..next_above(&plan, 0, bottom)
        };
        let has_older = self.finds(next_below).await?;
        let found = StoredPage {
            entries,
            as_of,
            next_cursor: has_older.then(|| plan.cursor(bottom, as_of)),
            limit: plan.limit,
        };
        Ok(TwoWayPage {
            page: self.open_page(found)?,
            newer_cursor: has_newer.then(|| plan.cursor(top, as_of)),
        })
    }

    /// The oldest entry that matches, `None` where none does: when somebody was first seen.
    ///
    /// # Errors
    /// As [`AuditProtocol::query`]; limit, offset and cursor are for pages.
    ///
    /// [`AuditProtocol::query`]: crate::AuditProtocol::query
    pub async fn first(&self, query: Query) -> Result<Option<Entry>, AuditError> {
        check_no_page(&query)?;
        let (plan, as_of) = self.planned(&query).await?;
        let store = &self.engine.shared.ground.store;
        let find = next_above(&plan, 0, as_of);
        let found = store.find(&self.trail, &find).await?.pop();
        found.map(|stored| self.open(stored)).transpose()
    }

    /// The entries that match from a seq on, in the order of the trail: for those who read all of
    /// them once, such as reports. As many as a page has.
    ///
    /// # Errors
    /// As [`AuditProtocol::query`]; offset and cursor are for pages.
    ///
    /// [`AuditProtocol::query`]: crate::AuditProtocol::query
    pub async fn stored_from(&self, query: &Query, seq: u64) -> Result<StoredRun, AuditError> {
        for (field, given) in [
            ("offset", query.offset.is_some()),
            ("cursor", query.cursor.is_some()),
        ] {
            if given {
                let problem = "a run through the trail begins at a seq";
                return Err(QueryError::new(field, problem).into());
            }
        }
        let (plan, as_of) = self.planned(query).await?;
        // One more than the run holds tells whether another one follows.
        let find = Find {
            limit: plan.limit + 1,
            ..next_above(&plan, seq, as_of)
        };
        let store = &self.engine.shared.ground.store;
        let mut entries = store.find(&self.trail, &find).await?;
        entries.reverse();
        let next = entries.get(plan.limit).map(|entry| entry.seq);
        entries.truncate(plan.limit);
        Ok(StoredRun {
            entries,
            as_of,
            next,
        })
    }

    /// Of the entries that match and are of any of these actions, as they are stored, the newest,
    /// or, with `is_oldest`, the oldest; aliases are not followed. One question for many actions
    /// of which few were ever recorded.
    ///
    /// # Errors
    /// As [`AuditProtocol::query`]; limit, offset and cursor are for pages.
    ///
    /// [`AuditProtocol::query`]: crate::AuditProtocol::query
    pub async fn end_of_actions(
        &self,
        query: &Query,
        actions: Vec<String>,
        is_oldest: bool,
    ) -> Result<Option<StoredEntry>, AuditError> {
        check_no_page(query)?;
        let (mut plan, as_of) = self.planned(query).await?;
        plan.filter.actions = Some(actions);
        let find = Find {
            from: is_oldest.then_some(0),
            ..next_above(&plan, 0, as_of)
        };
        let store = &self.engine.shared.ground.store;
        Ok(store.find(&self.trail, &find).await?.pop())
    }

    async fn finds(&self, find: Find) -> Result<bool, AuditError> {
        let store = &self.engine.shared.ground.store;
        Ok(!store.find(&self.trail, &find).await?.is_empty())
    }
}

/// Refuses what only pages have.
pub(super) fn check_no_page(query: &Query) -> Result<(), QueryError> {
    for (field, given) in [
        ("limit", query.limit.is_some()),
        ("offset", query.offset.is_some()),
        ("cursor", query.cursor.is_some()),
    ] {
        if given {
            return Err(QueryError::new(field, OF_PAGES));
        }
    }
    Ok(())
}

/// The question for the one entry that matches next above a place.
fn next_above(plan: &Plan, place: u64, below: u64) -> Find {
    Find {
        filter: plan.filter.clone(),
        below,
        from: Some(place),
        skip: 0,
        limit: 1,
    }
}
