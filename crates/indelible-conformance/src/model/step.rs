//! Random steps: what is done to both stores, or asked of them.

use std::ops::Range;

use indelible_core::entry::Erasure;
use indelible_core::part::PartKind;
use indelible_core::store::{Find, ProjectionKind};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::any;
use proptest::sample::{Index, select, subsequence};
use proptest::strategy::{Just, Strategy};
use proptest::{bool, prop_oneof};
use serde_json::Value;

use super::value::{bulk, draft, filter, json};
use crate::fixture::Draft;

/// How many trails a case has.
pub const TRAILS: usize = 3;
/// The keys that a case writes to the registry.
pub const KEYS: [&str; 4] = ["a", "A", "a%", "\u{1f512}"];

/// One step.
#[derive(Debug, Clone)]
pub enum Step {
    /// One call of `append`, a commit for each trail that has one.
    Append([Option<Attempt>; TRAILS]),
    /// One call of `erase`.
    Erase(usize, Vec<Erasure>),
    /// Calls of `trim` until the place is reached.
    Trim(usize, u64),
    /// One call of `find`.
    Find(usize, Find),
    /// One call of `entries`.
    Entries(usize, Range<u64>),
    /// One call of `seqs`, for the ids of drafts with these numbers and of entries at these seqs.
    Seqs(usize, Vec<u64>, Vec<u64>),
    /// One call of `hashes`.
    Hashes(usize, u8, Range<u64>),
    /// One call of `spans`.
    Spans(usize, u8, Range<u64>),
    /// One call of `rollups`.
    Rollups(usize, Range<i64>),
    /// One projection, in pages.
    Rows(usize, ProjectionKind, usize),
    /// One call of `put`.
    Put(usize, Expected, Option<Value>),
    /// One call of `list`.
    List,
    /// The store is opened again.
    Reopen(Ending),
}

/// A commit to try.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// What to append.
    pub drafts: Vec<Draft>,
    /// The head to build on: the present one, or one of those before.
    pub on: Option<Index>,
    /// Whether the commit begins another incarnation.
    pub succeeds: bool,
}

/// The version that a `put` expects.
#[derive(Debug, Clone, Copy)]
pub enum Expected {
    /// The one that is there.
    Present,
    /// That nothing is there.
    Nothing,
    /// This one.
    Version(u64),
}

/// How a handle ends.
#[derive(Debug, Clone, Copy)]
pub enum Ending {
    /// It is closed.
    Closed,
    /// It is dropped.
    Dropped,
}

impl Step {
    /// The step that appends the drafts to one trail at its present head.
    pub fn commit(trail: usize, drafts: Vec<Draft>) -> Self {
        let mut attempts = [const { None }; TRAILS];
        attempts[trail] = Some(Attempt {
            drafts,
            on: None,
            succeeds: false,
        });
        Self::Append(attempts)
    }
}

/// Any step but a reopening.
pub fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => appends(),
        8 => question(),
        3 => (0..TRAILS, vec(erasure(), 0..4))
            .prop_map(|(trail, erasures)| Step::Erase(trail, erasures)),
        2 => (0..TRAILS, place()).prop_map(|(trail, first_kept)| Step::Trim(trail, first_kept)),
        2 => (0..TRAILS, seqs()).prop_map(|(trail, range)| Step::Entries(trail, range)),
        2 => (0..TRAILS, vec(0..1_000_000_u64, 0..4), vec(0..600_u64, 0..9))
            .prop_map(|(trail, numbers, places)| Step::Seqs(trail, numbers, places)),
        2 => (0..TRAILS, select(&[0, 8, 16, 3][..]), seqs())
            .prop_map(|(trail, height, range)| Step::Hashes(trail, height, range)),
        1 => (0..TRAILS, select(&[8, 16, 0][..]), seqs())
            .prop_map(|(trail, height, range)| Step::Spans(trail, height, range)),
        2 => (0..TRAILS, hours()).prop_map(|(trail, range)| Step::Rollups(trail, range)),
        1 => (0..TRAILS, kinds(), 1..200_usize)
            .prop_map(|(trail, kind, page)| Step::Rows(trail, kind, page)),
        4 => (0..KEYS.len(), expected(), weighted(0.7, json()))
            .prop_map(|(key, expected, value)| Step::Put(key, expected, value)),
        1 => Just(Step::List),
    ]
}

/// Any step.
pub fn reopenings() -> impl Strategy<Value = Step> {
    let endings = select(&[Ending::Closed, Ending::Dropped][..]);
    prop_oneof![6 => steps(), 1 => endings.prop_map(Step::Reopen)]
}

/// A question to the first trail or, now and then, to another.
pub fn question() -> impl Strategy<Value = Step> {
    let trail = prop_oneof![4 => Just(0), 1 => 0..TRAILS];
    let below = prop_oneof![3 => Just(u64::MAX), 3 => 0..600_u64, 1 => Just(0)];
    let from = prop_oneof![4 => Just(0), 4 => 0..600_u64, 1 => Just(u64::MAX)];
    let skip = prop_oneof![3 => Just(0), 1 => 0..20_u64, 1 => Just(u64::MAX)];
    let limit = prop_oneof![3 => 0..30_usize, 2 => Just(1000)];
    let places = (below, weighted(0.5, from));
    (trail, filter(), places, skip, limit).prop_map(|(trail, filter, places, skip, limit)| {
        let (below, from) = places;
        Step::Find(
            trail,
            Find {
                filter,
                below,
                from,
                skip,
                limit,
            },
        )
    })
}

fn appends() -> impl Strategy<Value = Step> {
    let drafts = prop_oneof![12 => vec(draft(), 1..6), 1 => bulk()];
    let attempt = (drafts, weighted(0.15, any::<Index>()), bool::weighted(0.05)).prop_map(
        |(drafts, on, succeeds)| Attempt {
            drafts,
            on,
            succeeds,
        },
    );
    let attempt = attempt.boxed();
    (
        weighted(0.8, attempt.clone()),
        weighted(0.3, attempt.clone()),
        weighted(0.2, attempt),
    )
        .prop_map(|(first, second, third)| Step::Append([first, second, third]))
}

/// Ranges near the beginning, where most trails have their entries, in any order and overlapping.
fn erasure() -> impl Strategy<Value = Erasure> {
    let first = prop_oneof![6 => 0..20_u64, 2 => 0..600_u64, 1 => Just(u64::MAX)];
    let more = prop_oneof![4 => 0..3_u64, 2 => 0..300_u64, 1 => Just(u64::MAX)];
    let parts = subsequence(PartKind::ALL.to_vec(), 0..=3);
    (first, more, parts).prop_map(|(first, more, parts)| {
        let last = first.saturating_add(more);
        Erasure { first, last, parts }
    })
}

/// A place near the beginning, mostly, so that something is left.
fn place() -> impl Strategy<Value = u64> {
    prop_oneof![6 => 0..8_u64, 3 => 0..300_u64, 1 => Just(u64::MAX)]
}

fn seqs() -> impl Strategy<Value = Range<u64>> {
    let end = prop_oneof![3 => 0..700_u64, 1 => Just(u64::MAX)];
    (0..600_u64, end).prop_map(|(start, end)| start..end)
}

fn hours() -> impl Strategy<Value = Range<i64>> {
    let hour = || {
        prop_oneof![
            4 => 490_896..490_910_i64,
            2 => -3..3_i64,
            1 => select(&[i64::MIN, i64::MAX][..]),
        ]
    };
    (hour(), hour()).prop_map(|(start, end)| start..end)
}

fn kinds() -> impl Strategy<Value = ProjectionKind> {
    select(
        &[
            ProjectionKind::Id,
            ProjectionKind::Node,
            ProjectionKind::Span,
            ProjectionKind::Term,
            ProjectionKind::Rollup,
        ][..],
    )
}

fn expected() -> impl Strategy<Value = Expected> {
    prop_oneof![
        4 => Just(Expected::Present),
        2 => Just(Expected::Nothing),
        1 => (0..4_u64).prop_map(Expected::Version),
    ]
}
