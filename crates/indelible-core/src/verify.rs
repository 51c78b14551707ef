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
mod conclusion;
mod condition;
mod difference;
mod digest;
pub(crate) mod erasure;
mod head;
mod inspection;
mod keys;
mod reading;
mod removal;
mod report;
mod rollup;
mod scan;
mod spans;
mod tree;
mod walk;

use indelible_merkle::note::VerifierKey;
use indelible_merkle::{Checkpoint, StoredNodes};

pub use keys::{KeyChain, KeyChainError};
pub use report::{FINDINGS_MAX, FINDINGS_PER_KIND_MAX, Finding, FindingKind, Report, TrailReport};

use crate::head_key::HeadKey;
use crate::store::{Head, Store, StoreError};
use crate::trail::TrailName;
use anchor::Anchor;
use conclusion::Run;
use digest::{Layout, Rows};
use reading::{FIRST_CHUNK_ENTRIES, Gaps, Trail};
use removal::Removed;
use report::Findings;
use scan::Scan;
use tree::Tree;
use walk::{Beginning, Walk};

/// What a trail is to be compared with, beside itself.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The keys that are trusted to sign for the trail, under the origin of any of its
    /// incarnations. Where there is none, nor a head key, the key in the head is taken as it is,
    /// and a finding says so.
    pub trusted: Vec<VerifierKey>,
    /// The statements of key rotations that are at hand, one note each: from the trusted keys they
    /// lead to the others that the trail had.
    pub rotations: Vec<String>,
    /// What the installation's own heads are coded with; without it, entries that somebody else
    /// appended after the last checkpoint kept outside would not be seen.
    pub head_key: Option<HeadKey>,
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
    let (mut tries, mut said) = (0, 0);
    let mut before: Option<TrailReport> = None;
    loop {
        tries += 1;
        let (report, claimed) = match once(trail, (request, said), progress).await {
            Ok(done) => done,
            // A store may have lost its place in rows that were written anew while they were read.
            Err(StoreError::Unavailable { .. }) if tries < TRIES_MAX => continue,
            Err(error @ StoreError::Unavailable { .. }) => return before.ok_or(error),
            Err(error) => return Err(error),
        };
        // What is removed while it is looked for is missed. The next pass leaves out what an entry
        // says is being removed, and nothing that only an earlier one says.
        let goes = store.first_kept(trail.name).await? > report.removed;
        said = if goes { claimed } else { 0 };
        let is_unchecked = |finding: &Finding| finding.kind == FindingKind::IndexUnchecked;
        let is_disturbed = goes && !report.ok || report.findings.iter().any(is_unchecked);
        if tries == TRIES_MAX || !is_disturbed {
            return Ok(report);
        }
        before = Some(report);
    }
}

/// How often a trail is verified of which entries are removed or erased meanwhile.
const TRIES_MAX: u32 = 3;

/// One pass, with what the one before has read of removals; answers what it has read of them.
async fn once(
    trail: Trail<'_>,
    (request, said): (&Request, u64),
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<(TrailReport, u64), StoreError> {
    let mut findings = Findings::default();
    condition::look(trail, &mut findings).await?;
    let Some(head) = head::read(trail, request, &mut findings).await? else {
        return Ok((head::report_without(trail, findings), 0));
    };
    head::warn(&head, request, &mut findings);
    let keys = anchor::chain(trail.name, request, &head, &mut findings);
    head::check(&head, trail.name, (request, &keys), &mut findings);
    let anchors = anchor::admit(trail.name, (request, &keys), &head, &mut findings);
    let from = request.since.as_ref().map_or(0, Checkpoint::size);
    let since = if from > head.size { 0 } else { from };
    let removed = Removed::read(trail, (&head, said), &mut findings).await?;
    removed.strays(trail, &mut findings).await?;
    let from = since.max(removed.end());
    let earlier = anchors.partition_point(|anchor| anchor.size < from);
    let (hidden, seen): (Vec<_>, Vec<_>) = anchors[..earlier]
        .iter()
        .cloned()
        .partition(|anchor| removed.hides(anchor.size));
    hidden
        .iter()
        .for_each(|anchor| anchor.hidden(removed.first_kept, &mut findings));
    let compared = anchor::compare_stored(trail, &seen, &mut findings).await?;
    let later = anchors[earlier..].to_vec();
    let beginning = begin(trail, &head, from, request, later, &mut findings).await?;
    let (layout, rows) = (beginning.layout.clone(), beginning.rows.clone());
    let scan = Scan::new(layout.clone(), rows.clone(), (removed, from), head.size);
    let walk = Walk::new(beginning);
    let (walk, scan) =
        tokio::try_join!(walk_all(trail, walk, head.size, progress), scan.run(trail))?;
    let (entries_checked, size) = (walk.checked, head.size - from);
    progress(Progress {
        entries_checked,
        size,
        phase: Phase::Comparison,
    });
    let run = Run {
        trail,
        head,
        from,
        since,
        removed,
        layout,
        rows,
        findings,
        compared,
    };
    let said = walk.claims.place();
    Ok((run.conclude(walk, scan).await?, said))
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
        layout: Layout::over(Vec::from_iter(
            (from < head.size).then_some(from..head.size),
        )),
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
    let mut gaps = Gaps::default();
    let mut chunk = trail.chunk(start..end, length, &mut gaps).await?;
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
        let (hashed, next) = tokio::join!(hashed, trail.chunk(at..end, length, &mut gaps));
        (walk, chunk) = (hashed?, next?);
        let (entries_checked, size) = (walk.checked, end - start);
        progress(Progress {
            entries_checked,
            size,
            phase: Phase::Entries,
        });
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
            Err(error) => StoreError::Unavailable {
                source: Box::new(error),
            },
        })
    }
}
