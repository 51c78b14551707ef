//! The pass over all entries: every hash, column and derived row made again and compared.

use std::collections::VecDeque;
use std::ops::Range;

use indelible_merkle::{Hash, NodeId, STORED_HEIGHT_STEP};

use super::anchor::Anchor;
use super::digest::{Layout, Rows};
use super::erasure::Erasures;
use super::reading::Chunk;
use super::report::{FindingKind, Findings, entries};
use super::rollup::Counts;
use super::spans::Blocks;
use super::tree::{Contradiction, Culprit, Item, Source, Tree};
use crate::entry::{Columns, StoredEntry};
use crate::part::PartKind;
use crate::store::{Span, each_term};
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
/// The action of the first entry of an incarnation after the first.
const SUCCESSION: &str = "audit_trail_succeeded";

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
        let Beginning { trail, end, root, tree, layout, rows, anchors, incarnation_start } =
            beginning;
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
        walk.compare_anchors();
        walk
    }

    pub fn take(&mut self, chunk: Chunk) {
        let Chunk { range, rows, nodes, spans, findings, is_past_end } = chunk;
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
            self.findings.push(entry.seq, FindingKind::Duplicated, detail);
        } else {
            let detail = format!("a row of seq {} where entry {} was expected", entry.seq, self.next);
            self.findings.push(entry.seq, FindingKind::Reordered, detail);
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
        let Some(missing) = self.missing.take() else { return };
        let kind = if missing.end == self.end {
            self.cut = Some((missing.start, self.root_before));
            FindingKind::TailCut
        } else {
            FindingKind::EntryMissing
        };
        let verb = if missing.end - missing.start == 1 { "is" } else { "are" };
        let end = if kind == FindingKind::TailCut { " at the end" } else { "" };
        let detail = format!("{} {verb} missing{end}", entries(&missing));
        self.findings.push(missing.start, kind, detail);
    }

    fn entry(&mut self, entry: &mut StoredEntry, nodes: &[(NodeId, Hash)], spans: &[Span]) {
        if self.missing.is_some() {
            self.end_missing();
        }
        let seq = entry.seq;
        self.checked += 1;
        let leaf = self.parts_and_leaf(entry);
        if !entry.erases.is_empty() {
            self.erasures.account(entry);
        }
        if Some(seq) == self.incarnation_start && entry.action != SUCCESSION {
            let detail = format!("the incarnation in the head does not begin with entry {seq}");
            self.findings.push(seq, FindingKind::HeadAltered, detail);
        }
        self.derived(entry);
        self.blocks.add(seq, entry.occurred_at, &mut self.made);
        if !self.made.is_empty() {
            self.compare_spans(spans);
        }
        self.grow(Item { below: Some(leaf), stored: Some(entry.leaf_hash) }, nodes);
    }

    /// Checks the parts against their hashes and answers the leaf that the columns give.
    fn parts_and_leaf(&mut self, entry: &mut StoredEntry) -> Hash {
        let seq = entry.seq;
        let mut differing = Vec::new();
        let mut erased = false;
        for kind in PartKind::ALL {
            match (entry.part_hashes.get(kind), entry.parts.get(kind)) {
                (Some(stored), Some(part)) => {
                    let hash = part.hash(kind);
                    if hash != *stored {
                        differing.push((kind, hash));
                    }
                }
                (Some(_), None) => {
                    erased = true;
                    self.erasures.missing(kind, seq);
                }
                (None, Some(_)) => {
                    let detail = format!("entry {seq} was recorded without the part {kind}");
                    self.findings.push(seq, FindingKind::PartInserted, detail);
                }
                (None, None) => {}
            }
        }
        self.erased += u64::from(erased);
        let mut leaf = entry.derived_leaf(&self.trail, &mut self.skeleton);
        for (kind, hash) in differing {
            let stored = entry.part_hashes.get_mut(kind).replace(hash);
            let with = entry.derived_leaf(&self.trail, &mut self.skeleton);
            if leaf != entry.leaf_hash && with == entry.leaf_hash {
                let detail = format!("the column {kind}_hash no longer gives the leaf; the part does");
                self.findings.push(seq, FindingKind::ColumnDiffers, detail);
                leaf = with;
            } else {
                *entry.part_hashes.get_mut(kind) = stored;
                let detail = format!("salt or body of {kind} no longer give its hash");
                self.findings.push(seq, FindingKind::PartAltered, detail);
            }
        }
        leaf
    }

    /// Adds up the rows that are derived from an entry.
    fn derived(&mut self, entry: &mut StoredEntry) {
        let seq = entry.seq;
        let columns = columns(entry).unwrap_or_else(|problem| {
            self.findings.push(seq, FindingKind::PartAltered, problem);
            Columns::default()
        });
        self.counts.add(entry);
        let Some(bucket) = self.layout.bucket(seq) else { return };
        let ids = &mut self.sums.ids[bucket];
        *ids = ids.wrapping_add(self.rows.id(&entry.id, seq));
        let (terms, rows) = (&mut self.sums.terms[bucket], &mut self.rows);
        each_term(entry, &columns, &mut |field, value| {
            *terms = terms.wrapping_add(rows.term(field, value, seq));
        });
    }

    fn grow(&mut self, leaf: Item, nodes: &[(NodeId, Hash)]) {
        let stored =
            |node| nodes.iter().find(|(there, _)| *there == node).map(|(_, hash)| *hash);
        self.tree.push(leaf, &stored, &mut self.found);
        self.next += 1;
        let mut height = STORED_HEIGHT_STEP;
        while self.next.is_multiple_of(1 << height) && height < 64 {
            let node = NodeId { height, index: (self.next >> height) - 1 };
            if stored(node).is_none() {
                let detail = format!("node {} at height {height} is missing", node.index);
                self.findings.push(node.index << height, FindingKind::NodeMissing, detail);
            }
            height += STORED_HEIGHT_STEP;
        }
        self.contradictions();
        self.compare_anchors();
    }

    fn compare_spans(&mut self, spans: &[Span]) {
        for made in self.made.drain(..) {
            let same = |span: &&Span| (span.height, span.index) == (made.height, made.index);
            if spans.iter().find(same).is_some_and(|stored| *stored != made) {
                let (height, index) = (made.height, made.index);
                let block = index << height..(index + 1) << height;
                let detail = format!("the times kept for {} are not theirs", entries(&block));
                self.findings.push(block.start, FindingKind::SpanDiffers, detail);
            }
        }
    }

    fn missing_spans(&mut self, range: &Range<u64>, spans: &[Span]) {
        for height in (STORED_HEIGHT_STEP..64).step_by(usize::from(STORED_HEIGHT_STEP)) {
            for index in range.start >> height..range.end >> height {
                if !spans.iter().any(|span| (span.height, span.index) == (height, index)) {
                    let block = index << height..(index + 1) << height;
                    let detail = format!("the times of {} are not kept", entries(&block));
                    self.findings.push(block.start, FindingKind::SpanMissing, detail);
                }
            }
        }
    }

    /// Turns what the tree found into findings.
    fn contradictions(&mut self) {
        for Contradiction { node: NodeId { height, index }, culprit } in self.found.drain(..) {
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
                    (FindingKind::ColumnDiffers, "the columns no longer give the leaf".into())
                }
                (_, Culprit::Stored) => (
                    FindingKind::NodeAltered,
                    format!("node {index} at height {height} is not that of {}", entries(&range)),
                ),
                (_, Culprit::Below) => (FindingKind::EntryAltered, rewritten(&range)),
                (_, Culprit::Unknown) => (
                    FindingKind::NodeAltered,
                    format!("node {index} at height {height} and {} differ", entries(&range)),
                ),
            };
            if height > 0 && culprit != Culprit::Stored && self.contradicted.len() < INSPECTED_MAX {
                self.contradicted.push(range.clone());
            }
            self.findings.push(range.start, kind, detail);
        }
    }

    /// Holds the tree against the checkpoints of its present size.
    fn compare_anchors(&mut self) {
        while let Some(anchor) = self.anchors.front().filter(|a| a.size <= self.tree.size()) {
            // That the head's root is not that of the rows is told where the two are compared.
            let in_head = (self.tree.size() == self.end).then_some(self.root);
            let (below, stored) = (self.tree.root(Source::Below), self.tree.root(Source::Stored));
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
    pub fn finish(&mut self, head: &crate::store::Head) -> super::tree::Edge {
        let edge = self.tree.finish(&head.frontier, &mut self.found);
        self.contradictions();
        edge
    }

    /// Reports ranges of entries that the head says otherwise of.
    pub fn report_rewritten(&mut self, ranges: Vec<Range<u64>>) {
        for range in ranges {
            self.findings.push(range.start, FindingKind::EntryAltered, rewritten(&range));
            if self.contradicted.len() < INSPECTED_MAX {
                self.contradicted.push(range);
            }
        }
    }
}

fn rewritten(range: &Range<u64>) -> String {
    match range.end - range.start {
        1 => format!("entry {} is not the one that was recorded", range.start),
        _ => format!("among {} at least one is not the one that was recorded", entries(range)),
    }
}

/// The indexed columns of an entry, as [`Columns::derive`] gives them.
///
/// Of details only one text is indexed. Where its name does not occur in the bytes, they need not
/// be parsed: the hash of the part says that they are as the engine wrote them, without escapes
/// in names.
pub(super) fn columns(entry: &mut StoredEntry) -> Result<Columns, String> {
    let names_correlation = entry.parts.details.as_ref().is_some_and(|details| {
        // Text that is not UTF-8 goes to the parser, which says so.
        std::str::from_utf8(&details.body).map_or(true, |body| body.contains("correlation_id"))
    });
    let details = if names_correlation { None } else { entry.parts.details.take() };
    let columns = Columns::derive(entry);
    if details.is_some() {
        entry.parts.details = details;
    }
    columns.map_err(|error| format!("{error}: {}", error.source))
}
