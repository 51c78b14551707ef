//! The year of a time that is written without one.

use indelible_core::{Note, Timestamp};

/// The months as RFC 3164 names them.
pub(crate) const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
/// How far beyond what a source's lines are older than they may lie, for clocks and zones that
/// differ, in microseconds: a day.
const SLACK_MICROS: i64 = 86_400_000_000;
/// How many years back a day is looked for: the 29th of February comes every fourth, or eighth.
const YEARS_BACK: i32 = 8;

/// What is known of the year in which a source was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Calendar {
    /// Nothing.
    #[default]
    Unknown,
    /// The caller says which.
    Year(i32),
    /// The file was last changed then: nothing in it is younger.
    File(Timestamp),
    /// It is read now.
    Now(Timestamp),
}

impl Calendar {
    /// The time that `Mmm dd hh:mm:ss` means, in UTC: in the year that is given, else the last
    /// time that there was one such; and the note of what was assumed.
    pub(crate) fn read(self, text: &str) -> Option<(Timestamp, Note)> {
        let (time, from) = match self {
            Self::Unknown => return None,
            Self::Year(year) => (in_year(text, year)?, "year"),
            Self::File(limit) => (latest(text, limit)?, "file"),
            Self::Now(limit) => (latest(text, limit)?, "clock"),
        };
        let note = Note::new("occurred_at", "assumed")
            .with("from", from)
            .with("year", year_of(time)?)
            .with("zone", "UTC");
        Some((time, note))
    }
}

fn latest(text: &str, limit: Timestamp) -> Option<Timestamp> {
    let year = i32::try_from(year_of(limit)?).ok()?;
    (year - YEARS_BACK..=year + 1)
        .rev()
        .filter_map(|year| in_year(text, year))
        .find(|time| time.as_micros() <= limit.as_micros().saturating_add(SLACK_MICROS))
}

fn year_of(time: Timestamp) -> Option<i64> {
    time.to_string().split('-').next()?.parse().ok()
}

fn in_year(text: &str, year: i32) -> Option<Timestamp> {
    let (month, rest) = text.split_once(' ')?;
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let (day, time) = rest.trim_start().split_once(' ')?;
    let day: u8 = day.parse().ok()?;
    format!("{year:04}-{month:02}-{day:02}T{time}Z")
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(calendar: Calendar, text: &str) -> Option<String> {
        calendar.read(text).map(|(time, _)| time.to_string())
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn the_year_is_the_one_given_or_the_last_that_fits() {
        let limit = at("2026-03-01T12:00:00Z");
        for (calendar, text, time) in [
            (
                Calendar::Year(2015),
                "Jan  5 08:52:35",
                "2015-01-05T08:52:35.000000Z",
            ),
            (
                Calendar::File(limit),
                "Feb 28 23:59:59",
                "2026-02-28T23:59:59.000000Z",
            ),
            (
                Calendar::File(limit),
                "Mar 02 11:59:59",
                "2026-03-02T11:59:59.000000Z",
            ),
            (
                Calendar::Now(limit),
                "Mar  3 00:00:00",
                "2025-03-03T00:00:00.000000Z",
            ),
            (
                Calendar::Now(limit),
                "Dec 31 08:52:35",
                "2025-12-31T08:52:35.000000Z",
            ),
            (
                Calendar::Now(limit),
                "Feb 29 08:52:35",
                "2024-02-29T08:52:35.000000Z",
            ),
        ] {
            assert_eq!(
                read(calendar, text).as_deref(),
                Some(time),
                "{calendar:?} {text}"
            );
        }
        let new_year = Calendar::File(at("2025-12-31T23:30:00Z"));
        assert_eq!(
            read(new_year, "Jan  1 01:00:00").as_deref(),
            Some("2026-01-01T01:00:00.000000Z"),
            "a zone ahead"
        );
    }

    #[test]
    fn what_was_assumed_is_said() {
        let (_, note) = Calendar::Year(2015)
            .read("Jan  5 08:52:35")
            .expect("a time");
        let expected = serde_json::json!({"field": "occurred_at", "kind": "assumed",
            "from": "year", "year": 2015, "zone": "UTC"});
        assert_eq!(note.to_value(), expected);
    }

    #[test]
    fn what_is_of_another_form_is_left_to_the_next_one() {
        for text in [
            "",
            "Jan",
            "Jan 5",
            "Foo  5 08:52:35",
            "Feb 30 00:00:00",
            "2026-01-05T00:00:00Z",
        ] {
            assert_eq!(read(Calendar::Year(2015), text), None, "{text}");
        }
        assert_eq!(read(Calendar::Unknown, "Jan  5 08:52:35"), None);
    }
}
