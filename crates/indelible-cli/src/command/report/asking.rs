//! What a report and a control's pack are asked for alike.

use std::path::{Path, PathBuf};

use clap::Args;
use indelible::{Query, Timestamp};
use indelible_evidence::{
    Framework, Period, Report, ReportRequest, SAMPLE_STANDARD, Sampling, Scope, report,
};

use super::FILE_BYTES_MAX;
use crate::failure::Failure;
use crate::input;
use crate::progress::{self, Unit};
use crate::session::{Access, Opened};

/// The period, what was declared, how samples are drawn.
#[derive(Debug, Args)]
pub struct Asking {
    /// The first day or instant, by when things happened: a date, RFC 3339, or how long ago
    #[arg(long, value_name = "DATE", allow_hyphen_values = true, required = true)]
    from: Option<String>,
    /// The last one; a bare date is meant to its end
    #[arg(long, value_name = "DATE", allow_hyphen_values = true, required = true)]
    to: Option<String>,
    /// What is declared of the trail: data and systems in scope, controls that do not apply
    #[arg(long, value_name = "FILE")]
    scope: Option<PathBuf>,
    /// The auditor's own text, by which a sample of each control's evidence is drawn; it is named
    /// after the auditor has the size and root that the sample is drawn from
    #[arg(
        long,
        value_name = "TEXT",
        allow_hyphen_values = true,
        requires = "as_of"
    )]
    seed: Option<String>,
    /// Entries of each control's sample [default: 25]
    #[arg(long, value_name = "COUNT", requires = "seed")]
    sample: Option<usize>,
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
}

impl Asking {
    /// What is done to the database.
    pub fn access(&self) -> Access {
        match self.no_record {
            true => Access::Read,
            false => Access::Write,
        }
    }

    /// The question.
    ///
    /// # Errors
    /// Dates that are none, a scope file that cannot be read.
    pub fn request(&self, framework: Framework, now: Timestamp) -> Result<ReportRequest, Failure> {
        // Both are required where there is no other command.
        let (from, to) = (self.from.as_deref(), self.to.as_deref());
        let dates = Query::new().start_date(from.unwrap_or_default());
        let dates = dates.end_date(to.unwrap_or_default()).dated(now);
        let (from, to) = (dates.start_date, dates.end_date);
        let period = Period::parse(&from.unwrap_or_default(), &to.unwrap_or_default());
        let period = period.map_err(Failure::usage)?;
        let sampling = self.seed.as_ref().map(|seed| Sampling {
            seed: seed.clone(),
            size: self.sample.unwrap_or(SAMPLE_STANDARD),
        });
        let scope = self.scope.as_deref().map(scope).transpose()?;
        Ok(ReportRequest {
            framework,
            period,
            as_of: self.as_of,
            scope: scope.unwrap_or_default(),
            sampling,
            created: self.created.unwrap_or(now),
            asked_by: self.asked_by.clone(),
            software: concat!("indelible ", env!("CARGO_PKG_VERSION")).to_owned(),
            recorded: !self.no_record,
        })
    }
}

/// Reads what is reported on.
///
/// # Errors
/// Those of the report; a trail without entries is not found.
pub async fn read(opened: &Opened, request: ReportRequest) -> Result<Report, Failure> {
    let bar = progress::bar("reading", None, Unit::Entries);
    let mut moved = |progress: indelible_evidence::Progress| bar.set_position(progress.seq);
    let report = report(&opened.audit, request, &mut moved).await?;
    bar.finish_and_clear();
    let trail = opened.audit.name();
    let empty = || Failure::not_found(format!("the trail {trail} has no entry"));
    report.ok_or_else(empty)
}

fn scope(path: &Path) -> Result<Scope, Failure> {
    let bytes = input::read(path, FILE_BYTES_MAX)?;
    let name = path.display();
    let text = String::from_utf8(bytes);
    let text = text.map_err(|_| Failure::usage(format!("{name}: not UTF-8")))?;
    Scope::parse(&text).map_err(|error| Failure::usage(format!("{name}, {error}")))
}
