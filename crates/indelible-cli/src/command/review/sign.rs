//! `indelible review sign`

use std::path::PathBuf;

use clap::Args;
use indelible_evidence::review::{SignRequest, Signed};

use super::place::{Used, reviewed};
use crate::command::recorded::Recorded;
use crate::failure::{Failure, Status};
use crate::session::{Access, Opened, Session};

/// Signs a review off
///
/// The rules are run once more over exactly the entries that were shown, what they flag and is not
/// on record yet is raised, and an entry says who reviewed which entries and which time by which
/// rules, what was found, what is still open, and the root of the tree that was reviewed. What was
/// recorded since waits for the next review. Findings may still be open: they stay in sight. What
/// was recorded is read again: where it does not count, the exit status is 1.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible review sign --as-of 4711 --by 'q. sa'
  indelible review sign --as-of 4711 --by 'q. sa' --rules reviews.toml --to 2026-03-02 \\
      --scope 'card systems' --comment 'two findings, both benign'")]
pub struct Sign {
    /// The size of the trail that was shown
    #[arg(long, value_name = "SIZE")]
    as_of: u64,
    /// Who reviewed it
    #[arg(long, value_name = "NAME")]
    by: String,
    /// The rules [default: those of the settings, else those that ship]
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// The first day or instant that is signed off [default: where the last sign-off ends]
    #[arg(long, value_name = "DATE", allow_hyphen_values = true)]
    from: Option<String>,
    /// The last one; a bare date is meant to its end [default: as far as was reviewed]
    #[arg(long, value_name = "DATE", allow_hyphen_values = true)]
    to: Option<String>,
    /// What was reviewed, in words
    #[arg(long, value_name = "TEXT")]
    scope: Option<String>,
    /// What there is to say
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
}

impl Sign {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        if self.by.trim().is_empty() {
            return Err(Failure::usage("--by is empty"));
        }
        let now = session.now();
        let used = Used::of(session, self.rules.as_ref())?;
        let ends = (self.from.as_deref(), self.to.as_deref());
        let request = SignRequest::read(&self.by, ends, &used.rules, now);
        let request = SignRequest {
            scope: self.scope.clone(),
            comment: self.comment.clone(),
            ..request.map_err(Failure::usage)?
        };
        let opened = session.open(Access::Write).await?;
        let signed = self.sign(&opened, &used, &request).await;
        let signed = opened.close(signed).await?;
        session.output.print(&signed)?;
        Ok(Status::Fine)
    }

    async fn sign(
        &self,
        opened: &Opened,
        used: &Used,
        request: &SignRequest,
    ) -> Result<Signed, Failure> {
        let reviewed = reviewed(opened, used, Some(self.as_of)).await?;
        let recorded = Recorded(opened);
        reviewed.sign(&opened.audit, &recorded, request).await
    }
}
