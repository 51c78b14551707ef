//! `indelible report`

mod lint;
mod made;

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand, ValueEnum};
use indelible::{AuditProtocol, Query, Timestamp, TrailName};
use indelible_evidence::{
    Form, Framework, Period, Report, ReportRequest, SAMPLE_STANDARD, Sampling, Scope, generated,
    render, report,
};

use crate::destination::Destination;
use crate::failure::{Failure, Status, remark};
use crate::input;
use crate::progress::{self, Unit};
use crate::session::{Access, Opened, Session};
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
  indelible report soc2-2017-2022 --from 90d --to 0d --seed 'K. Okafor, 7 May' --format json
  indelible report lint our-mapping.csv

How to read a report, and what a scope file declares: docs/guide/reports.md. Its JSON form is
docs/formats/report.md."
)]
pub struct ReportCommand {
    /// The framework, with its version
    #[arg(value_parser = frameworks(), required = true)]
    framework: Option<Framework>,
    /// The first day or instant, by when things happened: a date, RFC 3339, or how long ago
    #[arg(long, value_name = "DATE", allow_hyphen_values = true, required = true)]
    from: Option<String>,
    /// The last one; a bare date is meant to its end
    #[arg(long, value_name = "DATE", allow_hyphen_values = true, required = true)]
    to: Option<String>,
    /// What is declared of the trail: data and systems in scope, controls that do not apply
    #[arg(long, value_name = "FILE")]
    scope: Option<PathBuf>,
    /// The auditor's own text, by which a sample of each control's evidence is drawn
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    seed: Option<String>,
    /// Entries of each control's sample [default: 25]
    #[arg(long, value_name = "COUNT", requires = "seed")]
    sample: Option<usize>,
    /// What is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    destination: Destination,
    /// The trail as it was with this many entries
    #[arg(long, value_name = "SIZE")]
    as_of: Option<u64>,
    /// When it was asked for; the same question, size and time give the same bytes [default: now]
    #[arg(long, value_name = "TIME")]
    created: Option<Timestamp>,
    /// Who asked for it
    #[arg(long, value_name = "TEXT")]
    asked_by: Option<String>,
    /// Records nothing, for who may only read; the report says so
    #[arg(long)]
    no_record: bool,
    #[command(subcommand)]
    command: Option<Other>,
}

/// What is not a report.
#[derive(Debug, Subcommand)]
enum Other {
    Lint(lint::Lint),
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
        if let Some(Other::Lint(lint)) = self.command {
            return lint.run(session);
        }
        let now = session.now();
        let form = Form::from(self.format);
        let request = self.request(now)?;
        let access = match self.no_record {
            true => Access::Read,
            false => Access::Write,
        };
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

    fn request(&self, now: Timestamp) -> Result<ReportRequest, Failure> {
        // Both are required where there is no other command.
        let (from, to) = (self.from.as_deref(), self.to.as_deref());
        let dates = Query::new().start_date(from.unwrap_or_default());
        let dates = dates.end_date(to.unwrap_or_default()).dated(now);
        let (from, to) = (dates.start_date, dates.end_date);
        let period = Period::parse(&from.unwrap_or_default(), &to.unwrap_or_default());
        let period = period.map_err(Failure::usage)?;
        let framework = self
            .framework
            .ok_or_else(|| Failure::usage("name a framework"))?;
        let sampling = self.seed.as_ref().map(|seed| Sampling {
            seed: seed.clone(),
            size: self.sample.unwrap_or(SAMPLE_STANDARD),
        });
        Ok(ReportRequest {
            framework,
            period,
            as_of: self.as_of,
            scope: self
                .scope
                .as_deref()
                .map(scope)
                .transpose()?
                .unwrap_or_default(),
            sampling,
            created: self.created.unwrap_or(now),
            asked_by: self.asked_by.clone(),
            software: concat!("indelible ", env!("CARGO_PKG_VERSION")).to_owned(),
            recorded: !self.no_record,
        })
    }
}

fn scope(path: &Path) -> Result<Scope, Failure> {
    let bytes = input::read(path, FILE_BYTES_MAX)?;
    let name = path.display();
    let text =
        String::from_utf8(bytes).map_err(|_| Failure::usage(format!("{name}: not UTF-8")))?;
    Scope::parse(&text).map_err(|error| Failure::usage(format!("{name}, {error}")))
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
    let bar = progress::bar("reading", None, Unit::Entries);
    let mut moved = |progress: indelible_evidence::Progress| {
        if bar.length().is_none() {
            bar.set_length(progress.of);
        }
        bar.set_position(progress.seq);
    };
    let report = report(&opened.audit, request, &mut moved).await?;
    bar.finish_and_clear();
    let Some(report) = report else {
        let trail = opened.audit.name();
        return Err(Failure::not_found(format!(
            "the trail {trail} has no entry"
        )));
    };
    let text = render(&report, form).map_err(Failure::new)?;
    let entry = match recorded {
        true => record(opened, &report, form, &text).await?,
        false => None,
    };
    let mut sink = destination.begin(&session.output)?;
    sink.write_all(text.as_bytes())?;
    sink.finish()?;
    Ok(Made::new(&report, destination.path(), entry))
}

async fn record(
    opened: &Opened,
    report: &Report,
    form: Form,
    text: &str,
) -> Result<Option<u64>, Failure> {
    let event = generated(report, form.as_str(), text.as_bytes());
    let receipt = match *opened.audit.name() == TrailName::system() {
        true => opened.database.engine().record_of_itself(event).await?,
        false => opened.audit.record(event).await?,
    };
    Ok(receipt.seq)
}
