//! Points in time: UTC, microseconds, one spelling.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time in UTC, as microseconds since 1970-01-01T00:00:00Z.
///
/// The text form is RFC 3339 with exactly six fractional digits and `Z`. Reading accepts any
/// RFC 3339 date-time of the years 0000 to 9999 with a zone; digits beyond the sixth are cut, and
/// a leap second (`:60`) reads as the last microsecond of its minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A text that is no RFC 3339 date-time with a zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no RFC 3339 date-time with a zone, such as 2026-01-31T09:30:00Z")]
pub struct TimestampError {
    text: String,
}

/// Microseconds in one second.
pub const MICROS_PER_SECOND: i64 = 1_000_000;
/// Microseconds in one hour, the width of a rollup.
pub const MICROS_PER_HOUR: i64 = 3_600 * MICROS_PER_SECOND;
const MICROS_PER_DAY: i64 = 24 * MICROS_PER_HOUR;

impl Timestamp {
    /// The first representable instant, 0000-01-01T00:00:00Z.
    pub const MIN: Timestamp = Timestamp(-62_167_219_200 * MICROS_PER_SECOND);
    /// The last representable instant, 9999-12-31T23:59:59.999999Z.
    pub const MAX: Timestamp = Timestamp(253_402_300_800 * MICROS_PER_SECOND - 1);

    /// The instant `micros` microseconds after 1970-01-01T00:00:00Z, held within [`Self::MIN`]
    /// and [`Self::MAX`].
    pub const fn from_micros(micros: i64) -> Self {
        if micros < Self::MIN.0 {
            Self::MIN
        } else if micros > Self::MAX.0 {
            Self::MAX
        } else {
            Self(micros)
        }
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// The hour this instant lies in, as hours since 1970-01-01T00:00:00Z.
    pub const fn hour(self) -> i64 {
        self.0.div_euclid(MICROS_PER_HOUR)
    }

    /// The first microsecond of an hour, counted as [`Timestamp::hour`] does.
    pub const fn start_of_hour(hour: i64) -> Self {
        Self::from_micros(hour.saturating_mul(MICROS_PER_HOUR))
    }

    /// The last microsecond of an hour, counted as [`Timestamp::hour`] does.
    pub const fn end_of_hour(hour: i64) -> Self {
        Self::from_micros(hour.saturating_add(1).saturating_mul(MICROS_PER_HOUR) - 1)
    }

    /// The 27 bytes of the text form, for those who write many.
    pub fn to_text(self) -> [u8; 27] {
        let (days, micros) = (
            self.0.div_euclid(MICROS_PER_DAY),
            self.0.rem_euclid(MICROS_PER_DAY),
        );
        let (year, month, day) = civil(days);
        let (seconds, fraction) = (micros / MICROS_PER_SECOND, micros % MICROS_PER_SECOND);
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        digits(&mut text[..4], year);
        digits(&mut text[5..7], month);
        digits(&mut text[8..10], day);
        digits(&mut text[11..13], seconds / 3600);
        digits(&mut text[14..16], seconds / 60 % 60);
        digits(&mut text[17..19], seconds % 60);
        digits(&mut text[20..26], fraction);
        text
    }

    /// The instant `duration` earlier, not before [`Self::MIN`].
    pub fn earlier(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.0.saturating_sub(micros))
    }

    /// The instant `duration` later, not after [`Self::MAX`].
    pub fn later(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.0.saturating_add(micros))
    }

    /// The first microsecond of the UTC day written `YYYY-MM-DD`.
    pub fn start_of_day(text: &str) -> Result<Self, TimestampError> {
        let wrong = || TimestampError {
            text: shortened(text),
        };
        let bytes = text.as_bytes();
        if bytes.len() != 10 {
            return Err(wrong());
        }
        date(bytes)
            .map(|days| Self(days * MICROS_PER_DAY))
            .ok_or_else(wrong)
    }

    /// The last microsecond of the UTC day written `YYYY-MM-DD`.
    pub fn end_of_day(text: &str) -> Result<Self, TimestampError> {
        Self::start_of_day(text).map(|start| Self(start.0 + MICROS_PER_DAY - 1))
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        parse(text.as_bytes()).ok_or_else(|| TimestampError {
            text: shortened(text),
        })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // All of it is ASCII.
        f.write_str(std::str::from_utf8(&self.to_text()).unwrap_or_default())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

fn parse(text: &[u8]) -> Option<Timestamp> {
    if text.len() < 20 || !matches!(text[10], b'T' | b't' | b' ') {
        return None;
    }
    if text[13] != b':' || text[16] != b':' {
        return None;
    }
    let days = date(&text[..10])?;
    let (hour, minute) = (number(&text[11..13])?, number(&text[14..16])?);
    let second = number(&text[17..19])?;
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (mut micros, rest) = fraction(&text[19..])?;
    let leap = second == 60;
    if leap {
        micros = MICROS_PER_SECOND - 1;
    }
    let offset_minutes = zone(rest)?;
    let seconds = hour * 3600 + minute * 60 + if leap { 59 } else { second };
    let local = days * MICROS_PER_DAY + seconds * MICROS_PER_SECOND + micros;
    let utc = local - offset_minutes * 60 * MICROS_PER_SECOND;
    (Timestamp::MIN.0..=Timestamp::MAX.0)
        .contains(&utc)
        .then_some(Timestamp(utc))
}

/// Days since 1970-01-01 of `YYYY-MM-DD`.
fn date(text: &[u8]) -> Option<i64> {
    if text[4] != b'-' || text[7] != b'-' {
        return None;
    }
    let (year, month, day) = (
        number(&text[..4])?,
        number(&text[5..7])?,
        number(&text[8..10])?,
    );
    if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    // Howard Hinnant's days_from_civil: years begin in March, so that the leap day comes last.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Microseconds of `.ddd…`, and what follows.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let Some(digits) = text.strip_prefix(b".") else {
        return Some((0, text));
    };
    let count = digits.iter().take_while(|b| b.is_ascii_digit()).count();
    if count == 0 {
        return None;
    }
    let kept = digits[..count]
        .iter()
        .map(|b| i64::from(b - b'0'))
        .chain(std::iter::repeat(0));
    let micros = kept.take(6).fold(0, |micros, digit| micros * 10 + digit);
    Some((micros, &digits[count..]))
}

fn zone(text: &[u8]) -> Option<i64> {
    match text {
        b"Z" | b"z" => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (number(&[*h1, *h2])?, number(&[*m1, *m2])?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let minutes = hours * 60 + minutes;
            Some(if *sign == b'+' { minutes } else { -minutes })
        }
        _ => None,
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |sum, b| {
        b.is_ascii_digit().then(|| sum * 10 + i64::from(b - b'0'))
    })
}

/// Writes a number of at most as many digits as there is room for.
fn digits(room: &mut [u8], mut number: i64) {
    for digit in room.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        text.parse::<Timestamp>().expect(text).to_string()
    }

    #[test]
    fn reads_and_writes_rfc_3339() {
        assert_eq!(read("1970-01-01T00:00:00Z"), "1970-01-01T00:00:00.000000Z");
        assert_eq!(
            read("2024-02-29T23:59:59.5+02:00"),
            "2024-02-29T21:59:59.500000Z"
        );
        assert_eq!(
            read("2026-01-01T00:00:00.123456789Z"),
            "2026-01-01T00:00:00.123456Z"
        );
        assert_eq!(
            read("2026-01-01T00:00:00-00:00"),
            "2026-01-01T00:00:00.000000Z"
        );
        assert_eq!(read("2016-12-31T23:59:60Z"), "2016-12-31T23:59:59.999999Z");
        assert_eq!(read("0000-01-01T00:00:00Z"), "0000-01-01T00:00:00.000000Z");
        assert_eq!(
            read("9999-12-31T23:59:59.999999Z"),
            "9999-12-31T23:59:59.999999Z"
        );
    }

    #[test]
    fn refuses_what_has_no_zone_or_no_sense() {
        for text in [
            "",
            "2026-01-01",
            "2026-01-01T00:00:00",
            "10000-01-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00+0200",
            "0000-01-01T00:00:00+01:00",
            "1700000000",
            "+026-01-01T00:00:00Z",
            "2026-01-01T00:00:00Zé",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    #[test]
    fn every_day_of_four_centuries_survives_the_round_trip() {
        for day in (-719_528..-719_528 + 146_097).chain(-800..=800) {
            let time = Timestamp::from_micros(day * MICROS_PER_DAY + 1);
            assert_eq!(time.to_string().parse(), Ok(time));
        }
    }

    #[test]
    fn a_bare_date_is_its_whole_day() {
        let day = (
            Timestamp::start_of_day("2026-03-09"),
            Timestamp::end_of_day("2026-03-09"),
        );
        assert_eq!(
            day.0.expect("valid").to_string(),
            "2026-03-09T00:00:00.000000Z"
        );
        assert_eq!(
            day.1.expect("valid").to_string(),
            "2026-03-09T23:59:59.999999Z"
        );
    }
}
