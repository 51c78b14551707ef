//! From what both passes gave to the report.

use indelible_merkle::Hash;

use super::difference::{self, Hints, Table};
use super::digest::{Layout, Rows};
use super::inspection::Tables;
use super::reading::{self, Trail};
use super::removal::Removed;
use super::report::{self, FindingKind, Findings, TrailReport};
use super::scan::Scan;
use super::walk::Walk;
use super::{head, inspection, rollup};
use crate::store::{Head, ProjectionKind, StoreError};

/// What both passes have in common.
pub(super) struct Run<'a> {
    pub trail: Trail<'a>,
    pub head: Head,
    /// The first entry that is looked at.
    pub from: u64,
    /// Where the request asks to begin.
    pub since: u64,
    pub removed: Removed,
    pub layout: Layout,
    pub rows: Rows,
    pub findings: Findings,
    pub compared: u64,
}

impl Run<'_> {
    /// Compares what the passes gave, and makes the report.
    pub async fn conclude(mut self, mut walk: Walk, scan: Scan) -> Result<TrailReport, StoreError> {
        let beyond = self.rows_beyond().await?;
        head::compare(&self.head, &mut walk, &beyond);
        let mut findings = std::mem::take(&mut self.findings);
        let seen = std::mem::take(&mut walk.findings);
        findings.absorb(seen);
        self.account_for_erasures(&mut walk, &mut findings).await?;
        self.removed
            .account(self.since, &walk.claims, &mut findings);
        let hints = self.compare_tables(&walk, scan, &mut findings).await?;
        let mut surplus = rollup::Surplus::new();
        let is_whole = self.since <= self.removed.end();
        if is_whole && self.removed.said > self.removed.first_kept {
            let detail = "entries are being removed; the counts were not compared".to_owned();
            findings.push(None, FindingKind::RollupUnchecked, detail);
        } else if is_whole {
            let range = self.from..self.head.size;
            surplus = rollup::compare(self.trail, range, walk.counts, &mut findings).await?;
        }
        walk.contradicted.sort_by_key(|range| range.start);
        inspection::misplaced(self.trail, &walk.contradicted, &mut findings).await?;
        let tables = Tables {
            hints: &hints,
            surplus: &surplus,
        };
        inspection::columns(self.trail, &walk.unexplained, &tables, &mut findings).await?;
        let listed = walk.erasures.listed().collect();
        inspection::undone(self.trail, listed, &mut findings).await?;
        let gaps = [
            FindingKind::RowUnreadable,
            FindingKind::RollupUnchecked,
            FindingKind::IndexUnchecked,
        ];
        let is_read = !gaps.iter().any(|kind| findings.has(*kind));
        Ok(TrailReport {
            trail: self.trail.name.clone(),
            ok: findings.is_ok(),
            size: self.head.size,
            root: self.head.root,
            checked_from: self.from,
            entries_checked: walk.checked,
            complete: is_whole && walk.checked == self.head.size - self.from && is_read,
            erased: walk.erased,
            removed: self.removed.first_kept,
            checkpoints_compared: self.compared + walk.compared,
            findings_total: findings.total(),
            findings: findings.into_sorted(),
        })
    }

    /// Rows after the last entry of the head as it is now: none should be. Answers the leaf
    /// hashes of the rows that follow the head that was read first.
    async fn rows_beyond(&mut self) -> Result<Vec<Hash>, StoreError> {
        for window in reading::windows(self.head.size..u64::MAX) {
            let leaves = self.trail.leaves(window).await?;
            let Some(&(last, _)) = leaves.last() else {
                continue;
            };
            // What was committed meanwhile lies within the head as it is now.
            let size = self.size_now().await?;
            if last >= size {
                let beyond = leaves.into_iter().skip_while(|(seq, _)| *seq < size);
                let beyond: Vec<_> = beyond.take(BEYOND_MAX).collect();
                let first = beyond.first().map_or(last, |(seq, _)| *seq);
                let detail = format!("a row of entry {first} stands beyond the {size} of the head");
                self.findings
                    .push(first, FindingKind::EntryInserted, detail);
                let follows = first == self.head.size;
                let leaves = beyond.into_iter().filter(|_| follows).map(|(_, leaf)| leaf);
                return Ok(leaves.collect());
            }
        }
        Ok(Vec::new())
    }

    async fn size_now(&self) -> Result<u64, StoreError> {
        let head = self.trail.store.head(self.trail.name).await?;
        Ok(head.map_or(self.head.size, |head| head.size.max(self.head.size)))
    }

    async fn account_for_erasures(
        &self,
        walk: &mut Walk,
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        // What was erased while the pass ran is accounted for after the head it began with.
        if !walk.erasures.is_settled() {
            let later = self.head.size..self.size_now().await?;
            let account = &mut |entry| walk.erasures.account_and_list(&entry);
            self.trail.each_entry(later, account).await?;
        }
        for (part, range) in walk.erasures.unaccounted() {
            let of = report::entries(&range);
            let detail = format!("the {part} of {of} is gone, and no entry says it was erased");
            findings.push(range.start, FindingKind::PartMissing, detail);
        }
        Ok(())
    }

    /// Compares the sums of both passes and names the rows that differ.
    async fn compare_tables(
        &self,
        walk: &Walk,
        scan: Scan,
        findings: &mut Findings,
    ) -> Result<Hints, StoreError> {
        let size = self.size_now().await?;
        findings.extend(scan.findings);
        let illegitimate = scan.beyond.into_iter().filter(|(end, _)| *end > size);
        findings.extend(illegitimate.map(|(_, finding)| finding));
        let mut hints = Hints::new();
        let mut unchecked = 0;
        let tables = [
            (ProjectionKind::Id, &walk.sums.ids, scan.sums.ids),
            (ProjectionKind::Term, &walk.sums.terms, scan.sums.terms),
        ];
        for (kind, expected, stored) in tables {
            if !scan.unread.contains(&kind) {
                let (layout, expected) = (self.layout.clone(), expected.clone());
                let table = Table {
                    kind,
                    layout,
                    expected,
                    stored,
                };
                unchecked +=
                    difference::name(self.trail, table, &self.rows, findings, &mut hints).await?;
            }
        }
        if unchecked > 0 {
            let detail = format!(
                "index rows of {unchecked} entries changed while they were compared, as they do \
                 while persons are erased"
            );
            findings.push(None, FindingKind::IndexUnchecked, detail);
        }
        if walk.tree.size() < self.head.size {
            // Behind the cut nothing was read that the tables could be compared with.
            return Ok(hints);
        }
        let blocks = [
            (
                ProjectionKind::Node,
                walk.sums.nodes == scan.sums.nodes,
                FindingKind::NodeAltered,
            ),
            (
                ProjectionKind::Span,
                walk.sums.spans == scan.sums.spans,
                FindingKind::SpanDiffers,
            ),
        ];
        for (kind, is_same, finding) in blocks {
            if !is_same && !scan.unread.contains(&kind) && !findings.has(finding) {
                let detail = "rows stand twice, or changed while they were read".to_owned();
                findings.push(None, finding, detail);
            }
        }
        Ok(hints)
    }
}

/// So many rows beyond the head are looked at, to tell an altered size from rows put in.
const BEYOND_MAX: usize = 1024;
