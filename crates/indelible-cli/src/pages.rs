//! All pages of a question, one after the other.

use indelible::{Audit, AuditProtocol, Page, Query};

use crate::failure::Failure;

/// Asks for page after page, all of the same state of the trail.
pub struct Pages {
    /// The question for the next page; `None` after the last.
    next: Option<Query>,
}

/// Entries of one page: the most that a query answers at once.
const PAGE_ENTRIES: i64 = 1000;

impl Pages {
    /// All pages from where the question begins.
    pub fn new(mut query: Query) -> Self {
        query.limit = Some(PAGE_ENTRIES);
        Self { next: Some(query) }
    }

    /// The next page, `None` after the last.
    ///
    /// # Errors
    /// Those of the query.
    pub async fn next(&mut self, audit: &Audit) -> Result<Option<Page>, Failure> {
        let Some(mut query) = self.next.take() else {
            return Ok(None);
        };
        let page = audit.query(query.clone()).await?;
        if let Some(cursor) = &page.next_cursor {
            query.cursor = Some(cursor.clone());
            query.offset = None;
            self.next = Some(query);
        }
        Ok(Some(page))
    }
}
