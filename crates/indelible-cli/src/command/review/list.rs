//! `indelible review list`

use std::path::PathBuf;

use clap::Args;
use indelible::Timestamp;
use indelible_evidence::review::{DayLines, DaysAsked, Undecided, begun, missed};

use super::place::{Used, standing};
use crate::command::recorded::record;
use crate::failure::{Failure, Status};
use crate::session::{Access, Opened, Session};

/// Lists days and their reviews; a day that nobody signed off is missed
///
/// A day is `reviewed` where all of it was signed off in time, `late` where that came after it was
/// due, `due` while there is time, and `missed` after that. When a day begins and when it is due
/// the rules say, those of the last sign-off where they say less. Days count from that of the first
/// entry, or from the one that `review start` put on record; those before are listed where they were
/// signed off, and are never missed. Sign-offs that count for nothing and
/// changes of the rules are listed too. With --check the exit status is 1 where a day is missed, so that a scheduled job
/// can raise an alarm; with --record each missed day is put on record in the trail, once.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible review list
  indelible review list --check --record
  indelible review list --from 2026-01-01 --to 2026-03-31 --rules reviews.toml --output csv")]
pub struct List {
    /// The first day: a date, or how long ago [default: 30d, and each missed day before]
    #[arg(long, value_name = "DATE", allow_hyphen_values = true)]
    from: Option<String>,
    /// The last day [default: today]
    #[arg(long, value_name = "DATE", allow_hyphen_values = true)]
    to: Option<String>,
    /// The rules, for when days begin and are due [default: those of the settings, else those that ship]
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Ends with exit status 1 where a day is missed
    #[arg(long)]
    check: bool,
    /// Puts missed days on record, each once
    #[arg(long)]
    record: bool,
}

impl List {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let now = session.now();
        let used = Used::of(session, self.rules.as_ref())?;
        let access = match self.record {
            true => Access::Write,
            false => Access::Read,
        };
        let range = (self.from.as_deref(), self.to.as_deref());
        let asked = DaysAsked::read(range, &used.rules, now).map_err(Failure::usage)?;
        let opened = session.open(access).await?;
        let listed = self.list(&opened, &used, asked, now).await;
        let listed = opened.close(listed).await?;
        let verdict = match self.check && listed.missed > 0 {
            true => Ok(Status::Failed),
            false => Ok(Status::Fine),
        };
        session.output.print_judged(&listed, verdict)
    }

    async fn list(
        &self,
        opened: &Opened,
        used: &Used,
        asked: DaysAsked,
        now: Timestamp,
    ) -> Result<DayLines, Failure> {
        let begun = begun(&opened.audit).await?;
        let empty = || Undecided::Empty(opened.audit.name().clone());
        let times = (begun.ok_or_else(empty)?, now);
        let mut ledger = standing(opened).await?;
        let mut seen = asked.of(&ledger, &used.rules, times);
        if self.record {
            for line in seen.unrecorded() {
                record(opened, missed(line)).await?;
            }
            ledger = standing(opened).await?;
            seen = asked.of(&ledger, &used.rules, times);
        }
        Ok(DayLines::of(seen, &ledger, &used.rules))
    }
}
