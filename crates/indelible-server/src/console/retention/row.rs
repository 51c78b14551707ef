//! Holds, plans and runs as pages show them.

use indelible_core::{Timestamp, TrailName};
use indelible_evidence::retention::{Held, Outcome};

use crate::console::href;
use crate::console::moment::Moment;
use crate::console::page::grouped;
use crate::console::reviews::cut;
use crate::retention::RunState;

/// A legal hold.
pub struct Hold {
    pub id: String,
    pub scope: String,
    pub reason: Option<String>,
    pub matter: Option<String>,
    pub placed: Moment,
    pub placed_by: Option<String>,
    pub seq: u64,
    pub url: String,
    pub asked_by: Option<String>,
    pub approved_by: Option<String>,
    pub problem: Option<&'static str>,
    /// Whether whoever looks has asked for its release.
    pub is_own_wish: bool,
}

/// What a run would take away, or took.
pub struct Planned {
    pub as_of: u64,
    /// How many entries, from which to which, and when they were recorded.
    pub gone: Option<Gone>,
    pub kept: Option<Kept>,
    pub blanked: String,
    pub is_nothing: bool,
}

/// Entries that go whole.
pub struct Gone {
    pub count: String,
    pub first: (u64, String),
    pub last: (u64, String),
    pub oldest: Moment,
    pub newest: Moment,
}

/// Entries that are old enough and stay.
pub struct Kept {
    pub entries: String,
    pub first: (u64, String),
    /// The hold that keeps the first; where there is none, its minimum is not over.
    pub hold: Option<String>,
}

/// A run that is under way or over.
pub struct Run {
    pub is_under_way: bool,
    pub by: String,
    pub begun: Option<Moment>,
    pub ended: Option<Moment>,
    pub phase: &'static str,
    /// How far it is: of how many, where that is known.
    pub progress: Option<(u64, u64)>,
    pub removed: String,
    pub blanked: String,
    pub recorded: Vec<(u64, String)>,
    /// What stands in the way of its end.
    pub problems: Vec<String>,
}

impl Hold {
    /// A hold of this trail, for whoever is called `by`.
    pub fn of(held: Held, trail: &TrailName, (by, now): (&str, Timestamp)) -> Self {
        let text = |text: &Option<String>| text.as_deref().map(cut);
        Self {
            scope: cut(&held.scope()),
            reason: text(&held.reason),
            matter: text(&held.matter),
            placed: Moment::of(held.placed_at, now),
            placed_by: text(&held.placed_by),
            seq: held.seq,
            url: href::entry(trail, held.seq),
            is_own_wish: held.release_requested_by.as_deref() == Some(by),
            asked_by: text(&held.release_requested_by),
            approved_by: text(&held.approved_by),
            problem: held.problem,
            id: held.id.to_string(),
        }
    }
}

impl Planned {
    /// What stands in a plan.
    pub fn of(plan: &Outcome, trail: &TrailName, now: Timestamp) -> Self {
        let entry = |seq: u64| (seq, href::entry(trail, seq));
        Self {
            as_of: plan.as_of,
            gone: plan.expired.as_ref().map(|gone| Gone {
                count: counted(gone.count),
                first: entry(gone.first),
                last: entry(gone.last),
                oldest: Moment::of(gone.oldest, now),
                newest: Moment::of(gone.newest, now),
            }),
            kept: plan.kept_back.as_ref().map(|kept| Kept {
                entries: counted(kept.entries),
                first: entry(kept.seq),
                hold: kept.hold.clone(),
            }),
            blanked: plan.blanked(),
            is_nothing: plan.is_nothing(),
        }
    }
}

impl Run {
    /// What is known of the run of a trail; nothing where there was none.
    pub fn of(state: RunState, trail: &TrailName, now: Timestamp) -> Option<Self> {
        let by = state.by?;
        let outcome = state.outcome.as_ref();
        let unpurged = outcome.and_then(|it| it.unpurged.as_ref());
        let held = outcome.is_some_and(|it| it.held_back).then_some(HELD_BACK);
        let left = unpurged.map(|why| format!("Parts that went are still in the files: {why}."));
        let recorded = outcome.map(|it| it.recorded.clone()).unwrap_or_default();
        Some(Self {
            is_under_way: state.running,
            by: cut(&by),
            begun: state.begun_at.map(|at| Moment::of(at, now)),
            ended: state.ended_at.map(|at| Moment::of(at, now)),
            phase: state.phase.unwrap_or("searching"),
            progress: state.done.zip(state.of).map(|(done, of)| (done, of.max(1))),
            removed: counted(outcome.map_or(0, |it| it.removed)),
            blanked: outcome.map(Outcome::blanked).unwrap_or_default(),
            recorded: recorded
                .into_iter()
                .take(RECORDED_SHOWN_MAX)
                .map(|seq| (seq, href::entry(trail, seq)))
                .collect(),
            problems: [state.problem, held.map(str::to_owned), left]
                .into_iter()
                .flatten()
                .collect(),
        })
    }
}

/// Entries that say what went and that a page links to.
const RECORDED_SHOWN_MAX: usize = 6;
const HELD_BACK: &str = "A hold that was placed meanwhile keeps some of what was recorded as \
                         removed. It goes by the next run after the hold's release.";

fn counted(count: u64) -> String {
    match count {
        1 => "1 entry".to_owned(),
        count => format!("{} entries", grouped(count)),
    }
}
