//! The pass over the derived tables: ids, index rows, nodes, spans.

use super::digest::{Layout, Rows};
use super::reading::{Trail, unreadable};
use super::removal::Removed;
use super::report::{Finding, FindingKind};
use super::walk::Sums;
use super::work;
use crate::store::{Projected, ProjectionKind, StoreError};

/// What the derived tables hold, added up as [`Sums`] adds up what the entries give.
pub(super) struct Scan {
    layout: Layout,
    rows: Rows,
    removed: Removed,
    from: u64,
    size: u64,
    pub sums: Sums,
    pub findings: Vec<Finding>,
    /// Rows that speak of entries after the head that was read first: they are right only if the
    /// trail has grown that far since. With the size it must have.
    pub beyond: Vec<(u64, Finding)>,
    /// The tables that could not be read to the end.
    pub unread: Vec<ProjectionKind>,
}

/// Rows read at once.
pub(super) const PAGE_ROWS: usize = 4096;
/// Rows beyond the head that are kept in mind.
const BEYOND_MAX: usize = 1000;

impl Scan {
    pub fn new(layout: Layout, rows: Rows, (removed, from): (Removed, u64), size: u64) -> Self {
        let sums = Sums {
            ids: vec![0; layout.len()],
            terms: vec![0; layout.len()],
            nodes: 0,
            spans: 0,
        };
        let (findings, beyond, unread) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            layout,
            rows,
            removed,
            from,
            size,
            sums,
            findings,
            beyond,
            unread,
        }
    }

    /// Reads all tables. Pages are added up on another thread while the next ones are read.
    pub async fn run(mut self, trail: Trail<'_>) -> Result<Self, StoreError> {
        let kinds = [
            ProjectionKind::Term,
            ProjectionKind::Id,
            ProjectionKind::Node,
            ProjectionKind::Span,
        ];
        for kind in kinds {
            self = self.table(trail, kind).await?;
        }
        Ok(self)
    }

    async fn table(mut self, trail: Trail<'_>, kind: ProjectionKind) -> Result<Self, StoreError> {
        let mut after: Option<Projected> = None;
        let mut page = Vec::new();
        loop {
            let added = work(move || {
                page.into_iter().for_each(|row| self.add(row));
                self
            });
            let next = trail
                .store
                .projection(trail.name, kind, after.as_ref(), PAGE_ROWS);
            let (added, next) = tokio::join!(added, next);
            self = added?;
            page = match next {
                Ok(next) => next,
                Err(error) => {
                    self.findings.push(unreadable(error)?);
                    self.unread.push(kind);
                    return Ok(self);
                }
            };
            let last = page.last().cloned();
            if page.len() < PAGE_ROWS || !key_moves(after.as_ref(), last.as_ref()) {
                return work(move || {
                    page.into_iter().for_each(|row| self.add(row));
                    self
                })
                .await;
            }
            after = last;
        }
    }

    fn add(&mut self, row: Projected) {
        match row {
            Projected::Id { id, seq } => match self.layout.bucket(seq) {
                Some(bucket) => {
                    let sum = &mut self.sums.ids[bucket];
                    *sum = sum.wrapping_add(self.rows.id(&id, seq));
                }
                None => self.outside(seq, seq.saturating_add(1), FindingKind::IdExtra, "an id"),
            },
            Projected::Term(term) => match self.layout.bucket(term.seq) {
                Some(bucket) => {
                    let sum = &mut self.sums.terms[bucket];
                    *sum = sum.wrapping_add(self.rows.term(term.field, &term.value, term.seq));
                }
                None => {
                    let end = term.seq.saturating_add(1);
                    self.outside(term.seq, end, FindingKind::IndexRowExtra, "an index row");
                }
            },
            // Those kept of removed entries are what the tree goes on from.
            Projected::Node { node, .. } if node.height == 0 && self.is_kept_leaf(node.index) => {}
            Projected::Node { node, hash } => {
                let row = self.rows.node(node.height, node.index, &hash);
                if self.block(node.height, node.index, FindingKind::NodeExtra, "a node") {
                    self.sums.nodes = self.sums.nodes.wrapping_add(row);
                }
            }
            Projected::Span(span) => {
                let row = self.rows.span(&span);
                if self.block(span.height, span.index, FindingKind::SpanExtra, "times") {
                    self.sums.spans = self.sums.spans.wrapping_add(row);
                }
            }
            // Counts have a pass of their own.
            Projected::Rollup(_) => {}
        }
    }

    /// Whether a block is one of those that the entries to be looked at complete.
    fn block(&mut self, height: u8, index: u64, kind: FindingKind, what: &str) -> bool {
        let is_stored_height = matches!(height, 8 | 16 | 24 | 32 | 40 | 48 | 56);
        let start = u128::from(index) << height.min(64);
        let end = start + (1_u128 << height.min(64));
        let (Ok(start), Ok(end), true) =
            (u64::try_from(start), u64::try_from(end), is_stored_height)
        else {
            let detail = format!("{what} of block {index} at height {height}, which no trail has");
            self.findings.push(Finding {
                seq: None,
                kind,
                detail,
            });
            return false;
        };
        if end > self.size || end <= self.removed.first_kept && kind == FindingKind::SpanExtra {
            self.outside(start, end, kind, what);
        }
        end > self.from && end <= self.size
    }

    fn is_kept_leaf(&self, index: u64) -> bool {
        index >= self.removed.first_kept >> 8 << 8 && index < self.removed.end()
    }

    /// A row that speaks of entries outside of those that are looked at: before them, which is
    /// not asked for, or after the head.
    fn outside(&mut self, seq: u64, end: u64, kind: FindingKind, what: &str) {
        if seq < self.removed.first_kept {
            let detail = format!("{what} of entry {seq}, which was removed");
            let seq = Some(seq);
            self.findings.push(Finding { seq, kind, detail });
        }
        if end > self.size {
            let detail = format!("{what} of entry {seq}, which the trail does not have");
            self.beyond.push((
                end,
                Finding {
                    seq: Some(seq),
                    kind,
                    detail,
                },
            ));
        }
        if self.beyond.len() > 2 * BEYOND_MAX {
            // The farthest are the last that the trail could have grown up to.
            self.beyond.sort_by_key(|(end, _)| std::cmp::Reverse(*end));
            self.beyond.truncate(BEYOND_MAX);
        }
    }
}

/// Whether a page's last row is another one than the row that the page was to begin after: a
/// store that does not move on would be read forever.
pub(super) fn key_moves(after: Option<&Projected>, last: Option<&Projected>) -> bool {
    last.is_some() && after != last
}
