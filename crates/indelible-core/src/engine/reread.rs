//! The continuous check: what was just committed is read back and compared with what was hashed.
//!
//! Of a commit only the tree before it and the root after it are kept in mind, and commits that
//! follow each other are one stretch. So a reader that falls behind costs no memory, and nothing
//! is passed over: a stretch is right when the entries in the database lead from its beginning to
//! its root.

use std::cmp;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use indelible_merkle::{Frontier, Hash, NodeId, STORED_HEIGHT_STEP};
use tokio::sync::Notify;
use uuid::Uuid;

use super::{Engine, vitals};
use crate::entry::{Erasure, StoredEntry};
use crate::error::AuditError;
use crate::part::PartKind;
use crate::store::{Head, Store, StoreError};
use crate::trail::TrailName;

/// Reads commits back, those of all trails from its making on. An engine has one at a time; what
/// an earlier one has left is taken over.
#[derive(Debug)]
pub struct Reader {
    engine: Engine,
}

/// What reading back came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadBack {
    /// The trail.
    pub trail: TrailName,
    /// The entries.
    pub entries: Range<u64>,
    /// What is not as it was hashed; `None` where all is.
    pub mismatch: Option<Mismatch>,
}

/// Something that is in the database otherwise than it was hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The entry; `None` where only the whole stretch is known to be wrong.
    pub seq: Option<u64>,
    /// What it is, in words that hold nothing of the entry's content.
    pub detail: String,
}

impl Engine {
    /// Begins to keep in mind what is committed, for the reader to read it back. The reader's end
    /// ends it.
    pub fn reader(&self) -> Reader {
        self.shared.reread.watched.store(true, Ordering::SeqCst);
        let engine = self.clone();
        Reader { engine }
    }
}

impl Reader {
    /// Waits until something is committed that was not read back.
    pub async fn wait(&self) {
        let reread = &self.engine.shared.reread;
        while reread.stretches().is_empty() {
            reread.came.notified().await;
        }
    }

    /// Reads back what was committed in one trail; `None` where nothing waits.
    ///
    /// # Errors
    /// [`AuditError::Store`] where the database cannot be read; the stretch waits on.
    pub async fn read(&self) -> Result<Option<ReadBack>, AuditError> {
        let shared = &self.engine.shared;
        let Some((trail, stretch)) = shared.reread.take() else {
            return Ok(None);
        };
        let entries = stretch.from.size()..stretch.size;
        let store = &*shared.ground.store;
        let mismatch = match read_back(store, &trail, &stretch).await {
            Ok(mismatch) => mismatch,
            Err(StoreError::Corrupt { seq, problem, .. }) => Some(Mismatch {
                seq,
                detail: problem,
            }),
            Err(error) => {
                shared.reread.put_back(trail, stretch);
                return Err(error.into());
            }
        };
        shared.reread.done(&entries, mismatch.is_some());
        Ok(Some(ReadBack {
            trail,
            entries,
            mismatch,
        }))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let reread = &self.engine.shared.reread;
        reread.watched.store(false, Ordering::SeqCst);
        reread.stretches().clear();
    }
}

/// What was committed and not read back.
#[derive(Default)]
pub(super) struct Waiting {
    /// Whether there is a reader.
    watched: AtomicBool,
    stretches: Mutex<BTreeMap<TrailName, Stretch>>,
    came: Notify,
    entries: AtomicU64,
    failures: AtomicU64,
}

/// Commits of one trail that follow each other.
struct Stretch {
    /// The tree before the first of them.
    from: Frontier,
    /// Size and root after the last.
    size: u64,
    root: Hash,
}

impl Waiting {
    /// Keeps a commit in mind, if there is a reader.
    pub fn add(&self, before: &Head, after: &Head) {
        if !self.watched.load(Ordering::Relaxed) {
            return;
        }
        let mut stretches = self.stretches();
        match stretches.get_mut(&after.trail) {
            // What other processes committed in between belongs to the same tree.
            Some(stretch) if stretch.from.size() <= before.size => {
                (stretch.size, stretch.root) = (after.size, after.root);
            }
            _ => {
                let from = before.frontier.clone();
                let (size, root) = (after.size, after.root);
                stretches.insert(after.trail.clone(), Stretch { from, size, root });
            }
        }
        drop(stretches);
        self.came.notify_one();
    }

    pub fn figures(&self) -> vitals::Reread {
        let waiting = |stretch: &Stretch| stretch.size.saturating_sub(stretch.from.size());
        vitals::Reread {
            entries: self.entries.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
            waiting: self.stretches().values().map(waiting).sum(),
        }
    }

    fn take(&self) -> Option<(TrailName, Stretch)> {
        self.stretches().pop_first()
    }

    /// Puts a stretch back that could not be read, together with what came since.
    fn put_back(&self, trail: TrailName, stretch: Stretch) {
        let mut stretches = self.stretches();
        match stretches.get_mut(&trail) {
            Some(newer) if newer.from.size() >= stretch.size => newer.from = stretch.from,
            Some(_) => {}
            None => drop(stretches.insert(trail, stretch)),
        }
    }

    fn done(&self, entries: &Range<u64>, failed: bool) {
        if failed {
            self.failures.fetch_add(1, Ordering::Relaxed);
        } else {
            let count = entries.end.saturating_sub(entries.start);
            self.entries.fetch_add(count, Ordering::Relaxed);
        }
    }

    fn stretches(&self) -> MutexGuard<'_, BTreeMap<TrailName, Stretch>> {
        // Nothing between lock and unlock can panic half-way through a change.
        self.stretches
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Entries that are read at once.
const CHUNK_ENTRIES: u64 = 256;

/// Follows the stored entries from the beginning of a stretch to its end.
async fn read_back(
    store: &dyn Store,
    trail: &TrailName,
    stretch: &Stretch,
) -> Result<Option<Mismatch>, StoreError> {
    let mut frontier = stretch.from.clone();
    while frontier.size() < stretch.size {
        let range = frontier.size()..stretch.size.min(frontier.size() + CHUNK_ENTRIES);
        let entries = store.entries(trail, range.clone()).await?;
        let mut nodes = Vec::new();
        for (seq, entry) in range.clone().zip(&entries) {
            if let Some(mismatch) = compare(trail, seq, entry) {
                return Ok(Some(mismatch));
            }
            for kind in entry.erased() {
                if !is_accounted(store, trail, seq, kind).await? {
                    return Ok(Some(at(seq, &format!("the {kind} part is missing"))));
                }
            }
            frontier.push(entry.leaf_hash, &mut |node, hash| nodes.push((node, hash)));
        }
        if frontier.size() < range.end {
            return Ok(Some(at(frontier.size(), "the entry is missing")));
        }
        let ids: Vec<Uuid> = entries.iter().map(|entry| entry.id).collect();
        let seqs = store.seqs(trail, &ids).await?;
        let wrong = range
            .zip(seqs)
            .find(|(seq, indexed)| Some(*seq) != *indexed);
        if let Some((seq, _)) = wrong {
            return Ok(Some(at(seq, "its id is not in the index of ids")));
        }
        if let Some(mismatch) = compare_nodes(store, trail, &nodes).await? {
            return Ok(Some(mismatch));
        }
    }
    if frontier.root() != stretch.root {
        return Ok(Some(Mismatch {
            seq: None,
            detail: "the entries are others than those that were hashed".to_owned(),
        }));
    }
    let head = store.head(trail).await?;
    let holds = |head: &Head| match head.size.cmp(&stretch.size) {
        cmp::Ordering::Less => false,
        cmp::Ordering::Equal => head.root == stretch.root && head.frontier == frontier,
        // It has gone on since, from a head that was compared when it did.
        cmp::Ordering::Greater => true,
    };
    if head.as_ref().is_some_and(holds) {
        return Ok(None);
    }
    let detail = "the head is not the one that was committed".to_owned();
    Ok(Some(Mismatch { seq: None, detail }))
}

/// Compares what stands in one entry's row with its own hashes.
fn compare(trail: &TrailName, seq: u64, entry: &StoredEntry) -> Option<Mismatch> {
    if entry.seq != seq {
        return Some(at(seq, "the entry is missing"));
    }
    if let Some(kind) = entry.altered_part() {
        return Some(at(seq, &format!("the {kind} part is altered")));
    }
    let derived = entry.derived_leaf(trail, &mut Vec::with_capacity(512));
    (derived != entry.leaf_hash).then(|| at(seq, "the columns do not give the leaf hash"))
}

/// Whether a later entry says that it erased a part, which may be before it is read back.
async fn is_accounted(
    store: &dyn Store,
    trail: &TrailName,
    seq: u64,
    kind: PartKind,
) -> Result<bool, StoreError> {
    let size = store.head(trail).await?.map_or(0, |head| head.size);
    let mut next = seq + 1;
    while next < size {
        let end = size.min(next + CHUNK_ENTRIES);
        let later = store.entries(trail, next..end).await?;
        let names = |erasure: &Erasure| {
            (erasure.first..=erasure.last).contains(&seq) && erasure.parts.contains(&kind)
        };
        if later.iter().flat_map(|entry| &entry.erases).any(names) {
            return Ok(true);
        }
        next = end;
    }
    Ok(false)
}

/// Compares the nodes of the tree that the entries have made with those stored.
async fn compare_nodes(
    store: &dyn Store,
    trail: &TrailName,
    nodes: &[(NodeId, Hash)],
) -> Result<Option<Mismatch>, StoreError> {
    let is_stored = |node: &NodeId| node.height.is_multiple_of(STORED_HEIGHT_STEP);
    for (node, hash) in nodes.iter().filter(|(node, _)| is_stored(node)) {
        let range = node.index..node.index + 1;
        let stored = store.hashes(trail, node.height, range).await?;
        if stored != [(node.index, *hash)] {
            let (index, height) = (node.index, node.height);
            let detail = format!("node {index} at height {height} is not the one that was made");
            return Ok(Some(at(index << height, &detail)));
        }
    }
    Ok(None)
}

fn at(seq: u64, detail: &str) -> Mismatch {
    Mismatch {
        seq: Some(seq),
        detail: detail.to_owned(),
    }
}
