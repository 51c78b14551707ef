//! `hashes`: leaves at height 0, complete nodes at 8, 16, ….

use std::ops::Range;

use indelible_core::store::{Projected, ProjectionKind, Span};
use indelible_merkle::{Hash, NodeSet, node_hash, plan::root_ranges, root_at};

use crate::database::Database;
use crate::fixture::{Author, draft, trail};
use crate::handle::{Handle, NO_SEQS};

/// "Height 0: leaf hashes of entries, with their index, by index."
pub async fn hashes_at_height_0_are_the_leaves(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    author.record(&store, (0..30).map(draft)).await;
    author.record_each(&store, (30..40).map(draft)).await;
    let leaves: Vec<_> = store
        .entries(author.trail(), 0..40)
        .await
        .iter()
        .map(|entry| (entry.seq, entry.leaf_hash))
        .collect();
    assert_eq!(store.hashes(author.trail(), 0, 0..40).await, leaves);
    assert_eq!(store.hashes(author.trail(), 0, 7..33).await, leaves[7..33]);
}

/// Nodes at height 8 are there once they are complete, whatever commits made them.
pub async fn complete_nodes_are_there_with_their_last_leaf(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    author.record(&store, (0..255).map(draft)).await;
    assert_eq!(store.hashes(author.trail(), 8, 0..u64::MAX).await, []);
    author.record(&store, [draft(255)]).await;
    assert_eq!(nodes(&store, &author, 8).await, [0]);
    author.record(&store, (256..1100).map(draft)).await;
    assert_eq!(nodes(&store, &author, 8).await, [0, 1, 2, 3]);
    author.record(&store, (1100..1290).map(draft)).await;
    assert_eq!(nodes(&store, &author, 8).await, [0, 1, 2, 3, 4]);

    let leaves = store.hashes(author.trail(), 0, 0..1280).await;
    for (index, node) in store.hashes(author.trail(), 8, 0..5).await {
        let first = index as usize * 256;
        let below: Vec<_> = leaves[first..first + 256]
            .iter()
            .map(|(_, hash)| *hash)
            .collect();
        assert_eq!(node, subtree(below), "node {index}");
    }
}

/// "Those that are not there are left out": beyond the end, incomplete, or of other heights.
pub async fn hashes_that_are_not_there_are_left_out(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    author.record(&store, (0..600).map(draft)).await;
    let edge = i64::MAX as u64;
    for end in [600, 601, edge, edge + 1, u64::MAX] {
        assert_eq!(indexes(&store, &author, 0, 598..end).await, [598, 599]);
    }
    for end in [2, 3, edge, edge + 1, u64::MAX] {
        assert_eq!(indexes(&store, &author, 8, 1..end).await, [1]);
    }
    for (start, end) in [
        (0, 0),
        (1, 0),
        (2, 9),
        (edge, edge + 2),
        (u64::MAX, u64::MAX),
    ] {
        assert_eq!(
            indexes(&store, &author, 8, Range { start, end }).await,
            NO_SEQS
        );
    }
    for height in [1, 4, 7, 9, 16, 24, 56, 64, 255] {
        assert_eq!(
            indexes(&store, &author, height, 0..u64::MAX).await,
            NO_SEQS,
            "height {height}"
        );
    }
}

/// Hashes belong to their trail.
pub async fn hashes_belong_to_their_trail(database: &dyn Database) {
    let store = Handle::open(database).await;
    let (mut one, mut other) = (Author::new("a_b"), Author::new("axb"));
    one.record(&store, (0..256).map(draft)).await;
    other.record(&store, (0..300).map(draft)).await;
    assert_eq!(nodes(&store, &one, 0).await.len(), 256);
    let (one, other) = (
        store.hashes(one.trail(), 8, 0..9).await,
        store.hashes(other.trail(), 8, 0..9).await,
    );
    assert!(one.len() == 1 && other.len() == 1 && one != other);
    assert_eq!(store.hashes(&trail("unknown"), 0, 0..u64::MAX).await, []);
    assert_eq!(store.hashes(&trail("unknown"), 8, 0..u64::MAX).await, []);
}

/// The stored hashes that a plan names give the root of every size that the trail ever had.
pub async fn every_root_follows_from_the_stored_hashes(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    let mut roots = Vec::new();
    let mut next = 0;
    for count in [1, 1, 2, 3, 250, 1, 100, 300, 7, 255] {
        let commit = author.record(&store, (next..next + count).map(draft)).await;
        roots.push((commit.head.size, commit.head.root));
        next += count;
    }
    for (size, root) in roots {
        assert_eq!(
            root_at(size, &plan(&store, &author, size).await),
            Ok(root),
            "size {size}"
        );
    }
}

/// Past 65,536 entries there is a node and a span at height 16, and both are as they must be.
pub async fn a_trail_of_65_600_entries_has_a_node_at_height_16(database: &dyn Database) {
    let store = Handle::open(database).await;
    let mut author = Author::new("t");
    for start in (0..65_600).step_by(4100) {
        author
            .record(&store, (start..start + 4100).map(draft))
            .await;
    }
    let head = store
        .head(author.trail())
        .await
        .expect("the trail has entries");
    assert_eq!(head.size, 65_600);
    assert_eq!(
        nodes(&store, &author, 8).await,
        (0..256).collect::<Vec<_>>()
    );
    let below: Vec<_> = store
        .hashes(author.trail(), 8, 0..256)
        .await
        .into_iter()
        .map(|(_, hash)| hash)
        .collect();
    assert_eq!(
        store.hashes(author.trail(), 16, 0..9).await,
        [(0, subtree(below))]
    );
    assert_eq!(
        root_at(65_600, &plan(&store, &author, 65_600).await),
        Ok(head.root)
    );
    let spans = store.rows(author.trail(), ProjectionKind::Span, 1000).await;
    let occurred_at = |number| draft(number).build().entry.occurred_at;
    let (earliest, latest) = (occurred_at(0), occurred_at(65_535));
    assert!(spans.contains(&Projected::Span(Span {
        height: 16,
        index: 0,
        earliest,
        latest
    })));
    assert_eq!(spans.len(), 257);
}

async fn nodes(store: &Handle, author: &Author, height: u8) -> Vec<u64> {
    indexes(store, author, height, 0..u64::MAX).await
}

async fn indexes(store: &Handle, author: &Author, height: u8, range: Range<u64>) -> Vec<u64> {
    let hashes = store.hashes(author.trail(), height, range).await;
    hashes.into_iter().map(|(index, _)| index).collect()
}

async fn plan(store: &Handle, author: &Author, size: u64) -> NodeSet {
    let mut set = NodeSet::new();
    for range in root_ranges(size) {
        let hashes = store
            .hashes(author.trail(), range.height, range.start..range.end)
            .await;
        let hashes = hashes.into_iter().map(|(_, hash)| hash).collect();
        set.insert(range, hashes)
            .expect("the store has all that the plan names");
    }
    set
}

/// The root of a complete subtree, level by level.
fn subtree(mut level: Vec<Hash>) -> Hash {
    while level.len() > 1 {
        level = level
            .chunks(2)
            .map(|pair| node_hash(&pair[0], &pair[1]))
            .collect();
    }
    level[0]
}
