//! Which month's partition holds which entries.
//!
//! Entries are partitioned by the month of `created_at`, and looked up by seq. The table
//! `placement` has a row for each seq at which the month changes, so that a statement can name the
//! one partition that it needs. Rows are only ever added: what was read once stays true.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use indelible_core::store::StoreError;
use indelible_core::{Timestamp, TrailName};
use indelible_merkle::Hash;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::connection::Lent;
use crate::error::corrupt;
use crate::row::{Bound, Day};
use crate::sql;

/// Stretches that a statement is split by at most. A trail whose clock leapt more often than that
/// is read from all partitions at once.
const STRETCHES_MAX: usize = 64;
const DAY_MICROS: i64 = 86_400_000_000;

/// A calendar month, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Month {
    year: i64,
    /// 1 to 12.
    month: i64,
}

/// Seqs that lie in partitions between two times of recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) seqs: Range<u64>,
    /// The least `created_at`.
    pub(crate) from: Bound,
    /// More than the largest `created_at`.
    pub(crate) to: Bound,
}

/// What is known of the placement of entries, by trail.
#[derive(Default)]
pub(crate) struct Placements {
    known: Mutex<HashMap<TrailName, Known>>,
    /// The size and root that this process's last commit gave a trail, and the month of its last
    /// entry. The root, because another history may come to the same size.
    ends: Mutex<HashMap<TrailName, (u64, Hash, Month)>>,
}

#[derive(Clone, Default)]
struct Known {
    /// The rows tell the place of every smaller seq.
    upto: u64,
    rows: Arc<Vec<(u64, Month)>>,
}

impl Month {
    /// The month of a time.
    pub(crate) fn of(time: Timestamp) -> Self {
        Self::of_day(time.as_micros().div_euclid(DAY_MICROS))
    }

    /// Its first day.
    pub(crate) fn first_day(self) -> Day {
        Day(days(self.year, self.month))
    }

    /// Its first moment.
    pub(crate) fn begin(self) -> Bound {
        Bound(self.first_day().0.saturating_mul(DAY_MICROS))
    }

    /// The month after it.
    pub(crate) fn next(self) -> Self {
        match self.month {
            12 => Self {
                year: self.year + 1,
                month: 1,
            },
            month => Self {
                year: self.year,
                month: month + 1,
            },
        }
    }

    /// The month of a day since 1970-01-01.
    pub(crate) fn of_day(day: i64) -> Self {
        // Counted from 0000-03-01, so that a leap day ends its year.
        let day = day + 719_468;
        let era = day.div_euclid(146_097);
        let of_era = day.rem_euclid(146_097);
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let march_based = (5 * of_year + 2) / 153;
        let month = if march_based < 10 {
            march_based + 3
        } else {
            march_based - 9
        };
        let year = year + era * 400 + i64::from(month <= 2);
        Self { year, month }
    }
}

/// Days from 1970-01-01 to the first of a month.
fn days(year: i64, month: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let march_based = (month + 9) % 12;
    let of_year = (153 * march_based + 2) / 5;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

impl Placements {
    /// Where the entries of `seqs` lie, by seq. `size` is the size of the trail as it was read
    /// before this call; nothing at or beyond it is answered.
    ///
    /// An empty answer means that no entry is known to lie anywhere.
    pub(crate) async fn of(
        &self,
        lent: &Lent,
        trail: &TrailName,
        seqs: Range<u64>,
        size: u64,
    ) -> Result<Vec<Stretch>, StoreError> {
        let seqs = seqs.start..seqs.end.min(size);
        if seqs.is_empty() {
            return Ok(Vec::new());
        }
        let mut known = self.known(trail);
        if known.upto < seqs.end {
            known = self.read(lent, trail, known, size).await?;
        }
        Ok(stretches(&known.rows, seqs))
    }

    /// The month that the last of the first `size` entries lies in.
    ///
    /// Nothing is kept of the answer: `size` is what a commit says, not what the trail has.
    pub(crate) async fn month_before(
        &self,
        lent: &Lent,
        trail: &TrailName,
        (size, root): (u64, Hash),
    ) -> Result<Option<Month>, StoreError> {
        let end = lock(&self.ends).get(trail).copied();
        if let Some((at, of, month)) = end
            && at == size
            && of == root
        {
            return Ok(Some(month));
        }
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        let params = [(&trail.as_str() as _, Type::TEXT), (&size as _, Type::INT8)];
        let found = lent.rows(sql::MONTH_BEFORE, &params).await?;
        Ok(found
            .first()
            .map(placed)
            .transpose()?
            .map(|(_, month)| month))
    }

    /// A commit has given the trail this size, and its last entry lies in this month.
    pub(crate) fn committed(&self, trail: &TrailName, (size, root): (u64, Hash), month: Month) {
        lock(&self.ends).insert(trail.clone(), (size, root, month));
    }

    fn known(&self, trail: &TrailName) -> Known {
        lock(&self.known).get(trail).cloned().unwrap_or_default()
    }

    async fn read(
        &self,
        lent: &Lent,
        trail: &TrailName,
        known: Known,
        size: u64,
    ) -> Result<Known, StoreError> {
        let sql = "\
SELECT first_seq, month FROM indelible.placement WHERE trail_id = $1 AND first_seq > $2 \
ORDER BY first_seq";
        let after = known.rows.last().map_or(-1, |(seq, _)| seq.cast_signed());
        let params = [
            (&trail.as_str() as _, Type::TEXT),
            (&after as _, Type::INT8),
        ];
        let found = lent.rows(sql, &params).await?;
        let mut rows = Vec::clone(&known.rows);
        for row in &found {
            rows.push(placed(row)?);
        }
        let known = Known {
            upto: size,
            rows: Arc::new(rows),
        };
        let mut all = lock(&self.known);
        let stays = all.get(trail).is_some_and(|there| there.upto >= size);
        if !stays {
            all.insert(trail.clone(), known.clone());
        }
        Ok(known)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // Nothing between lock and unlock can panic halfway through a change.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The columns `first_seq, month`.
fn placed(row: &Row) -> Result<(u64, Month), StoreError> {
    let what = "a placement";
    let seq: i64 = row.try_get(0).map_err(|e| corrupt(what, None, e))?;
    let seq = u64::try_from(seq).map_err(|e| corrupt(what, None, e))?;
    let day: Day = row.try_get(1).map_err(|e| corrupt(what, Some(seq), e))?;
    let month = Month::of_day(day.0);
    if month.first_day() != day {
        return Err(corrupt(what, Some(seq), "it is not the first of a month"));
    }
    Ok((seq, month))
}

fn stretches(rows: &[(u64, Month)], seqs: Range<u64>) -> Vec<Stretch> {
    // The last row at or before the start governs it.
    let first = rows.partition_point(|(seq, _)| *seq <= seqs.start);
    let rows = &rows[first.saturating_sub(1)..];
    let end = rows.partition_point(|(seq, _)| *seq < seqs.end);
    let rows = &rows[..end];
    if rows.len() > STRETCHES_MAX {
        let from = rows.iter().map(|(_, month)| *month).min();
        let to = rows.iter().map(|(_, month)| *month).max();
        let whole = from.zip(to).map(|(from, to)| Stretch {
            seqs,
            from: from.begin(),
            to: to.next().begin(),
        });
        return whole.into_iter().collect();
    }
    rows.iter()
        .enumerate()
        .map(|(place, (first, month))| Stretch {
            seqs: seqs.start.max(*first)..rows.get(place + 1).map_or(seqs.end, |(next, _)| *next),
            from: month.begin(),
            to: month.next().begin(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(year: i64, month: i64) -> Month {
        Month { year, month }
    }

    #[test]
    fn every_day_has_its_month() {
        let (mut expected, mut lengths) = (month(1, 1), 0);
        let first = days(1, 1);
        for day in first..days(2100, 1) {
            let found = Month::of_day(day);
            if found != expected {
                assert_eq!(found, expected.next(), "{day}");
                assert!((28..=31).contains(&lengths), "{expected:?}");
                (expected, lengths) = (found, 0);
            }
            lengths += 1;
        }
        assert_eq!(Month::of_day(0), month(1970, 1));
        assert_eq!(month(2026, 11).first_day(), Day(20_758));
        assert_eq!(month(2000, 3).begin().0, 951_868_800_000_000);
    }

    #[test]
    fn stretches_cover_what_is_asked_and_nothing_else() {
        let rows = [
            (0, month(2026, 1)),
            (100, month(2026, 2)),
            (250, month(2026, 1)),
        ];
        let seqs = |asked: Range<u64>| -> Vec<Range<u64>> {
            stretches(&rows, asked)
                .into_iter()
                .map(|s| s.seqs)
                .collect()
        };
        assert_eq!(seqs(0..10), vec![0..10]);
        assert_eq!(seqs(99..101), [99..100, 100..101]);
        assert_eq!(seqs(100..250), vec![100..250]);
        assert_eq!(seqs(50..300), [50..100, 100..250, 250..300]);
        assert!(stretches(&[(5, month(2026, 1))], 0..5).is_empty());
        assert_eq!(stretches(&[(5, month(2026, 1))], 0..9)[0].seqs, 5..9);
    }
}
