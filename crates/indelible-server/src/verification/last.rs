//! What the last verification of each trail came to, as this server notes it down: it outlives the
//! process, and is no evidence. The registry holds it under a seal, so that whoever writes to the
//! database past this installation cannot make up one that found nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use indelible_core::verify::{Finding, TrailReport};
use indelible_core::{AuditError, Timestamp, TrailName};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{By, Run};
use crate::app::App;
use crate::keys::KeyError;
use crate::limits::{
    FINDING_BYTES_KEPT, FINDINGS_KEPT_MAX, FINDINGS_OF_KIND_KEPT_MAX, NOTE_ATTEMPTS_MAX,
};
use crate::problem::Problem;

/// The kind of these notes in the registry; their keys are the names of trails.
const KIND: &str = "verification";

/// What the last verification of a trail came to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Last {
    /// When it began.
    pub begun_at: Timestamp,
    /// How long it took, in microseconds.
    pub took_micros: u64,
    /// Who asked for it.
    pub by: By,
    /// What it came to.
    pub came: Came,
}

/// What a verification came to.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Came {
    /// It was done. Of its findings some may be left out; `findings_total` counts them all.
    Report(Box<TrailReport>),
    /// It could not be done, for this reason.
    Unable(String),
}

/// What is noted of a trail.
#[derive(Debug, Clone)]
pub enum Noted {
    /// No verification of this server.
    Nothing,
    /// What stands there was not written by this installation, or by a later version.
    Unreadable,
    /// The last one.
    Last(Box<Last>),
}

/// Notes what a verification came to. Where that fails the log says so: it is no evidence.
pub(super) async fn note(
    app: &App,
    run: &Run,
    took: Duration,
    verified: &Result<TrailReport, AuditError>,
) {
    let came = match verified {
        // Names of trails are made up as one likes: of what is not there nothing is noted.
        Ok(report) if report.ok && report.size == 0 => return,
        Ok(report) => Came::Report(Box::new(bounded(report))),
        Err(AuditError::Closed) => return,
        Err(error) => Came::Unable(Problem::from(error.clone()).detail),
    };
    let last = Last {
        begun_at: run.begun_at,
        took_micros: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        by: run.by.clone(),
        came,
    };
    if let Err(error) = write(app, &run.trail, &last).await {
        let trail = run.trail.as_str();
        tracing::warn!(trail, %error, "what a verification came to was not noted down");
    }
}

async fn write(app: &App, trail: &TrailName, last: &Last) -> Result<(), KeyError> {
    let registry = &app.engine().ground().registry;
    // Texts, numbers and times, which JSON always holds.
    let value = serde_json::to_value(last).unwrap_or_default();
    let value = app.keys().sealed((KIND, trail.as_str()), value).await?;
    for _ in 0..NOTE_ATTEMPTS_MAX {
        let there = registry.get(KIND, trail.as_str()).await?;
        let version = there.as_ref().map(|row| row.version);
        if let Some(row) = there
            && let Noted::Last(before) = Noted::read(app, trail.as_str(), row.value).await?
            && before.says_more_than(last)
        {
            return Ok(());
        }
        let written = registry.put(KIND, trail.as_str(), version, Some(&value));
        if written.await?.is_some() {
            return Ok(());
        }
    }
    // Those that other servers noted meanwhile are as new.
    Ok(())
}

impl Last {
    /// Whether this stays although another one has ended: of two that ran at once, here and on
    /// another host, the one that began later has seen more, and one that could not be done takes
    /// no finding away.
    fn says_more_than(&self, other: &Self) -> bool {
        let is_unable = matches!(other.came, Came::Unable(_));
        self.begun_at > other.begun_at || (self.has_failed() && is_unable)
    }

    fn has_failed(&self) -> bool {
        matches!(&self.came, Came::Report(report) if !report.ok)
    }
}

/// The report with as many findings as are kept.
fn bounded(report: &TrailReport) -> TrailReport {
    let mut of_kind = BTreeMap::new();
    let mut kept = Vec::new();
    // What fails a trail first: warnings are not to take its place.
    let (warnings, failures): (Vec<_>, Vec<_>) = report
        .findings
        .iter()
        .partition(|finding| finding.kind.is_warning());
    for finding in failures.into_iter().chain(warnings) {
        let count = of_kind.entry(finding.kind).or_insert(0_usize);
        *count += 1;
        if *count <= FINDINGS_OF_KIND_KEPT_MAX && kept.len() < FINDINGS_KEPT_MAX {
            let end = finding.detail.floor_char_boundary(FINDING_BYTES_KEPT);
            kept.push(Finding {
                detail: finding.detail[..end].to_owned(),
                ..finding.clone()
            });
        }
    }
    TrailReport {
        findings: kept,
        ..report.clone()
    }
}

impl Noted {
    /// Whether the last verification found the trail altered.
    pub fn has_failed(&self) -> bool {
        matches!(self, Self::Last(last) if last.has_failed())
    }

    /// What is noted of this trail.
    ///
    /// # Errors
    /// The registry failed, or the installation's secret is not at hand.
    pub async fn of(app: &App, trail: &TrailName) -> Result<Self, KeyError> {
        let row = app.engine().ground().registry.get(KIND, trail.as_str());
        match row.await? {
            None => Ok(Self::Nothing),
            Some(row) => Self::read(app, trail.as_str(), row.value).await,
        }
    }

    /// What is noted of every trail, by its name.
    ///
    /// # Errors
    /// As [`Noted::of`].
    pub async fn all(app: &App) -> Result<BTreeMap<String, Self>, KeyError> {
        let mut all = BTreeMap::new();
        for (trail, row) in app.engine().ground().registry.list(KIND).await? {
            let noted = Self::read(app, &trail, row.value).await?;
            all.insert(trail, noted);
        }
        Ok(all)
    }

    async fn read(app: &App, trail: &str, value: Value) -> Result<Self, KeyError> {
        let (value, is_sealed) = app.keys().unsealed((KIND, trail), value).await?;
        let read = is_sealed.then(|| serde_json::from_value::<Last>(value));
        Ok(match read {
            Some(Ok(last)) => Self::Last(Box::new(last)),
            _ => Self::Unreadable,
        })
    }
}

#[cfg(test)]
mod tests {
    use indelible_core::verify::FindingKind;

    use super::*;

    fn finding(kind: FindingKind, seq: u64, detail: &str) -> Finding {
        Finding {
            seq: Some(seq),
            kind,
            detail: detail.to_owned(),
        }
    }

    #[test]
    fn the_verdict_that_saw_more_stays() {
        let report = |ok| {
            Came::Report(Box::new(TrailReport {
                trail: TrailName::system(),
                ok,
                size: 1,
                root: indelible_merkle::Hash::from([0; 32]),
                checked_from: 0,
                entries_checked: 1,
                complete: true,
                erased: 0,
                removed: 0,
                checkpoints_compared: 0,
                findings_total: 0,
                findings: Vec::new(),
            }))
        };
        let last = |second: i64, came| Last {
            begun_at: Timestamp::from_micros(second * 1_000_000),
            took_micros: 0,
            by: By::Schedule,
            came,
        };
        let unable = || Came::Unable("the database is away".to_owned());
        // What ended later but began earlier has not seen what the other one found.
        assert!(last(20, report(false)).says_more_than(&last(10, report(true))));
        assert!(!last(10, report(false)).says_more_than(&last(20, report(true))));
        assert!(last(10, report(false)).says_more_than(&last(20, unable())));
        assert!(!last(10, report(true)).says_more_than(&last(20, unable())));
    }

    #[test]
    fn a_note_is_bounded_and_warnings_hide_no_failure() {
        let long = "ä".repeat(FINDING_BYTES_KEPT);
        let warnings = (0..1000).map(|seq| finding(FindingKind::ErasureUndone, seq, &long));
        let failures = (0..1000).map(|seq| finding(FindingKind::ColumnDiffers, seq, &long));
        let last = finding(FindingKind::TailCut, 1000, "entries 1000 to 1003 are gone");
        let report = TrailReport {
            trail: TrailName::system(),
            ok: false,
            size: 1004,
            root: indelible_merkle::Hash::from([0; 32]),
            checked_from: 0,
            entries_checked: 1000,
            complete: false,
            erased: 0,
            removed: 0,
            checkpoints_compared: 0,
            findings_total: 2001,
            findings: warnings.chain(failures).chain([last]).collect(),
        };
        let kept = bounded(&report);
        assert_eq!((kept.findings_total, kept.size), (2001, 1004));
        let count = |kind| kept.findings.iter().filter(|f| f.kind == kind).count();
        assert_eq!(count(FindingKind::ColumnDiffers), FINDINGS_OF_KIND_KEPT_MAX);
        assert_eq!(count(FindingKind::TailCut), 1);
        assert_eq!(kept.findings[0].kind, FindingKind::ColumnDiffers);
        let text = serde_json::to_string(&kept).expect("JSON");
        assert!(text.len() < 200_000, "{}", text.len());
    }
}
