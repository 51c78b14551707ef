//! Attempts and their outcomes, met in the order of the trail.
//!
//! An outcome closes the latest attempt before it that is open, under the same correlation id and
//! of the same workflow; outside of the catalogue, of the same action. An attempt whose outcome
//! did not come within the workflow's time is unresolved and stays so.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use indelible_core::catalogue::{self, Workflow};
use indelible_core::entry::StoredEntry;
use indelible_core::{Outcome, Timestamp};
use serde::Serialize;
use uuid::Uuid;

/// How long an outcome is waited for outside of the catalogue: the longest time within it.
pub const RESOLVE_MAX: Duration = Duration::from_secs(3_600);
/// The most open attempts that are remembered at once.
const OPEN_MAX: usize = 100_000;
/// The most workflows and actions outside of the catalogue that are counted apart.
pub const WORKFLOWS_MAX: usize = 1_000;
/// The most unresolved attempts that are listed.
pub const UNRESOLVED_LISTED_MAX: usize = 100;

/// The attempts of one workflow in the period, and what became of them: the attempts are those
/// closed, closed late, unresolved, pending and without a link.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct WorkflowCount {
    /// The workflow of the catalogue, or the action that is in none.
    pub workflow: String,
    /// How long an outcome is waited for.
    pub resolve_seconds: u64,
    /// All attempts.
    pub attempts: u64,
    /// Those with an outcome in time.
    pub closed: u64,
    /// Those whose outcome came later, which are unresolved all the same.
    pub closed_late: u64,
    /// Those without any outcome, when their time was over.
    pub unresolved: u64,
    /// Those whose time was not over yet when the report was pinned.
    pub pending: u64,
    /// Those without a correlation id, or whose id was erased: their outcome cannot be told.
    pub unlinked: u64,
    /// Outcomes in the period without an attempt, which is allowed.
    pub outcomes_without_attempt: u64,
}

/// An attempt without an outcome in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unresolved {
    /// Its position.
    pub seq: u64,
    /// Its id.
    pub id: Uuid,
    /// What was attempted.
    pub action: String,
    /// When.
    pub occurred_at: Timestamp,
    /// When its outcome came after all; `null` where none was seen.
    pub closed_at: Option<Timestamp>,
}

struct Open {
    item: Unresolved,
    in_period: bool,
}

/// What attempts and outcomes belong to.
#[derive(Clone, Copy)]
enum Kind {
    Workflow(&'static Workflow),
    Other,
}

#[derive(Default)]
pub(super) struct Attempts {
    open: HashMap<(String, String), Vec<Open>>,
    held: usize,
    let_go: u64,
    counts: BTreeMap<String, WorkflowCount>,
    uncounted: u64,
    listed: Vec<Unresolved>,
}

/// What became of all attempts.
pub(super) struct Settled {
    pub counts: Vec<WorkflowCount>,
    pub listed: Vec<Unresolved>,
    pub let_go: u64,
    pub uncounted: u64,
}

impl Attempts {
    /// Whether the correlation id of an entry must be known.
    pub fn asks(entry: &StoredEntry) -> bool {
        entry.outcome == Outcome::Attempted || catalogue::workflow_of(&entry.action).is_some()
    }

    /// Takes the next entry; its correlation id is asked for of those alone that may close one.
    pub fn add(&mut self, entry: &StoredEntry, linked: Option<&str>, in_period: bool) {
        if entry.outcome == Outcome::Attempted {
            self.begin(entry, linked, in_period);
        } else {
            self.end(entry, linked, in_period);
        }
    }

    /// Whether an action outside of the catalogue has an open attempt.
    pub fn awaits(&self, entry: &StoredEntry) -> bool {
        // Attempts outside of the catalogue are rare; then each outcome is looked at.
        self.counts.contains_key(&entry.action) && !self.open.is_empty()
    }

    fn begin(&mut self, entry: &StoredEntry, linked: Option<&str>, in_period: bool) {
        let (name, _) = name(&entry.action);
        if self.counts.len() >= WORKFLOWS_MAX && !self.counts.contains_key(&name) {
            self.uncounted += u64::from(in_period);
            return;
        }
        if in_period {
            self.count(&entry.action).attempts += 1;
        }
        let Some(linked) = linked else {
            if in_period {
                self.count(&entry.action).unlinked += 1;
            }
            return;
        };
        if self.held >= OPEN_MAX {
            self.let_oldest_go();
        }
        let item = Unresolved {
            seq: entry.seq,
            id: entry.id,
            action: entry.action.clone(),
            occurred_at: entry.occurred_at,
            closed_at: None,
        };
        let place = (linked.to_owned(), name);
        self.open
            .entry(place)
            .or_default()
            .push(Open { item, in_period });
        self.held += 1;
    }

    fn end(&mut self, entry: &StoredEntry, linked: Option<&str>, in_period: bool) {
        let latest = linked.and_then(|linked| self.latest(entry, linked));
        match latest {
            Some(mut open) => {
                self.held -= 1;
                let (_, kind) = name(&open.item.action);
                let due = open.item.occurred_at.later(kind.window());
                if !open.in_period {
                    return;
                }
                let count = self.count(&open.item.action);
                if entry.occurred_at <= due {
                    count.closed += 1;
                    return;
                }
                count.closed_late += 1;
                open.item.closed_at = Some(entry.occurred_at);
                self.list(open.item);
            }
            None if in_period && catalogue::workflow_of(&entry.action).is_some() => {
                self.count(&entry.action).outcomes_without_attempt += 1;
            }
            None => {}
        }
    }

    /// Takes the latest open attempt out that the entry closes.
    fn latest(&mut self, entry: &StoredEntry, linked: &str) -> Option<Open> {
        let names = closing(&entry.action);
        let last = |name: &String| {
            let open = self.open.get(&(linked.to_owned(), name.clone()))?;
            Some((open.last()?.item.seq, name.clone()))
        };
        let (_, name) = names.iter().filter_map(last).max()?;
        let place = (linked.to_owned(), name);
        let open = self.open.get_mut(&place)?;
        let latest = open.pop();
        if open.is_empty() {
            self.open.remove(&place);
        }
        latest
    }

    /// Ends the wait for the older half of the attempts.
    fn let_oldest_go(&mut self) {
        let mut seqs: Vec<u64> = self.open.values().flatten().map(|it| it.item.seq).collect();
        let middle = seqs.len() / 2;
        let (_, limit, _) = seqs.select_nth_unstable(middle);
        let limit = *limit;
        let mut gone = Vec::new();
        self.open.retain(|_, open| {
            gone.extend(open.extract_if(.., |it| it.item.seq < limit));
            !open.is_empty()
        });
        self.held -= gone.len();
        self.let_go += gone.len() as u64;
        gone.sort_by_key(|open| open.item.seq);
        for open in gone.into_iter().filter(|open| open.in_period) {
            self.count(&open.item.action).unresolved += 1;
            self.list(open.item);
        }
    }

    fn list(&mut self, item: Unresolved) {
        if self.listed.len() < UNRESOLVED_LISTED_MAX {
            self.listed.push(item);
        }
    }

    fn count(&mut self, action: &str) -> &mut WorkflowCount {
        let (name, kind) = name(action);
        let fresh = || WorkflowCount {
            workflow: name.clone(),
            resolve_seconds: kind.window().as_secs(),
            ..WorkflowCount::default()
        };
        self.counts.entry(name.clone()).or_insert_with(fresh)
    }

    /// What became of all, as of an instant.
    pub fn settle(mut self, now: Timestamp) -> Settled {
        let mut left: Vec<_> = std::mem::take(&mut self.open)
            .into_values()
            .flatten()
            .collect();
        left.retain(|open| open.in_period);
        left.sort_by_key(|open| open.item.seq);
        for open in left {
            let (_, kind) = name(&open.item.action);
            let count = self.count(&open.item.action);
            if open.item.occurred_at.later(kind.window()) < now {
                count.unresolved += 1;
                self.list(open.item);
            } else {
                count.pending += 1;
            }
        }
        self.listed.sort_by_key(|item| item.seq);
        Settled {
            counts: self.counts.into_values().collect(),
            listed: self.listed,
            let_go: self.let_go,
            uncounted: self.uncounted,
        }
    }
}

impl Kind {
    fn window(self) -> Duration {
        match self {
            Self::Workflow(workflow) => Duration::from_secs(workflow.resolve_seconds.into()),
            Self::Other => RESOLVE_MAX,
        }
    }
}

/// What an attempt belongs to: a workflow, or its own action.
fn name(action: &str) -> (String, Kind) {
    match catalogue::workflow_of(action) {
        Some(workflow) => (workflow.name.to_owned(), Kind::Workflow(workflow)),
        None => (action.to_owned(), Kind::Other),
    }
}

/// The names of what an outcome may close.
fn closing(action: &str) -> Vec<String> {
    let (own, kind) = name(action);
    let mut names = vec![own];
    if let Kind::Workflow(_) = kind {
        let canonical = catalogue::resolve(action).map(|action| action.value);
        let second = |it: &&Workflow| it.also_accepted_failure == canonical;
        let more = catalogue::workflows().iter().filter(second);
        names.extend(more.map(|workflow| workflow.name.to_owned()));
    }
    names
}
