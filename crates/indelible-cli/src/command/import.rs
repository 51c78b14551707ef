//! `indelible import`

mod dry;
mod run;
mod tally;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use indelible::core::state::Purpose;
use indelible_exchange::{ImportError, Importer, Mapping, plan};

use crate::failure::{Failure, Status};
use crate::input;
use crate::session::{Access, Session};
use dry::Dry;
use run::{Run, Target};

/// Imports events of other systems, in the order in which they occurred
///
/// Files may be folders, patterns or - for standard input, plain or gzip. Importing again adds
/// nothing: the id of every event follows from the record. A record that cannot be read is named
/// on standard error with file and line, and the rest goes on; then the exit status is 1.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible import cloudtrail AWSLogs/
  indelible import ndjson events.ndjson.gz 'more/*.ndjson'
  other-program | indelible import ndjson -
  indelible import billing billing.log --mapping billing.toml --dry-run")]
pub struct Import {
    /// What the files hold: cloudtrail, ndjson (events in our own shape), or the name of a mapping
    format: String,
    /// Files, folders, patterns, or - for standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// The mapping file of that name, for a format of your own
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Says what would be recorded, and records nothing
    #[arg(long)]
    dry_run: bool,
}

/// The longest mapping file.
const MAPPING_BYTES_MAX: usize = 1 << 20;

impl Import {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let mapping = self.mapping()?;
        let sources = plan(&self.files).map_err(of_plan)?;
        let mut run = Run::new(session, sources.len());
        let tally = if self.dry_run {
            let dry = Dry::open(session).await?;
            let importer = Importer::new(mapping, dry.id_key().await?).redactor(dry.redactor());
            let target = Target::Dry(Box::new(dry));
            run.take(importer.read_sorted(sources), target).await
        } else {
            let opened = session.open(Access::Create).await?;
            let key = match opened.database.engine().secret(Purpose::Ids).await {
                Ok(key) => key,
                Err(error) => return opened.close(Err(error.into())).await,
            };
            let redactor = Arc::clone(&opened.database.engine().ground().redactor);
            let importer = Importer::new(mapping, *key.expose()).redactor(redactor);
            let target = Target::Trail(opened.audit.clone());
            let tally = run.take(importer.read_sorted(sources), target).await;
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

    fn mapping(&self) -> Result<Mapping, Failure> {
        let Some(path) = &self.mapping else {
            return Mapping::shipped(&self.format).ok_or_else(|| {
                let names: Vec<_> = Mapping::shipped_names().collect();
                let known = names.join(" and ");
                Failure::usage(format!(
                    "there is no format `{}`; {known} are built in, others come with --mapping FILE",
                    self.format
                ))
            });
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

fn of_plan(error: ImportError) -> Failure {
    match error {
        ImportError::NotFound(_) => Failure::not_found(error),
        ImportError::Pattern { .. } => Failure::usage(error),
        _ => Failure::new(error),
    }
}
