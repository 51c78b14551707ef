//! What verification found, printed.

use indelible::core::verify::{Report, TrailReport};

use crate::answer::{Answer, Layout, Sheet, cell, json_lines};
use crate::text::count;

impl Answer for Report {
    fn layout(&self) -> Layout {
        let mut columns = vec!["trail", "verdict", "size", "checked", "erased", "root"];
        // Where nothing was, the column would only make people wonder.
        let is_removed = self.trails.iter().any(|trail| trail.removed > 0);
        if is_removed {
            columns.insert(5, "removed");
        }
        let rows = self.trails.iter().map(|trail| {
            let mut row = vec![
                trail.trail.to_string(),
                verdict(trail).to_owned(),
                trail.size.to_string(),
                trail.entries_checked.to_string(),
                trail.erased.to_string(),
                trail.root.to_string(),
            ];
            if is_removed {
                row.insert(5, trail.removed.to_string());
            }
            row
        });
        let mut parts = vec![Layout::Table(Sheet {
            columns,
            rows: rows.collect(),
        })];
        for trail in &self.trails {
            for finding in &trail.findings {
                let at = finding
                    .seq
                    .map(|seq| format!(" #{seq}"))
                    .unwrap_or_default();
                let word = if finding.kind.is_warning() {
                    "warning"
                } else {
                    "finding"
                };
                let line = format!(
                    "{word}: {}{at} {}: {}",
                    trail.trail, finding.kind, finding.detail
                );
                parts.push(Layout::Line(line));
            }
            let unlisted = trail
                .findings_total
                .saturating_sub(trail.findings.len() as u64);
            if unlisted > 0 {
                parts.push(Layout::Line(format!(
                    "{} has {unlisted} more findings",
                    trail.trail
                )));
            }
        }
        Layout::Parts(parts)
    }

    /// One row for each finding, and one for each trail without any.
    fn sheet(&self) -> Sheet {
        let columns = vec![
            "trail",
            "ok",
            "size",
            "root",
            "entries_checked",
            "erased",
            "removed",
            "seq",
            "kind",
            "detail",
        ];
        let mut rows = Vec::new();
        for trail in &self.trails {
            let of_trail = || {
                vec![
                    trail.trail.to_string(),
                    trail.ok.to_string(),
                    trail.size.to_string(),
                    trail.root.to_string(),
                    trail.entries_checked.to_string(),
                    trail.erased.to_string(),
                    trail.removed.to_string(),
                ]
            };
            for finding in &trail.findings {
                let mut row = of_trail();
                row.extend([
                    cell(&finding.seq),
                    finding.kind.to_string(),
                    finding.detail.clone(),
                ]);
                rows.push(row);
            }
            if trail.findings.is_empty() {
                let mut row = of_trail();
                row.resize(columns.len(), String::new());
                rows.push(row);
            }
        }
        Sheet { columns, rows }
    }

    fn lines(&self) -> serde_json::Result<Vec<String>> {
        json_lines(&self.trails)
    }
}

fn verdict(trail: &TrailReport) -> &'static str {
    match (trail.ok, trail.size, trail.findings.is_empty()) {
        (false, ..) => "FAILED",
        (true, 0, _) => "nothing there",
        (true, _, false) => "ok, with warnings",
        (true, _, true) => "ok",
    }
}

/// Why the whole is not verified, in one sentence.
pub fn summary(report: &Report) -> String {
    let failed: Vec<_> = report.trails.iter().filter(|trail| !trail.ok).collect();
    if failed.is_empty() {
        return "there is no entry, so that nothing could be verified".to_owned();
    }
    let named: Vec<_> = failed.iter().map(|trail| trail.trail.to_string()).collect();
    let findings = failed.iter().map(|trail| trail.findings_total).sum();
    format!(
        "verification failed: {} in {}",
        count(findings, "finding"),
        named.join(", ")
    )
}
