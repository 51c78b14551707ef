//! Findings as a page shows them: by kind, with what the kind means and what to do.

use indelible_core::TrailName;
use indelible_core::verify::{Finding, FindingKind};

use super::words::{Words, words};
use crate::console::href;

/// The findings of one kind.
pub struct Group {
    /// The name that the kind has everywhere.
    pub kind: String,
    /// What the kind means, and what to do.
    pub words: Words,
    /// The findings.
    pub findings: Vec<Line>,
}

/// One finding.
pub struct Line {
    /// The first entry concerned, and its page.
    pub entry: Option<(String, String)>,
    /// What was found there.
    pub detail: String,
}

/// The findings of a trail by kind, what fails it apart from warnings. What stands highest in the
/// table of words comes first.
pub fn groups(trail: &TrailName, findings: &[Finding]) -> (Vec<Group>, Vec<Group>) {
    let mut kinds: Vec<FindingKind> = findings.iter().map(|finding| finding.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let group = |kind: FindingKind| Group {
        kind: kind.to_string(),
        words: words(kind),
        findings: findings
            .iter()
            .filter(|finding| finding.kind == kind)
            .map(|finding| Line::of(trail, finding))
            .collect(),
    };
    let (warnings, failures): (Vec<_>, Vec<_>) =
        kinds.into_iter().partition(|kind| kind.is_warning());
    let all = |kinds: Vec<FindingKind>| kinds.into_iter().map(group).collect();
    (all(failures), all(warnings))
}

impl Line {
    fn of(trail: &TrailName, finding: &Finding) -> Self {
        let entry = |seq: u64| (seq.to_string(), href::entry(trail, seq));
        Self {
            entry: finding.seq.map(entry),
            detail: finding.detail.clone(),
        }
    }
}
