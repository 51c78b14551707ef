//! `indelible review raise`

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use indelible_evidence::review::{ByHand, Done, DoneLine, Severity};

use super::place::{Used, reviewed, standing};
use crate::command::recorded::Recorded;
use crate::failure::{Failure, Status};
use crate::session::{Access, Opened, Session};

/// Puts on record as findings what the rules flag, or what you found yourself
///
/// A finding says which rule flagged which entries; nothing of what these hold is copied, so that
/// what is erased from them is gone. One that is on record already is left alone, unless more came
/// to it since: then it is raised again, and is open again where it was closed.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible review raise --all --as-of 4711 --by 'q. sa'
  indelible review raise brute_force_user-4402 --as-of 4711 --by 'q. sa' --owner 'm. muster'
  indelible review raise --seq 4417 --seq 4420 --severity high --by 'q. sa' --why 'odd refunds'")]
pub struct Raise {
    /// The findings, as `indelible review show` names them
    #[arg(required_unless_present_any = ["all", "seq"])]
    findings: Vec<String>,
    /// All that are flagged
    #[arg(long, conflicts_with_all = ["findings", "seq"])]
    all: bool,
    /// An entry that no rule flags; may be given again
    #[arg(
        long,
        value_name = "SEQ",
        requires = "why",
        conflicts_with = "findings"
    )]
    seq: Vec<u64>,
    /// What is wrong with these entries
    #[arg(long, value_name = "TEXT", requires = "seq")]
    why: Option<String>,
    /// How bad it is
    #[arg(long, value_parser = severities(), default_value = "medium", requires = "seq")]
    severity: Severity,
    /// The size of the trail that was shown
    #[arg(long, value_name = "SIZE", required_unless_present = "seq")]
    as_of: Option<u64>,
    /// Who raises it
    #[arg(long, value_name = "NAME")]
    by: String,
    /// Who has to see to it
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// The rules [default: those of the settings, else those that ship]
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
}

fn severities() -> impl TypedValueParser<Value = Severity> {
    PossibleValuesParser::new(Severity::ALL.map(Severity::as_str))
        .try_map(|text| Severity::named(&text).ok_or("no severity"))
}

impl Raise {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let used = Used::of(session, self.rules.as_ref())?;
        let opened = session.open(Access::Write).await?;
        let raised = match self.seq.is_empty() {
            true => self.flagged(&opened, &used).await,
            false => self.by_hand(&opened).await,
        };
        let raised = opened.close(raised).await?;
        session.output.print(&Done { recorded: raised })?;
        Ok(Status::Fine)
    }

    async fn flagged(&self, opened: &Opened, used: &Used) -> Result<Vec<DoneLine>, Failure> {
        let reviewed = reviewed(opened, used, self.as_of).await?;
        // None are named where all are meant.
        let who = (self.by.as_str(), self.owner.as_deref());
        reviewed.raise(&Recorded(opened), &self.findings, who).await
    }

    async fn by_hand(&self, opened: &Opened) -> Result<Vec<DoneLine>, Failure> {
        let found = ByHand {
            seqs: self.seq.clone(),
            severity: self.severity,
            why: self.why.clone().unwrap_or_default(),
        };
        let ledger = standing(opened).await?;
        let who = (self.by.as_str(), self.owner.as_deref());
        let trail = Recorded(opened);
        let raised = ledger.raise_by_hand(&opened.audit, &trail, found, who);
        Ok(vec![raised.await?])
    }
}
