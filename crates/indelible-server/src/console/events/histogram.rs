//! How many entries there are over time, as bars to narrow the time by.

use std::ops::Range;

use indelible_core::{Outcome, Timestamp};

use super::super::counts::{Counts, Row};
use super::super::href;
use super::super::page::grouped;

/// The most bars.
const BARS_MAX: i64 = 72;
/// What a bar may stand for, in hours.
const WIDTHS: [i64; 9] = [1, 3, 6, 12, 24, 7 * 24, 28 * 24, 91 * 24, 364 * 24];
/// The width and height of the drawing, in its own units.
const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 80.0;

/// The bars of a trail.
pub struct Histogram {
    /// One for each stretch of time.
    pub bars: Vec<Bar>,
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
    /// Where it leads: the same question for this stretch alone.
    pub url: String,
    /// What it says.
    pub label: String,
    /// Its left edge.
    pub x: String,
    /// Its width.
    pub width: String,
    /// The upper edge and height of all of it.
    pub y: String,
    /// The height.
    pub height: String,
    /// The upper edge and height of those that failed or were denied.
    pub bad_y: String,
    /// That height.
    pub bad_height: String,
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
        narrowed: impl Fn(&str, &str) -> Vec<(String, String)>,
        path: &str,
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
        let step = WIDTH / count as f64;
        let bar = |(at, sum): (usize, &Sum)| {
            let hour = (begin + at as i64) * width;
            let start = Timestamp::start_of_hour(hour.max(first));
            let start = from.map_or(start, |from| from.max(start)).to_string();
            let stop = Timestamp::end_of_hour((hour + width - 1).min(last));
            let stop = to.map_or(stop, |to| to.min(stop)).to_string();
            let tall = |part: u64| part as f64 / most.max(1) as f64 * (HEIGHT - 4.0);
            // What is there is seen, however little it is.
            let height = if sum.all > 0 {
                tall(sum.all).max(2.0)
            } else {
                0.0
            };
            let bad = if sum.bad > 0 {
                tall(sum.bad).max(2.0)
            } else {
                0.0
            };
            Bar {
                url: href::with(path, narrowed(&start, &stop)),
                label: label(&start, width, sum),
                x: units(at as f64 * step),
                width: units((step - 1.5).max(0.5)),
                y: units(HEIGHT - height),
                height: units(height),
                bad_y: units(HEIGHT - bad),
                bad_height: units(bad),
            }
        };
        Some(Self {
            bars: sums.iter().enumerate().map(bar).collect(),
            first: day(Timestamp::start_of_hour(first)),
            last: day(Timestamp::end_of_hour(last)),
            each: words(width),
            total: grouped(total),
            most: grouped(most),
            is_wider: from.is_some_and(|from| from != Timestamp::start_of_hour(first))
                || to.is_some_and(|to| to != Timestamp::end_of_hour(last)),
            is_cut: first < counts.since,
        })
    }
}

fn units(length: f64) -> String {
    let tenths = (length * 10.0).round() as u64;
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn day(time: Timestamp) -> String {
    let text = time.to_string();
    text[..16].replacen('T', " ", 1)
}

fn label(start: &str, width: i64, sum: &Sum) -> String {
    let bad = match sum.bad {
        0 => String::new(),
        bad => format!(", {} of them failed or denied", grouped(bad)),
    };
    let start = start[..16].replacen('T', " ", 1);
    let (each, all) = (words(width), grouped(sum.all));
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
