//! Which days were signed off, in time, late or not at all.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use indelible_core::Timestamp;
use serde::Serialize;

use super::ledger::{Ledger, SignOff};
use super::rules::Schedule;
use crate::period::{Day, Period};

/// The most days that are listed at once.
pub const DAYS_MAX: i64 = 3_660;

/// How a day stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DayState {
    /// The whole of it was signed off in time.
    Reviewed,
    /// It was signed off, but later than it was due.
    Late,
    /// It is due and was not signed off.
    Missed,
    /// There is still time.
    Due,
}

impl DayState {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reviewed => "reviewed",
            Self::Late => "late",
            Self::Missed => "missed",
            Self::Due => "due",
        }
    }
}

impl fmt::Display for DayState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A day and its review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DayLine {
    /// The day.
    pub day: Day,
    /// How it stands.
    pub state: DayState,
    /// Its first and its last instant.
    pub period: Period,
    /// Until when it has to be signed off.
    pub due_at: Timestamp,
    /// The sign-off with which all of it was signed off.
    pub sign_off: Option<u64>,
    /// When that was.
    pub signed_at: Option<Timestamp>,
    /// By whom.
    pub reviewer: Option<String>,
    /// The entry that says that it was missed, where one does.
    pub missed_seq: Option<u64>,
}

impl DayLine {
    /// Whether it was missed, and is not on record as that, of days from `start` on.
    pub fn is_unrecorded(&self, start: Day) -> bool {
        let is_fresh = self.state == DayState::Missed && self.missed_seq.is_none();
        is_fresh && self.day >= start
    }
}

/// The first day that has to be reviewed: the recorded one, else the one of the first entry.
pub fn first_day(ledger: &Ledger, schedule: &Schedule, first_entry: Timestamp) -> Day {
    match &ledger.start {
        Some(start) => start.day,
        None => schedule.zone.day(first_entry),
    }
}

/// How the days from one to another stand at an instant; days that have not begun are left out,
/// and of more than [`DAYS_MAX`] the older ones.
pub fn days(
    ledger: &Ledger,
    schedule: &Schedule,
    (from, to): (Day, Day),
    now: Timestamp,
) -> Vec<DayLine> {
    let last = to.min(schedule.zone.day(now));
    let from = from.max(last.plus(1 - DAYS_MAX));
    let count = (last.since(from) + 1).max(0);
    let line = |place| line(ledger, schedule, from.plus(place), now);
    (0..count).map(line).collect()
}

fn line(ledger: &Ledger, schedule: &Schedule, day: Day, now: Timestamp) -> DayLine {
    let period = Period {
        from: schedule.zone.start(day),
        to: schedule.zone.end(day),
    };
    let due_at = period.to.later(wait(ledger, schedule, &period));
    let covering = covering(&ledger.sign_offs, &period);
    let state = match covering {
        Some(sign_off) if sign_off.signed_at <= due_at => DayState::Reviewed,
        Some(_) => DayState::Late,
        None if now > due_at => DayState::Missed,
        None => DayState::Due,
    };
    let name = day.to_string();
    let missed = ledger.missed.iter().find(|missed| missed.day == name);
    DayLine {
        day,
        state,
        period,
        due_at,
        sign_off: covering.map(|it| it.seq),
        signed_at: covering.map(|it| it.signed_at),
        reviewer: covering.and_then(|it| it.reviewer.clone()),
        missed_seq: missed.map(|it| it.seq),
    }
}

/// How long a day may wait: by the rules that the last sign-off before its end was made with, so
/// that another file makes no missed day go away; less where the file at hand says less.
fn wait(ledger: &Ledger, schedule: &Schedule, period: &Period) -> Duration {
    // Sign-offs are in the order of the trail, and so of its clock.
    let before = ledger
        .sign_offs
        .partition_point(|sign_off| sign_off.signed_at <= period.to);
    let in_force = before
        .checked_sub(1)
        .map(|last| ledger.sign_offs[last].wait());
    in_force.map_or(schedule.wait(), |wait| wait.min(schedule.wait()))
}

/// The sign-off with which the whole of a period was signed off.
fn covering<'l>(sign_offs: &'l [SignOff], period: &Period) -> Option<&'l SignOff> {
    let (mut due, to) = (period.from.as_micros(), period.to.as_micros());
    // What is signed off beyond a gap, by its beginning and the latest of its ends.
    let mut ahead: BTreeMap<i64, i64> = BTreeMap::new();
    for sign_off in sign_offs {
        let begin = sign_off.period.from.as_micros();
        let end = sign_off.period.to.as_micros().min(to);
        if begin > end || end < due {
            continue;
        }
        let latest = ahead.entry(begin).or_insert(end);
        *latest = end.max(*latest);
        while let Some(first) = ahead.first_entry().filter(|first| *first.key() <= due) {
            due = due.max(first.remove() + 1);
        }
        if due > to {
            return Some(sign_off);
        }
    }
    None
}
