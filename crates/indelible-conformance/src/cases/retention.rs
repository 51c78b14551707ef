//! `trim`: entries that go from the front of a trail, and all that stays.

use std::ops::Range;

use indelible_core::entry::StoredEntry;
use indelible_core::filter::{Filter, UserFilter};
use indelible_core::part::PartKind;
use indelible_core::store::{Find, ProjectionKind};
use indelible_core::verify::{FindingKind, TrailReport};
use indelible_merkle::{
    Frontier, Hash, NodeRange, NodeSet, consistency_proof, inclusion_proof, plan, root_at,
    verify_consistency, verify_inclusion,
};

use super::erasure::{erasure, recorded};
use super::writers::{finish, race};
use crate::database::Database;
use crate::derivation::{check_terms, rollups_of};
use crate::fixture::{Author, draft, trail};
use crate::handle::{Handle, NO_SEQS, all, upwards};
use crate::observation::Observation;

/// What lies before the place is gone, whatever the place is; of all else nothing changes. (T87)
pub async fn trimming_takes_what_lies_before_and_nothing_else(database: &dyn Database) {
    let (store, author) = recorded(database, 700).await;
    let before = Observation::of(&store, author.trail()).await;
    for first_kept in [0, 1, 2, 255, 256, 257, 300, 511, 512, 600, 699, 700] {
        assert_eq!(store.trim(author.trail(), first_kept).await, first_kept);
        check_trimmed(&store, &before, first_kept, database.index_lags()).await;
    }
}

/// "The same call again changes nothing", and an earlier place is no way back.
pub async fn trimming_again_changes_nothing(database: &dyn Database) {
    let (store, author) = recorded(database, 300).await;
    assert_eq!(store.trim(author.trail(), 270).await, 270);
    let before = Observation::of(&store, author.trail()).await;
    for first_kept in [270, 269, 1, 0] {
        assert_eq!(store.trim(author.trail(), first_kept).await, 270);
        assert_eq!(Observation::of(&store, author.trail()).await, before);
    }
}

/// A trail of no entries that are left goes on, and each entry beyond can go later.
pub async fn a_trimmed_trail_goes_on(database: &dyn Database) {
    let (store, mut author) = recorded(database, 40).await;
    assert_eq!(store.trim(author.trail(), u64::MAX).await, 40);
    assert_eq!(store.entries(author.trail(), 0..u64::MAX).await, []);
    author.record(&store, (40..600).map(draft)).await;
    let whole = Observation::of(&store, author.trail()).await;
    assert_eq!(whole.entries.first().map(|entry| entry.seq), Some(40));
    assert_eq!(store.trim(author.trail(), 50).await, 50);
    assert_eq!(store.trim(author.trail(), 590).await, 590);
    let left = store.entries(author.trail(), 0..u64::MAX).await;
    assert_eq!(left, whole.entries[550..]);
    check_proofs(&store, &author, 590, &left).await;
}

/// Entries of other trails at the same seqs stay as they are.
pub async fn trimming_stays_in_its_trail(database: &dyn Database) {
    let store = Handle::open_to_erase(database).await;
    let (mut one, mut other) = (Author::new("a_b"), Author::new("axb"));
    one.record(&store, (0..300).map(draft)).await;
    other.record(&store, (0..300).map(draft)).await;
    let before = Observation::of(&store, other.trail()).await;
    assert_eq!(store.trim(one.trail(), 299).await, 299);
    assert_eq!(Observation::of(&store, other.trail()).await, before);
    assert_eq!(store.first_kept(other.trail()).await, 0);
    check_terms(&store, other.trail(), database.index_lags()).await;
}

/// A trail that is not there begins with its first entry, and is not there afterwards.
pub async fn an_unknown_trail_has_nothing_to_trim(database: &dyn Database) {
    let store = Handle::open_to_erase(database).await;
    assert_eq!(store.trim(&trail("unknown"), 7).await, 0);
    assert_eq!(store.first_kept(&trail("unknown")).await, 0);
    assert!(store.heads().await.is_empty());
}

/// A step is bounded, and the trail is whole after each. (T86)
pub async fn a_long_trail_is_trimmed_in_steps(database: &dyn Database) {
    let (store, author) = recorded(database, 3000).await;
    let before = Observation::of(&store, author.trail()).await;
    let mut first_kept = 0;
    let mut steps = 0;
    while first_kept < 2900 {
        let next = store.trim_step(author.trail(), 2900).await;
        assert!(next > first_kept && next <= first_kept + 1024, "{next}");
        (first_kept, steps) = (next, steps + 1);
        check_trimmed(&store, &before, first_kept, database.index_lags()).await;
    }
    assert_eq!(first_kept, 2900);
    assert!(steps > 2);
}

/// No question finds what is gone, and every question finds what is left.
pub async fn trimmed_trails_answer_questions(database: &dyn Database) {
    let (store, author) = recorded(database, 600).await;
    let name = author.trail();
    store.trim(name, 310).await;
    let of_user = |seq: u64| Filter {
        user: Some(UserFilter::AnyOf(vec![format!("u{seq}")])),
        ..Filter::default()
    };
    assert_eq!(store.matching(name, of_user(309)).await, NO_SEQS);
    assert_eq!(store.matching(name, of_user(310)).await, [310]);
    let everything = store.matching(name, Filter::default()).await;
    assert!(everything.into_iter().eq((310..600).rev()));
    let at = |seq: u64| store.entries(name, seq..seq + 1);
    let (first, last) = (at(310).await.pop(), at(420).await.pop());
    let in_time = Filter {
        earliest: first.map(|entry| entry.occurred_at),
        latest: last.map(|entry| entry.occurred_at),
        ..Filter::default()
    };
    let found = store.matching(name, in_time).await;
    assert!(found.iter().all(|seq| *seq >= 310) && found.contains(&310));
    let since_ever = Filter {
        latest: Some(indelible_core::Timestamp::from_micros(i64::MIN)),
        ..Filter::default()
    };
    assert_eq!(store.matching(name, since_ever).await, NO_SEQS);
    let few = |find: Find, skip, limit| Find {
        skip,
        limit,
        ..find
    };
    let down = few(all(Filter::default()), 285, 10);
    assert_eq!(store.found(name, &down).await, [314, 313, 312, 311, 310]);
    let up = few(upwards(Filter::default(), 5), 1, 2);
    assert_eq!(store.found(name, &up).await, [312, 311]);
    let below = Find {
        below: 310,
        ..all(Filter::default())
    };
    assert_eq!(store.found(name, &below).await, NO_SEQS);
}

/// Entries of which parts were erased before go as all others do.
pub async fn erased_entries_are_trimmed(database: &dyn Database) {
    let (store, author) = recorded(database, 300).await;
    let some = [
        erasure(0, 99, &[PartKind::Actor]),
        erasure(280, 290, &PartKind::ALL),
    ];
    store.erase(author.trail(), &some).await;
    let before = Observation::of(&store, author.trail()).await;
    store.trim(author.trail(), 285).await;
    check_trimmed(&store, &before, 285, database.index_lags()).await;
    // An erasure of what is gone counts as done.
    let gone = [erasure(0, 284, &PartKind::ALL)];
    assert_eq!(store.erase(author.trail(), &gone).await, 0);
}

/// Verification makes all that is left again, and asks for an entry that says what went. (T89)
pub async fn a_trimmed_trail_verifies_where_an_entry_says_so(database: &dyn Database) {
    let (store, mut author) = recorded(database, 700).await;
    let name = author.trail().clone();
    for (first_kept, size) in [(1, 701), (256, 702), (300, 703), (600, 704), (703, 705)] {
        store.trim(&name, first_kept).await;
        let missing = findings(&store.verified(&name).await);
        assert_eq!(missing, [FindingKind::EntryMissing], "{first_kept}");
        let says = draft(size - 1).erases(0, first_kept - 1, &[]);
        author.record(&store, [says]).await;
        let report = store.verified(&name).await;
        assert_eq!(findings(&report), [], "{first_kept}: {:?}", report.findings);
        assert!(report.complete);
        assert_eq!(report.removed, first_kept);
        assert_eq!(report.entries_checked, size - first_kept);
    }
}

/// The findings but for those on any trail of these cases: it has no mark, and its origin is not
/// as the engine makes them.
fn findings(report: &TrailReport) -> Vec<FindingKind> {
    let findings = report.findings.iter().filter(|finding| {
        finding.kind != FindingKind::MarkMissing && !finding.detail.contains("origin")
    });
    findings.map(|finding| finding.kind).collect()
}

/// Sixteen writers race while what they have written goes behind them.
pub async fn trimming_beside_sixteen_writers_loses_nothing_else(database: &dyn Database) {
    let store = Handle::open_to_erase(database).await;
    let name = trail("t");
    let writers = race(std::slice::from_ref(&store), "t");
    while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
        let size = store.size(&name).await;
        let first_kept = store.trim(&name, size / 2).await;
        let entries = store.entries(&name, first_kept..size).await;
        let seqs = entries.iter().map(|entry| entry.seq);
        assert!(seqs.eq(first_kept..size));
        tokio::task::yield_now().await;
    }
    finish(writers).await;
    let size = store.size(&name).await;
    let first_kept = store.trim(&name, size / 2).await;
    assert_eq!(first_kept, size / 2);
    let entries = store.entries(&name, 0..u64::MAX).await;
    assert!(entries.iter().map(|entry| entry.seq).eq(first_kept..size));
    let mut rollups = store.rollups(&name, i64::MIN..i64::MAX).await;
    rollups.sort();
    assert_eq!(rollups, rollups_of(&entries));
    check_terms(&store, &name, database.index_lags()).await;
}

/// Of two that trim the same at once, neither takes more than was asked.
pub async fn two_that_trim_at_once_end_at_one_place(database: &dyn Database) {
    let (store, author) = recorded(database, 900).await;
    let before = Observation::of(&store, author.trail()).await;
    let other = Handle::open_to_erase(database).await;
    let (one, two) = tokio::join!(
        store.trim(author.trail(), 800),
        other.trim(author.trail(), 700)
    );
    assert_eq!((one, two >= 700), (800, true));
    check_trimmed(&store, &before, 800, database.index_lags()).await;
}

/// Checks that a trail is what it was before, without the entries before a place.
pub(super) async fn check_trimmed(
    store: &Handle,
    before: &Observation,
    first_kept: u64,
    index_lags: bool,
) {
    let head = before
        .head
        .clone()
        .expect("a trail that is trimmed has a head");
    let name = &head.trail;
    let now = Observation::of(store, name).await;
    assert_eq!(store.first_kept(name).await, first_kept);
    let is_left = |entry: &&StoredEntry| entry.seq >= first_kept;
    let left: Vec<_> = before.entries.iter().filter(is_left).cloned().collect();
    assert_eq!(now.head, before.head);
    assert_eq!(now.entries, left);
    assert!(now.found.iter().eq(left.iter().rev()));
    assert_eq!(now.rollups, rollups_of(&left));
    let gone = before.entries.iter().take_while(|entry| !is_left(entry));
    let ids: Vec<_> = gone.map(|entry| entry.id).collect();
    assert!(store.seqs(name, &ids).await.iter().all(Option::is_none));
    let rows = store.rows(name, ProjectionKind::Id, 500).await;
    assert_eq!(rows.len(), left.len());
    check_terms(store, name, index_lags).await;
    assert_eq!(now.hashes[1..], before.hashes[1..]);
    let block = first_kept >> 8 << 8;
    let leaves: Vec<_> = before
        .entries
        .iter()
        .skip_while(|entry| entry.seq < block)
        .collect();
    let expected: Vec<_> = leaves
        .iter()
        .map(|entry| (entry.seq, entry.leaf_hash))
        .collect();
    assert_eq!(now.hashes[0], expected, "of block {block}");
    for (spans, before) in now.spans.iter().zip(&before.spans) {
        let is_left = |span: &&_| {
            let span: &indelible_core::store::Span = span;
            (span.index + 1) << span.height > first_kept
        };
        assert!(spans.iter().eq(before.iter().filter(is_left)));
    }
    let mut author = Author::new(name.as_str());
    author.catch_up(store).await;
    check_proofs(store, &author, first_kept, &left).await;
}

/// Checks that what is left can be proved, and that the trail goes on from every size that the
/// kept hashes tell of.
async fn check_proofs(store: &Handle, author: &Author, first_kept: u64, left: &[StoredEntry]) {
    let (name, size) = (author.trail(), author.size());
    let head = store.head(name).await.expect("a head");
    let nodes = nodes(store, author, plan::root_ranges(size)).await;
    assert_eq!(root_at(size, &nodes).expect("all nodes"), head.root);
    for entry in left
        .iter()
        .step_by(17)
        .chain(left.first())
        .chain(left.last())
    {
        let nodes = self::nodes(store, author, plan::inclusion_ranges(entry.seq, size)).await;
        let path = inclusion_proof(entry.seq, size, &nodes).expect("all nodes");
        verify_inclusion(&entry.leaf_hash, entry.seq, size, &path, &head.root).expect("proved");
    }
    let block = (first_kept >> 8 << 8).max(1);
    for old in (block..size).step_by(29).chain((256..size).step_by(256)) {
        let nodes = self::nodes(store, author, plan::root_ranges(old)).await;
        let root = root_at(old, &nodes).expect("all nodes");
        let nodes = self::nodes(store, author, plan::consistency_ranges(old, size)).await;
        let proof = consistency_proof(old, size, &nodes).expect("all nodes");
        verify_consistency(old, &root, size, &head.root, &proof).expect("consistent");
    }
    let mut frontier = Frontier::new();
    if first_kept == 0 {
        left.iter()
            .for_each(|entry| frontier.push(entry.leaf_hash, &mut |_, _| {}));
        assert_eq!(frontier.root(), head.root);
    }
}

async fn nodes(store: &Handle, author: &Author, ranges: Vec<NodeRange>) -> NodeSet {
    let mut nodes = NodeSet::new();
    for range in ranges {
        let Range { start, end } = range.start..range.end;
        let rows = store.hashes(author.trail(), range.height, start..end).await;
        assert!(
            rows.iter().map(|(index, _)| *index).eq(start..end),
            "{range:?}"
        );
        let hashes: Vec<Hash> = rows.into_iter().map(|(_, hash)| hash).collect();
        nodes.insert(range, hashes).expect("as many as asked for");
    }
    nodes
}
