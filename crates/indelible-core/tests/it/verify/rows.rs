//! A store over plain rows that a test may alter in any way.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use async_trait::async_trait;
use indelible_core::TrailName;
use indelible_core::entry::StoredEntry;
use indelible_core::store::{
    Commit, Condition, Find, Head, Projected, ProjectionKind, Rollup, Span, Store, StoreError,
    Verdict,
};
use indelible_merkle::{Hash, NodeId};
use uuid::Uuid;

/// The trail of all these tests.
pub const TRAIL: &str = "acme";

/// What is stored of one trail, as rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    pub head: Option<Head>,
    pub entries: Vec<StoredEntry>,
    pub ids: Vec<Projected>,
    pub nodes: Vec<(NodeId, Hash)>,
    pub spans: Vec<Span>,
    pub terms: Vec<Projected>,
    pub rollups: Vec<Rollup>,
    /// Entries whose rows cannot be read.
    pub damaged: BTreeSet<u64>,
    /// Whether the store can tell which row it was.
    pub names_damaged: bool,
    /// Guards of the database that do not stand.
    pub missing_guards: Vec<String>,
    /// Rows that belong to nothing.
    pub stray_rows: Vec<String>,
}

impl Rows {
    pub fn head(&self) -> &Head {
        self.head.as_ref().expect("the test did not remove it")
    }

    pub fn head_mut(&mut self) -> &mut Head {
        self.head.as_mut().expect("the test did not remove it")
    }

    /// What `store` holds of the trail.
    pub async fn of(store: &dyn Store) -> Self {
        let trail: TrailName = TRAIL.parse().expect("a name");
        let all = async |kind| {
            store
                .projection(&trail, kind, None, usize::MAX)
                .await
                .expect("memory is readable")
        };
        let nodes = all(ProjectionKind::Node)
            .await
            .into_iter()
            .map(|row| match row {
                Projected::Node { node, hash } => (node, hash),
                other => panic!("{other:?} is no node"),
            });
        let spans = all(ProjectionKind::Span)
            .await
            .into_iter()
            .map(|row| match row {
                Projected::Span(span) => span,
                other => panic!("{other:?} is no span"),
            });
        Self {
            head: store.head(&trail).await.expect("memory is readable"),
            entries: store
                .entries(&trail, 0..u64::MAX)
                .await
                .expect("memory is readable"),
            ids: all(ProjectionKind::Id).await,
            nodes: nodes.collect(),
            spans: spans.collect(),
            terms: all(ProjectionKind::Term).await,
            rollups: store
                .rollups(&trail, i64::MIN..i64::MAX)
                .await
                .expect("readable"),
            damaged: BTreeSet::new(),
            names_damaged: true,
            missing_guards: Vec::new(),
            stray_rows: Vec::new(),
        }
    }

    fn projected(&self, kind: ProjectionKind) -> Vec<Projected> {
        let node = |(node, hash): &(NodeId, Hash)| Projected::Node {
            node: *node,
            hash: *hash,
        };
        match kind {
            ProjectionKind::Id => self.ids.clone(),
            ProjectionKind::Term => self.terms.clone(),
            ProjectionKind::Node => self.nodes.iter().map(node).collect(),
            ProjectionKind::Span => self.spans.iter().copied().map(Projected::Span).collect(),
            ProjectionKind::Rollup => self
                .rollups
                .iter()
                .cloned()
                .map(Projected::Rollup)
                .collect(),
        }
    }
}

#[async_trait]
impl Store for Rows {
    async fn heads(&self) -> Result<Vec<Head>, StoreError> {
        Ok(self.head.iter().cloned().collect())
    }

    async fn head(&self, _: &TrailName) -> Result<Option<Head>, StoreError> {
        Ok(self.head.clone())
    }

    async fn append(&self, _: &[Commit]) -> Result<Vec<Verdict>, StoreError> {
        panic!("verification is read-only")
    }

    async fn entries(
        &self,
        _: &TrailName,
        range: Range<u64>,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        if let Some(seq) = self.damaged.range(range.clone()).next() {
            return Err(StoreError::Corrupt {
                what: "action".to_owned(),
                seq: self.names_damaged.then_some(*seq),
                problem: "not UTF-8".to_owned(),
            });
        }
        let within = |entry: &&StoredEntry| range.contains(&entry.seq);
        let mut found: Vec<_> = self.entries.iter().filter(within).cloned().collect();
        found.sort_by_key(|entry| entry.seq);
        Ok(found)
    }

    async fn seqs(&self, _: &TrailName, ids: &[Uuid]) -> Result<Vec<Option<u64>>, StoreError> {
        let rows = self.ids.iter().filter_map(|row| match row {
            Projected::Id { id, seq } => Some((*id, *seq)),
            _ => None,
        });
        let rows: BTreeMap<Uuid, u64> = rows.collect();
        Ok(ids.iter().map(|id| rows.get(id).copied()).collect())
    }

    async fn find(&self, _: &TrailName, _: &Find) -> Result<Vec<StoredEntry>, StoreError> {
        panic!("verification reads tables, it does not query")
    }

    async fn hashes(
        &self,
        _: &TrailName,
        height: u8,
        range: Range<u64>,
    ) -> Result<Vec<(u64, Hash)>, StoreError> {
        if height == 0 {
            let leaves = self
                .entries
                .iter()
                .map(|entry| (entry.seq, entry.leaf_hash));
            return Ok(leaves.filter(|(seq, _)| range.contains(seq)).collect());
        }
        let wanted = |node: &NodeId| node.height == height && range.contains(&node.index);
        let nodes = self.nodes.iter().filter(|(node, _)| wanted(node));
        Ok(nodes.map(|(node, hash)| (node.index, *hash)).collect())
    }

    async fn spans(
        &self,
        _: &TrailName,
        height: u8,
        range: Range<u64>,
    ) -> Result<Vec<Span>, StoreError> {
        let wanted = |span: &&Span| span.height == height && range.contains(&span.index);
        Ok(self.spans.iter().filter(wanted).copied().collect())
    }

    async fn rollups(&self, _: &TrailName, hours: Range<i64>) -> Result<Vec<Rollup>, StoreError> {
        Ok(self
            .rollups
            .iter()
            .filter(|row| hours.contains(&row.hour))
            .cloned()
            .collect())
    }

    async fn projection(
        &self,
        _: &TrailName,
        kind: ProjectionKind,
        after: Option<&Projected>,
        limit: usize,
    ) -> Result<Vec<Projected>, StoreError> {
        // Only the index is large enough for copying all of it for each page to matter.
        let copied;
        let rows = match kind {
            ProjectionKind::Term => &self.terms,
            _ => {
                copied = self.projected(kind);
                &copied
            }
        };
        let start = match after {
            Some(after) => rows
                .iter()
                .rposition(|row| row == after)
                .map_or(0, |at| at + 1),
            None => 0,
        };
        Ok(rows.iter().skip(start).take(limit).cloned().collect())
    }

    async fn condition(&self) -> Result<Condition, StoreError> {
        Ok(Condition {
            missing_guards: self.missing_guards.clone(),
            stray_rows: self.stray_rows.clone(),
            ..Condition::default()
        })
    }

    async fn close(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
