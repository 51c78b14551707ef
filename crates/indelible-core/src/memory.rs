//! The reference store: everything in memory, everything by plain search. The oracle of tests.

mod removal;

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use indelible_merkle::{Hash, NodeId};
use serde_json::Value;
use uuid::Uuid;

use crate::entry::StoredEntry;
use crate::outcome::Outcome;
use crate::registry::{Registry, Versioned};
use crate::store::{
    Commit, Condition, Find, Head, NewEntry, Projected, ProjectionKind, Removal, Rollup, Span,
    Store, StoreError, Term, Verdict, each_term,
};
use crate::trail::TrailName;

/// A store that ends with the process.
#[derive(Debug, Default)]
pub struct MemoryStore {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    trails: BTreeMap<TrailName, Log>,
    registry: BTreeMap<(String, String), Versioned>,
}

/// One trail of a store as it was at one moment, for tests of restored copies.
#[derive(Debug, Clone)]
pub struct Snapshot(Log);

impl Snapshot {
    /// The same rows under another head, as whoever owns a database could put one there.
    #[must_use]
    pub fn under(mut self, head: Head) -> Self {
        self.0.head = head;
        self
    }
}

#[derive(Debug, Clone)]
struct Log {
    head: Head,
    entries: Vec<NewEntry>,
    ids: HashMap<Uuid, u64>,
    nodes: BTreeMap<NodeId, Hash>,
    spans: BTreeMap<(u8, u64), Span>,
    rollups: BTreeMap<(i64, String, Outcome), u64>,
    /// The seq of the first entry that was not removed.
    first_kept: u64,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// The trail as it is now.
    pub fn snapshot(&self, trail: &TrailName) -> Option<Snapshot> {
        self.read(trail, |log| Snapshot(log.clone()))
    }

    /// Puts a trail back as it was.
    pub fn restore(&self, snapshot: Snapshot) {
        self.kept()
            .trails
            .insert(snapshot.0.head.trail.clone(), snapshot.0);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Commits are checked before the first change and the changes cannot fail.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T>(&self, trail: &TrailName, read: impl FnOnce(&Log) -> T) -> Option<T> {
        self.kept().trails.get(trail).map(read)
    }
}

impl Kept {
    fn append(&mut self, commit: &Commit) -> Verdict {
        let log = self.trails.get_mut(&commit.head.trail);
        if log.as_ref().map(|log| log.head.parent()) != commit.parent {
            return Verdict::Behind(log.map(|log| Box::new(log.head.clone())));
        }
        let twice: Vec<_> = commit
            .entries
            .iter()
            .filter_map(|new| Some((new.entry.id, *log.as_ref()?.ids.get(&new.entry.id)?)))
            .collect();
        if !twice.is_empty() {
            return Verdict::Duplicate(twice);
        }
        let log = self
            .trails
            .entry(commit.head.trail.clone())
            .or_insert_with(|| Log {
                head: commit.head.clone(),
                entries: Vec::new(),
                ids: HashMap::new(),
                nodes: BTreeMap::new(),
                spans: BTreeMap::new(),
                rollups: BTreeMap::new(),
                first_kept: 0,
            });
        log.head = commit.head.clone();
        log.ids.extend(
            commit
                .entries
                .iter()
                .map(|new| (new.entry.id, new.entry.seq)),
        );
        log.entries.extend(commit.entries.iter().cloned());
        log.nodes.extend(commit.nodes.iter().copied());
        log.spans.extend(
            commit
                .spans
                .iter()
                .map(|span| ((span.height, span.index), *span)),
        );
        for row in &commit.rollups {
            *log.rollups
                .entry((row.hour, row.action.clone(), row.outcome))
                .or_default() += row.count;
        }
        Verdict::Committed
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn heads(&self) -> Result<Vec<Head>, StoreError> {
        Ok(self
            .kept()
            .trails
            .values()
            .map(|log| log.head.clone())
            .collect())
    }

    async fn head(&self, trail: &TrailName) -> Result<Option<Head>, StoreError> {
        Ok(self.read(trail, |log| log.head.clone()))
    }

    async fn first_kept(&self, trail: &TrailName) -> Result<u64, StoreError> {
        Ok(self.read(trail, |log| log.first_kept).unwrap_or_default())
    }

    async fn append(&self, commits: &[Commit]) -> Result<Vec<Verdict>, StoreError> {
        let mut kept = self.kept();
        Ok(commits.iter().map(|commit| kept.append(commit)).collect())
    }

    async fn entries(
        &self,
        trail: &TrailName,
        range: Range<u64>,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        Ok(self
            .read(trail, |log| {
                let within = |new: &&NewEntry| range.contains(&new.entry.seq);
                log.entries
                    .iter()
                    .filter(within)
                    .map(|new| new.entry.clone())
                    .collect()
            })
            .unwrap_or_default())
    }

    async fn seqs(&self, trail: &TrailName, ids: &[Uuid]) -> Result<Vec<Option<u64>>, StoreError> {
        Ok(self
            .read(trail, |log| {
                ids.iter().map(|id| log.ids.get(id).copied()).collect()
            })
            .unwrap_or_else(|| vec![None; ids.len()]))
    }

    async fn find(&self, trail: &TrailName, find: &Find) -> Result<Vec<StoredEntry>, StoreError> {
        let matches = |new: &&NewEntry| {
            find.filter
                .matches(&new.entry, &new.columns)
                .map_err(StoreError::unreadable)
        };
        let mut found = Vec::new();
        let mut passed = 0;
        let kept = self.kept();
        let Some(log) = kept.trails.get(trail) else {
            return Ok(found);
        };
        let within = |new: &&NewEntry| {
            let seq = new.entry.seq;
            seq < find.below && find.from.is_none_or(|from| seq >= from)
        };
        let rising = log.entries.iter().filter(within);
        let on_the_way: Box<dyn Iterator<Item = &NewEntry>> = match find.from {
            Some(_) => Box::new(rising),
            None => Box::new(rising.rev()),
        };
        for new in on_the_way {
            if found.len() == find.limit {
                break;
            }
            if !matches(&new)? {
                continue;
            }
            if passed < find.skip {
                passed += 1;
            } else {
                found.push(new.entry.clone());
            }
        }
        if find.from.is_some() {
            found.reverse();
        }
        Ok(found)
    }

    async fn hashes(
        &self,
        trail: &TrailName,
        height: u8,
        range: Range<u64>,
    ) -> Result<Vec<(u64, Hash)>, StoreError> {
        let read = |log: &Log| {
            let wanted = |node: &NodeId| node.height == height && range.contains(&node.index);
            let nodes = log.nodes.iter().filter(|(n, _)| wanted(n));
            let mut hashes: Vec<_> = nodes.map(|(n, hash)| (n.index, *hash)).collect();
            if height == 0 {
                let leaf = |new: &NewEntry| (new.entry.seq, new.entry.leaf_hash);
                let leaves = log.entries.iter().map(leaf);
                hashes.extend(leaves.filter(|(seq, _)| range.contains(seq)));
            }
            hashes
        };
        Ok(self.read(trail, read).unwrap_or_default())
    }

    async fn spans(
        &self,
        trail: &TrailName,
        height: u8,
        range: Range<u64>,
    ) -> Result<Vec<Span>, StoreError> {
        let wanted = |span: &&Span| span.height == height && range.contains(&span.index);
        let read = |log: &Log| log.spans.values().filter(wanted).copied().collect();
        Ok(self.read(trail, read).unwrap_or_default())
    }

    async fn rollups(
        &self,
        trail: &TrailName,
        hours: Range<i64>,
    ) -> Result<Vec<Rollup>, StoreError> {
        let all = self.read(trail, Log::rollups).unwrap_or_default();
        Ok(all
            .into_iter()
            .filter(|row| hours.contains(&row.hour))
            .collect())
    }

    async fn projection(
        &self,
        trail: &TrailName,
        kind: ProjectionKind,
        after: Option<&Projected>,
        limit: usize,
    ) -> Result<Vec<Projected>, StoreError> {
        let rows = self
            .read(trail, |log| log.projection(kind))
            .unwrap_or_default();
        let start = match after {
            Some(after) => rows
                .iter()
                .position(|row| row == after)
                .map_or(rows.len(), |at| at + 1),
            None => 0,
        };
        Ok(rows.into_iter().skip(start).take(limit).collect())
    }

    fn removal(&self) -> Option<&dyn Removal> {
        Some(self)
    }

    async fn condition(&self) -> Result<Condition, StoreError> {
        Ok(Condition {
            engine: "memory".to_owned(),
            location: "memory:".to_owned(),
            schema_version: 1,
            ..Condition::default()
        })
    }

    async fn close(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Log {
    fn rollups(&self) -> Vec<Rollup> {
        let row = |((hour, action, outcome), count): (&(i64, String, Outcome), &u64)| Rollup {
            hour: *hour,
            action: action.clone(),
            outcome: *outcome,
            count: *count,
        };
        self.rollups.iter().map(row).collect()
    }

    fn projection(&self, kind: ProjectionKind) -> Vec<Projected> {
        match kind {
            ProjectionKind::Id => {
                let by_id: BTreeMap<_, _> = self.ids.iter().collect();
                by_id
                    .into_iter()
                    .map(|(id, seq)| Projected::Id { id: *id, seq: *seq })
                    .collect()
            }
            ProjectionKind::Node => {
                let row = |(node, hash): (&NodeId, &Hash)| Projected::Node {
                    node: *node,
                    hash: *hash,
                };
                self.nodes.iter().map(row).collect()
            }
            ProjectionKind::Span => self.spans.values().copied().map(Projected::Span).collect(),
            ProjectionKind::Rollup => self.rollups().into_iter().map(Projected::Rollup).collect(),
            ProjectionKind::Term => {
                let mut terms = Vec::new();
                for NewEntry { entry, columns } in &self.entries {
                    each_term(entry, columns, &mut |field, value| {
                        terms.push(Term {
                            field,
                            value: value.to_vec(),
                            seq: entry.seq,
                        });
                    });
                }
                terms.sort();
                terms.into_iter().map(Projected::Term).collect()
            }
        }
    }
}

#[async_trait]
impl Registry for MemoryStore {
    async fn get(&self, kind: &str, key: &str) -> Result<Option<Versioned>, StoreError> {
        Ok(self
            .kept()
            .registry
            .get(&(kind.to_owned(), key.to_owned()))
            .cloned())
    }

    async fn list(&self, kind: &str) -> Result<Vec<(String, Versioned)>, StoreError> {
        let kept = self.kept();
        let of_kind = kept.registry.iter().filter(|((k, _), _)| k == kind);
        Ok(of_kind
            .map(|((_, key), value)| (key.clone(), value.clone()))
            .collect())
    }

    async fn put(
        &self,
        kind: &str,
        key: &str,
        expected: Option<u64>,
        value: Option<&Value>,
    ) -> Result<Option<u64>, StoreError> {
        let mut kept = self.kept();
        let place = (kind.to_owned(), key.to_owned());
        let there = kept.registry.get(&place).map(|row| row.version);
        if there != expected {
            return Ok(None);
        }
        let Some(value) = value else {
            kept.registry.remove(&place);
            return Ok(Some(0));
        };
        let version = there.unwrap_or(0) + 1;
        kept.registry.insert(
            place,
            Versioned {
                version,
                value: value.clone(),
            },
        );
        Ok(Some(version))
    }
}
