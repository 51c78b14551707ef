//! One entry: its parts, its leaf, and the rows that are derived from it.

use std::ops::Range;

use indelible_merkle::{Hash, NodeId, STORED_HEIGHT_STEP};

use super::Walk;
use crate::entry::{Columns, StoredEntry};
use crate::part::PartKind;
use crate::store::{Span, each_term};
use crate::verify::report::{FindingKind, entries};
use crate::verify::tree::Item;

/// The action of the first entry of an incarnation after the first.
const SUCCESSION: &str = "audit_trail_succeeded";

impl Walk {
    pub(super) fn entry(
        &mut self,
        entry: &mut StoredEntry,
        nodes: &[(NodeId, Hash)],
        spans: &[Span],
    ) {
        if self.missing.is_some() {
            self.end_missing();
        }
        let seq = entry.seq;
        self.checked += 1;
        let leaf = self.parts_and_leaf(entry);
        if !entry.erases.is_empty() {
            self.erasures.account_and_list(entry);
            self.claims.add(entry);
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
        self.grow(
            Item {
                below: Some(leaf),
                stored: Some(entry.leaf_hash),
            },
            nodes,
        );
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
                let detail =
                    format!("the column {kind}_hash no longer gives the leaf; the part does");
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
        let Some(bucket) = self.layout.bucket(seq) else {
            return;
        };
        let ids = &mut self.sums.ids[bucket];
        *ids = ids.wrapping_add(self.rows.id(&entry.id, seq));
        let (terms, rows) = (&mut self.sums.terms[bucket], &mut self.rows);
        each_term(entry, &columns, &mut |field, value| {
            *terms = terms.wrapping_add(rows.term(field, value, seq));
        });
    }

    fn compare_spans(&mut self, spans: &[Span]) {
        for made in self.made.drain(..) {
            let same = |span: &&Span| (span.height, span.index) == (made.height, made.index);
            if spans
                .iter()
                .find(same)
                .is_some_and(|stored| *stored != made)
            {
                let (height, index) = (made.height, made.index);
                let block = index << height..(index + 1) << height;
                let detail = format!("the times kept for {} are not theirs", entries(&block));
                self.findings
                    .push(block.start, FindingKind::SpanDiffers, detail);
            }
        }
    }

    pub(super) fn missing_spans(&mut self, range: &Range<u64>, spans: &[Span]) {
        for height in (STORED_HEIGHT_STEP..64).step_by(usize::from(STORED_HEIGHT_STEP)) {
            for index in range.start >> height..range.end >> height {
                if !spans
                    .iter()
                    .any(|span| (span.height, span.index) == (height, index))
                {
                    let block = index << height..(index + 1) << height;
                    let detail = format!("the times of {} are not kept", entries(&block));
                    self.findings
                        .push(block.start, FindingKind::SpanMissing, detail);
                }
            }
        }
    }
}

/// The indexed columns of an entry, as [`Columns::derive`] gives them.
///
/// Of details only one text is indexed. Where its name does not occur in the bytes, they need not
/// be parsed: the hash of the part says that they are as the engine wrote them, without escapes
/// in names.
pub(in crate::verify) fn columns(entry: &mut StoredEntry) -> Result<Columns, String> {
    let names_correlation = entry.parts.details.as_ref().is_some_and(|details| {
        // Text that is not UTF-8 goes to the parser, which says so.
        std::str::from_utf8(&details.body).map_or(true, |body| body.contains("correlation_id"))
    });
    let details = if names_correlation {
        None
    } else {
        entry.parts.details.take()
    };
    let columns = Columns::derive(entry);
    if details.is_some() {
        entry.parts.details = details;
    }
    columns.map_err(|error| format!("{error}: {}", error.source))
}
