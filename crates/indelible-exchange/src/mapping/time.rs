//! The ways in which sources write a point in time.

use indelible_core::Timestamp;
use serde::Deserialize;

use super::calendar::{Calendar, MONTHS};

/// How a time is written. Texts and numbers are read alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TimeFormat {
    /// RFC 3339 with a zone.
    Rfc3339,
    /// RFC 3339 without a zone, meant in UTC.
    Rfc3339Utc,
    /// Seconds since 1970-01-01T00:00:00Z, with or without a fraction.
    EpochS,
    /// Milliseconds since then.
    EpochMs,
    /// Microseconds since then.
    EpochUs,
    /// Nanoseconds since then.
    EpochNs,
    /// `Mmm dd yyyy hh:mm:ss`, with or without a fraction, and `UTC`, `GMT` or `Z` behind it, as
    /// in CEF.
    Cef,
    /// `Mmm dd hh:mm:ss` as in RFC 3164, without year and zone.
    Rfc3164,
}

impl TimeFormat {
    /// The time, `None` where the text is not of this form or lies beyond the years 0 to 9999:
    /// milliseconds taken for seconds do.
    pub(crate) fn read(self, text: &str) -> Option<Timestamp> {
        match self {
            Self::Rfc3339 => text.parse().ok(),
            Self::Rfc3339Utc => format!("{text}Z").parse().ok(),
            Self::EpochS => epoch(text, 6),
            Self::EpochMs => epoch(text, 3),
            Self::EpochUs => epoch(text, 0),
            Self::EpochNs => epoch(text, -3),
            Self::Cef => cef(text),
            // What this means depends on more than the text.
            Self::Rfc3164 => None,
        }
    }
}

impl TimeFormat {
    /// Whether a text is of this form.
    pub(crate) fn takes(self, text: &str) -> bool {
        // Of a year in which every day is.
        (self == Self::Rfc3164 && Calendar::Year(2024).read(text).is_some())
            || self.read(text).is_some()
    }

    /// Its name, as in mapping files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rfc3339 => "rfc3339",
            Self::Rfc3339Utc => "rfc3339_utc",
            Self::EpochS => "epoch_s",
            Self::EpochMs => "epoch_ms",
            Self::EpochUs => "epoch_us",
            Self::EpochNs => "epoch_ns",
            Self::Cef => "cef",
            Self::Rfc3164 => "rfc3164",
        }
    }
}

/// Other zones are names that stand for several offsets, and none at all is any.
fn cef(text: &str) -> Option<Timestamp> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [month, day, year, time, "UTC" | "GMT" | "Z"] = words[..] else {
        return None;
    };
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(day) || !digits(year) {
        return None;
    }
    format!("{year}-{month:02}-{day:0>2}T{time}Z").parse().ok()
}

/// A decimal number of units of 10^`exponent` microseconds; digits below one are cut.
fn epoch(text: &str, exponent: i32) -> Option<Timestamp> {
    let (sign, digits) = text
        .strip_prefix('-')
        .map_or((1, text), |digits| (-1, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !plain(whole) || !plain(fraction) || whole.len() > 20 {
        return None;
    }
    let whole: i128 = whole.parse().ok()?;
    let micros = match u32::try_from(exponent) {
        Ok(places) => {
            let fraction: String = fraction
                .bytes()
                .chain([b'0'; 6])
                .take(places as usize)
                .map(char::from)
                .collect();
            whole * 10_i128.pow(places)
                + if places == 0 {
                    0
                } else {
                    fraction.parse().ok()?
                }
        }
        Err(_) => whole / 10_i128.pow(exponent.unsigned_abs()),
    };
    let micros = i64::try_from(sign * micros).ok()?;
    let time = Timestamp::from_micros(micros);
    (time.as_micros() == micros).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(format: TimeFormat, text: &str) -> Option<String> {
        format.read(text).map(|time| time.to_string())
    }

    #[test]
    fn every_format_reads_its_own() {
        let time = "2023-07-10T11:42:18.250000Z";
        for (format, text) in [
            (TimeFormat::Rfc3339, "2023-07-10T13:42:18.25+02:00"),
            (TimeFormat::Rfc3339Utc, "2023-07-10T11:42:18.25"),
            (TimeFormat::Rfc3339Utc, "2023-07-10 11:42:18.2500001"),
            (TimeFormat::EpochS, "1688989338.25"),
            (TimeFormat::EpochMs, "1688989338250"),
            (TimeFormat::EpochUs, "1688989338250000"),
            (TimeFormat::EpochUs, "1688989338250000.7"),
            (TimeFormat::EpochNs, "1688989338250000999"),
        ] {
            assert_eq!(
                read(format, text).as_deref(),
                Some(time),
                "{format:?} {text}"
            );
        }
        assert_eq!(
            read(TimeFormat::EpochS, "-0.5").unwrap(),
            "1969-12-31T23:59:59.500000Z"
        );
    }

    #[test]
    fn what_is_of_another_form_is_left_to_the_next_one() {
        for (format, text) in [
            (TimeFormat::Rfc3339, "2023-07-10T11:42:18"),
            (TimeFormat::Rfc3339, "1688989338"),
            (TimeFormat::Rfc3339Utc, "2023-07-10T11:42:18Z"),
            (TimeFormat::EpochS, "1688989338250"),
            (TimeFormat::EpochS, "1e9"),
            (TimeFormat::EpochS, ""),
            (TimeFormat::EpochS, "1."),
            (TimeFormat::EpochS, "+1"),
            (TimeFormat::EpochMs, "99999999999999999999999999"),
        ] {
            assert_eq!(read(format, text), None, "{format:?} {text}");
        }
    }

    #[test]
    fn dates_of_cef_need_a_zone_that_means_one_offset() {
        let read = |text: &str| TimeFormat::Cef.read(text).map(|time| time.to_string());
        for (text, time) in [
            ("Feb 09 2015 00:27:43 UTC", "2015-02-09T00:27:43.000000Z"),
            (
                "Feb  9 2015 00:27:43.125 GMT",
                "2015-02-09T00:27:43.125000Z",
            ),
        ] {
            assert_eq!(read(text).as_deref(), Some(time));
        }
        for text in [
            "Feb 09 2015 00:27:43",
            "Feb 09 2015 00:27:43 EST",
            "Feb 30 2015 00:27:43 UTC",
            "juil. 09 2015 00:27:43 UTC",
            "Feb 09 2015 00:27 UTC",
            "Feb 09 15 00:27:43 UTC",
            "Feb 09 -015 00:27:43 UTC",
            "Feb 09 2015 00:27:43+01:00 UTC",
            "31 March 2016 13:04:55",
            "",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
