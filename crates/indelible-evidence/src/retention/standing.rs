//! How retention stands in a trail.

use indelible_core::engine::{Audit, RetentionPolicy, RetentionState};
use indelible_core::{AuditError, Timestamp, TrailName};
use serde::Serialize;

/// How retention stands in a trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// The trail.
    pub trail: TrailName,
    /// The policy in force; without one everything is kept.
    pub policy: Option<RetentionPolicy>,
    /// The seq of the first entry that is there.
    pub first_kept: u64,
    /// Whether the first entry should be gone.
    pub overdue: bool,
    /// Whether something was recorded as removed that is not gone yet.
    pub unfinished: bool,
}

impl Standing {
    /// How it stands at a time.
    ///
    /// # Errors
    /// As [`Audit::retention_state`].
    pub async fn of(audit: &Audit, now: Timestamp) -> Result<Self, AuditError> {
        let RetentionState {
            policy,
            first_kept,
            is_overdue,
            is_unfinished,
        } = audit.retention_state(now).await?;
        Ok(Self {
            trail: audit.name().clone(),
            policy,
            first_kept,
            overdue: is_overdue,
            unfinished: is_unfinished,
        })
    }

    /// What a run would mend, in words.
    pub fn remarks(&self) -> Vec<&'static str> {
        let told = [
            (
                self.unfinished,
                "what was recorded as removed is not all gone: the next run goes on with it",
            ),
            (
                self.overdue,
                "the first entry is older than the policy keeps it: a run is due",
            ),
        ];
        let told = told.into_iter().filter(|(is_so, _)| *is_so);
        told.map(|(_, words)| words).collect()
    }
}

/// A policy in a few lines.
pub fn policy_lines(policy: Option<&RetentionPolicy>) -> Vec<String> {
    let Some(policy) = policy else {
        return vec!["none: everything is kept".to_owned()];
    };
    let mut lines = Vec::new();
    let days = |days: &Option<u32>, what: &str| days.map(|days| format!("{what} {days} days"));
    lines.extend(days(&policy.minimum_days, "at least"));
    lines.extend(days(&policy.maximum_days, "at most"));
    for class in &policy.classes {
        let parts: Vec<_> = class.parts.iter().map(ToString::to_string).collect();
        lines.push(format!(
            "{} of {} after {} days",
            parts.join(", "),
            class.actions.join(", "),
            class.after_days
        ));
    }
    lines.push(format!("because of {}", policy.legal_basis));
    lines
}
