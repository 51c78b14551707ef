//! `indelible review assign`, `close` and `findings`

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use indelible_evidence::review::{Disposition, FindingState, assigned, closed};

use super::answer::{Done, DoneLine, FindingLines};
use super::place::{record, standing};
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

async fn known(opened: &Opened, id: &str) -> Result<FindingState, Failure> {
    let mut ledger = standing(opened).await?;
    ledger.findings.remove(id).ok_or_else(|| {
        Failure::not_found(format!(
            "no finding {id} is on record; `indelible review raise` puts it there"
        ))
    })
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
        let recorded = vec![opened.close(done).await?];
        session.output.print(&Done { recorded })?;
        Ok(Status::Fine)
    }

    async fn assign(self, opened: &Opened) -> Result<DoneLine, Failure> {
        let known = known(opened, &self.finding).await?;
        if !known.is_open() {
            let problem = format!("{} is closed; nobody has to see to it", known.id);
            return Err(Failure::new(problem));
        }
        let event = assigned(&known.id, &self.to, &self.by, self.comment.as_deref());
        let seq = record(opened, event).await?;
        Ok(DoneLine::of(known.id, "assigned", seq))
    }
}

impl Close {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        said("--comment", &self.comment)?;
        let opened = session.open(Access::Write).await?;
        let done = self.close(&opened).await;
        let recorded = vec![opened.close(done).await?];
        session.output.print(&Done { recorded })?;
        Ok(Status::Fine)
    }

    async fn close(self, opened: &Opened) -> Result<DoneLine, Failure> {
        let known = known(opened, &self.finding).await?;
        if let Some(closure) = &known.closure {
            let problem = format!(
                "{} was closed as {} with entry {}",
                known.id, closure.disposition, closure.seq
            );
            return Err(Failure::new(problem));
        }
        let why = (self.comment.as_str(), self.evidence.as_deref());
        let event = closed(&known.id, self.disposition, &self.by, why);
        let seq = record(opened, event).await?;
        Ok(DoneLine::of(known.id, "closed", seq))
    }
}

impl Findings {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let opened = session.open(Access::Read).await?;
        let ledger = standing(&opened).await;
        let ledger = opened.close(ledger).await?;
        let findings = ledger.findings.into_values();
        let findings = findings.filter(|it| !self.open || it.is_open()).collect();
        session.output.print(&FindingLines::of(findings))?;
        Ok(Status::Fine)
    }
}
