//! `indelible export`

mod pack;

use std::path::Path;

use clap::{Args, ValueEnum};
use indelible::Query;
use indelible_exchange::{EntryWriter, ExportFormat};
use indicatif::ProgressBar;
use serde::Serialize;

use crate::answer::{Answer, Layout, Sheet};
use crate::destination::{Destination, Sink};
use crate::failure::{Failure, Status, remark};
use crate::filters::Filters;
use crate::pages::Pages;
use crate::progress::{self, Unit};
use crate::session::{Access, Opened, Session};
use pack::{PackOptions, Written};

/// Writes all entries that match, without a limit
///
/// Newest first; packs in the trail's order. All of them are of one state of the trail, however
/// much is recorded meanwhile. The last line on standard error says how many there are. What is
/// exported as NDJSON can be imported again, with `indelible import ndjson`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible export -o trail.ndjson
  indelible export --start-date 2026-11-01 --end-date 2026-11-30 --format csv -o november.csv
  indelible export --user-id u-17 | gzip > u-17.ndjson.gz
  indelible export --start-date 24h --format ocsf -o yesterday.ocsf.ndjson
  indelible export --action user_login_failed --format pack --complete -o failed.pack

A pack is evidence: whoever has the trail's verifier key can check it without the trail, with
indelible verify-pack or contrib/verify_pack.py. It says itself what it does not prove. Its format
is docs/formats/pack.md.

In CSV a cell that a spreadsheet would take for a formula, one that begins with = + - @ (in full
width, too), a tab or a line end, has a ' before it; so has one that begins with ' and one of
these.")]
pub struct Export {
    #[command(flatten)]
    filters: Filters,
    /// What is written
    #[arg(long, value_enum, default_value_t)]
    format: Form,
    #[command(flatten)]
    destination: Destination,
    #[command(flatten)]
    pack: PackOptions,
}

/// What is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// One JSON object per line
    #[default]
    Ndjson,
    /// RFC 4180 with a header
    Csv,
    /// One OCSF 1.5.0 event per line, with the proof of each entry
    Ocsf,
    /// CEF of ArcSight, one line per entry; texts of more than 4000 characters are cut
    Cef,
    /// RFC 5424, one message per line
    Syslog,
    /// An evidence pack: entries with proofs, to be checked without the trail
    Pack,
}

impl Form {
    /// The format of the single entries; `None` for a pack, which is more than its entries.
    fn of_entries(self) -> Option<ExportFormat> {
        match self {
            Self::Ndjson => Some(ExportFormat::Ndjson),
            Self::Csv => Some(ExportFormat::Csv),
            Self::Ocsf => Some(ExportFormat::Ocsf),
            Self::Cef => Some(ExportFormat::Cef),
            Self::Syslog => Some(ExportFormat::Syslog),
            Self::Pack => None,
        }
    }
}

impl Export {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let now = session.now();
        let query = self.filters.query(now);
        if self.format != Form::Pack
            && let Some(option) = self.pack.given()
        {
            return Err(Failure::usage(format!("{option} is for --format pack")));
        }
        self.destination.check_answer(session)?;
        let opened = session.open(Access::Read).await?;
        self.destination.check(&opened)?;
        let sink = self.destination.begin(&session.output)?;
        let written = match self.format.of_entries() {
            Some(format) => write(&opened, query, sink, format).await,
            None => pack::write(&opened, query, sink, (self.pack, now)).await,
        };
        let written = opened.close(written).await?;
        match self.destination.path() {
            Some(path) => session.output.print(&Exported::new(written, path))?,
            None => remark(&format!(
                "{}, as of size {}",
                counted(written.entries),
                written.as_of
            )),
        }
        Ok(Status::Fine)
    }
}

async fn write(
    opened: &Opened,
    query: Query,
    sink: Sink,
    format: ExportFormat,
) -> Result<Written, Failure> {
    let mut writer = EntryWriter::begin(sink, format)?;
    let mut pages = Pages::new(query);
    let mut bar: Option<ProgressBar> = None;
    let (mut entries, mut as_of) = (0, 0);
    let mut prover = None;
    while let Some(page) = pages.next(&opened.audit).await? {
        as_of = page.as_of;
        let bar = bar.get_or_insert_with(|| progress::bar("exporting", None, Unit::Entries));
        if format.has_proofs() && prover.is_none() {
            // After the first page, so that the checkpoint covers all that it answers for.
            prover = opened.audit.prover().await?;
        }
        for entry in &page.entries {
            let proof = match &mut prover {
                Some(prover) => prover.prove(entry.seq).await?,
                None => None,
            };
            writer.write(entry, proof.as_ref())?;
            entries += 1;
        }
        bar.set_position(entries);
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    writer.finish()?.finish()?;
    Ok(Written {
        entries,
        as_of,
        not_proved: Vec::new(),
    })
}

#[derive(Serialize)]
struct Exported {
    entries: u64,
    as_of: u64,
    file: String,
    /// Of a pack, what it does not prove.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_proved: Vec<&'static str>,
}

impl Exported {
    fn new(written: Written, path: &Path) -> Self {
        Self {
            entries: written.entries,
            as_of: written.as_of,
            file: path.display().to_string(),
            not_proved: written.not_proved,
        }
    }
}

impl Answer for Exported {
    fn layout(&self) -> Layout {
        let Self {
            entries,
            as_of,
            file,
            not_proved,
        } = self;
        let entries = counted(*entries);
        let open = match not_proved.contains(&"completeness") {
            true => "; that no other entry matches is not proved",
            false => "",
        };
        Layout::Line(format!(
            "{entries}, as of size {as_of}, written to {file}{open}"
        ))
    }

    fn sheet(&self) -> Sheet {
        Sheet::of_fields(vec![
            ("entries", self.entries.to_string()),
            ("as_of", self.as_of.to_string()),
            ("file", self.file.clone()),
        ])
    }
}

fn counted(entries: u64) -> String {
    match entries {
        1 => "1 entry".to_owned(),
        count => format!("{count} entries"),
    }
}
