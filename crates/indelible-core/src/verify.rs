//! Verification: everything that is stored of a trail, made again from the bytes and compared.
//!
//! One pass reads all entries in order. From each it makes the part hashes, the skeleton and the
//! leaf again, grows the tree, and adds up the rows that are derived from it. A second pass runs
//! beside it over the derived tables and adds up what they hold. Both need bounded memory. Only
//! where they differ, rows are looked at one by one, to name them.
//!
//! ```text
//! entries ──► parts, leaf ──► tree ◄── stored nodes, head, checkpoints kept outside   (walk, tree)
//!        └──► ids, index rows, counts ──► sums ◄── the same tables as stored          (scan, digest)
//! ```
//!
//! Nothing is written. Entries that come while verification runs are not looked at.

mod anchor;
mod difference;
mod digest;
mod erasure;
mod head;
mod inspection;
mod reading;
mod report;
mod rollup;
mod scan;
mod spans;
mod tree;
mod walk;

use indelible_merkle::note::VerifierKey;
use indelible_merkle::{Checkpoint, Hash, StoredNodes};

pub use report::{
    FINDINGS_MAX, FINDINGS_PER_KIND_MAX, Finding, FindingKind, Report, TrailReport,
};

use crate::store::{Head, ProjectionKind, Store, StoreError};
use crate::trail::TrailName;
use anchor::Anchor;
use difference::{Hints, Table};
use digest::{Layout, Rows};
use reading::{FIRST_CHUNK_ENTRIES, Trail};
use report::Findings;
use scan::Scan;
use tree::Tree;
use walk::{Beginning, Walk};

/// What a trail is to be compared with, beside itself.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The keys that are trusted to sign for the trail, under the origin of any of its
    /// incarnations. Where there is none, the key in the head is taken as it is, with a warning.
    pub trusted: Vec<VerifierKey>,
    /// The high-water mark, as the text of a signed note; a warning where there is none.
    pub mark: Option<String>,
    /// Further checkpoints that were kept outside the database.
    pub checkpoints: Vec<KeptCheckpoint>,
    /// Where to begin: the entries before this checkpoint, whose signature was checked, are
    /// taken as given by its root, and only the tree is held against it.
    pub since: Option<Checkpoint>,
    /// 16 random bytes, fresh for each run: who altered the tables must not have known them.
    pub digest_key: [u8; 16],
}

/// A signed note that was kept outside the database.
#[derive(Debug, Clone)]
pub struct KeptCheckpoint {
    /// Where it comes from, for messages: a file's name, "a receipt".
    pub source: String,
    /// Its text.
    pub note: String,
}

/// How far verification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The entries checked.
    pub entries_checked: u64,
    /// The entries to be checked.
    pub size: u64,
    /// What is being done.
    pub phase: Phase,
}

/// The steps of verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// The passes over entries and derived tables.
    Entries,
    /// The comparison of what they gave.
    Comparison,
}

/// Verifies one trail against itself and against what the request brings.
///
/// Needs a Tokio runtime, on whose threads for blocking work hashes are computed. Memory does not
/// grow with the trail. A trail that neither has a head nor rows, and of which no checkpoint
/// speaks, is found as it should be, with size 0.
///
/// # Errors
/// [`StoreError`] where the store cannot be read at all. Damaged rows are findings, not errors.
pub async fn verify(
    store: &dyn Store,
    trail: &TrailName,
    request: &Request,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<TrailReport, StoreError> {
    let trail = Trail { store, name: trail };
    let mut findings = Findings::default();
    let Some(head) = read_head(trail, request, &mut findings).await? else {
        return Ok(without_head(trail, findings));
    };
    warn(&head, request, &mut findings);
    head::check(&head, trail.name, request, &mut findings);
    let anchors = anchor::admit(trail.name, request, &head, &mut findings);
    let from = request.since.as_ref().map_or(0, Checkpoint::size);
    let from = if from > head.size { 0 } else { from };
    let earlier = anchors.partition_point(|anchor| anchor.size < from);
    let compared = anchor::compare_stored(trail, &anchors[..earlier], &mut findings).await?;
    let later = anchors[earlier..].to_vec();
    let beginning = begin(trail, &head, from, request, later, &mut findings).await?;
    let (layout, rows) = (beginning.layout.clone(), beginning.rows.clone());
    let scan = Scan::new(layout.clone(), rows.clone(), from, head.size);
    let walk = Walk::new(beginning);
    let (walk, scan) =
        tokio::try_join!(walk_all(trail, walk, head.size, progress), scan.run(trail))?;
    let (entries_checked, size) = (walk.checked, head.size - from);
    progress(Progress { entries_checked, size, phase: Phase::Comparison });
    let run = Run { trail, head, from, layout, rows, findings, compared };
    run.conclude(walk, scan).await
}

/// What both passes have in common.
struct Run<'a> {
    trail: Trail<'a>,
    head: Head,
    from: u64,
    layout: Layout,
    rows: Rows,
    findings: Findings,
    compared: u64,
}

impl Run<'_> {
    async fn conclude(mut self, mut walk: Walk, scan: Scan) -> Result<TrailReport, StoreError> {
        let beyond = self.rows_beyond().await?;
        head::compare(&self.head, &mut walk, &beyond);
        let mut findings = std::mem::take(&mut self.findings);
        let seen = std::mem::take(&mut walk.findings);
        findings.absorb(seen);
        self.account_for_erasures(&mut walk, &mut findings).await?;
        let hints = self.compare_tables(&walk, scan, &mut findings).await?;
        if self.from == 0 {
            rollup::compare(self.trail, self.head.size, walk.counts, &mut findings).await?;
        }
        walk.contradicted.sort_by_key(|range| range.start);
        inspection::misplaced(self.trail, &walk.contradicted, &mut findings).await?;
        inspection::columns(self.trail, &walk.unexplained, &hints, &mut findings).await?;
        let listed = walk.erasures.listed().collect();
        inspection::undone(self.trail, listed, &mut findings).await?;
        let is_read = !findings.has(FindingKind::RowUnreadable)
            && !findings.has(FindingKind::RollupUnchecked);
        Ok(TrailReport {
            trail: self.trail.name.clone(),
            ok: findings.is_ok(),
            size: self.head.size,
            root: self.head.root,
            checked_from: self.from,
            entries_checked: walk.checked,
            complete: self.from == 0 && walk.checked == self.head.size && is_read,
            erased: walk.erased,
            checkpoints_compared: self.compared + walk.compared,
            findings_total: findings.total(),
            findings: findings.into_sorted(),
        })
    }

    /// Rows after the last entry of the head as it is now: none should be. Answers the leaf
    /// hashes of the rows that follow the head that was read first.
    async fn rows_beyond(&mut self) -> Result<Vec<Hash>, StoreError> {
        let newest = self.trail.newest_below(u64::MAX).await?;
        let size = self.size_now().await?;
        let Some(newest) = newest.filter(|newest| *newest >= size) else { return Ok(Vec::new()) };
        let detail = format!("a row of entry {newest} stands beyond the {size} of the head");
        self.findings.push(newest, FindingKind::EntryInserted, detail);
        let rows = self.trail.entries(size..newest.saturating_add(1).min(size + BEYOND_MAX)).await?;
        Ok(rows.entries.iter().map(|entry| entry.leaf_hash).collect())
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
        let (mut start, end) = (self.head.size, self.size_now().await?);
        // What was erased while the pass ran is accounted for after the head it began with.
        while start < end && !walk.erasures.is_settled() {
            let stop = end.min(start + reading::CHUNK_ENTRIES);
            for entry in self.trail.entries(start..stop).await?.entries {
                walk.erasures.account(&entry);
            }
            start = stop;
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
        let tables = [
            (ProjectionKind::Id, &walk.sums.ids, scan.sums.ids),
            (ProjectionKind::Term, &walk.sums.terms, scan.sums.terms),
        ];
        for (kind, expected, stored) in tables {
            if !scan.unread.contains(&kind) {
                let (layout, expected) = (self.layout.clone(), expected.clone());
                let table = Table { kind, layout, expected, stored };
                difference::name(self.trail, table, &self.rows, findings, &mut hints).await?;
            }
        }
        let blocks = [
            (ProjectionKind::Node, walk.sums.nodes == scan.sums.nodes, FindingKind::NodeAltered),
            (ProjectionKind::Span, walk.sums.spans == scan.sums.spans, FindingKind::SpanDiffers),
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
const BEYOND_MAX: u64 = 1024;

async fn read_head(
    trail: Trail<'_>,
    request: &Request,
    findings: &mut Findings,
) -> Result<Option<Head>, StoreError> {
    match trail.store.head(trail.name).await {
        Ok(Some(head)) => return Ok(Some(head)),
        Ok(None) => {}
        Err(StoreError::Corrupt { problem, .. }) => {
            findings.push(None, FindingKind::HeadUnreadable, problem);
            return Ok(None);
        }
        Err(error) => return Err(error),
    }
    let ids = trail.store.projection(trail.name, ProjectionKind::Id, None, 1).await?;
    let has_rows = !ids.is_empty() || trail.newest_below(u64::MAX).await?.is_some();
    let is_known = request.mark.is_some() || request.since.is_some();
    if has_rows {
        let detail = "there are rows of the trail and no head".to_owned();
        findings.push(None, FindingKind::HeadMissing, detail);
    } else if is_known || !request.checkpoints.is_empty() {
        let detail = "there is a checkpoint of the trail, and no trail".to_owned();
        findings.push(None, FindingKind::HeadMissing, detail);
    }
    Ok(None)
}

fn without_head(trail: Trail<'_>, findings: Findings) -> TrailReport {
    TrailReport {
        trail: trail.name.clone(),
        ok: findings.is_ok(),
        size: 0,
        root: Hash::EMPTY_ROOT,
        checked_from: 0,
        entries_checked: 0,
        complete: findings.is_ok(),
        erased: 0,
        checkpoints_compared: 0,
        findings_total: findings.total(),
        findings: findings.into_sorted(),
    }
}

fn warn(head: &Head, request: &Request, findings: &mut Findings) {
    if request.mark.is_none() {
        let detail = "no high-water mark was at hand: that the database is an older copy would \
                      not be seen"
            .to_owned();
        findings.push(None, FindingKind::MarkMissing, detail);
    }
    if request.trusted.is_empty() {
        let detail = format!("no trusted key was at hand: {} was taken from the head", head.key);
        findings.push(None, FindingKind::KeyUnconfirmed, detail);
    }
}

async fn begin(
    trail: Trail<'_>,
    head: &Head,
    from: u64,
    request: &Request,
    anchors: Vec<Anchor>,
    findings: &mut Findings,
) -> Result<Beginning, StoreError> {
    let nodes = anchor::stored_edge(trail, from, findings).await?;
    let mut lacking = Vec::new();
    let tree = Tree::resume(from, |height, index| nodes.stored(height, index));
    for range in indelible_merkle::plan::root_ranges(from) {
        let missing = (range.start..range.end).find(|i| nodes.stored(range.height, *i).is_none());
        lacking.extend(missing.map(|index| (range.height, index)));
    }
    for (height, index) in lacking {
        let detail = format!("node {index} at height {height} is missing");
        findings.push(index << height, FindingKind::NodeMissing, detail);
    }
    Ok(Beginning {
        trail: trail.name.clone(),
        end: head.size,
        root: head.root,
        tree,
        layout: Layout::over(Vec::from_iter((from < head.size).then(|| from..head.size))),
        rows: Rows::new(&request.digest_key),
        anchors,
        incarnation_start: (head.incarnation > 1).then_some(head.incarnation_start),
    })
}

/// Runs the pass over the entries: while one chunk is hashed, the next one is read.
async fn walk_all(
    trail: Trail<'_>,
    mut walk: Walk,
    end: u64,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Walk, StoreError> {
    let start = walk.tree.size();
    if start == end {
        return Ok(walk);
    }
    let mut length = FIRST_CHUNK_ENTRIES;
    let mut chunk = trail.chunk(start, end, length).await?;
    loop {
        let (at, is_last) = (chunk.range.end, chunk.range.end == end || chunk.is_past_end);
        length = chunk.length_after(length);
        let hashed = work(move || {
            walk.take(chunk);
            walk
        });
        if is_last {
            return hashed.await;
        }
        let (hashed, next) = tokio::join!(hashed, trail.chunk(at, end, length));
        (walk, chunk) = (hashed?, next?);
        let (entries_checked, size) = (walk.checked, end - start);
        progress(Progress { entries_checked, size, phase: Phase::Entries });
    }
}

/// Runs `job` on a thread for blocking work. It begins at once, not when it is waited for.
fn work<T: Send + 'static>(
    job: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = Result<T, StoreError>> {
    let handle = tokio::task::spawn_blocking(job);
    async {
        handle.await.map_err(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down.
            Err(error) => StoreError::Unavailable { source: Box::new(error) },
        })
    }
}
