//! `indelible report system`

use std::io::Write;

use clap::Args;
use indelible_evidence::{Count, Form, Surroundings, SystemReport, measure, render_system};
use indelible_server::keys::Keys;
use serde::Serialize;

use super::Format;
use super::around::Around;
use crate::answer::{Answer, Layout, Sheet};
use crate::destination::Destination;
use crate::failure::{Failure, Status, remark};
use crate::session::{Access, Opened, Session};

/// Answers what is asked of the audit system itself, SYS-01 to SYS-48, for this installation
///
/// Each requirement is met, not met, or needs evidence from elsewhere, with the fact that was
/// measured. Nothing is recorded and no entry is verified: that is what `indelible verify` does,
/// and the last verification on record is one of the facts. The exit status is 0 however the
/// answers are.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible report system -o system.html
  indelible report system --format csv --policy 'Logging policy, 3.1, M. Muster'

What the product brings to each requirement, and the tests that show it: docs/requirements.md.")]
pub struct System {
    /// What is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// A written policy that goes with the report: its title, version and owner
    #[arg(long = "policy", value_name = "TEXT")]
    policies: Vec<String>,
    #[command(flatten)]
    destination: Destination,
}

impl System {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        self.destination.check_answer(session)?;
        let opened = session.open(Access::Read).await?;
        self.destination.check(&opened)?;
        let written = self.write(&opened, session).await;
        let made = opened.close(written).await?;
        match self.destination.path() {
            Some(_) => session.output.print(&made)?,
            None => remark(&made.line()),
        }
        Ok(Status::Fine)
    }

    async fn write(&self, opened: &Opened, session: &Session) -> Result<Made, Failure> {
        let keys = Keys::new(opened.database.engine().clone());
        let surroundings = Surroundings {
            keys: keys.counts(session.now()).await,
            policies: self.policies.clone(),
            ..Around::of(opened).look()?
        };
        let measured = measure(opened.database.engine(), surroundings).await?;
        let software = concat!("indelible ", env!("CARGO_PKG_VERSION"));
        let report = SystemReport::of(measured, software);
        let text = render_system(&report, Form::from(self.format)).map_err(Failure::new)?;
        let mut sink = self.destination.begin(&session.output)?;
        sink.write_all(text.as_bytes())?;
        sink.finish()?;
        Ok(Made {
            counts: report.counts,
            file: self
                .destination
                .path()
                .map(|path| path.display().to_string()),
        })
    }
}

/// What is said of answers that were written.
#[derive(Serialize)]
struct Made {
    counts: Vec<Count>,
    /// Where they were written; nothing for standard output.
    file: Option<String>,
}

impl Made {
    fn line(&self) -> String {
        let counts = self.counts.iter();
        let counts = counts.map(|count| format!("{} {}", count.requirements, count.answer));
        let counts: Vec<_> = counts.collect();
        match &self.file {
            Some(file) => format!("{}; written to {file}", counts.join(", ")),
            None => counts.join(", "),
        }
    }
}

impl Answer for Made {
    fn layout(&self) -> Layout {
        Layout::Line(self.line())
    }

    fn sheet(&self) -> Sheet {
        let counts = self.counts.iter();
        let fields = counts.map(|count| (count.answer.as_str(), count.requirements.to_string()));
        Sheet::of_fields(fields.collect())
    }
}
