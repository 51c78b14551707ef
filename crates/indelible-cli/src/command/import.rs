//! `indelible import`

mod dry;
mod explain;
mod met;
mod resume;
mod run;
mod tables;
mod tally;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use indelible::core::state::Purpose;
use indelible_exchange::{ImportError, Importer, Mapping, Source, plan};

use crate::failure::{Failure, Status};
use crate::input;
use crate::session::{Access, Opened, Session};
use dry::Dry;
use explain::explain;
use resume::Resume;
use run::{Run, Target};

/// Imports events of other systems, in the order in which they occurred
///
/// Files may be folders, patterns or - for standard input, plain or gzip. Importing again adds
/// nothing: the id of every event follows from the record. A record that cannot be read is named
/// on standard error with file and line, and the rest goes on; then the exit status is 1. An import
/// of files that was interrupted goes on where it stopped when it is called again.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible import cloudtrail AWSLogs/
  indelible import ndjson events.ndjson.gz 'more/*.ndjson'
  other-program | indelible import ndjson -
  indelible import syslog /var/log/auth.log.1 --year 2025
  indelible import audit-table sqlite:shop.db --mapping shop.toml
  indelible import --explain okta system.log.ndjson --line 3
  indelible import --print-mapping github > github.toml
  indelible import billing billing.log --mapping billing.toml --dry-run")]
pub struct Import {
    /// What the files hold: cloudtrail, windows, kubernetes, okta, ndjson (events in our own shape),
    /// github, google-workspace, gcp, azure, microsoft365, slack, auditd, syslog, cef, audit-table,
    /// generic-json, generic-text, or the name of a mapping
    format: String,
    /// Files, folders, patterns, or - for standard input; for audit-table and mappings of tables,
    /// databases: sqlite:PATH or postgres://…
    #[arg(value_name = "FILE", required_unless_present = "print_mapping")]
    files: Vec<PathBuf>,
    /// The mapping file of that name, for a format of your own
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// The year of times that are written without one, as those of RFC 3164
    #[arg(long, value_parser = clap::value_parser!(i32).range(1970..=9999))]
    year: Option<i32>,
    /// Shows how the first records map, and why, and records nothing
    #[arg(long, conflicts_with_all = ["dry_run", "print_mapping"])]
    explain: bool,
    /// Explains the records that begin on this line
    #[arg(long, requires = "explain", value_name = "N")]
    line: Option<u64>,
    /// Prints the mapping of the format, to be adapted
    #[arg(long, conflicts_with_all = ["dry_run", "mapping", "files"])]
    print_mapping: bool,
    /// Says what would be recorded, and records nothing
    #[arg(long)]
    dry_run: bool,
}

const NO_COLUMNS: &str = "say with --mapping which columns the table has: begin with `indelible \
    import --print-mapping audit-table > mine.toml`";
/// The longest mapping file.
const MAPPING_BYTES_MAX: usize = 1 << 20;

impl Import {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        if self.print_mapping {
            return self.print(session);
        }
        let mapping = self.mapping()?;
        let sources = match mapping.table() {
            Some(table) => tables::sources(session, &self.files, table).await?,
            None => plan(&self.files).map_err(of_plan)?,
        };
        let importer = |mapping, key: [u8; 32], redactor| {
            let importer = Importer::new(mapping, key).redactor(redactor);
            importer.year(self.year).now(session.now())
        };
        if self.explain {
            let redactor = session.shown_redactor()?;
            let importer = importer(mapping, [0; 32], Arc::new(redactor));
            return explain(session, &importer, sources, self.line);
        }
        let mut run = Run::new(session, sources.len());
        let tally = if self.dry_run {
            let dry = Dry::open(session).await?;
            let importer = importer(mapping, dry.id_key().await?, dry.redactor());
            let target = Target::Dry(Box::new(dry));
            run.take(importer.read_sorted(sources), target).await
        } else {
            let opened = session.open(Access::Create).await?;
            let key = match opened.database.engine().secret(Purpose::Ids).await {
                Ok(key) => key,
                Err(error) => return opened.close(Err(error.into())).await,
            };
            let redactor = Arc::clone(&opened.database.engine().ground().redactor);
            let importer = importer(mapping, *key.expose(), redactor);
            let tally = run_into(&mut run, &opened, &importer, sources).await;
            opened.close(tally).await
        };
        let stopped = tally.err();
        let verdict = match stopped {
            Some(failure) => Err(failure),
            None if run.tally.is_clean() => Ok(Status::Fine),
            None => Ok(Status::Failed),
        };
        session.output.print_judged(&run.tally, verdict)
    }

    fn print(&self, session: &Session) -> Result<Status, Failure> {
        let text = Mapping::shipped_text(&self.format).ok_or_else(|| self.unknown())?;
        let mut out = session.output.writer();
        out.write_all(text.as_bytes())?;
        out.flush()?;
        Ok(Status::Fine)
    }

    fn unknown(&self) -> Failure {
        let names: Vec<_> = Mapping::shipped_names().collect();
        Failure::usage(format!(
            "there is no format `{}`; built in are {}; others come with --mapping FILE",
            self.format,
            names.join(", ")
        ))
    }

    fn mapping(&self) -> Result<Mapping, Failure> {
        let Some(path) = &self.mapping else {
            let mapping = Mapping::shipped(&self.format).ok_or_else(|| self.unknown())?;
            // No two applications call their columns alike, and what is recorded stays.
            return match mapping.table() {
                None => Ok(mapping),
                Some(_) => Err(Failure::usage(NO_COLUMNS)),
            };
        };
        let shown = path.display();
        let text = input::read(path, MAPPING_BYTES_MAX)?;
        let text = String::from_utf8(text)
            .map_err(|_| Failure::usage(format!("{shown}: a mapping is UTF-8 text")))?;
        let mapping =
            Mapping::parse(&text).map_err(|error| Failure::usage(format!("{shown}, {error}")))?;
        if mapping.name() != self.format {
            // The name is part of every id, so that a slip would import everything again.
            let name = mapping.name();
            let text = format!("{shown} maps `{name}`; say `indelible import {name} …`");
            return Err(Failure::usage(text));
        }
        Ok(mapping)
    }
}

/// Takes the sources into the trail, from where the same import stopped.
async fn run_into(
    run: &mut Run,
    opened: &Opened,
    importer: &Importer,
    sources: Vec<Source>,
) -> Result<(), Failure> {
    let fingerprint = importer.fingerprint(&sources);
    let mut resume = fingerprint.and_then(|fingerprint| Resume::of(opened, &fingerprint));
    let reached = match &mut resume {
        Some(resume) => resume.reached().await?,
        None => None,
    };
    let items = importer.read_sorted(sources).after(reached);
    let target = Target::Trail(opened.audit.clone(), resume);
    run.take(items, target).await
}

fn of_plan(error: ImportError) -> Failure {
    match error {
        ImportError::NotFound(_) => Failure::not_found(error),
        ImportError::Pattern { .. } => Failure::usage(error),
        _ => Failure::new(error),
    }
}
