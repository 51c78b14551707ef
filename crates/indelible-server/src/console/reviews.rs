//! `/console/trails/{trail}/reviews`: what is new, what waits for somebody, which days were missed,
//! and what can be decided about it.

mod change;
mod row;

use std::collections::BTreeSet;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use indelible_core::TrailName;
use indelible_evidence::review::{DayLines, Disposition, FindingLines, Severity, Shown};

use super::frame::{Frame, Place};
use super::login::Form;
use super::{href, page};
use crate::access::{Caller, Shown as ShownEntries};
use crate::app::App;
use crate::keys::Permission;
use crate::limits::{CONSOLE_CLOSED_MAX, CONSOLE_FINDINGS_MAX, CONSOLE_FLAGS_MAX};
use crate::problem::{Kind, Problem};
use crate::request::{TrailPath, named, number, pairs};
use crate::reviews::Desk;
pub use change::{assign, close, raise, record_missed, sign, start};
pub use row::cut;
use row::{Count, Day, Finding, Flagged};

#[derive(Template)]
#[template(path = "reviews.html")]
struct ReviewsPage {
    frame: Frame,
    trouble: Option<String>,
    given: Given,
    url: String,
    may_review: bool,
    /// Nothing where the trail has no entry.
    seen: Option<Seen>,
    severities: [Severity; 4],
    dispositions: [Disposition; 5],
}

/// A review as a page shows it.
struct Seen {
    as_of: u64,
    entries: u64,
    summary: String,
    limits: Vec<String>,
    rules: String,
    counts: Vec<Count>,
    flags: Vec<Flagged>,
    flags_left_out: usize,
    /// Whether anything is flagged that is not on record.
    is_news: bool,
    last_sign_off: Option<(u64, String)>,
    open: Vec<Finding>,
    open_all: usize,
    /// The pages of further ones.
    next: Option<String>,
    before: Option<String>,
    closed: Vec<Finding>,
    closed_all: usize,
    days: Vec<Day>,
    /// The dates between which they were asked for.
    asked: (String, String),
    missed: usize,
    /// Missed days of these that are not on record.
    unrecorded: usize,
    /// Whether it can still be said which day was the first.
    may_start: bool,
    /// What has to be said beside the days.
    remarks: Vec<String>,
}

/// What a form said that has to be mended, to be shown in it again.
#[derive(Default)]
struct Given {
    /// The finding that it was about.
    finding: String,
    form: Option<Form>,
}

impl Given {
    fn text(&self, finding: &str, name: &str) -> &str {
        let form = self.form.as_ref().filter(|_| self.finding == finding);
        form.and_then(|form| form.named(name)).unwrap_or_default()
    }

    fn is_by_hand(&self) -> bool {
        let form = self.form.as_ref();
        form.is_some_and(|form| form.named("seqs").is_some())
    }

    fn severity(&self) -> &str {
        match self.text("", "severity") {
            "" => Severity::Medium.as_str(),
            given => given,
        }
    }
}

/// `GET …/reviews`: as of the size that `as_of` names, else as of now.
pub async fn page(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    TrailPath(trail): TrailPath,
    parts: Parts,
) -> Result<Response, Problem> {
    let given = pairs(&parts);
    let given = given.iter().map(|(name, value)| (&**name, &**value));
    let [as_of, from, to, skip] = named(given, ["as_of", "from", "to", "skip"])?;
    let skip = number("skip", skip)?.unwrap_or_default();
    let asked = Asked {
        as_of: number("as_of", as_of)?,
        days: (from, to),
        skip: usize::try_from(skip).unwrap_or(usize::MAX),
    };
    let page = ReviewsPage::of((&app, &caller), &trail, asked).await?;
    let entries = page.seen.as_ref().map_or(0, |seen| seen.entries);
    let mut response = page::html(StatusCode::OK, &page)?;
    response.extensions_mut().insert(ShownEntries(entries));
    Ok(response)
}

#[derive(Default)]
struct Asked<'p> {
    as_of: Option<u64>,
    days: (Option<&'p str>, Option<&'p str>),
    /// Open findings that are passed over.
    skip: usize,
}

impl ReviewsPage {
    async fn of(
        (app, caller): (&App, &Caller),
        trail: &TrailName,
        asked: Asked<'_>,
    ) -> Result<Self, Problem> {
        let frame = Frame::of(Some(caller), "Reviews", Some(trail), Place::Reviews);
        let seen = match Seen::of((app, caller), trail, asked).await {
            Ok(seen) => Some(seen),
            Err(problem) if problem.kind == Kind::NotFound => None,
            Err(problem) => return Err(problem),
        };
        Ok(Self {
            trouble: None,
            given: Given::default(),
            url: href::of_trail(trail, "reviews"),
            may_review: frame.may(Permission::Review),
            frame,
            seen,
            severities: Severity::ALL,
            dispositions: Disposition::ALL,
        })
    }
}

impl Seen {
    async fn of(
        (app, caller): (&App, &Caller),
        trail: &TrailName,
        asked: Asked<'_>,
    ) -> Result<Self, Problem> {
        let now = app.now();
        let desk = Desk::of(app, caller, trail)?;
        let reviewed = desk.reviewed(asked.as_of).await?;
        let days: DayLines = desk.days(asked.days).await?;
        let may_start = reviewed.ledger.may_start();
        let all = FindingLines::of(reviewed.ledger.clone(), false).findings;
        let (open, closed): (Vec<_>, Vec<_>) = all.into_iter().partition(|it| it.open);
        let (open_all, closed_all) = (open.len(), closed.len());
        let news: BTreeSet<String> = reviewed.news().map(str::to_owned).collect();
        let shown = Shown::of(reviewed);
        let finding = |line| Finding::of(line, trail, now);
        let mut open: Vec<_> = open.into_iter().map(finding).collect();
        open.sort_by_key(|it| (std::cmp::Reverse(it.severity), it.raised_seq));
        let open: Vec<_> = open
            .into_iter()
            .skip(asked.skip)
            .take(CONSOLE_FINDINGS_MAX)
            .collect();
        let mut closed: Vec<_> = closed.into_iter().map(finding).collect();
        closed.sort_by_key(|it| std::cmp::Reverse(it.closed_seq));
        closed.truncate(CONSOLE_CLOSED_MAX);
        let flags = shown.review.findings.iter();
        let flags = flags.map(|flag| {
            let is_news = news.contains(&flag.id);
            Flagged::of((flag, is_news), &shown, trail, now)
        });
        let entry = |seq: u64| (seq, href::entry(trail, seq));
        let lines = days.days.iter().rev();
        Ok(Self {
            as_of: shown.review.as_of,
            entries: shown.review.entries,
            summary: shown.summary(),
            limits: shown.limits(),
            rules: row::rules(&shown.review.rules),
            counts: row::counts(&shown.review.counts),
            flags_left_out: shown
                .review
                .findings
                .len()
                .saturating_sub(CONSOLE_FLAGS_MAX),
            flags: flags.take(CONSOLE_FLAGS_MAX).collect(),
            is_news: !news.is_empty(),
            last_sign_off: shown.last_sign_off.map(entry),
            next: (asked.skip.saturating_add(open.len()) < open_all && !open.is_empty())
                .then(|| further(trail, shown.review.as_of, asked.skip + open.len())),
            before: (asked.skip > 0).then(|| {
                let skip = asked
                    .skip
                    .min(open_all)
                    .saturating_sub(CONSOLE_FINDINGS_MAX);
                further(trail, shown.review.as_of, skip)
            }),
            open,
            open_all,
            closed,
            closed_all,
            asked: (
                asked.days.0.unwrap_or_default().to_owned(),
                asked.days.1.unwrap_or_default().to_owned(),
            ),
            missed: days.missed,
            unrecorded: days.unrecorded().count(),
            may_start,
            remarks: days.remarks(),
            days: lines
                .take(row::DAYS_SHOWN_MAX)
                .map(|line| Day::of(line, trail, now))
                .collect(),
        })
    }
}

impl Seen {
    /// Whoever may record could make them many.
    fn remarks_shown(&self) -> &[String] {
        &self.remarks[..self.remarks.len().min(row::REMARKS_MAX)]
    }
}

/// The page of further open findings, as of the same size.
fn further(trail: &TrailName, as_of: u64, skip: usize) -> String {
    let asked = [("as_of", as_of.to_string()), ("skip", skip.to_string())];
    href::with(&href::of_trail(trail, "reviews"), asked) + "#open-title"
}
