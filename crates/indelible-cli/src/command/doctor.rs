//! `indelible doctor`

mod checkup;
mod obstacle;
pub mod place;

use clap::Args;
use indelible_server::checkup::{Check, Verdict};
use serde::Serialize;

use crate::answer::{Answer, Layout, Sheet, json_lines};
use crate::failure::{Failure, Status};
use crate::session::{Access, Session};
use checkup::Checkup;

/// Looks at database, key, state directory and marks, and says what to mend
///
/// It answers why events do not appear: whether the database is reached, whether its schema,
/// guards and clock are as they must be, whether this role may record, and where trails went.
/// The exit status is 1 where something must be mended. What the entries hold is not looked at:
/// `indelible verify` does that.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible doctor
  indelible doctor --database postgres://app@db.example/audit --output json")]
pub struct Doctor {}

impl Doctor {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let settings = session.settings()?;
        let mut checkup = Checkup::default();
        checkup.settings(&settings);
        let trail = settings.trail.clone();
        let opened = session.open_trail(Access::Read, session.settings()?, trail);
        match opened.await {
            Ok(opened) => {
                checkup.database(&opened, session).await;
                // Nothing was written, so that nothing can be lost by closing.
                let _ = opened.database.close().await;
            }
            Err(failure) => checkup.unopened(&settings, &failure).await,
        }
        let diagnosis = checkup.diagnosis();
        let status = if diagnosis.ok {
            Status::Fine
        } else {
            Status::Failed
        };
        session.output.print_judged(&diagnosis, Ok(status))
    }
}

/// All that was looked at.
#[derive(Serialize)]
pub struct Diagnosis {
    /// Whether nothing must be mended.
    pub ok: bool,
    /// One for each thing.
    pub checks: Vec<Check>,
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "OK",
        Verdict::Warn => "WARN",
        Verdict::Fail => "FAIL",
    }
}

impl Answer for Diagnosis {
    fn layout(&self) -> Layout {
        let line = |check: &Check| {
            let word = word(check.verdict);
            let line = Layout::Line(format!("{word:4}  {:12}  {}", check.check, check.detail));
            let remedy = check
                .remedy
                .as_ref()
                .map(|remedy| Layout::Line(format!("      → {remedy}")));
            std::iter::once(line).chain(remedy)
        };
        Layout::Parts(self.checks.iter().flat_map(line).collect())
    }

    fn sheet(&self) -> Sheet {
        let rows = self.checks.iter().map(|check| {
            vec![
                check.check.to_owned(),
                word(check.verdict).to_owned(),
                check.detail.clone(),
                check.remedy.clone().unwrap_or_default(),
            ]
        });
        Sheet {
            columns: vec!["check", "verdict", "detail", "remedy"],
            rows: rows.collect(),
        }
    }

    fn lines(&self) -> serde_json::Result<Vec<String>> {
        json_lines(&self.checks)
    }
}
