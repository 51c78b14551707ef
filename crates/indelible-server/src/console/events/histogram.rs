//! How many entries there are over time, as bars to narrow the time by.

use std::ops::Range;

use indelible_core::{Outcome, Timestamp};

use super::super::counts::{Counts, Row};
use super::super::page::grouped;

/// The most bars.
const BARS_MAX: i64 = 72;
/// What a bar may stand for, in hours.
const WIDTHS: [i64; 9] = [1, 3, 6, 12, 24, 7 * 24, 28 * 24, 91 * 24, 364 * 24];
/// The width of a bar's place, that of the bar in it, and the height of the drawing, in the
/// drawing's own units.
const PLACE: usize = 10;
const BAR: usize = 9;
const HEIGHT: u64 = 800;
/// The tallest bar and the shortest: what is there is seen, however little it is.
const TALLEST: f64 = 760.0;
const SHORTEST: u64 = 20;

/// The bars of a trail.
pub struct Histogram {
    /// Where every bar leads, up to the bounds of its time.
    pub narrowed: String,
    /// One for each stretch of time.
    pub bars: Vec<Bar>,
    /// The width of the drawing.
    pub width: usize,
    /// The width of a bar.
    pub bar: usize,
    /// The height of the drawing.
    pub height: u64,
    /// The first and the last day shown.
    pub first: String,
    /// The last one.
    pub last: String,
    /// What each bar stands for, in words.
    pub each: String,
    /// All that is counted.
    pub total: String,
    /// The most of one bar.
    pub most: String,
    /// Whether the first and the last bar count more than was asked for.
    pub is_wider: bool,
    /// Whether earlier entries are left out.
    pub is_cut: bool,
}

/// The entries of a stretch of time.
pub struct Bar {
    /// When it begins.
    pub from: Timestamp,
    /// Its last instant.
    pub to: Timestamp,
    /// What it says.
    pub label: String,
    /// Its left edge.
    pub x: usize,
    /// All of it, where others than those that failed are there.
    pub all: Option<Column>,
    /// Those that failed or were denied.
    pub bad: Option<Column>,
}

/// What is drawn of a count.
#[derive(PartialEq, Eq)]
pub struct Column {
    /// Its upper edge.
    pub y: u64,
    /// Its height.
    pub height: u64,
}

impl Column {
    /// A count among bars of which the tallest stands for `most`.
    fn of(count: u64, most: u64) -> Option<Self> {
        let tall = count as f64 / most.max(1) as f64 * TALLEST;
        let height = (tall.round() as u64).max(SHORTEST);
        let y = HEIGHT.saturating_sub(height);
        (count > 0).then_some(Self { y, height })
    }
}

#[derive(Default, Clone, Copy)]
struct Sum {
    all: u64,
    bad: u64,
}

impl Histogram {
    /// The bars of what `wanted` lets through, between two times where they are given.
    pub fn of(
        counts: &Counts,
        (from, to): (Option<Timestamp>, Option<Timestamp>),
        (actions, outcome): (Option<&[String]>, Option<&str>),
        narrowed: String,
    ) -> Option<Self> {
        let there = counts.hours();
        let first = from.map(Timestamp::hour).or(there.map(|hours| hours.0))?;
        let last = to.map(Timestamp::hour).or(there.map(|hours| hours.1))?;
        if first > last {
            return None;
        }
        let hours = last - first + 1;
        let fits = |width: &&i64| hours <= **width * BARS_MAX;
        let widest = (hours + BARS_MAX - 1) / BARS_MAX;
        let width = WIDTHS.iter().find(fits).copied().unwrap_or(widest);
        let begin = first.div_euclid(width);
        let end = last.div_euclid(width) + 1;
        let span: Range<i64> = first..last + 1;
        let count = usize::try_from(end - begin).ok()?;
        let mut sums = vec![Sum::default(); count];
        let is_wanted = |row: &&Row| outcome.is_none_or(|wanted| row.outcome.as_str() == wanted);
        for row in counts.within(&span, actions).filter(is_wanted) {
            let at = usize::try_from(row.hour.div_euclid(width) - begin).ok()?;
            let sum = sums.get_mut(at)?;
            sum.all = sum.all.saturating_add(row.count);
            if matches!(row.outcome, Outcome::Failed | Outcome::Denied) {
                sum.bad = sum.bad.saturating_add(row.count);
            }
        }
        let most = sums.iter().map(|sum| sum.all).max().unwrap_or(0);
        let all = sums.iter().map(|sum| sum.all);
        let total = all.fold(0, u64::saturating_add);
        let each = words(width);
        let bar = |(at, sum): (usize, &Sum)| {
            let hour = (begin + at as i64) * width;
            let start = Timestamp::start_of_hour(hour.max(first));
            let start = from.map_or(start, |from| from.max(start));
            let stop = Timestamp::end_of_hour((hour + width - 1).min(last));
            let (all, bad) = (Column::of(sum.all, most), Column::of(sum.bad, most));
            Bar {
                from: start,
                to: to.map_or(stop, |to| to.min(stop)),
                label: label(start, &each, sum),
                x: at * PLACE,
                all: all.filter(|all| bad.as_ref() != Some(all)),
                bad,
            }
        };
        Some(Self {
            narrowed,
            bars: sums.iter().enumerate().map(bar).collect(),
            first: day(Timestamp::start_of_hour(first)),
            last: day(Timestamp::end_of_hour(last)),
            width: count * PLACE,
            bar: BAR,
            height: HEIGHT,
            each,
            total: grouped(total),
            most: grouped(most),
            is_wider: from.is_some_and(|from| from != Timestamp::start_of_hour(first))
                || to.is_some_and(|to| to != Timestamp::end_of_hour(last)),
            is_cut: first < counts.since,
        })
    }
}

fn day(time: Timestamp) -> String {
    let text = time.to_string();
    text[..16].replacen('T', " ", 1)
}

fn label(start: Timestamp, each: &str, sum: &Sum) -> String {
    let (start, all) = (day(start), grouped(sum.all));
    let bad = match sum.bad {
        0 => String::new(),
        bad => format!(", {} of them failed or denied", grouped(bad)),
    };
    format!("{start} UTC, {each}: {all} events{bad}")
}

fn words(hours: i64) -> String {
    match hours {
        1 => "1 hour".to_owned(),
        24 => "1 day".to_owned(),
        hours if hours < 48 => format!("{hours} hours"),
        hours => format!("{} days", (hours + 23) / 24),
    }
}
