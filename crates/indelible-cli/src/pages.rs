//! All pages of a question, one after the other.

use std::io::{self, Write};

use indelible::{Audit, AuditProtocol, Entry, Page, Query};

use crate::answer::{cells, columns};
use crate::failure::Failure;
use crate::output::{Format, SheetWriter};

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

/// Writes entries one by one, as NDJSON or CSV.
pub enum EntryWriter<W: Write> {
    /// One JSON object per line.
    Ndjson(W),
    /// One row each.
    Csv(Box<SheetWriter<W>>),
}

impl<W: Write> EntryWriter<W> {
    /// Begins; CSV with its header. Any other form than CSV is NDJSON.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn begin(out: W, format: Format) -> io::Result<Self> {
        Ok(match format {
            Format::Csv => Self::Csv(Box::new(SheetWriter::new(out, &columns())?)),
            _ => Self::Ndjson(out),
        })
    }

    /// Writes one entry.
    ///
    /// # Errors
    /// Those of the output.
    pub fn write(&mut self, entry: &Entry) -> io::Result<()> {
        match self {
            Self::Ndjson(out) => indelible_exchange::write_entry(entry, out),
            Self::Csv(sheet) => sheet.write(&cells(entry)),
        }
    }

    /// The output, with all that was held back here.
    ///
    /// # Errors
    /// Those of the output.
    pub fn finish(self) -> io::Result<W> {
        match self {
            Self::Ndjson(out) => Ok(out),
            Self::Csv(sheet) => sheet.finish(),
        }
    }
}
