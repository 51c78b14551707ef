//! `indelible review assign`, `close` and `findings`

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use indelible_evidence::review::{Disposition, Done, FindingLines};

use super::place::standing;
use crate::command::recorded::Recorded;
use crate::failure::{Failure, Status};
use crate::session::{Access, Opened, Session};

/// Gives a finding an owner: who has to see to it
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  indelible review assign brute_force_user-4402 --to 'm. muster' --by 'q. sa'")]
pub struct Assign {
    /// The finding
    finding: String,
    /// Who has to see to it
    #[arg(long, value_name = "NAME")]
    to: String,
    /// Who says so
    #[arg(long, value_name = "NAME")]
    by: String,
    /// What there is to say
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
}

/// Closes a finding: what came of it, and why
///
/// `false_positive`: it is not what the rule took it for. `benign`: it is, and was meant to be.
/// `accepted`: it is, and somebody bears the risk. `remediated`: it was mended. `escalated`: it
/// became an incident that is followed elsewhere.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  indelible review close brute_force_user-4402 --as remediated --by 'm. muster' \\
      --comment 'password changed, sessions revoked' --evidence INC-381")]
pub struct Close {
    /// The finding
    finding: String,
    /// What came of it
    #[arg(long = "as", value_name = "DISPOSITION", value_parser = dispositions())]
    disposition: Disposition,
    /// Who closes it
    #[arg(long, value_name = "NAME")]
    by: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    comment: String,
    /// What shows it: a ticket, an incident, a file
    #[arg(long, value_name = "TEXT")]
    evidence: Option<String>,
}

/// Lists the findings on record, with owner, disposition and time to close
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible review findings --open
  indelible review findings --output csv")]
pub struct Findings {
    /// Those alone that wait for somebody
    #[arg(long)]
    open: bool,
}

fn dispositions() -> impl TypedValueParser<Value = Disposition> {
    PossibleValuesParser::new(Disposition::ALL.map(Disposition::as_str))
        .try_map(|text| Disposition::named(&text).ok_or("no disposition"))
}

fn said(flag: &str, text: &str) -> Result<(), Failure> {
    match text.trim().is_empty() {
        true => Err(Failure::usage(format!("{flag} is empty"))),
        false => Ok(()),
    }
}

impl Assign {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        said("--to", &self.to)?;
        let opened = session.open(Access::Write).await?;
        let done = self.assign(&opened).await;
        let done = opened.close(done).await?;
        session.output.print(&done)?;
        Ok(Status::Fine)
    }

    async fn assign(&self, opened: &Opened) -> Result<Done, Failure> {
        let ledger = standing(opened).await?;
        let who = (self.by.as_str(), self.comment.as_deref());
        let trail = Recorded(opened);
        let done = ledger.assign(&trail, (&self.finding, &self.to), who);
        let recorded = vec![done.await?];
        Ok(Done { recorded })
    }
}

impl Close {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        said("--comment", &self.comment)?;
        let opened = session.open(Access::Write).await?;
        let done = self.close(&opened).await;
        let done = opened.close(done).await?;
        session.output.print(&done)?;
        Ok(Status::Fine)
    }

    async fn close(&self, opened: &Opened) -> Result<Done, Failure> {
        let ledger = standing(opened).await?;
        let what = (self.finding.as_str(), self.disposition);
        let why = (self.comment.as_str(), self.evidence.as_deref());
        let trail = Recorded(opened);
        let done = ledger.close(&trail, what, &self.by, why);
        let recorded = vec![done.await?];
        Ok(Done { recorded })
    }
}

impl Findings {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let opened = session.open(Access::Read).await?;
        let ledger = standing(&opened).await;
        let ledger = opened.close(ledger).await?;
        session.output.print(&FindingLines::of(ledger, self.open))?;
        Ok(Status::Fine)
    }
}
