//! Hours of work, in a zone that is a fixed distance from UTC.

use std::fmt;
use std::str::FromStr;

use indelible_core::{QueryError, Timestamp};
use serde::{Serialize, Serializer};

use crate::period::{Day, Period};

const MICROS_PER_MINUTE: i64 = 60_000_000;
const MINUTES_PER_DAY: i64 = 24 * 60;
/// The farthest that clocks stand from UTC, in minutes.
const ZONE_MINUTES_MAX: i64 = 14 * 60;

/// How far the clocks of a place stand from UTC, in minutes. Summer time is another zone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Zone(i64);

impl Zone {
    /// The day of an instant there.
    pub fn day(self, time: Timestamp) -> Day {
        Day::of(self.there(time))
    }

    /// The first instant of a day there.
    pub fn start(self, day: Day) -> Timestamp {
        let there = day.start().as_micros();
        Timestamp::from_micros(there.saturating_sub(self.0 * MICROS_PER_MINUTE))
    }

    /// The last instant of a day there.
    pub fn end(self, day: Day) -> Timestamp {
        Timestamp::from_micros(self.start(day.plus(1)).as_micros().saturating_sub(1))
    }

    /// Reads both ends of a period: RFC 3339, or a bare date, which is a whole day there.
    ///
    /// # Errors
    /// As [`Period::parse`].
    pub fn period(self, from: &str, to: &str) -> Result<Period, QueryError> {
        let of_day = |text: &str| Timestamp::start_of_day(text).ok().map(Day::of);
        let spelt = |time: Timestamp| time.to_string();
        let first = of_day(from).map(|day| spelt(self.start(day)));
        let last = of_day(to).map(|day| spelt(self.end(day)));
        let either = |text: Option<String>, given: &str| text.unwrap_or_else(|| given.to_owned());
        Period::parse(&either(first, from), &either(last, to))
    }

    /// What the clocks there show, written as if it were UTC.
    fn there(self, time: Timestamp) -> Timestamp {
        Timestamp::from_micros(time.as_micros().saturating_add(self.0 * MICROS_PER_MINUTE))
    }
}

impl FromStr for Zone {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no zone such as UTC, +01:00 or -05:00");
        if matches!(text, "UTC" | "Z") {
            return Ok(Self(0));
        }
        let (sign, clock) = match text.split_at_checked(1) {
            Some(("+", clock)) => (1, clock),
            Some(("-", clock)) => (-1, clock),
            _ => return Err(wrong()),
        };
        match minutes(clock) {
            Some(minutes) if minutes <= ZONE_MINUTES_MAX => Ok(Self(sign * minutes)),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { '-' } else { '+' };
        let minutes = self.0.abs();
        match self.0 {
            0 => f.write_str("UTC"),
            _ => write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60),
        }
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// `HH:MM` as minutes since midnight; `24:00` is the end of the day.
pub fn minutes(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str| {
        let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<i64>().ok().filter(|_| digits)
    };
    let all = number(hours)? * 60 + number(minutes).filter(|minutes| *minutes < 60)?;
    (all <= MINUTES_PER_DAY).then_some(all)
}

/// The names of the days of the week, Monday first.
pub const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Days and hours at which people work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkingHours {
    /// Where.
    pub zone: Zone,
    /// On which days, Monday first.
    pub days: [bool; 7],
    /// From when on, in minutes since midnight.
    pub from: i64,
    /// Until before when.
    pub to: i64,
}

impl WorkingHours {
    /// Whether an instant lies within them.
    pub fn contain(&self, time: Timestamp) -> bool {
        let there = self
            .zone
            .there(time)
            .as_micros()
            .div_euclid(MICROS_PER_MINUTE);
        let minute = there.rem_euclid(MINUTES_PER_DAY);
        // 1970-01-01 was a Thursday.
        let weekday = (there.div_euclid(MINUTES_PER_DAY) + 3).rem_euclid(7);
        let works = usize::try_from(weekday).is_ok_and(|at| self.days[at]);
        works && self.from <= minute && minute < self.to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn hours_are_those_of_the_zone() {
        let hours = WorkingHours {
            zone: "+01:00".parse().expect("a zone"),
            days: [true, true, true, true, true, false, false],
            from: 7 * 60,
            to: 19 * 60,
        };
        // 2026-03-02 was a Monday, 2026-03-07 a Saturday.
        for (time, within) in [
            ("2026-03-02T05:59:59.999999Z", false),
            ("2026-03-02T06:00:00Z", true),
            ("2026-03-02T17:59:59.999999Z", true),
            ("2026-03-02T18:00:00Z", false),
            ("2026-03-06T12:00:00Z", true),
            ("2026-03-07T12:00:00Z", false),
            ("2026-03-08T23:30:00Z", false),
            ("1969-12-31T12:00:00Z", true),
        ] {
            assert_eq!(hours.contain(at(time)), within, "{time}");
        }
    }

    #[test]
    fn days_begin_where_the_zone_says() {
        let zone: Zone = "-05:00".parse().expect("a zone");
        let day = zone.day(at("2026-03-02T04:59:59Z"));
        assert_eq!(day.to_string(), "2026-03-01");
        assert_eq!(zone.start(day), at("2026-03-01T05:00:00Z"));
        assert_eq!(zone.end(day), at("2026-03-02T04:59:59.999999Z"));
        let period = zone
            .period("2026-03-01", "2026-03-01T23:00:00Z")
            .expect("a period");
        assert_eq!(period.from, at("2026-03-01T05:00:00Z"));
        assert_eq!(period.to, at("2026-03-01T23:00:00Z"));
        assert_eq!(
            zone.period("x", "2026-03-01").expect_err("none").field(),
            "from"
        );
        for text in ["UTC", "+01:00", "-05:30", "+14:00"] {
            assert_eq!(text.parse::<Zone>().expect(text).to_string(), text);
        }
        for text in ["", "CET", "+1:00", "+15:00", "+01:60", "01:00", "+é1:00"] {
            assert!(text.parse::<Zone>().is_err(), "{text}");
        }
        assert_eq!((minutes("24:00"), minutes("24:01")), (Some(1440), None));
    }
}
