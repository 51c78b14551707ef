//! On which days something was recorded, and on which not: zero is a question.

use std::collections::{BTreeMap, BTreeSet};

use indelible_core::Timestamp;
use serde::Serialize;

use crate::period::{Day, Period};

/// Days without evidence in a row that are worth a line.
pub const SILENT_DAYS_MIN: i64 = 2;
/// The longest silences that are listed.
pub const SILENCES_MAX: usize = 5;

/// Some days in a row without evidence, between days of the period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Silence {
    /// The first day.
    pub from: Day,
    /// The last day.
    pub to: Day,
    /// How many.
    pub days: i64,
    /// What the same source recorded on these days: if it recorded, nothing else happened; if it
    /// did not, nobody knows.
    pub source_records: u64,
}

/// Counts by day, and the hours of each that have a sign of life.
#[derive(Debug, Clone, Default)]
pub(super) struct Days(BTreeMap<Day, DayCount>);

#[derive(Debug, Clone, Copy, Default)]
struct DayCount {
    entries: u64,
    /// One bit for each hour with a sign of life.
    hours: u32,
}

impl Days {
    pub fn add(&mut self, time: Timestamp, is_sign: bool) {
        let day = Day::of(time);
        let count = self.0.entry(day).or_default();
        count.entries += 1;
        count.hours |= u32::from(is_sign) << (time.hour() - day.start().hour());
    }

    /// The hours that have a sign of life, counted from 1970.
    pub fn hours(&self) -> impl Iterator<Item = i64> + '_ {
        self.0.iter().flat_map(|(day, count)| {
            let (first, hours) = (day.start().hour(), count.hours);
            (0..24).filter_map(move |hour| (hours & 1 << hour != 0).then_some(first + hour))
        })
    }

    /// The count of some days, both inclusive.
    pub fn between(&self, from: Day, to: Day) -> u64 {
        let days = self.0.range(from..=to);
        days.map(|(_, count)| count.entries).sum()
    }

    pub fn dates(&self) -> impl Iterator<Item = Day> + '_ {
        self.0.keys().copied()
    }
}

/// The runs of days of the period that are not among these, the longest first.
pub(super) fn silences(period: &Period, with: &BTreeSet<Day>, source: &[&Days]) -> Vec<Silence> {
    let (first, last) = period.days();
    let mut runs = Vec::new();
    if period.from > period.to {
        return runs;
    }
    let mut due = first;
    let end = last.plus(1);
    for day in with.iter().copied().chain([end]) {
        let days = day.since(due);
        if days >= SILENT_DAYS_MIN {
            let to = day.plus(-1);
            runs.push(Silence {
                from: due,
                to,
                days,
                source_records: source.iter().map(|days| days.between(due, to)).sum(),
            });
        }
        due = day.plus(1);
    }
    runs.sort_by_key(|run| std::cmp::Reverse(run.days));
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silences_are_the_days_between() {
        let period = Period::parse("2026-03-01", "2026-03-31").expect("a period");
        let (first, _) = period.days();
        let with = BTreeSet::from([first, first.plus(1), first.plus(9), first.plus(11)]);
        let mut source = Days::default();
        source.add(first.plus(4).start(), true);
        let found = silences(&period, &with, &[&source]);
        let shown: Vec<_> = found
            .iter()
            .map(|it| {
                (
                    it.from.to_string(),
                    it.to.to_string(),
                    it.days,
                    it.source_records,
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                ("2026-03-13".to_owned(), "2026-03-31".to_owned(), 19, 0),
                ("2026-03-03".to_owned(), "2026-03-09".to_owned(), 7, 1),
            ]
        );
        let whole = silences(&period, &BTreeSet::new(), &[]);
        assert_eq!((whole.len(), whole[0].days), (1, 31));
    }
}
