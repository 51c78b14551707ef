//! From admitted events to a commit: seq, times, leaf hashes, nodes, spans, rollups, new head.

use std::collections::BTreeMap;

use indelible_merkle::{Frontier, Hash, NodeId, STORED_HEIGHT_STEP, leaf_hash, note::VerifierKey};

use crate::entry::{Columns, StoredEntry};
use crate::head_key::HEAD_MAC_BYTES;
use crate::outcome::Outcome;
use crate::store::{Commit, Head, NewEntry, Rollup, Span};
use crate::time::Timestamp;
use crate::trail::TrailName;

/// Builds the commit that appends `entries` to the trail that ends at `parent`.
///
/// Of each entry everything is taken as it is but `seq`, `created_at` and `leaf_hash`, which are
/// set here. `base` is where the trail's tree stands; for a new trail [`Base::begin`]. The new
/// head's code is left to who holds the key.
pub fn seal(base: &Base, mut entries: Vec<NewEntry>, created_at: Timestamp) -> Commit {
    for (new, seq) in entries.iter_mut().zip(base.head.size..) {
        new.entry.seq = seq;
        new.entry.created_at = created_at;
    }
    extend(base, entries)
}

/// Builds the commit that appends `entries` as they are, seqs and times included, which follow the
/// end of `base`; only their leaf hashes are made here.
pub(crate) fn extend(base: &Base, entries: Vec<NewEntry>) -> Commit {
    let mut frontier = base.head.frontier.clone();
    let mut open = base.open.clone();
    let mut nodes: Vec<(NodeId, Hash)> = Vec::new();
    let mut spans = Vec::new();
    let mut rollups: BTreeMap<(i64, String, Outcome), u64> = BTreeMap::new();
    let mut skeleton = Vec::with_capacity(512);
    let trail = &base.head.trail;
    let mut sealed = Vec::with_capacity(entries.len());
    for NewEntry { mut entry, columns } in entries {
        skeleton.clear();
        entry.write_skeleton(trail, &mut skeleton);
        entry.leaf_hash = leaf_hash(&skeleton);
        frontier.push(entry.leaf_hash, &mut |node, hash| {
            if node.height.is_multiple_of(STORED_HEIGHT_STEP) {
                nodes.push((node, hash));
            }
        });
        open.add(entry.occurred_at, frontier.size(), &mut spans);
        let key = (
            entry.occurred_at.hour(),
            entry.action.clone(),
            entry.outcome,
        );
        *rollups.entry(key).or_default() += 1;
        sealed.push(NewEntry { entry, columns });
    }
    let head = Head {
        size: frontier.size(),
        root: frontier.root(),
        frontier,
        ..base.head.clone()
    };
    let rollups = rollups
        .into_iter()
        .map(|((hour, action, outcome), count)| Rollup {
            hour,
            action,
            outcome,
            count,
        })
        .collect();
    Commit {
        parent: base.parent(),
        head,
        entries: sealed,
        nodes,
        spans,
        rollups,
    }
}

/// The end of a trail with all that the next commit needs of it.
#[derive(Debug, Clone)]
pub struct Base {
    /// The head; of size 0 for a trail that has no entry yet.
    pub head: Head,
    /// The spans of the blocks that are not complete yet.
    pub open: OpenSpans,
    /// The parent that the next commit names, where it is not the head's own.
    pub succeeds: Option<crate::store::Parent>,
}

impl Base {
    /// The beginning of a new trail under `key`.
    pub fn begin(trail: TrailName, key: VerifierKey) -> Self {
        let frontier = Frontier::new();
        let head = Head {
            trail,
            size: 0,
            root: frontier.root(),
            frontier,
            key,
            incarnation: 1,
            incarnation_start: 0,
            mac: [0; HEAD_MAC_BYTES],
        };
        Self {
            head,
            open: OpenSpans::default(),
            succeeds: None,
        }
    }

    /// The base after a commit that was built on this one.
    pub fn after(mut self, commit: &Commit) -> Self {
        for new in &commit.entries {
            self.open
                .add(new.entry.occurred_at, new.entry.seq + 1, &mut Vec::new());
        }
        Self {
            head: commit.head.clone(),
            open: self.open,
            succeeds: None,
        }
    }

    fn parent(&self) -> Option<crate::store::Parent> {
        match self.succeeds {
            Some(parent) => Some(parent),
            None => (self.head.size > 0).then(|| self.head.parent()),
        }
    }
}

/// The smallest and largest `occurred_at` of the incomplete block at each stored height.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OpenSpans {
    /// For heights 8, 16, 24, …
    levels: Vec<Option<(Timestamp, Timestamp)>>,
}

/// The stored heights: 8, 16, …, 56.
const LEVELS: usize = 7;

impl OpenSpans {
    /// Takes in the entry that made the tree `size` leaves large; complete spans go to `made`.
    pub fn add(&mut self, occurred_at: Timestamp, size: u64, made: &mut Vec<Span>) {
        self.levels.resize(LEVELS, None);
        for (level, open) in self.levels.iter_mut().enumerate() {
            let height = STORED_HEIGHT_STEP * (level as u8 + 1);
            let (earliest, latest) = open.unwrap_or((occurred_at, occurred_at));
            let (earliest, latest) = (earliest.min(occurred_at), latest.max(occurred_at));
            *open = Some((earliest, latest));
            if size.is_multiple_of(1 << height) {
                let index = (size >> height) - 1;
                made.push(Span {
                    height,
                    index,
                    earliest,
                    latest,
                });
                *open = None;
            }
        }
    }

    /// Takes in a complete span of a lower height, when the open blocks are rebuilt.
    pub fn add_span(&mut self, span: &Span) {
        self.levels.resize(LEVELS, None);
        for (level, open) in self.levels.iter_mut().enumerate() {
            if STORED_HEIGHT_STEP * (level as u8 + 1) > span.height {
                let (earliest, latest) = open.unwrap_or((span.earliest, span.latest));
                *open = Some((earliest.min(span.earliest), latest.max(span.latest)));
            }
        }
    }
}

/// An entry ready for [`seal`], whose seq, time of recording and leaf are still to be set.
pub fn unsealed(mut entry: StoredEntry, columns: Columns) -> NewEntry {
    entry.leaf_hash = Hash::EMPTY_ROOT;
    NewEntry { entry, columns }
}
