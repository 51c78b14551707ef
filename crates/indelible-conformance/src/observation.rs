//! All that a store shows of a trail, to be compared: before and after, store and oracle.

use indelible_core::TrailName;
use indelible_core::entry::StoredEntry;
use indelible_core::filter::Filter;
use indelible_core::store::{Head, ProjectionKind, Rollup, Span};
use indelible_merkle::Hash;

use crate::derivation::by_text;
use crate::handle::{Handle, all};

/// All that every read of the port shows of one trail, but for the index rows, which may lag.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// The head.
    pub head: Option<Head>,
    /// The entries by seq.
    pub entries: Vec<StoredEntry>,
    /// The entries as a question without conditions finds them, newest first.
    pub found: Vec<StoredEntry>,
    /// The seq of each entry's id.
    pub seqs: Vec<Option<u64>>,
    /// The stored hashes at heights 0, 8, 16, 24.
    pub hashes: [Vec<(u64, Hash)>; 4],
    /// The spans at heights 8, 16, 24.
    pub spans: [Vec<Span>; 3],
    /// All rollups, sorted.
    pub rollups: Vec<Rollup>,
    /// The rows of ids, nodes, spans and rollups, as sorted text.
    pub rows: [Vec<String>; 4],
}

impl Observation {
    /// Looks at one trail.
    pub async fn of(store: &Handle, trail: &TrailName) -> Self {
        let entries = store.entries(trail, 0..u64::MAX).await;
        let ids: Vec<_> = entries.iter().map(|entry| entry.id).collect();
        let mut rollups = store.rollups(trail, i64::MIN..i64::MAX).await;
        rollups.sort();
        let rows = async |kind| by_text(store.rows(trail, kind, 500).await);
        let hashes = async |height| store.hashes(trail, height, 0..u64::MAX).await;
        let spans = async |height| store.spans(trail, height, 0..u64::MAX).await;
        Self {
            head: store.head(trail).await,
            found: store.find(trail, &all(Filter::default())).await,
            seqs: store.seqs(trail, &ids).await,
            hashes: [
                hashes(0).await,
                hashes(8).await,
                hashes(16).await,
                hashes(24).await,
            ],
            spans: [spans(8).await, spans(16).await, spans(24).await],
            rollups,
            rows: [
                rows(ProjectionKind::Id).await,
                rows(ProjectionKind::Node).await,
                rows(ProjectionKind::Span).await,
                rows(ProjectionKind::Rollup).await,
            ],
            entries,
        }
    }

    /// Looks at several trails.
    pub async fn of_all(store: &Handle, trails: &[&TrailName]) -> Vec<Self> {
        let mut observations = Vec::with_capacity(trails.len());
        for trail in trails {
            observations.push(Self::of(store, trail).await);
        }
        observations
    }
}
