//! What the commands of retention answer.

use indelible::core::engine::{Retained, RetentionPlan, RetentionPolicy};
use indelible::core::part::PerPart;
use indelible::{Audit, Timestamp, TrailName};
use serde::Serialize;

use crate::answer::{Answer, Field, Layout, Sheet, cell};
use crate::failure::Failure;

/// How retention stands in a trail.
#[derive(Serialize)]
pub(super) struct Standing {
    trail: TrailName,
    policy: Option<RetentionPolicy>,
    first_kept: u64,
}

impl Standing {
    pub(super) async fn of(audit: &Audit) -> Result<Self, Failure> {
        Ok(Self {
            trail: audit.name().clone(),
            policy: audit.retention_policy().await?,
            first_kept: audit.first_kept().await?,
        })
    }
}

/// What went, or would go.
#[derive(Serialize)]
pub(super) struct Outcome {
    trail: TrailName,
    dry_run: bool,
    as_of: u64,
    policy: Option<RetentionPolicy>,
    first_kept: u64,
    expired: Option<Gone>,
    kept_back: Option<Stays>,
    part_entries: u64,
    parts: Parts,
    recorded: Vec<u64>,
    removed: u64,
    unpurged: Option<String>,
}

#[derive(Serialize)]
struct Gone {
    first: u64,
    last: u64,
    count: u64,
    oldest: Timestamp,
    newest: Timestamp,
    root: String,
}

#[derive(Serialize)]
struct Stays {
    seq: u64,
    entries: u64,
    hold: Option<String>,
}

#[derive(Serialize)]
struct Parts {
    actor: u64,
    target: u64,
    details: u64,
}

impl Outcome {
    pub(super) fn of(trail: TrailName, plan: RetentionPlan, done: Option<Retained>) -> Self {
        let PerPart {
            actor,
            target,
            details,
        } = plan.parts;
        let dry_run = done.is_none();
        let done = done.unwrap_or_else(|| Retained {
            first_kept: plan.first_kept,
            ..Retained::default()
        });
        Self {
            trail,
            dry_run,
            as_of: plan.as_of,
            policy: plan.policy,
            first_kept: done.first_kept,
            expired: plan.expired.map(|expired| Gone {
                first: expired.first,
                last: expired.last,
                count: expired.count(),
                oldest: expired.oldest,
                newest: expired.newest,
                root: expired.root.to_string(),
            }),
            kept_back: plan.kept_back.map(|kept| Stays {
                seq: kept.seq,
                entries: kept.entries,
                hold: kept.hold,
            }),
            part_entries: plan.entries,
            parts: Parts {
                actor,
                target,
                details,
            },
            recorded: done.recorded,
            removed: done.entries,
            unpurged: done.unpurged,
        }
    }

    fn gone(&self) -> String {
        let would = if self.dry_run { "would go" } else { "went" };
        match &self.expired {
            None => "none".to_owned(),
            Some(gone) => format!(
                "{} {would}, #{} to #{}, recorded {} to {}",
                gone.count, gone.first, gone.last, gone.oldest, gone.newest
            ),
        }
    }

    fn stays(&self) -> String {
        let Some(kept) = &self.kept_back else {
            return String::new();
        };
        let why = match &kept.hold {
            Some(hold) => format!("#{} is held by {hold}", kept.seq),
            None => format!("the minimum of #{} is not over", kept.seq),
        };
        format!("{} that are old enough: {why}", kept.entries)
    }

    fn blanked(&self) -> String {
        let Parts {
            actor,
            target,
            details,
        } = self.parts;
        if self.part_entries == 0 {
            return String::new();
        }
        let would = if self.dry_run { "would go" } else { "went" };
        format!(
            "{actor} actor, {target} target, {details} details {would} of {} entries that stay",
            self.part_entries
        )
    }
}

/// A policy in a few lines.
fn said(policy: Option<&RetentionPolicy>) -> Vec<String> {
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

fn as_cell(policy: Option<&RetentionPolicy>) -> String {
    policy
        .and_then(|policy| serde_json::to_string(policy).ok())
        .unwrap_or_default()
}

impl Answer for Standing {
    fn layout(&self) -> Layout {
        let begins = match self.first_kept {
            0 => "#0: nothing was removed".to_owned(),
            first => format!("#{first}: {first} entries were removed"),
        };
        Layout::Fields(vec![
            Field::text("trail", self.trail.to_string()),
            Field::lines("policy", said(self.policy.as_ref())),
            Field::text("begins", begins),
        ])
    }

    fn sheet(&self) -> Sheet {
        Sheet::of_fields(vec![
            ("trail", self.trail.to_string()),
            ("policy", as_cell(self.policy.as_ref())),
            ("first_kept", self.first_kept.to_string()),
        ])
    }
}

impl Answer for Outcome {
    fn layout(&self) -> Layout {
        let seqs: Vec<String> = self.recorded.iter().map(|seq| format!("#{seq}")).collect();
        let root = self.expired.as_ref().map(|gone| gone.root.clone());
        let mut fields = vec![
            Field::text(
                "trail",
                format!("{}, as of {} entries", self.trail, self.as_of),
            ),
            Field::lines("policy", said(self.policy.as_ref())),
            Field::text("entries", self.gone()),
            Field::text("root", root.unwrap_or_default()),
            Field::text("kept back", self.stays()),
            Field::text("parts", self.blanked()),
            Field::text("recorded", seqs.join(" ")),
            Field::text("begins", format!("#{}", self.first_kept)),
        ];
        fields.retain(|field| !field.is_empty());
        Layout::Fields(fields)
    }

    fn sheet(&self) -> Sheet {
        let gone = self.expired.as_ref();
        let recorded: Vec<_> = self.recorded.iter().map(u64::to_string).collect();
        Sheet::of_fields(vec![
            ("trail", self.trail.to_string()),
            ("dry_run", self.dry_run.to_string()),
            ("as_of", self.as_of.to_string()),
            ("policy", as_cell(self.policy.as_ref())),
            ("first", cell(&gone.map(|gone| gone.first))),
            ("last", cell(&gone.map(|gone| gone.last))),
            ("count", gone.map_or(0, |gone| gone.count).to_string()),
            ("root", cell(&gone.map(|gone| &gone.root))),
            (
                "kept_back",
                cell(&self.kept_back.as_ref().map(|kept| kept.entries)),
            ),
            (
                "hold",
                cell(&self.kept_back.as_ref().and_then(|kept| kept.hold.clone())),
            ),
            ("actor", self.parts.actor.to_string()),
            ("target", self.parts.target.to_string()),
            ("details", self.parts.details.to_string()),
            ("recorded", recorded.join(" ")),
            ("removed", self.removed.to_string()),
            ("first_kept", self.first_kept.to_string()),
            ("unpurged", self.unpurged.clone().unwrap_or_default()),
        ])
    }
}
