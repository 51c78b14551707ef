//! A question put to entries one by one, in the order in which they are recorded.

use super::cursor::{Cursor, filter_digest};
use super::{Query, QueryError, compile};
use crate::door::Door;
use crate::entry::{Columns, StoredEntry, Unreadable};
use crate::filter::Filter;
use crate::time::Timestamp;
use crate::trail::TrailName;

/// A question that is put to each entry of a trail as it is recorded, and the names of the places
/// between entries, by which a reader goes on after an interruption.
///
/// A place's name is a cursor of the same question as of the tree size at that place, so it is
/// also a cursor for the page of the entries before it.
#[derive(Debug, Clone)]
pub struct Following {
    filter: Filter,
    digest: [u8; 8],
}

/// What only pages have.
const OF_PAGES: &str = "a stream has no pages; it begins at `from`, or where the last one ended";

impl Following {
    /// Compiles a question to one trail. Spans of time are counted back from `now`, but stay
    /// spans in the question that places belong to, so that it is the same question later on.
    pub(crate) fn new(
        query: &Query,
        trail: &TrailName,
        door: &Door,
        now: Timestamp,
    ) -> Result<Self, QueryError> {
        for (field, given) in [
            ("limit", query.limit.is_some()),
            ("offset", query.offset.is_some()),
            ("cursor", query.cursor.is_some()),
            ("as_of", query.as_of.is_some()),
        ] {
            if given {
                return Err(QueryError::new(field, OF_PAGES));
            }
        }
        Ok(Self {
            filter: compile::filter(&query.clone().dated(now), door)?,
            digest: filter_digest(trail, query),
        })
    }

    /// Whether an entry is an answer.
    ///
    /// # Errors
    /// [`Unreadable`] when a part that must be opened is no JSON of its form.
    pub fn matches(&self, entry: &StoredEntry, columns: &Columns) -> Result<bool, Unreadable> {
        self.filter.matches(entry, columns)
    }

    /// The name of the place before the entry at `next`.
    pub fn place(&self, next: u64) -> String {
        Cursor {
            digest: self.digest,
            place: next,
            as_of: next,
        }
        .encode()
    }

    /// The seq of the first entry after a place.
    ///
    /// # Errors
    /// A name that was damaged, or given for another trail or other filters; it is named `field`.
    pub fn next(&self, place: &str, field: &'static str) -> Result<u64, QueryError> {
        let wrong = |problem: &dyn std::fmt::Display| {
            QueryError::new(field, format!("{problem}; begin anew without it"))
        };
        let cursor = Cursor::decode(place, self.digest).map_err(|error| match error {
            super::CursorError::Damaged => wrong(&"this is no id of an event of a stream"),
            super::CursorError::OtherVersion => wrong(&"the id was made by another version"),
            super::CursorError::OtherQuestion => {
                wrong(&"the id belongs to a stream of another trail or of other filters")
            }
        })?;
        // The cursor of a page, either way, lies before the size that the page answered for.
        if cursor.place != cursor.as_of {
            return Err(wrong(
                &"this is the cursor of a page, not an id of a stream",
            ));
        }
        Ok(cursor.place)
    }
}
