//! `indelible report`

mod around;
mod asking;
mod lint;
mod made;
mod pack;
mod system;

use std::io::Write;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand, ValueEnum};
use indelible_evidence::{Form, Framework, ReportRequest, generated, render};

use crate::command::recorded::record;
use crate::destination::Destination;
use crate::failure::{Failure, Status, remark};
use crate::session::{Opened, Session};
pub use around::Around;
use asking::{Asking, read};
use made::Made;

/// The longest scope file or mapping, in bytes.
const FILE_BYTES_MAX: usize = 4 << 20;

/// Reports on the controls of a framework, from what was recorded in a period
///
/// Each control is in one of eight states, from direct evidence to never instrumented, with what
/// was counted for it, what is missing, and what cannot be told. The report is one file, the same
/// bytes whenever the same is asked; that it was made, of what and for whom is recorded in the
/// trail. It is evidence and no certificate.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_long_help = "\
Examples:
  indelible report pci-dss-4.0.1 --from 2026-03-01 --to 2026-03-31 --scope cards.toml -o march.html
  indelible report gdpr-2016-679 --from 2026-01-01 --to 2026-12-31 --format csv
  indelible report soc2-2017-2022 --from 90d --to 0d --as-of 4711 --seed 'K. Okafor, 7 May'
  indelible report pack PCI-DSS-4.0.1:10.2.1.4 --from 2026-03-01 --to 2026-03-31 -o denied
  indelible report system -o system.html
  indelible report lint our-mapping.csv

How to read a report, and what a scope file declares: docs/guide/reports.md. Its JSON form is
docs/formats/report.md."
)]
pub struct ReportCommand {
    /// The framework, with its version
    #[arg(value_parser = frameworks(), required = true)]
    framework: Option<Framework>,
    #[command(flatten)]
    asking: Asking,
    /// What is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    destination: Destination,
    #[command(subcommand)]
    command: Option<Other>,
}

/// What is not a report.
#[derive(Debug, Subcommand)]
enum Other {
    Pack(Box<pack::Pack>),
    Lint(lint::Lint),
    System(system::System),
}

/// The forms of a report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One page that can be printed
    #[default]
    Html,
    /// Markdown
    Md,
    /// JSON
    Json,
    /// One row for each control
    Csv,
}

impl From<Format> for Form {
    fn from(format: Format) -> Self {
        match format {
            Format::Html => Self::Html,
            Format::Md => Self::Markdown,
            Format::Json => Self::Json,
            Format::Csv => Self::Csv,
        }
    }
}

fn frameworks() -> impl TypedValueParser<Value = Framework> {
    PossibleValuesParser::new(Framework::ALL.map(Framework::id))
        .try_map(|text| text.parse::<Framework>())
}

impl ReportCommand {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        match self.command {
            Some(Other::Lint(lint)) => return lint.run(session),
            Some(Other::Pack(pack)) => return pack.run(session).await,
            Some(Other::System(system)) => return system.run(session).await,
            None => {}
        }
        let form = Form::from(self.format);
        let framework = self.framework;
        let framework = framework.ok_or_else(|| Failure::usage("name a framework"))?;
        let access = self.asking.access();
        let request = self.asking.request(framework, session.now())?;
        self.destination.check_answer(session)?;
        let opened = session.open(access).await?;
        self.destination.check(&opened)?;
        let written = write(&opened, request, form, &self.destination, session).await;
        let made = opened.close(written).await?;
        match self.destination.path() {
            Some(_) => session.output.print(&made)?,
            None => remark(&made.to_string()),
        }
        Ok(Status::Fine)
    }
}

/// Makes the report, records that it was made, and only then hands it out.
async fn write(
    opened: &Opened,
    request: ReportRequest,
    form: Form,
    destination: &Destination,
    session: &Session,
) -> Result<Made, Failure> {
    let recorded = request.recorded;
    let report = read(opened, request).await?;
    let text = render(&report, form).map_err(Failure::new)?;
    let entry = match recorded {
        true => {
            let event = generated(&report, form.as_str(), text.as_bytes());
            record(opened, event).await?.seq
        }
        false => None,
    };
    let mut sink = destination.begin(&session.output)?;
    sink.write_all(text.as_bytes())?;
    sink.finish()?;
    Ok(Made::new(&report, destination.path(), entry))
}
