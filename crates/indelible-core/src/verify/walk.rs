//! The pass over all entries: every hash, column and derived row made again and compared.

mod entry;
mod history;

use std::collections::VecDeque;
use std::ops::Range;

use indelible_merkle::{Hash, NodeId, STORED_HEIGHT_STEP};

pub(super) use entry::columns;

use super::anchor::Anchor;
use super::digest::{Layout, Rows};
use super::erasure::Erasures;
use super::reading::Chunk;
use super::removal::Claims;
use super::report::{FindingKind, Findings, entries};
use super::rollup::Counts;
use super::spans::Blocks;
use super::tree::{Contradiction, Item, Source, Tree};
use crate::entry::StoredEntry;
use crate::store::Span;
use crate::trail::TrailName;

/// The state of the pass. Its size depends on the number of buckets and of findings, not on the
/// length of the trail.
pub(super) struct Walk {
    trail: TrailName,
    end: u64,
    next: u64,
    pub tree: Tree,
    blocks: Blocks,
    pub erasures: Erasures,
    pub claims: Claims,
    anchors: VecDeque<Anchor>,
    layout: Layout,
    rows: Rows,
    pub sums: Sums,
    pub counts: Counts,
    pub findings: Findings,
    pub checked: u64,
    pub erased: u64,
    pub compared: u64,
    missing: Option<Range<u64>>,
    /// The root of the entries before the run of missing ones.
    root_before: Option<Hash>,
    /// The entries before the missing end, and their root.
    pub cut: Option<(u64, Option<Hash>)>,
    /// Ranges of entries whose nodes say otherwise, the first few.
    pub contradicted: Vec<Range<u64>>,
    /// Entries whose columns do not give their leaf, the first few.
    pub unexplained: Vec<u64>,
    incarnation_start: Option<u64>,
    root: Hash,
    found: Vec<Contradiction>,
    made: Vec<Span>,
    skeleton: Vec<u8>,
}

/// Sums of rows: of ids and terms for each bucket, of nodes and spans as a whole.
pub(super) struct Sums {
    pub ids: Vec<u128>,
    pub terms: Vec<u128>,
    pub nodes: u128,
    pub spans: u128,
}

/// So many of the entries and ranges in trouble are looked at again one by one.
const INSPECTED_MAX: usize = 64;

/// What a pass begins with.
pub(super) struct Beginning {
    pub trail: TrailName,
    /// The size of the head.
    pub end: u64,
    /// The root in the head.
    pub root: Hash,
    /// The tree up to the first entry to be looked at.
    pub tree: Tree,
    pub layout: Layout,
    pub rows: Rows,
    /// By size.
    pub anchors: Vec<Anchor>,
    /// Where the entry of a succession must stand.
    pub incarnation_start: Option<u64>,
}

impl Walk {
    pub fn new(beginning: Beginning) -> Self {
        let Beginning {
            trail,
            end,
            root,
            tree,
            layout,
            rows,
            anchors,
            incarnation_start,
        } = beginning;
        let from = tree.size();
        let sums = Sums {
            ids: vec![0; layout.len()],
            terms: vec![0; layout.len()],
            nodes: 0,
            spans: 0,
        };
        let mut walk = Self {
            trail,
            end,
            next: from,
            tree,
            blocks: Blocks::new(from),
            erasures: Erasures::default(),
            claims: Claims::default(),
            anchors: anchors.into(),
            layout,
            counts: Counts::new(rows.clone()),
            rows,
            sums,
            findings: Findings::default(),
            checked: 0,
            erased: 0,
            compared: 0,
            missing: None,
            root_before: None,
            cut: None,
            contradicted: Vec::new(),
            unexplained: Vec::new(),
            incarnation_start,
            root,
            found: Vec::new(),
            made: Vec::new(),
            skeleton: Vec::with_capacity(1024),
        };
        walk.claims.root = walk.tree.root(Source::Stored).map(|root| root.to_string());
        walk.compare_anchors();
        walk
    }

    pub fn take(&mut self, chunk: Chunk) {
        let Chunk {
            range,
            rows,
            nodes,
            spans,
            findings,
            is_past_end,
        } = chunk;
        self.findings.extend(findings);
        // A row that stands twice counts once here, and twice where the table is read as a whole.
        for (place, (node, hash)) in nodes.iter().enumerate() {
            if nodes[..place].iter().all(|(other, _)| other != node) {
                let row = self.rows.node(node.height, node.index, hash);
                self.sums.nodes = self.sums.nodes.wrapping_add(row);
            }
        }
        for (place, span) in spans.iter().enumerate() {
            let same = |other: &Span| (other.height, other.index) == (span.height, span.index);
            if !spans[..place].iter().any(same) {
                self.sums.spans = self.sums.spans.wrapping_add(self.rows.span(span));
            }
        }
        let mut unreadable = rows.unreadable.into();
        let mut last = None;
        for mut entry in rows.entries {
            if entry.seq < self.next || entry.seq >= range.end {
                self.stray(&entry, last);
                continue;
            }
            self.skip(entry.seq, &mut unreadable, &nodes);
            last = Some(entry.id);
            self.entry(&mut entry, &nodes, &spans);
        }
        if is_past_end {
            self.gone(self.next..self.end);
            self.end_missing();
            return;
        }
        self.skip(range.end, &mut unreadable, &nodes);
        self.missing_spans(&range, &spans);
        if range.end == self.end {
            self.end_missing();
        }
    }

    fn stray(&mut self, entry: &StoredEntry, last: Option<uuid::Uuid>) {
        if Some(entry.id) == last {
            let detail = format!("a second row for entry {}", entry.seq);
            self.findings
                .push(entry.seq, FindingKind::Duplicated, detail);
        } else {
            let detail = format!(
                "a row of seq {} where entry {} was expected",
                entry.seq, self.next
            );
            self.findings
                .push(entry.seq, FindingKind::Reordered, detail);
        }
    }

    /// Passes over the entries up to `seq`, which have no readable row.
    fn skip(
        &mut self,
        seq: u64,
        unreadable: &mut VecDeque<(u64, String)>,
        nodes: &[(NodeId, Hash)],
    ) {
        while self.next < seq {
            match unreadable.front() {
                Some((at, problem)) if *at == self.next => {
                    let detail = format!("the row of entry {at} cannot be read: {problem}");
                    self.findings.push(*at, FindingKind::RowUnreadable, detail);
                    unreadable.pop_front();
                }
                _ => self.gone(self.next..self.next + 1),
            }
            self.blocks.gap(self.next);
            self.grow(Item::default(), nodes);
        }
    }

    fn gone(&mut self, range: Range<u64>) {
        match &mut self.missing {
            Some(missing) if missing.end == range.start => missing.end = range.end,
            _ => {
                self.end_missing();
                self.root_before = self.tree.root(Source::Stored);
                self.missing = Some(range);
            }
        }
    }

    /// Reports the run of missing entries that ends here.
    fn end_missing(&mut self) {
        let Some(missing) = self.missing.take() else {
            return;
        };
        let kind = if missing.end == self.end {
            self.cut = Some((missing.start, self.root_before));
            FindingKind::TailCut
        } else {
            FindingKind::EntryMissing
        };
        let verb = if missing.end - missing.start == 1 {
            "is"
        } else {
            "are"
        };
        let end = if kind == FindingKind::TailCut {
            " at the end"
        } else {
            ""
        };
        let detail = format!("{} {verb} missing{end}", entries(&missing));
        self.findings.push(missing.start, kind, detail);
    }

    fn grow(&mut self, leaf: Item, nodes: &[(NodeId, Hash)]) {
        let stored = |node| {
            nodes
                .iter()
                .find(|(there, _)| *there == node)
                .map(|(_, hash)| *hash)
        };
        self.tree.push(leaf, &stored, &mut self.found);
        self.next += 1;
        let mut height = STORED_HEIGHT_STEP;
        while self.next.is_multiple_of(1 << height) && height < 64 {
            let node = NodeId {
                height,
                index: (self.next >> height) - 1,
            };
            if stored(node).is_none() {
                let detail = format!("node {} at height {height} is missing", node.index);
                self.findings
                    .push(node.index << height, FindingKind::NodeMissing, detail);
            }
            height += STORED_HEIGHT_STEP;
        }
        self.contradictions();
        self.compare_anchors();
    }
}
