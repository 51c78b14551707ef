//! `indelible scan`

mod answer;
mod counts;
mod sink;

use clap::Args;
use indelible::Query;
use indelible::core::redact::Rules;
use indelible::core::scan::{Personal, Scanner, is_place};
use indelible::core::{Clock, SystemClock};
use indicatif::ProgressBar;

use crate::failure::{Failure, Status, remark};
use crate::filters::Filters;
use crate::output::Format;
use crate::progress::{self, Unit};
use crate::session::{Access, Opened, Session};
use answer::{Found, Scanned};
use sink::Sink;

/// Reports secrets and personal data that should not be in the trail, without showing them
///
/// Every stored text of the entries is searched: for what the redaction rules of the settings take
/// out, because older rules, or none, may have let it in, and for e-mail addresses, telephone
/// numbers (E.164) and IBANs outside of where they are expected. Each finding names entry, place,
/// rule, and the rules that let it in; nothing of the value is shown, nor its length or hash.
/// Nothing is written.
///
/// The exit status is 0 where nothing was found and 1 where something was, so that a scheduled job
/// fails on a finding; it is 1 as well where the trail could not be read. Standard error says
/// which.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible scan
  indelible scan --start-date 7d --output json
  indelible scan --expect resource_id --expect context/customer/email
  indelible scan --secrets --output ndjson | jq -r '[.seq, .field, .path, .rule] | @tsv'

Personal data is expected in user_id, on_behalf_of and ip_address, and in the members of the
context that the catalogue names as personal for the action. Secrets are expected nowhere.
As ndjson and csv every finding is printed as it is found; a table and json list the first 1000
and count the rest.")]
pub struct Scan {
    #[command(flatten)]
    filters: Filters,
    /// A place where personal data is expected: a field, or `context` and a JSON Pointer, with all
    /// below it, such as `context/customer/email`; may be given again
    #[arg(long, value_name = "PLACE", conflicts_with_all = ["all_personal", "secrets"])]
    expect: Vec<String>,
    /// Personal data wherever it stands, expected or not
    #[arg(long, conflicts_with = "secrets")]
    all_personal: bool,
    /// Secrets alone
    #[arg(long)]
    secrets: bool,
}

/// Entries read at once: the most that a query answers.
const PAGE_ENTRIES: i64 = 1000;

impl Scan {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        if let Some(place) = self.expect.iter().find(|place| !is_place(place)) {
            let fields = "user_agent, resource_id, correlation_id, tags, notes, context or \
                          context/…";
            let text = format!("--expect {place}: no entry has such a place; {fields} are some");
            return Err(Failure::usage(text));
        }
        let personal = match (self.all_personal, self.secrets) {
            (true, _) => Personal::All,
            (_, true) => Personal::Ignored,
            _ => Personal::ExpectedElsewhere(self.expect),
        };
        let query = self.filters.query(session.now());
        let opened = session.open(Access::Read).await?;
        let rules = opened.settings.rules.clone();
        let scanner = Scanner::new(rules.unwrap_or_else(Rules::standard), personal);
        let mut scanned = Scanned::new(opened.audit.name().clone());
        let mut sink = Sink::begin(&session.output)?;
        let clock = SystemClock::new();
        let done = scan(&opened, query, &scanner, &mut scanned, &mut sink).await;
        let done = done.and_then(|()| sink.finish());
        opened.close(done).await?;
        scanned.seconds = clock.elapsed().as_millis() as f64 / 1000.0;
        let verdict = scanned.verdict();
        match session.output.format() {
            Format::Ndjson | Format::Csv => {
                if scanned.is_clean() {
                    remark(&scanned.summary());
                }
                verdict
            }
            Format::Table | Format::Json => session.output.print_judged(&scanned, verdict),
        }
    }
}

async fn scan(
    opened: &Opened,
    mut query: Query,
    scanner: &Scanner,
    scanned: &mut Scanned,
    sink: &mut Sink,
) -> Result<(), Failure> {
    query.limit = Some(PAGE_ENTRIES);
    let mut bar: Option<ProgressBar> = None;
    loop {
        let page = opened.audit.query_stored(query.clone()).await?;
        scanned.as_of = page.as_of;
        let bar =
            bar.get_or_insert_with(|| progress::bar("scanning", Some(page.as_of), Unit::Entries));
        for entry in &page.entries {
            scanned.entries += 1;
            let found = match scanner.scan(entry) {
                Ok(found) => found,
                Err(unreadable) => {
                    scanned.unreadable += 1;
                    remark(&format!("{unreadable}; `indelible verify` says more"));
                    continue;
                }
            };
            let action = scanner.shown(&entry.action);
            scanned.count(&action, &found);
            for finding in found {
                let row = Found {
                    trail: opened.audit.name(),
                    seq: entry.seq,
                    id: entry.id,
                    action: &action,
                    finding,
                };
                if !sink.write(&row)? {
                    scanned.list(row);
                }
            }
            bar.set_position(page.as_of - entry.seq);
        }
        match page.next_cursor {
            Some(cursor) => {
                query.cursor = Some(cursor);
                query.offset = None;
            }
            None => break bar.finish_and_clear(),
        }
    }
    Ok(())
}
