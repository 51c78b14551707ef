//! `GET /v1/trails/{trail}/summary`: exact counts by action, outcome and hour.

use std::collections::BTreeMap;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::StatusCode;
use indelible_core::store::Rollup;
use indelible_core::{Outcome, Query, Timestamp, TrailName};
use serde::Serialize;

use crate::app::App;
use crate::limits::SUMMARY_ROWS_MAX;
use crate::problem::{Answer, Kind, Problem};
use crate::reply;
use crate::request::{TrailPath, pairs, shortened};

/// The counts of a span of whole hours.
#[derive(Debug, Serialize)]
struct Summary {
    trail: TrailName,
    /// The first instant that is counted; null where the span has no beginning.
    start_date: Option<Timestamp>,
    /// The last instant that is counted; null where the span has no end.
    end_date: Option<Timestamp>,
    total: u64,
    rows: Vec<Row>,
}

/// One count. What it is not divided by is left out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Row {
    #[serde(skip_serializing_if = "Option::is_none")]
    hour: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
    count: u64,
}

/// What a count is of: hour, action and outcome, as far as counts are divided by them.
type Cell = (Option<i64>, Option<String>, Option<Outcome>);

/// What a summary is asked for.
struct Asked {
    hours: std::ops::Range<i64>,
    start_date: Option<Timestamp>,
    end_date: Option<Timestamp>,
    by: By,
}

/// What the counts are divided by.
#[derive(Debug, Clone, Copy, Default)]
struct By {
    action: bool,
    outcome: bool,
    hour: bool,
}

/// Counts entries by the hour of `occurred_at`. A span that does not begin or end with an hour
/// is widened to whole ones; the answer names what it counts.
pub async fn count(State(app): State<App>, request: Request) -> Answer {
    let (mut parts, _) = request.into_parts();
    let TrailPath(trail) = TrailPath::from_request_parts(&mut parts, &app).await?;
    let given = pairs(&parts);
    let given = given.iter().map(|(name, value)| (&**name, &**value));
    let asked = Asked::read(given, app.now())?;
    let rollups = app.trail(&trail).summary(asked.hours.clone()).await?;
    let total = rollups.iter().map(|rollup| rollup.count).sum();
    let rows = asked.by.rows(rollups);
    if rows.len() > SUMMARY_ROWS_MAX {
        let detail = format!(
            "{} counts, more than {SUMMARY_ROWS_MAX}: narrow start_date and end_date, or divide \
             by less",
            rows.len()
        );
        return Err(Problem::new(Kind::InvalidRequest, detail).at("by"));
    }
    let (start_date, end_date) = (asked.start_date, asked.end_date);
    let summary = Summary {
        trail,
        start_date,
        end_date,
        total,
        rows,
    };
    reply::json(StatusCode::OK, &summary)
}

impl Asked {
    fn read<'p>(
        pairs: impl Iterator<Item = (&'p str, &'p str)>,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let mut by = None;
        let mut dates = Vec::new();
        for (name, value) in pairs {
            match name {
                "by" if by.replace(By::read(value)?).is_some() => {
                    return Err(Problem::new(Kind::InvalidRequest, "`by` is given twice").at("by"));
                }
                "by" => {}
                "start_date" | "end_date" => dates.push((name, value)),
                _ => {
                    let name = shortened(name);
                    let detail = format!("`{name}`: there is no such parameter");
                    return Err(Problem::new(Kind::InvalidRequest, detail).at(&name));
                }
            }
        }
        let query = Query::from_parameters(dates, now)?;
        let (first, last) = query.instants()?;
        let (begin, end) = (
            first.unwrap_or(Timestamp::MIN),
            last.unwrap_or(Timestamp::MAX),
        );
        let hours = begin.hour()..end.hour() + 1;
        Ok(Self {
            start_date: first.map(|first| Timestamp::start_of_hour(first.hour())),
            end_date: last.map(|last| Timestamp::end_of_hour(last.hour())),
            hours,
            by: by.unwrap_or(By::ALL),
        })
    }
}

impl By {
    const ALL: Self = Self {
        action: true,
        outcome: true,
        hour: true,
    };

    fn read(text: &str) -> Result<Self, Problem> {
        let mut by = Self::default();
        for name in text.split(',').filter(|name| !name.is_empty()) {
            match name {
                "action" => by.action = true,
                "outcome" => by.outcome = true,
                "hour" => by.hour = true,
                _ => {
                    let detail = "`by` names any of action, outcome and hour, with commas between";
                    return Err(Problem::new(Kind::InvalidRequest, detail).at("by"));
                }
            }
        }
        Ok(by)
    }

    fn rows(self, rollups: Vec<Rollup>) -> Vec<Row> {
        let mut counts: BTreeMap<Cell, u64> = BTreeMap::new();
        for rollup in rollups {
            let hour = self.hour.then_some(rollup.hour);
            let action = self.action.then_some(rollup.action);
            let outcome = self.outcome.then_some(rollup.outcome);
            *counts.entry((hour, action, outcome)).or_default() += rollup.count;
        }
        let row = |((hour, action, outcome), count): (Cell, u64)| Row {
            hour: hour.map(Timestamp::start_of_hour),
            action,
            outcome,
            count,
        };
        counts.into_iter().map(row).collect()
    }
}
