//! A report, as data. Every form that it is rendered in is made of this alone; its JSON form is
//! `docs/formats/report.md`.

mod control;
mod limits;
mod made;
mod reason;

use indelible_core::{Timestamp, TrailName};
use serde::Serialize;

pub use control::{ActionEvidence, ControlReport, Liveness, TermCount};
pub(crate) use limits::{limits, removed, verification};
pub use made::{Made, generated};
pub(crate) use reason::{Known, counted, reason};

use crate::custom::is_custom;
use crate::framework::{ControlId, Framework};
use crate::gather::{
    JournalEntry, Listed, LogAccess, Quality, Sampling, Unresolved, Verified, WorkflowCount,
};
use crate::period::Period;
use crate::scope::{Area, Scope};
use crate::state::State;

/// The name of the format.
pub const FORMAT: &str = "indelible-report/1";

/// What the records of a period say of the controls of a framework.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// [`FORMAT`].
    pub format: &'static str,
    /// The framework, with its version.
    pub framework: FrameworkFacts,
    /// The version of the catalogue: actions, controls and what is evidence for what.
    pub catalogue_version: &'static str,
    /// The trail.
    pub trail: TrailName,
    /// The period.
    pub period: Period,
    /// How the report was made.
    pub made: Made,
    /// That nothing was left out, and how to check it.
    pub completeness: Completeness,
    /// What was declared.
    pub scope: Declared,
    /// The controls of each state, all eight.
    pub states: Vec<StateCount>,
    /// What was recorded in the period, by action.
    pub actions: Vec<ActionCount>,
    /// Entries of actions beyond the list.
    pub actions_unlisted: u64,
    /// What was done to the entries, and what they lack.
    pub quality: Quality,
    /// Attempts and their outcomes.
    pub attempts: AttemptsReport,
    /// Who read, exported or reported on the trail.
    pub log_access: LogAccessReport,
    /// Start, stop, pause, settings and failures of recording, those of the installation included.
    pub lifecycle: Listed<JournalEntry>,
    /// Reviews, missed reviews and findings.
    pub reviews: Listed<JournalEntry>,
    /// How samples were drawn; `null` where none was asked for.
    pub sampling: Option<Drawn>,
    /// The controls, in the framework's order.
    pub controls: Vec<ControlReport>,
    /// What the report does not show.
    pub limits: Vec<String>,
}

/// A framework.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FrameworkFacts {
    /// Its name with the version, as before each control.
    pub name: &'static str,
    /// Its name in commands and URLs.
    pub id: &'static str,
    /// What people call it.
    pub family: &'static str,
    /// The version, as its publisher writes it.
    pub version: &'static str,
}

impl From<Framework> for FrameworkFacts {
    fn from(framework: Framework) -> Self {
        Self {
            name: framework.name(),
            id: framework.id(),
            family: framework.family(),
            version: framework.version(),
        }
    }
}

/// What the counts are of, so that anybody can count again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Completeness {
    /// The tree size that the report answers for: entries 0 to `as_of` − 1, by the trail's head.
    pub as_of: u64,
    /// The root of the tree, in hexadecimal.
    pub root: String,
    /// When the last of these entries was recorded.
    pub pinned_at: Timestamp,
    /// Up to when the report is: the end of the period, or before it where that is not over.
    pub covered_to: Timestamp,
    /// Whether the period was over.
    pub is_over: bool,
    /// The last verification on record: whether an entry was altered so that it falls out of the
    /// period, or is missing, the report does not measure.
    pub verified: Option<Verified>,
    /// The entries that occurred in the period: the number that an export of it has. Each was
    /// compared with its leaf.
    pub entries: u64,
    /// The first entry that is there: retention removed as many before it. 0 where it removed none.
    pub first_kept: u64,
    /// When that was recorded; `null` where nothing was removed. Of a time before, entries that the
    /// counts leave out may have been there.
    pub first_kept_at: Option<Timestamp>,
    /// The lowest seq among them.
    pub first_seq: Option<u64>,
    /// The highest.
    pub last_seq: Option<u64>,
    /// The earliest among them.
    pub first_occurred_at: Option<Timestamp>,
    /// The latest.
    pub last_occurred_at: Option<Timestamp>,
    /// The checkpoint before the first of them; `null` where the trail begins with it, or where
    /// the signing key is not at hand.
    pub checkpoint_before: Option<String>,
    /// The checkpoint at `as_of`.
    pub checkpoint_after: String,
}

/// What was declared of the trail.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Declared {
    /// What all controls of the framework presuppose.
    pub presupposes: Option<Presupposed>,
    /// The scope; all of it empty where none was given.
    #[serde(flatten)]
    pub scope: Scope,
}

/// What all controls of a framework presuppose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Presupposed {
    /// What must be in scope.
    pub area: Area,
    /// Whether the scope says that it is; `null` where it says nothing.
    pub declared: Option<bool>,
}

/// The number of controls of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct StateCount {
    /// The state.
    pub state: State,
    /// How many controls.
    pub controls: u64,
}

/// The entries of one action in the period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActionCount {
    /// The action as it was recorded.
    pub action: String,
    /// The action of the catalogue that it is; `null` outside of it.
    pub canonical: Option<&'static str>,
    /// How many.
    pub entries: u64,
    /// Of these attempted.
    pub attempted: u64,
    /// Succeeded.
    pub succeeded: u64,
    /// Failed.
    pub failed: u64,
    /// Denied.
    pub denied: u64,
    /// Completed.
    pub completed: u64,
    /// With an outcome that contradicts the action, and counted under no other.
    pub contradictory: u64,
    /// The first.
    pub first: Timestamp,
    /// The last.
    pub last: Timestamp,
}

/// Attempts and what became of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AttemptsReport {
    /// By workflow.
    pub workflows: Vec<WorkflowCount>,
    /// Attempts without an outcome in time, the first of them.
    pub unresolved: Vec<Unresolved>,
    /// Attempts whose outcome was no longer waited for, because too many were open at once; they
    /// count as unresolved.
    pub let_go: u64,
    /// Attempts of actions beyond the list, of which nothing else is counted.
    pub uncounted: u64,
}

/// Who read the trail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LogAccessReport {
    /// By reader and kind.
    pub readers: Vec<LogAccess>,
    /// Entries of readers beyond the list.
    pub entries_unlisted: u64,
}

/// How samples were drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Drawn {
    /// Seed and size.
    #[serde(flatten)]
    pub sampling: Sampling,
    /// How, in words.
    pub method: &'static str,
}

/// The words of [`Drawn::method`].
pub const METHOD: &str = "entries in the order of SHA-256(seed ‖ seq in decimal digits), of \
                          direct evidence where there is some, else of supporting evidence";

impl Completeness {
    /// When the first entry that is there was recorded, where entries of the period may have been
    /// removed by retention.
    pub fn removed_of(&self, period: &Period) -> Option<Timestamp> {
        // Nothing is recorded before it happens.
        self.first_kept_at.filter(|first| period.from < *first)
    }
}

impl Report {
    /// How many controls are of a state.
    pub fn controls_of(&self, state: State) -> u64 {
        let mut counts = self.states.iter();
        counts
            .find(|count| count.state == state)
            .map_or(0, |count| count.controls)
    }

    /// The same report on one of its controls alone; `None` where it is of another framework.
    #[must_use]
    pub fn on(mut self, control: &ControlId) -> Option<Self> {
        self.controls.retain(|it| it.control == *control);
        let state = self.controls.first()?.state;
        for count in &mut self.states {
            count.controls = u64::from(count.state == state);
        }
        self.limits = limits(&self);
        Some(self)
    }

    /// The entries of actions outside of the catalogue that are not Indelible's own.
    pub fn custom_entries(&self) -> u64 {
        let actions = self.actions.iter();
        let custom = actions.filter(|it| is_custom(&it.action));
        custom.map(|it| it.entries).sum::<u64>() + self.actions_unlisted
    }

    /// Attempts without an outcome in time.
    pub fn unresolved_attempts(&self) -> u64 {
        let counts = self.attempts.workflows.iter();
        counts.map(|it| it.unresolved + it.closed_late).sum()
    }
}
