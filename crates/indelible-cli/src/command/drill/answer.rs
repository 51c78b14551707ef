//! What a drill came to, printed.

use std::time::Duration;

use indelible::core::verify::TrailReport;
use indelible::{Audit, AuditError};
use serde::Serialize;

use crate::answer::{Answer, Layout, Sheet, cell, json_lines};

/// All trails of a copy.
#[derive(Serialize)]
pub(super) struct Drill {
    pub ok: bool,
    pub backup: Option<String>,
    pub trails: Vec<Drilled>,
}

/// One trail of a copy.
#[derive(Serialize)]
pub(super) struct Drilled {
    /// Whether it verifies and is the beginning of the trail in use.
    #[serde(rename = "restored")]
    pub ok: bool,
    #[serde(flatten)]
    pub compared: Compared,
    pub duration_ms: u64,
    /// Where the drill stands on record.
    pub seq: Option<u64>,
    #[serde(flatten)]
    pub report: TrailReport,
}

/// What the trail in use says of the copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "compared", rename_all = "snake_case")]
pub(super) enum Compared {
    /// It begins with what is in the copy; so many entries were recorded since.
    Same { recorded_since: u64 },
    /// It has so many entries, and others are in the copy.
    Differs { trail_size: u64 },
    /// It has no more than so many entries, fewer than the copy.
    Ahead { trail_size: u64 },
    /// It has so many entries, and the copy none.
    Missing { trail_size: u64 },
    /// Retention removed from it what the copy could be compared with.
    Removed { recorded_since: u64 },
}

impl Compared {
    /// Compares the root of the copy with the one that the trail had then.
    pub(super) async fn of(audit: &Audit, copy: &TrailReport) -> Result<Self, AuditError> {
        let size = audit.head().await?.map_or(0, |head| head.size);
        let Some(recorded_since) = size.checked_sub(copy.size) else {
            return Ok(Self::Ahead { trail_size: size });
        };
        if copy.size == 0 {
            return Ok(Self::Missing { trail_size: size });
        }
        match audit.root_at(copy.size).await {
            Ok(Some(root)) if root == copy.root => Ok(Self::Same { recorded_since }),
            Ok(_) => Ok(Self::Differs { trail_size: size }),
            Err(_) if copy.size < audit.first_kept().await? => Ok(Self::Removed { recorded_since }),
            Err(error) => Err(error),
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Same { .. } => "same",
            Self::Differs { .. } => "differs",
            Self::Ahead { .. } => "ahead",
            Self::Missing { .. } => "missing",
            Self::Removed { .. } => "removed",
        }
    }
}

/// Whole milliseconds.
pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Drilled {
    pub(super) fn new(report: TrailReport, compared: Compared, took: Duration) -> Self {
        let is_own = matches!(compared, Compared::Same { .. } | Compared::Removed { .. });
        Self {
            ok: report.ok && report.size > 0 && is_own,
            compared,
            duration_ms: millis(took),
            seq: None,
            report,
        }
    }

    /// Entries that the copy lacks.
    pub(super) fn recorded_since(&self) -> Option<u64> {
        match self.compared {
            Compared::Same { recorded_since } | Compared::Removed { recorded_since } => {
                Some(recorded_since)
            }
            Compared::Differs { .. } | Compared::Ahead { .. } | Compared::Missing { .. } => None,
        }
    }

    /// Why it is not the trail's own, in one sentence.
    fn problem(&self) -> Option<String> {
        let TrailReport { trail, size, .. } = &self.report;
        match self.compared {
            Compared::Same { .. } => None,
            Compared::Removed { .. } => Some(format!(
                "{trail}: retention removed what the copy could be compared with; it was verified \
                 by itself"
            )),
            Compared::Differs { .. } => Some(format!(
                "{trail}: the first {size} entries of the trail in use are not those of the copy"
            )),
            Compared::Missing { trail_size: own } => Some(format!(
                "{trail}: it is not in the copy, and has {own} entries in use"
            )),
            Compared::Ahead { trail_size: own } => Some(format!(
                "{trail}: the copy has {size} entries and the trail in use {own}: it is no backup \
                 of it"
            )),
        }
    }

    fn row(&self) -> Vec<String> {
        vec![
            self.report.trail.to_string(),
            self.ok.to_string(),
            self.report.size.to_string(),
            self.report.entries_checked.to_string(),
            self.compared.as_str().to_owned(),
            cell(&self.recorded_since()),
            self.report.findings_total.to_string(),
            self.duration_ms.to_string(),
            cell(&self.seq),
            self.report.root.to_string(),
        ]
    }

    const COLUMNS: [&'static str; 10] = [
        "trail",
        "restored",
        "size",
        "checked",
        "compared",
        "recorded_since",
        "findings",
        "duration_ms",
        "seq",
        "root",
    ];
}

impl Drill {
    pub(super) fn is_ok(&self) -> bool {
        self.ok
    }

    /// Why it failed, in one sentence.
    pub(super) fn summary(&self) -> String {
        if self.trails.is_empty() {
            return "the copy holds no trail".to_owned();
        }
        let failed = self.trails.iter().filter(|drilled| !drilled.ok);
        let named: Vec<_> = failed
            .map(|drilled| drilled.report.trail.to_string())
            .collect();
        format!("the drill failed: {}", named.join(", "))
    }
}

impl Answer for Drill {
    fn layout(&self) -> Layout {
        let mut parts = vec![Layout::Table(self.sheet())];
        for drilled in &self.trails {
            parts.extend(drilled.problem().map(Layout::Line));
            let findings = drilled.report.findings.iter();
            parts.extend(findings.map(|finding| {
                let at = finding.seq.map(|seq| format!(" #{seq}"));
                Layout::Line(format!(
                    "{}{} {}: {}",
                    drilled.report.trail,
                    at.unwrap_or_default(),
                    finding.kind,
                    finding.detail
                ))
            }));
        }
        Layout::Parts(parts)
    }

    fn sheet(&self) -> Sheet {
        Sheet {
            columns: Drilled::COLUMNS.to_vec(),
            rows: self.trails.iter().map(Drilled::row).collect(),
        }
    }

    fn lines(&self) -> serde_json::Result<Vec<String>> {
        json_lines(&self.trails)
    }
}
