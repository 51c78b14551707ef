//! `indelible review start`

use clap::Args;
use indelible_evidence::Day;
use indelible_evidence::review::{Done, DoneLine, read_first_day};

use super::place::standing;
use crate::command::recorded::Recorded;
use crate::failure::{Failure, Status};
use crate::session::{Access, Opened, Session};

/// Says from which day on a trail is reviewed, where that is not the day of its first entry
///
/// Of a trail that was there before anybody reviewed it, each day since its first entry is missed.
/// A first day can be put on record once, before anything was signed off or put on record as
/// missed, with who says so and why; `list` shows it.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  indelible review start 2026-03-02 --by 'm. muster' --why 'cards are taken since'")]
pub struct Start {
    /// The first day that is reviewed, which is not to come
    #[arg(value_name = "DATE")]
    day: String,
    /// Who says so
    #[arg(long, value_name = "NAME")]
    by: String,
    /// Why no day before it is reviewed
    #[arg(long, value_name = "TEXT")]
    why: String,
}

impl Start {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        for (name, text) in [("--by", &self.by), ("--why", &self.why)] {
            if text.trim().is_empty() {
                return Err(Failure::usage(format!("{name} is empty")));
            }
        }
        let day = read_first_day(&self.day, session.now()).map_err(Failure::usage)?;
        let opened = session.open(Access::Write).await?;
        let said = self.say(&opened, day).await;
        let said = opened.close(said).await?;
        session.output.print(&Done {
            recorded: vec![said],
        })?;
        Ok(Status::Fine)
    }

    async fn say(&self, opened: &Opened, day: Day) -> Result<DoneLine, Failure> {
        let ledger = standing(opened).await?;
        let who = (self.by.as_str(), self.why.as_str());
        ledger.start(&Recorded(opened), day, who).await
    }
}
