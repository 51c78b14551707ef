//! Spans of time as people type them.

use std::time::Duration;

use crate::time::Timestamp;

/// The instant that `text` names relative to `now`: a span before it. `None` where it is no span,
/// and a date as a rule.
pub(super) fn ago(text: &str, now: Timestamp) -> Option<Timestamp> {
    span(text).map(|span| now.earlier(span))
}

/// The span of time that a number and `s`, `m`, `h`, `d` or `w` name.
pub fn span(text: &str) -> Option<Duration> {
    let unit = text.bytes().last()?;
    let seconds: u64 = match unit {
        b's' => 1,
        b'm' => 60,
        b'h' => 3_600,
        b'd' => 86_400,
        b'w' => 7 * 86_400,
        _ => return None,
    };
    let digits = &text[..text.len() - 1];
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // More than time has is all of it.
    let count: u64 = digits.parse().unwrap_or(u64::MAX);
    Some(Duration::from_secs(count.saturating_mul(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_before_now_and_dates_are_not_spans() {
        let now: Timestamp = "2026-03-09T12:00:00Z".parse().expect("a time");
        let shown = |text: &str| ago(text, now).map(|time| time.to_string());
        assert_eq!(shown("24h").as_deref(), Some("2026-03-08T12:00:00.000000Z"));
        assert_eq!(shown("2w").as_deref(), Some("2026-02-23T12:00:00.000000Z"));
        assert_eq!(shown("0s").as_deref(), Some("2026-03-09T12:00:00.000000Z"));
        assert_eq!(ago("99999999999999999999d", now), Some(Timestamp::MIN));
        for text in [
            "",
            "d",
            "2026-03-01",
            "2026-03-01T00:00:00Z",
            "-1d",
            "1.5h",
            "1é",
            "1D",
        ] {
            assert_eq!(shown(text), None, "{text}");
        }
    }
}
