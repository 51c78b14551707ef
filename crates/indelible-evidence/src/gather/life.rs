//! Whether recording was alive all through a period: signs of it early and late, and no longer
//! time without one than is let pass. One sign of life says nothing of a year.

use std::collections::BTreeSet;

use crate::period::Period;
use crate::report::Liveness;

/// The longest time without a sign of life that is let pass: a week.
pub const SILENT_HOURS_MAX: u64 = 7 * 24;
/// Of a short period so much of it: a quarter.
const SILENT_PART: u64 = 4;

/// How the hours with signs of life lie in a period; nothing where it has not begun.
pub(super) fn measured(period: &Period, signs: &BTreeSet<i64>) -> Liveness {
    let (first, last) = (period.from.hour(), period.to.hour());
    if first > last {
        return Liveness::default();
    }
    let hours = last.abs_diff(first) + 1;
    let mut longest = 0;
    let mut due = first;
    let within = signs.range(first..=last).copied();
    let mut signed = 0;
    for hour in within.chain([last + 1]) {
        longest = longest.max(hour.abs_diff(due));
        due = hour + 1;
        signed += 1;
    }
    Liveness {
        // The end is no sign.
        hours_with_signs: signed - 1,
        silent_hours: longest,
        silent_hours_max: SILENT_HOURS_MAX.min(hours / SILENT_PART),
        ..Liveness::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(from: &str, to: &str, hours: &[i64]) -> Liveness {
        let period = Period::parse(from, to).expect("a period");
        let first = period.from.hour();
        measured(&period, &hours.iter().map(|hour| first + hour).collect())
    }

    #[test]
    fn t102_signs_are_asked_for_early_late_and_between() {
        let year = |hours: &[i64]| of("2026-01-01", "2026-12-31", hours);
        let weekly: Vec<i64> = (0..53).map(|week| week * 168).collect();
        assert!(year(&weekly).is_alive());
        for missing in [0, 1, 26, 51] {
            let mut signs = weekly.clone();
            signs.remove(missing);
            // The first week may be silent, and no other one beside its neighbour.
            assert_eq!(year(&signs).is_alive(), missing == 0, "{missing}");
        }
        for hours in [&[][..], &[0], &[4_000], &[8_759], &[0, 8_759]] {
            assert!(!year(hours).is_alive(), "{hours:?}");
        }
        assert_eq!(year(&[0]).silent_hours, 8_759);
        // Of a day six hours.
        let day = |hours: &[i64]| of("2026-03-01", "2026-03-01", hours);
        assert!(day(&[6, 12, 18]).is_alive());
        assert!(!day(&[0, 12]).is_alive());
        assert!(!day(&[]).is_alive());
        let instant = |hours| of("2026-03-01T10:00:00Z", "2026-03-01T10:00:00Z", hours);
        assert!(instant(&[0]).is_alive() && !instant(&[]).is_alive());
    }
}
