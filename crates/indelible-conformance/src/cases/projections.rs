//! `projection`: the derived rows as they are stored.

use std::collections::BTreeSet;

use indelible_core::Outcome;
use indelible_core::part::PartKind;
use indelible_core::store::{Commit, NO_USER, Projected, ProjectionKind, Span, TermField};

use crate::database::Database;
use crate::derivation::{by_text, check_terms, rollups_of};
use crate::fixture::{Author, Draft, draft, id, time, trail};
use crate::handle::Handle;

/// The kinds whose rows come with the commit itself.
const PROMPT: [ProjectionKind; 4] = [
    ProjectionKind::Id,
    ProjectionKind::Node,
    ProjectionKind::Span,
    ProjectionKind::Rollup,
];

/// Every id has one row, with its seq.
pub async fn every_id_has_one_row(database: &dyn Database) {
    let (store, commits) = recorded(database).await;
    let expected = entries(&commits).map(|(seq, number)| Projected::Id {
        id: id(number),
        seq,
    });
    assert_eq!(sorted(&store, ProjectionKind::Id).await, by_text(expected));
}

/// Every complete node of the commits has one row.
pub async fn every_complete_node_has_one_row(database: &dyn Database) {
    let (store, commits) = recorded(database).await;
    let nodes = commits
        .iter()
        .flat_map(|commit| commit.nodes.iter().copied());
    let expected = by_text(nodes.map(|(node, hash)| Projected::Node { node, hash }));
    assert_eq!(expected.len(), 4);
    assert_eq!(sorted(&store, ProjectionKind::Node).await, expected);
}

/// Every complete block has one row with the smallest and largest `occurred_at` in it.
pub async fn every_complete_block_has_its_span(database: &dyn Database) {
    let (store, commits) = recorded(database).await;
    let times: Vec<_> = commits
        .iter()
        .flat_map(|commit| commit.entries.iter().map(|new| new.entry.occurred_at))
        .collect();
    let expected = by_text((0..).zip(times.chunks_exact(256)).map(|(index, block)| {
        let earliest = *block.iter().min().expect("256 entries");
        let latest = *block.iter().max().expect("256 entries");
        Projected::Span(Span {
            height: 8,
            index,
            earliest,
            latest,
        })
    }));
    assert_eq!(expected.len(), 4);
    assert_eq!(sorted(&store, ProjectionKind::Span).await, expected);
}

/// Every hour, action and outcome has one row with its whole count.
pub async fn every_rollup_has_one_row(database: &dyn Database) {
    let (store, commits) = recorded(database).await;
    let entries: Vec<_> = commits
        .iter()
        .flat_map(|commit| commit.entries.iter().map(|new| new.entry.clone()))
        .collect();
    let expected = by_text(rollups_of(&entries).into_iter().map(Projected::Rollup));
    assert!(expected.len() > 20);
    assert_eq!(sorted(&store, ProjectionKind::Rollup).await, expected);
}

/// Every entry has the index rows that its columns give, and no other.
pub async fn every_entry_has_its_index_rows(database: &dyn Database) {
    let (store, _) = recorded(database).await;
    check_terms(&store, &trail("t"), database.index_lags()).await;
}

/// An entry with every indexed field has a row for each, the address as sixteen bytes.
pub async fn each_indexed_field_has_its_row(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    let full = draft(1)
        .action("a")
        .resource_type("rt")
        .outcome(Outcome::Denied)
        .tags(["t1", "t2"])
        .user("u")
        .from("10.0.0.7")
        .on("r")
        .correlation("c");
    let gone = draft(2)
        .user("u")
        .on("r")
        .erased(PartKind::Actor)
        .erased(PartKind::Target);
    author.record(&store, [full, draft(3), gone]).await;
    if database.index_lags() {
        return check_terms(&store, author.trail(), true).await;
    }
    let terms = store.terms(author.trail()).await;
    let of = |seq: u64| -> Vec<(TermField, Vec<u8>)> {
        let of_entry = terms.iter().filter(|term| term.seq == seq);
        of_entry
            .map(|term| (term.field, term.value.clone()))
            .collect()
    };
    let address = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 7];
    let row = |field, value: &[u8]| (field, value.to_vec());
    assert_eq!(
        of(0),
        [
            row(TermField::UserId, b"u"),
            row(TermField::Action, b"a"),
            row(TermField::ResourceType, b"rt"),
            row(TermField::ResourceId, b"r"),
            row(TermField::IpAddress, &address),
            row(TermField::CorrelationId, b"c"),
            row(TermField::Tag, b"t1"),
            row(TermField::Tag, b"t2"),
            row(TermField::Outcome, b"denied"),
        ]
    );
    let bare = [
        row(TermField::UserId, NO_USER),
        row(TermField::Action, b"document_read"),
        row(TermField::ResourceType, b"document"),
        row(TermField::Outcome, b"succeeded"),
    ];
    assert_eq!((of(1), of(2)), (bare.to_vec(), bare.to_vec()));
}

/// "At most `limit` of them, those after `after`": pages of any size join up to the same rows in
/// the same order, each row once.
pub async fn pages_of_a_projection_join_up(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    author.record(&store, (0..270).map(varied)).await;
    for kind in PROMPT.into_iter().chain([ProjectionKind::Term]) {
        let whole = store
            .projection(author.trail(), kind, None, usize::MAX)
            .await;
        for page in [3, 7, whole.len().max(1), 2000] {
            let rows = store.rows(author.trail(), kind, page).await;
            assert!(rows == whole, "{kind:?} in pages of {page}");
        }
        let once: BTreeSet<_> = whole.iter().map(|row| format!("{row:?}")).collect();
        assert_eq!(once.len(), whole.len(), "{kind:?} has a row twice");
    }
}

/// A page goes on after the row that is named, wherever the page before ended, and there is
/// nothing after the last row; a page of none has none.
pub async fn a_page_begins_after_the_row_that_is_named(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    author.record(&store, (0..600).map(varied)).await;
    for kind in PROMPT.into_iter().chain([ProjectionKind::Term]) {
        let rows = store.projection(author.trail(), kind, None, 50).await;
        for (place, row) in rows.iter().enumerate() {
            let left = rows.len() - place - 1;
            let next = store
                .projection(author.trail(), kind, Some(row), left)
                .await;
            assert_eq!(next, rows[place + 1..], "{kind:?} after {row:?}");
        }
        let all = store.rows(author.trail(), kind, 1000).await;
        assert_eq!(
            store.projection(author.trail(), kind, all.last(), 9).await,
            []
        );
        assert_eq!(store.projection(author.trail(), kind, None, 0).await, []);
    }
}

/// Rows belong to their trail; one that is not there has none.
pub async fn projections_belong_to_their_trail(database: &dyn Database) {
    let store = Handle::open(database).await;
    let (mut one, mut other) = (Author::new("a_b"), Author::new("axb"));
    one.record(&store, (0..256).map(varied)).await;
    other.record(&store, (0..515).map(varied)).await;
    for (author, size, blocks) in [(&one, 256, 1), (&other, 515, 2)] {
        let count = async |kind| store.rows(author.trail(), kind, 100).await.len();
        assert_eq!(count(ProjectionKind::Id).await, size);
        assert_eq!(count(ProjectionKind::Node).await, blocks);
        assert_eq!(count(ProjectionKind::Span).await, blocks);
        check_terms(&store, author.trail(), database.index_lags()).await;
    }
    for kind in PROMPT.into_iter().chain([ProjectionKind::Term]) {
        assert_eq!(store.projection(&trail("unknown"), kind, None, 9).await, []);
    }
}

/// The value of an index row is the bytes of the text, up to 1,020 of them.
pub async fn index_rows_keep_every_byte_of_their_value(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    let names = super::filters_text::HOSTILE;
    let drafts = (0..)
        .zip(names)
        .map(|(n, name)| draft(n).user(name).on(name).correlation(name));
    author.record(&store, drafts).await;
    let long = "\u{10ffff}".repeat(255);
    author
        .record(
            &store,
            [draft(900).user(&long).on(&long).correlation(&long)],
        )
        .await;
    check_terms(&store, author.trail(), database.index_lags()).await;
}

fn varied(n: u64) -> Draft {
    let at = time("2026-01-01T00:00:00Z").as_micros() + (n as i64 * 7919 % 1009) * 60_000_000;
    let draft = draft(n)
        .at(indelible_core::Timestamp::from_micros(at))
        .action(["user_login", "document_read", "a.b"][n as usize % 3])
        .outcome([Outcome::Failed, Outcome::Succeeded][n as usize % 2]);
    match n % 4 {
        0 => draft
            .user(&format!("u{}", n % 5))
            .from(&format!("10.0.{}.1", n % 7)),
        1 => draft.on(&format!("r{}", n % 11)).tags(["a", "b"]),
        2 => draft.correlation(&format!("c{n}")),
        _ => draft,
    }
}

/// A trail of 1,100 varied entries in commits of several sizes.
async fn recorded(database: &dyn Database) -> (Handle, Vec<Commit>) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    let mut commits = Vec::new();
    for numbers in [0..1, 1..300, 300..310, 310..1024, 1024..1100] {
        commits.push(author.record(&store, numbers.map(varied)).await);
    }
    (store, commits)
}

fn entries(commits: &[Commit]) -> impl Iterator<Item = (u64, u64)> {
    let seqs = commits
        .iter()
        .flat_map(|commit| commit.entries.iter().map(|new| new.entry.seq));
    // The drafts' numbers are their places.
    seqs.map(|seq| (seq, seq))
}

async fn sorted(store: &Handle, kind: ProjectionKind) -> Vec<String> {
    by_text(store.rows(&trail("t"), kind, 100).await)
}
