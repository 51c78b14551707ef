//! All pages of a question, one after the other.

use indelible::{Audit, AuditProtocol, Page, Query};

use crate::failure::Failure;

/// Asks for page after page, all of the same state of the trail.
pub struct Pages {
    /// The question for the next page; `None` after the last.
    next: Option<Query>,
    is_unresolved: bool,
}

/// Entries of one page: the most that a query answers at once.
const PAGE_ENTRIES: i64 = 1000;

impl Pages {
    /// All pages from where the question begins.
    pub fn new(mut query: Query) -> Self {
        query.limit = Some(PAGE_ENTRIES);
        Self {
            next: Some(query),
            is_unresolved: false,
        }
    }

    /// The same of unresolved attempts alone, or of all.
    pub fn unresolved(self, is_unresolved: bool) -> Self {
        Self {
            is_unresolved,
            ..self
        }
    }

    /// The next page, `None` after the last.
    ///
    /// # Errors
    /// Those of the query.
    pub async fn next(&mut self, audit: &Audit) -> Result<Option<Page>, Failure> {
        let Some(mut query) = self.next.take() else {
            return Ok(None);
        };
        let page = page(audit, query.clone(), self.is_unresolved).await?;
        if let Some(cursor) = &page.next_cursor {
            query.cursor = Some(cursor.clone());
            query.offset = None;
            self.next = Some(query);
        }
        Ok(Some(page))
    }
}

/// One page, of unresolved attempts alone or of all.
///
/// # Errors
/// Those of the query.
pub async fn page(audit: &Audit, query: Query, is_unresolved: bool) -> Result<Page, Failure> {
    Ok(match is_unresolved {
        true => indelible::unresolved(audit, query).await?,
        false => audit.query(query).await?,
    })
}
