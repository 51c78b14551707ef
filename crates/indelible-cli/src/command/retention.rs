//! `indelible retention`

mod answer;
mod run;
mod set;

use clap::{Args, Subcommand};
use indelible_evidence::retention::Standing;

use crate::failure::{Failure, Status};
use crate::session::{Access, Session};

/// Lets entries go when they are old enough, and says so in the trail
///
/// A trail without a policy keeps everything. With one, entries older than its maximum go whole,
/// from the front of the trail: everything before the first entry that is younger, or held by a
/// legal hold. Parts of entries can go earlier, by the entries' actions. The trail records which
/// entries went, how many, the root over them, the policy and who had it done; every proof of what
/// is left stays good, and `verify` calls what goes otherwise missing.
#[derive(Debug, Subcommand)]
#[command(after_long_help = "\
A year at least, two at most, and who looked at what for 400 days:
  indelible retention set --minimum-days 365 --maximum-days 730 --legal-basis 'PCI DSS 10.5.1' \\
      --class 'document_*=400:actor' --by 'c. iso'
  indelible retention plan
  indelible retention run --by 'c. iso' --yes

More: docs/guide/retention.md.")]
pub enum RetentionCommand {
    Show(Show),
    Set(set::Set),
    Plan(run::Plan),
    Run(run::Run),
}

/// Shows the trail's policy and where its entries begin
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  indelible retention show --output json")]
pub struct Show {}

impl RetentionCommand {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        match self {
            Self::Show(_) => show(session).await,
            Self::Set(command) => command.run(session).await,
            Self::Plan(command) => command.run(session).await,
            Self::Run(command) => command.run(session).await,
        }
    }
}

async fn show(session: &Session) -> Result<Status, Failure> {
    let opened = session.open(Access::Read).await?;
    let standing = Standing::of(&opened.audit, session.now()).await;
    let standing = opened.close(standing.map_err(Failure::from)).await?;
    session.output.print(&standing)?;
    Ok(Status::Fine)
}
