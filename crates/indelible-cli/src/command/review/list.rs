//! `indelible review list`

use std::path::PathBuf;

use clap::Args;
use indelible::{Query, Timestamp};
use indelible_evidence::Day;
use indelible_evidence::review::{DayLine, DayState, Ledger, RuleSet, days, missed};

use super::answer::DayLines;
use super::place::{record, rules, standing};
use crate::failure::{Failure, Status};
use crate::session::{Access, Opened, Session};

/// Lists days and their reviews; a day that nobody signed off is missed
///
/// A day is `reviewed` where all of it was signed off in time, `late` where that came after it was
/// due, `due` while there is time, and `missed` after that. When a day begins and when it is due
/// the rules say. With --check the exit status is 1 where a day is missed, so that a scheduled job
/// can raise an alarm; with --record each missed day is put on record in the trail, once.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible review list
  indelible review list --check --record
  indelible review list --from 2026-01-01 --to 2026-03-31 --rules reviews.toml --output csv")]
pub struct List {
    /// The first day: a date, or how long ago [default: 30d, or the day of the first entry]
    #[arg(long, value_name = "DATE", allow_hyphen_values = true)]
    from: Option<String>,
    /// The last day [default: today]
    #[arg(long, value_name = "DATE", allow_hyphen_values = true)]
    to: Option<String>,
    /// The rules, for when days begin and are due [default: those that ship]
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Ends with exit status 1 where a day is missed
    #[arg(long)]
    check: bool,
    /// Puts missed days on record, each once
    #[arg(long)]
    record: bool,
}

/// How far back days are listed unless told otherwise.
const BACK: &str = "30d";

impl List {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let now = session.now();
        let rules = rules(self.rules.as_ref())?;
        let access = match self.record {
            true => Access::Write,
            false => Access::Read,
        };
        let range = self.range(&rules, now)?;
        let opened = session.open(access).await?;
        let listed = self.list(&opened, &rules, range, now).await;
        let (lines, ledger) = opened.close(listed).await?;
        let is_missed = lines.iter().any(|line| line.state == DayState::Missed);
        let verdict = match self.check && is_missed {
            true => Ok(Status::Failed),
            false => Ok(Status::Fine),
        };
        session
            .output
            .print_judged(&DayLines::of(lines, &ledger), verdict)
    }

    fn range(&self, rules: &RuleSet, now: Timestamp) -> Result<(Day, Day), Failure> {
        let from = self.from.as_deref().unwrap_or(BACK);
        let to = self.to.as_deref().unwrap_or("0s");
        let dates = Query::new().start_date(from).end_date(to).dated(now);
        let (from, to) = (dates.start_date, dates.end_date);
        let zone = rules.schedule.zone;
        let period = zone.period(&from.unwrap_or_default(), &to.unwrap_or_default());
        let period = period.map_err(Failure::usage)?;
        Ok((zone.day(period.from), zone.day(period.to)))
    }

    async fn list(
        &self,
        opened: &Opened,
        rules: &RuleSet,
        (mut from, to): (Day, Day),
        now: Timestamp,
    ) -> Result<(Vec<DayLine>, Ledger), Failure> {
        let first = opened.audit.entry_at(0).await?;
        let first = first.ok_or_else(|| {
            let trail = opened.audit.name();
            Failure::not_found(format!("the trail {trail} has no entry"))
        })?;
        let mut ledger = standing(opened).await?;
        if self.from.is_none() {
            // Nothing was to be reviewed before there was anything.
            from = from.max(rules.schedule.zone.day(first.created_at));
        }
        let mut lines = days(&ledger, &rules.schedule, (from, to), now);
        if !self.record {
            return Ok((lines, ledger));
        }
        let fresh = |line: &&DayLine| line.state == DayState::Missed && line.missed_seq.is_none();
        let fresh: Vec<_> = lines.iter().filter(fresh).map(missed).collect();
        if !fresh.is_empty() {
            for event in fresh {
                record(opened, event).await?;
            }
            ledger = standing(opened).await?;
            lines = days(&ledger, &rules.schedule, (from, to), now);
        }
        Ok((lines, ledger))
    }
}
