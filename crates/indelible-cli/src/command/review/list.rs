//! `indelible review list`

use std::path::PathBuf;

use clap::Args;
use indelible::{Query, Timestamp};
use indelible_evidence::Day;
use indelible_evidence::review::{DayState, RuleSet, days, first_day, missed};

use super::answer::{DayLines, Looked};
use super::place::{record, rules, standing};
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
        let listed = opened.close(listed).await?;
        let verdict = match self.check && listed.missed() > 0 {
            true => Ok(Status::Failed),
            false => Ok(Status::Fine),
        };
        session.output.print_judged(&listed, verdict)
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
        (from, to): (Day, Day),
        now: Timestamp,
    ) -> Result<DayLines, Failure> {
        let first_kept = opened.audit.first_kept().await?;
        let first = opened.audit.entry_at(first_kept).await?;
        let first = first.ok_or_else(|| {
            let trail = opened.audit.name();
            Failure::not_found(format!("the trail {trail} has no entry"))
        })?;
        let mut ledger = standing(opened).await?;
        let start = first_day(&ledger, &rules.schedule, first.created_at);
        // Nothing was to be reviewed before; and what was is not passed over by looking elsewhere.
        let begin = match self.from {
            Some(_) => from.min(start),
            None => start,
        };
        let all = |ledger: &_| days(ledger, &rules.schedule, (begin, to), now);
        let mut lines = all(&ledger);
        if self.record {
            for line in &lines {
                let is_fresh = line.state == DayState::Missed && line.missed_seq.is_none();
                if is_fresh && line.day >= start {
                    record(opened, missed(line)).await?;
                }
            }
            ledger = standing(opened).await?;
            lines = all(&ledger);
        }
        let left_out = lines.first().map_or(0, |line| line.day.since(begin));
        let is_missed = |line: &_| {
            let line: &indelible_evidence::review::DayLine = line;
            line.day >= start && line.state == DayState::Missed
        };
        let before = lines.iter().filter(|line| line.day < from);
        let missed_before = before.filter(|line| is_missed(line)).count();
        let is_asked = self.from.is_some();
        lines.retain(|line| line.day >= from || (!is_asked && is_missed(line)));
        // Of a day before nobody owes a review, and whoever made one is heard.
        lines.retain(|line| line.day >= start || line.sign_off.is_some());
        let shown = Looked {
            start,
            missed_before: if is_asked { missed_before } else { 0 },
            left_out,
        };
        Ok(DayLines::of(lines, &ledger, (shown, rules)))
    }
}
