//! `indelible query`

use std::io::Write;

use clap::Args;
use indelible::{Audit, Page, Query};
use indelible_exchange::{EntryWriter, ExportFormat};

use crate::answer::Found;
use crate::failure::{Failure, Status, remark};
use crate::filters::Filters;
use crate::output::Format;
use crate::pages::{Pages, page};
use crate::session::{Access, Session};

/// Finds entries, newest first
///
/// All filters given must hold. A page holds 100 entries unless you say otherwise; it names the
/// cursor of the next one, which answers for the same state of the trail however much was recorded
/// meanwhile.
#[derive(Debug, Args)]
#[command(
    name = "query",
    after_long_help = "\
Examples:
  indelible query --action user_login_failed --start-date 24h
  indelible query --user-id none --resource-type iam_user --start-date 2026-11-01 --end-date 2026-11-02
  indelible query --ip-address 10.0.0.0/8 --context request.method=DELETE --output json
  indelible query --unresolved --end-date 1h --output json
  indelible query --outcome denied --all --output ndjson | jq -r .user_id | sort | uniq -c"
)]
pub struct QueryCommand {
    #[command(flatten)]
    filters: Filters,
    /// Attempts alone of which no outcome is known: no later entry with their correlation id
    /// closes them
    #[arg(long, conflicts_with_all = ["outcome", "offset"])]
    unresolved: bool,
    /// Entries of a page, 1 to 1000 [default: 100]
    #[arg(long, value_name = "COUNT", allow_hyphen_values = true)]
    limit: Option<i64>,
    /// Passes over this many entries first; a cursor does the same at no cost
    #[arg(long, value_name = "COUNT", allow_hyphen_values = true)]
    offset: Option<i64>,
    /// Goes on where a page ended: its next_cursor, with the same filters
    #[arg(long, allow_hyphen_values = true)]
    cursor: Option<String>,
    /// All entries, page after page; as ndjson or csv
    #[arg(long, conflicts_with_all = ["limit", "offset"])]
    all: bool,
}

impl QueryCommand {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        if self.all && !matches!(session.output.format(), Format::Ndjson | Format::Csv) {
            let text = "--all has no end that a table or one JSON document could wait for; \
                        add --output ndjson or --output csv";
            return Err(Failure::usage(text));
        }
        let given_dates = (
            self.filters.start_date.clone(),
            self.filters.end_date.clone(),
        );
        let mut query = self.filters.query(session.now());
        query.limit = self.limit;
        query.offset = self.offset;
        query.cursor = self.cursor;
        let opened = session.open(Access::Read).await?;
        if self.all {
            let pages = Pages::new(query).unresolved(self.unresolved);
            let printed = print_all(session, &opened.audit, pages).await;
            return opened.close(printed).await;
        }
        let page = page(&opened.audit, query.clone(), self.unresolved).await;
        let page = opened.close(page).await?;
        let moved = (query.start_date.clone(), query.end_date.clone()) != given_dates;
        let next = next_flags(&page, &query, moved);
        if let (Some(next), true) = (&next, moved && session.output.format() != Format::Table) {
            // The cursor belongs to these dates, which a span of time would not name again.
            remark(&format!("older entries match; add {next}"));
        }
        session.output.print(&Found { page: &page, next })?;
        Ok(Status::Fine)
    }
}

/// The flags that ask for the page after `page`.
fn next_flags(page: &Page, query: &Query, dates_moved: bool) -> Option<String> {
    let cursor = page.next_cursor.as_ref()?;
    let mut flags = String::new();
    if dates_moved {
        for (flag, date) in [
            ("--start-date", &query.start_date),
            ("--end-date", &query.end_date),
        ] {
            if let Some(date) = date {
                flags.push_str(&format!("{flag} {date} "));
            }
        }
    }
    Some(format!("{flags}--cursor {cursor}"))
}

async fn print_all(session: &Session, audit: &Audit, mut pages: Pages) -> Result<Status, Failure> {
    let format = match session.output.format() {
        Format::Csv => ExportFormat::Csv,
        _ => ExportFormat::Ndjson,
    };
    let mut rows = EntryWriter::begin(session.output.writer(), format)?;
    while let Some(page) = pages.next(audit).await? {
        page.entries
            .iter()
            .try_for_each(|entry| rows.write(entry, None))?;
    }
    rows.finish()?.flush()?;
    Ok(Status::Fine)
}
