//! What reviews are asked for in words: days, and the time that is signed off.

use indelible_core::engine::Audit;
use indelible_core::{AuditError, Query, QueryError, Timestamp};

use super::days::{DayLine, DayState, days, first_day};
use super::entries::SignRequest;
use super::ledger::Ledger;
use super::rules::RuleSet;
use crate::period::Day;

/// How far back days are listed unless somebody says otherwise.
const BACK: &str = "30d";

/// When the first entry came that the trail still has; `None` where it has none.
///
/// # Errors
/// [`AuditError::Store`].
pub async fn begun(audit: &Audit) -> Result<Option<Timestamp>, AuditError> {
    let first = audit.first_kept().await?;
    let first = audit.entry_at(first).await?;
    Ok(first.map(|entry| entry.created_at))
}

/// The first day that is to be reviewed, which is not to come.
///
/// # Errors
/// [`QueryError`] for what is no date, and for a day that has not come.
pub fn read_first_day(text: &str, now: Timestamp) -> Result<Day, QueryError> {
    let wrong = |problem: String| QueryError::new("day", problem);
    let zone = RuleSet::standard().schedule.zone;
    let period = zone.period(text, text);
    let period = period.map_err(|error| wrong(error.problem().to_owned()))?;
    let day = zone.day(period.from);
    match day > zone.day(now) {
        true => Err(wrong(format!("{day} has not come yet"))),
        false => Ok(day),
    }
}

/// The days that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DaysAsked {
    from: Day,
    to: Day,
    /// Whether nobody said from when on.
    is_open: bool,
}

impl DaysAsked {
    /// The days from one date, or how long ago, to another: the last 30 to today where nothing is
    /// said.
    ///
    /// # Errors
    /// [`QueryError`] for what is no date, or an end before the beginning.
    pub fn read(
        (from, to): (Option<&str>, Option<&str>),
        rules: &RuleSet,
        now: Timestamp,
    ) -> Result<Self, QueryError> {
        let dates = Query::new().start_date(from.unwrap_or(BACK));
        let dates = dates.end_date(to.unwrap_or("0s")).dated(now);
        let (begin, end) = (dates.start_date, dates.end_date);
        let zone = rules.schedule.zone;
        let period = zone.period(&begin.unwrap_or_default(), &end.unwrap_or_default())?;
        Ok(Self {
            from: zone.day(period.from),
            to: zone.day(period.to),
            is_open: from.is_none(),
        })
    }

    /// How days stand in a trail whose first entry came at `first`.
    pub fn of(
        self,
        ledger: &Ledger,
        rules: &RuleSet,
        (first, now): (Timestamp, Timestamp),
    ) -> DaysSeen {
        let start = first_day(ledger, &rules.schedule, first);
        // Nothing was to be reviewed before; and what was is not passed over by looking elsewhere.
        let begin = match self.is_open {
            false => self.from.min(start),
            true => start,
        };
        DaysSeen {
            all: days(ledger, &rules.schedule, (begin, self.to), now),
            asked: self,
            start,
            begin,
        }
    }
}

/// Days as they stand: those that are asked for, and those before that count too.
#[derive(Debug)]
pub struct DaysSeen {
    asked: DaysAsked,
    /// The first day that has to be reviewed.
    start: Day,
    /// The first day that should be looked at.
    begin: Day,
    all: Vec<DayLine>,
}

impl DaysSeen {
    /// The first day that has to be reviewed.
    pub fn start(&self) -> Day {
        self.start
    }

    /// Days beyond what is looked at.
    pub fn left_out(&self) -> i64 {
        let first = self.all.first();
        first.map_or(0, |line| line.day.since(self.begin))
    }

    /// Missed days before those that are asked for.
    pub fn missed_before(&self) -> usize {
        let before = self.all.iter().filter(|line| line.day < self.asked.from);
        match self.asked.is_open {
            // They are listed.
            true => 0,
            false => before.filter(|line| self.is_missed(line)).count(),
        }
    }

    /// Missed days that are not on record as such.
    pub fn unrecorded(&self) -> impl Iterator<Item = &DayLine> {
        let all = self.all.iter();
        all.filter(|line| line.is_unrecorded(self.start))
    }

    /// The days that are asked for; where nobody said from when on, each missed day before too.
    pub fn listed(self) -> Vec<DayLine> {
        let DaysAsked { from, is_open, .. } = self.asked;
        let is_asked = |line: &DayLine| line.day >= from || (is_open && self.is_missed(line));
        // Of a day before nobody owes a review, and whoever made one is heard.
        let is_owed = |line: &DayLine| line.day >= self.start || line.sign_off.is_some();
        let is_listed = |line: &&DayLine| is_asked(line) && is_owed(line);
        self.all.iter().filter(is_listed).cloned().collect()
    }

    fn is_missed(&self, line: &DayLine) -> bool {
        line.day >= self.start && line.state == DayState::Missed
    }
}

impl SignRequest {
    /// What a reviewer says with a sign-off, its ends as texts: dates, instants, or how long ago.
    ///
    /// # Errors
    /// [`QueryError`] for what is no date, or an end before the beginning.
    pub fn read(
        reviewer: &str,
        (from, to): (Option<&str>, Option<&str>),
        rules: &RuleSet,
        now: Timestamp,
    ) -> Result<Self, QueryError> {
        let mut dates = Query::new();
        dates.start_date = from.map(str::to_owned);
        dates.end_date = to.map(str::to_owned);
        let dates = dates.dated(now);
        let (from, to) = (dates.start_date.as_deref(), dates.end_date.as_deref());
        // Each end by itself: the other one may follow from what was signed off before.
        let schedule = rules.schedule;
        let zone = schedule.zone;
        let whole = zone.period(from.unwrap_or("0000-01-01"), to.unwrap_or("9999-12-31"))?;
        Ok(Self {
            reviewer: reviewer.to_owned(),
            from: from.map(|_| whole.from),
            to: to.map(|_| whole.to),
            scope: None,
            comment: None,
            schedule,
            now,
        })
    }
}
