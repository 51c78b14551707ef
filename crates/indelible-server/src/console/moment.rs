//! Times as pages show them: in UTC, to the second, with how long ago it was beside it. A script
//! shows them in the viewer's zone where the viewer wants that.

use indelible_core::Timestamp;

/// A time on a page.
#[derive(Debug, Clone)]
pub struct Moment {
    /// RFC 3339, to the microsecond.
    pub exact: String,
    /// Date and time of day in UTC.
    pub short: String,
    /// How long ago, in words.
    pub ago: String,
}

impl Moment {
    /// A time as it is seen at `now`.
    pub fn of(time: Timestamp, now: Timestamp) -> Self {
        let exact = time.to_string();
        let short = exact.get(..19).unwrap_or(&exact).replacen('T', " ", 1);
        Self {
            short,
            ago: ago(time, now),
            exact,
        }
    }
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn ago(time: Timestamp, now: Timestamp) -> String {
    let seconds = (now.as_micros() - time.as_micros()) / 1_000_000;
    let (count, unit) = match seconds.abs() {
        0..MINUTE => return "just now".to_owned(),
        far @ MINUTE..HOUR => (far / MINUTE, "min"),
        far @ HOUR..DAY => (far / HOUR, "h"),
        far if far < 60 * DAY => (far / DAY, "d"),
        far if far < 730 * DAY => (far / (30 * DAY), "months"),
        far => (far / (365 * DAY), "years"),
    };
    if seconds < 0 {
        format!("in {count} {unit}")
    } else {
        format!("{count} {unit} ago")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_says_when_and_how_long_ago() {
        let now: Timestamp = "2026-03-09T12:00:00Z".parse().expect("a time");
        for (time, short, ago) in [
            ("2026-03-09T11:59:30.5Z", "2026-03-09 11:59:30", "just now"),
            ("2026-03-09T11:48:00Z", "2026-03-09 11:48:00", "12 min ago"),
            ("2026-03-08T12:00:01Z", "2026-03-08 12:00:01", "23 h ago"),
            ("2026-02-01T12:00:00Z", "2026-02-01 12:00:00", "36 d ago"),
            (
                "2025-03-09T12:00:00Z",
                "2025-03-09 12:00:00",
                "12 months ago",
            ),
            (
                "2016-03-09T12:00:00Z",
                "2016-03-09 12:00:00",
                "10 years ago",
            ),
            ("2026-03-09T15:00:00Z", "2026-03-09 15:00:00", "in 3 h"),
        ] {
            let moment = Moment::of(time.parse().expect("a time"), now);
            assert_eq!((moment.short.as_str(), moment.ago.as_str()), (short, ago));
        }
        let far = Moment::of(Timestamp::MAX, Timestamp::MIN);
        assert_eq!(far.short, "9999-12-31 23:59:59");
    }
}
