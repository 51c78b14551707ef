//! The tree that the entries give beside stored nodes, head and checkpoints.

use std::ops::Range;

use indelible_merkle::NodeId;

use super::{INSPECTED_MAX, Walk};
use crate::store::Head;
use crate::verify::report::{FindingKind, entries};
use crate::verify::tree::{Contradiction, Culprit, Edge, Source};

impl Walk {
    /// Turns what the tree found into findings.
    pub(super) fn contradictions(&mut self) {
        for Contradiction {
            node: NodeId { height, index },
            culprit,
        } in self.found.drain(..)
        {
            let range = index << height..(index + 1) << height;
            let (kind, detail) = match (height, culprit) {
                (0, Culprit::Stored) => (
                    FindingKind::LeafDiffers,
                    "the stored leaf hash is not that of the columns, which the tree holds".into(),
                ),
                (0, _) => {
                    if self.unexplained.len() < INSPECTED_MAX {
                        self.unexplained.push(index);
                    }
                    (
                        FindingKind::ColumnDiffers,
                        "the columns no longer give the leaf".into(),
                    )
                }
                (_, Culprit::Stored) => (
                    FindingKind::NodeAltered,
                    format!(
                        "node {index} at height {height} is not that of {}",
                        entries(&range)
                    ),
                ),
                (_, Culprit::Below) => (FindingKind::EntryAltered, rewritten(&range)),
                (_, Culprit::Unknown) => (
                    FindingKind::NodeAltered,
                    format!(
                        "node {index} at height {height} and {} differ",
                        entries(&range)
                    ),
                ),
            };
            if height > 0 && culprit != Culprit::Stored && self.contradicted.len() < INSPECTED_MAX {
                self.contradicted.push(range.clone());
            }
            self.findings.push(range.start, kind, detail);
        }
    }

    /// Holds the tree against the checkpoints of its present size.
    pub(super) fn compare_anchors(&mut self) {
        while let Some(anchor) = self.anchors.front().filter(|a| a.size <= self.tree.size()) {
            // That the head's root is not that of the rows is told where the two are compared.
            let in_head = (self.tree.size() == self.end).then_some(self.root);
            let (below, stored) = (
                self.tree.root(Source::Below),
                self.tree.root(Source::Stored),
            );
            let roots = [below, stored, in_head];
            self.compared += 1;
            // Where rows are missing there is nothing to compare, and a finding that says so.
            if roots.iter().any(Option::is_some) && !roots.contains(&Some(anchor.root)) {
                anchor.report(&mut self.findings);
            }
            self.anchors.pop_front();
        }
    }

    /// Holds the edge of the tree against the head's frontier, and answers it.
    pub fn finish(&mut self, head: &Head) -> Edge {
        let edge = self.tree.finish(&head.frontier, &mut self.found);
        self.contradictions();
        edge
    }

    /// Reports ranges of entries that the head says otherwise of.
    pub fn report_rewritten(&mut self, ranges: Vec<Range<u64>>) {
        for range in ranges {
            self.findings
                .push(range.start, FindingKind::EntryAltered, rewritten(&range));
            if self.contradicted.len() < INSPECTED_MAX {
                self.contradicted.push(range);
            }
        }
    }
}

fn rewritten(range: &Range<u64>) -> String {
    match range.end - range.start {
        1 => format!("entry {} is not the one that was recorded", range.start),
        _ => format!(
            "among {} at least one is not the one that was recorded",
            entries(range)
        ),
    }
}
