//! The period that a report is about, and days.

use indelible_core::{Query, QueryError, Timestamp};
use serde::{Serialize, Serializer};

/// From one instant to another, both inclusive, by `occurred_at`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Period {
    /// The first instant.
    pub from: Timestamp,
    /// The last instant.
    pub to: Timestamp,
}

/// A day in UTC, as days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

impl Period {
    /// Reads both ends: RFC 3339, or a bare date, which is meant whole.
    ///
    /// # Errors
    /// The end that is none, under the name `from` or `to`; an end before the beginning.
    pub fn parse(from: &str, to: &str) -> Result<Self, QueryError> {
        let first = Timestamp::start_of_day(from).or_else(|_| from.parse());
        let last = Timestamp::end_of_day(to).or_else(|_| to.parse());
        let wrong = |field, error| {
            let problem = format!("{error}, or a date such as 2026-01-31");
            QueryError::new(field, problem)
        };
        let period = Self {
            from: first.map_err(|error| wrong("from", error))?,
            to: last.map_err(|error| wrong("to", error))?,
        };
        match period.from <= period.to {
            true => Ok(period),
            false => Err(QueryError::new("to", "the end lies before the beginning")),
        }
    }

    /// Whether an instant lies in it.
    pub fn contains(&self, time: Timestamp) -> bool {
        (self.from..=self.to).contains(&time)
    }

    /// The question for all entries that occurred in it.
    pub fn query(&self) -> Query {
        Query::new()
            .start_date(self.from.to_string())
            .end_date(self.to.to_string())
    }

    /// The days that it touches, the first and the last.
    pub fn days(&self) -> (Day, Day) {
        (Day::of(self.from), Day::of(self.to))
    }
}

impl Day {
    /// The day of an instant.
    pub fn of(time: Timestamp) -> Self {
        Self(time.hour().div_euclid(24))
    }

    /// Its first instant.
    pub fn start(self) -> Timestamp {
        Timestamp::start_of_hour(self.0.saturating_mul(24))
    }

    /// The day so many days later.
    pub fn plus(self, days: i64) -> Self {
        Self(self.0 + days)
    }

    /// How many days lie from another one to this.
    pub fn since(self, other: Self) -> i64 {
        self.0 - other.0
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = self.start().to_string();
        f.write_str(text.get(..10).unwrap_or_default())
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_inclusive_and_bare_dates_whole_days() {
        let period = Period::parse("2026-03-01", "2026-03-31").expect("a period");
        assert_eq!(period.from.to_string(), "2026-03-01T00:00:00.000000Z");
        assert_eq!(period.to.to_string(), "2026-03-31T23:59:59.999999Z");
        assert!(period.contains(period.from) && period.contains(period.to));
        let (first, last) = period.days();
        assert_eq!(
            (first.to_string(), last.since(first)),
            ("2026-03-01".to_owned(), 30)
        );
        assert_eq!(first.plus(31).to_string(), "2026-04-01");
        for (from, to, field) in [
            ("2026-02-30", "2026-03-01", "from"),
            ("2026-03-01", "then", "to"),
            ("2026-03-02", "2026-03-01", "to"),
        ] {
            assert_eq!(Period::parse(from, to).expect_err(from).field(), field);
        }
    }
}
