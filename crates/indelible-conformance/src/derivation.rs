//! What a store shows of a trail, derived again from its entries and compared.

use std::collections::BTreeMap;

use indelible_core::TrailName;
use indelible_core::entry::{Columns, StoredEntry};
use indelible_core::sealing::OpenSpans;
use indelible_core::store::{Projected, ProjectionKind, Rollup, Term, each_term};
use indelible_merkle::{Frontier, STORED_HEIGHT_STEP};

use crate::handle::Handle;

/// Checks that a trail is gap-free and that its head, hashes, rollups and every row derived from
/// entries are exactly what its entries give.
pub async fn check_trail(store: &Handle, trail: &TrailName, index_lags: bool) {
    let entries = store.entries(trail, 0..u64::MAX).await;
    let seqs: Vec<_> = entries.iter().map(|entry| entry.seq).collect();
    assert_eq!(seqs, (0..entries.len() as u64).collect::<Vec<_>>());

    let (mut frontier, mut buffer) = (Frontier::new(), Vec::new());
    let (mut nodes, mut spans, mut open) = (Vec::new(), Vec::new(), OpenSpans::default());
    for entry in &entries {
        assert_eq!(
            entry.derived_leaf(trail, &mut buffer),
            entry.leaf_hash,
            "{}",
            entry.seq
        );
        frontier.push(entry.leaf_hash, &mut |node, hash| {
            if node.height.is_multiple_of(STORED_HEIGHT_STEP) {
                nodes.push(Projected::Node { node, hash });
            }
        });
        open.add(entry.occurred_at, frontier.size(), &mut spans);
    }
    let head = store
        .head(trail)
        .await
        .expect("a trail that is checked has a head");
    assert_eq!((head.size, head.root), (frontier.size(), frontier.root()));
    assert_eq!(head.frontier, frontier);

    for height in [8, 16] {
        let mut expected: Vec<_> = spans.iter().filter(|span| span.height == height).collect();
        expected.sort_by_key(|span| span.index);
        assert!(
            store
                .spans(trail, height, 0..u64::MAX)
                .await
                .iter()
                .eq(expected)
        );
    }

    let rollups = rollups_of(&entries);
    let mut counted = store.rollups(trail, i64::MIN..i64::MAX).await;
    counted.sort();
    assert_eq!(counted, rollups);
    let id = |entry: &StoredEntry| Projected::Id {
        id: entry.id,
        seq: entry.seq,
    };
    check_rows(store, trail, ProjectionKind::Id, entries.iter().map(id)).await;
    check_rows(store, trail, ProjectionKind::Node, nodes).await;
    check_rows(
        store,
        trail,
        ProjectionKind::Span,
        spans.into_iter().map(Projected::Span),
    )
    .await;
    let rollups = rollups.into_iter().map(Projected::Rollup);
    check_rows(store, trail, ProjectionKind::Rollup, rollups).await;
    check_terms(store, trail, index_lags).await;
}

/// Checks that the index rows of a trail are exactly those of its entries, or, where the index
/// may lag, those of its first entries.
pub async fn check_terms(store: &Handle, trail: &TrailName, index_lags: bool) {
    let terms = store.terms(trail).await;
    let mut entries = store.entries(trail, 0..u64::MAX).await;
    if index_lags {
        // Every entry has index rows, so the largest seq says how far the index has come.
        let indexed = terms.iter().map(|term| term.seq + 1).max().unwrap_or(0);
        entries.retain(|entry| entry.seq < indexed);
    }
    assert_eq!(terms, terms_of(&entries));
}

/// The rows as text, sorted: the order of a projection is the store's own.
pub fn by_text(rows: impl IntoIterator<Item = Projected>) -> Vec<String> {
    let mut texts: Vec<_> = rows.into_iter().map(|row| format!("{row:?}")).collect();
    texts.sort();
    texts
}

/// The rollups that entries must have, sorted.
pub fn rollups_of(entries: &[StoredEntry]) -> Vec<Rollup> {
    let mut counts: BTreeMap<_, u64> = BTreeMap::new();
    for entry in entries {
        let place = (
            entry.occurred_at.hour(),
            entry.action.clone(),
            entry.outcome,
        );
        *counts.entry(place).or_default() += 1;
    }
    let rollup = |((hour, action, outcome), count)| Rollup {
        hour,
        action,
        outcome,
        count,
    };
    counts.into_iter().map(rollup).collect()
}

async fn check_rows(
    store: &Handle,
    trail: &TrailName,
    kind: ProjectionKind,
    expected: impl IntoIterator<Item = Projected>,
) {
    assert_eq!(
        by_text(store.rows(trail, kind, 500).await),
        by_text(expected)
    );
}

/// The index rows that entries must have, sorted.
fn terms_of(entries: &[StoredEntry]) -> Vec<Term> {
    let mut terms = Vec::new();
    for entry in entries {
        let columns = Columns::derive(entry).expect("cases write bodies of their part's form");
        each_term(entry, &columns, &mut |field, value| {
            terms.push(Term {
                field,
                value: value.to_vec(),
                seq: entry.seq,
            });
        });
    }
    terms.sort();
    terms
}
