//! A store over plain rows that a test may alter in any way.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Mutex;

use async_trait::async_trait;
use indelible_core::entry::{Columns, Erasure, StoredEntry};
use indelible_core::part::{Part, PartKind, PerPart};
use indelible_core::sealing::{Base, seal, unsealed};
use indelible_core::store::{
    Commit, Condition, Find, Head, NewEntry, Projected, ProjectionKind, Rollup, Span, Store,
    StoreError, Verdict,
};
use indelible_core::{MemoryStore, Outcome, Timestamp, TrailName};
use indelible_merkle::note::SigningKey;
use indelible_merkle::{Checkpoint, Hash, NodeId};
use uuid::Uuid;

/// The trail of all these tests.
pub const TRAIL: &str = "acme";

/// What is stored of one trail, as rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    pub head: Option<Head>,
    pub entries: Vec<StoredEntry>,
    pub ids: Vec<Projected>,
    pub nodes: Vec<(NodeId, Hash)>,
    pub spans: Vec<Span>,
    pub terms: Vec<Projected>,
    pub rollups: Vec<Rollup>,
    /// Entries whose rows cannot be read.
    pub damaged: BTreeSet<u64>,
    /// Whether the store can tell which row it was.
    pub names_damaged: bool,
}

impl Rows {
    pub fn head(&self) -> &Head {
        self.head.as_ref().expect("the test did not remove it")
    }

    pub fn head_mut(&mut self) -> &mut Head {
        self.head.as_mut().expect("the test did not remove it")
    }

    /// What `store` holds of the trail.
    pub async fn of(store: &dyn Store) -> Self {
        let trail: TrailName = TRAIL.parse().expect("a name");
        let all = async |kind| {
            store.projection(&trail, kind, None, usize::MAX).await.expect("memory is readable")
        };
        let nodes = all(ProjectionKind::Node).await.into_iter().map(|row| match row {
            Projected::Node { node, hash } => (node, hash),
            other => panic!("{other:?} is no node"),
        });
        let spans = all(ProjectionKind::Span).await.into_iter().map(|row| match row {
            Projected::Span(span) => span,
            other => panic!("{other:?} is no span"),
        });
        Self {
            head: store.head(&trail).await.expect("memory is readable"),
            entries: store.entries(&trail, 0..u64::MAX).await.expect("memory is readable"),
            ids: all(ProjectionKind::Id).await,
            nodes: nodes.collect(),
            spans: spans.collect(),
            terms: all(ProjectionKind::Term).await,
            rollups: store.rollups(&trail, i64::MIN..i64::MAX).await.expect("readable"),
            damaged: BTreeSet::new(),
            names_damaged: true,
        }
    }

    fn projected(&self, kind: ProjectionKind) -> Vec<Projected> {
        let node = |(node, hash): &(NodeId, Hash)| Projected::Node { node: *node, hash: *hash };
        match kind {
            ProjectionKind::Id => self.ids.clone(),
            ProjectionKind::Term => self.terms.clone(),
            ProjectionKind::Node => self.nodes.iter().map(node).collect(),
            ProjectionKind::Span => self.spans.iter().copied().map(Projected::Span).collect(),
            ProjectionKind::Rollup => {
                self.rollups.iter().cloned().map(Projected::Rollup).collect()
            }
        }
    }
}

/// The key of an installation, for one incarnation of the trail.
pub fn key(incarnation: u32) -> SigningKey {
    let origin = match incarnation {
        1 => format!("house/{TRAIL}"),
        later => format!("house/{TRAIL}/{later}"),
    };
    SigningKey::from_seed(&origin, [7; 32]).expect("a good name")
}

/// The signed checkpoint of a head.
pub fn signed(head: &Head, key: &SigningKey) -> String {
    let checkpoint = Checkpoint::new(key.name(), head.size, head.root).expect("a good origin");
    checkpoint.sign(&[key]).expect("its own key").to_string()
}

/// Builds a trail commit by commit.
pub struct Builder {
    pub base: Base,
    pub store: MemoryStore,
    clock: i64,
}

/// 2026-01-01T00:00:00Z in microseconds.
const START: i64 = 1_767_225_600_000_000;

impl Builder {
    pub fn new() -> Self {
        let trail = TRAIL.parse().expect("a name");
        let base = Base::begin(trail, key(1).verifier_key());
        Self { base, store: MemoryStore::new(), clock: START }
    }

    /// Commits entries made for their places by [`event`], in batches of up to `batch`.
    pub async fn grow(mut self, entries: u64, batch: u64) -> Self {
        let end = self.base.head.size + entries;
        while self.base.head.size < end {
            let size = self.base.head.size;
            let events = (size..end.min(size + batch)).map(event).collect();
            self = self.commit(events).await;
        }
        self
    }

    pub async fn commit(mut self, events: Vec<StoredEntry>) -> Self {
        self.clock += 1_234_567;
        let events = events.into_iter().map(|entry| {
            let columns = Columns::derive(&entry).expect("readable");
            unsealed(entry, columns)
        });
        let events: Vec<NewEntry> = events.collect();
        let commit = seal(&self.base, events, Timestamp::from_micros(self.clock));
        let verdicts = self.store.append(std::slice::from_ref(&commit)).await.expect("memory");
        assert_eq!(verdicts, [Verdict::Committed]);
        self.base = self.base.after(&commit);
        self
    }

    pub async fn rows(self) -> Rows {
        Rows::of(&self.store).await
    }
}

/// A trail of `size` entries. Each size is made once.
pub fn trail(size: u64) -> Rows {
    static MADE: Mutex<BTreeMap<u64, Rows>> = Mutex::new(BTreeMap::new());
    let made = || MADE.lock().expect("no test panics while it makes a trail");
    if let Some(rows) = made().get(&size) {
        return rows.clone();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let rows = runtime.block_on(async { Builder::new().grow(size, 100).await.rows().await });
    made().insert(size, rows.clone());
    rows
}

/// The event that is recorded at `seq`: with and without user, target, details and tags, over a
/// few hours, not in order of occurrence.
pub fn event(seq: u64) -> StoredEntry {
    let actor = match seq % 5 {
        0 => r#"{"ip_address":"not an address"}"#.to_owned(),
        n => format!(r#"{{"ip_address":"10.0.{n}.7","user_id":"user-{}"}}"#, seq % 7),
    };
    let target = (seq % 3 > 0).then(|| format!(r#"{{"resource_id":"doc-{}"}}"#, seq % 11));
    let details = (seq % 4 > 0).then(|| match seq % 4 {
        1 => format!(r#"{{"context":{{"n":{seq}}},"correlation_id":"job-{}"}}"#, seq / 10),
        _ => format!(r#"{{"context":{{"n":{seq},"text":"é"}}}}"#),
    });
    let outcome = Outcome::ALL[usize::try_from(seq % 5).expect("small")];
    let micros = START + i64::try_from(seq * 7_919 % 18_000).expect("small") * 1_000_000;
    let mut entry = StoredEntry {
        seq: 0,
        id: Uuid::from_u128(u128::from(seq).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_0c2b) + 1),
        action: ["user_login", "document_read", "aws.iam.CreateUser"][(seq % 3) as usize].into(),
        outcome,
        resource_type: if seq % 2 == 0 { "session".into() } else { "document".into() },
        tags: if seq % 6 == 0 { vec!["data.chd".into(), "data.personal".into()] } else { vec![] },
        occurred_at: Timestamp::from_micros(micros),
        created_at: Timestamp::from_micros(0),
        erases: Vec::new(),
        part_hashes: PerPart::default(),
        leaf_hash: Hash::EMPTY_ROOT,
        parts: PerPart::default(),
    };
    let bodies =
        [(PartKind::Actor, Some(actor)), (PartKind::Target, target), (PartKind::Details, details)];
    for (kind, body) in bodies {
        let Some(body) = body else { continue };
        let mut salt = [kind as u8; 16];
        salt[..8].copy_from_slice(&seq.to_be_bytes());
        let part = Part { salt, body: body.into_bytes() };
        *entry.part_hashes.get_mut(kind) = Some(part.hash(kind));
        *entry.parts.get_mut(kind) = Some(part);
    }
    entry
}

/// The entry that says that parts of a range were erased.
pub fn erasure(place: u64, first: u64, last: u64, parts: &[PartKind]) -> StoredEntry {
    let mut entry = event(place);
    entry.action = "data_erased".to_owned();
    entry.erases = vec![Erasure { first, last, parts: parts.to_vec() }];
    entry
}

/// Takes a part away, with the index rows made of it, as erasure does.
pub fn erase(rows: &mut Rows, seq: u64, part: PartKind) {
    let place = usize::try_from(seq).expect("small");
    let before = index_rows(&rows.entries[place]);
    *rows.entries[place].parts.get_mut(part) = None;
    let after = index_rows(&rows.entries[place]);
    rows.terms.retain(|term| after.contains(term) || !before.contains(term));
    rows.terms.extend(after.into_iter().filter(|term| !before.contains(term)));
    sort_terms(&mut rows.terms);
}

pub fn index_rows(entry: &StoredEntry) -> Vec<Projected> {
    let columns = Columns::derive(entry).expect("readable");
    let mut terms = Vec::new();
    indelible_core::store::each_term(entry, &columns, &mut |field, value| {
        let term = indelible_core::store::Term { field, value: value.to_vec(), seq: entry.seq };
        terms.push(Projected::Term(term));
    });
    terms
}

pub fn sort_terms(terms: &mut [Projected]) {
    terms.sort_by_key(|row| match row {
        Projected::Term(term) => term.clone(),
        other => panic!("{other:?} is no index row"),
    });
}

#[async_trait]
impl Store for Rows {
    async fn heads(&self) -> Result<Vec<Head>, StoreError> {
        Ok(self.head.iter().cloned().collect())
    }

    async fn head(&self, _: &TrailName) -> Result<Option<Head>, StoreError> {
        Ok(self.head.clone())
    }

    async fn append(&self, _: &[Commit]) -> Result<Vec<Verdict>, StoreError> {
        panic!("verification is read-only")
    }

    async fn entries(
        &self,
        _: &TrailName,
        range: Range<u64>,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        if let Some(seq) = self.damaged.range(range.clone()).next() {
            return Err(StoreError::Corrupt {
                what: "action".to_owned(),
                seq: self.names_damaged.then_some(*seq),
                problem: "not UTF-8".to_owned(),
            });
        }
        let within = |entry: &&StoredEntry| range.contains(&entry.seq);
        let mut found: Vec<_> = self.entries.iter().filter(within).cloned().collect();
        found.sort_by_key(|entry| entry.seq);
        Ok(found)
    }

    async fn seqs(&self, _: &TrailName, ids: &[Uuid]) -> Result<Vec<Option<u64>>, StoreError> {
        let rows = self.ids.iter().filter_map(|row| match row {
            Projected::Id { id, seq } => Some((*id, *seq)),
            _ => None,
        });
        let rows: BTreeMap<Uuid, u64> = rows.collect();
        Ok(ids.iter().map(|id| rows.get(id).copied()).collect())
    }

    async fn find(&self, _: &TrailName, find: &Find) -> Result<Vec<StoredEntry>, StoreError> {
        // Verification asks for the newest row, nothing else.
        assert_eq!((find.limit, find.skip), (1, 0));
        let below = self.entries.iter().filter(|entry| entry.seq < find.below);
        Ok(below.max_by_key(|entry| entry.seq).cloned().into_iter().collect())
    }

    async fn hashes(
        &self,
        _: &TrailName,
        height: u8,
        range: Range<u64>,
    ) -> Result<Vec<(u64, Hash)>, StoreError> {
        if height == 0 {
            let leaves = self.entries.iter().map(|entry| (entry.seq, entry.leaf_hash));
            return Ok(leaves.filter(|(seq, _)| range.contains(seq)).collect());
        }
        let wanted = |node: &NodeId| node.height == height && range.contains(&node.index);
        let nodes = self.nodes.iter().filter(|(node, _)| wanted(node));
        Ok(nodes.map(|(node, hash)| (node.index, *hash)).collect())
    }

    async fn spans(
        &self,
        _: &TrailName,
        height: u8,
        range: Range<u64>,
    ) -> Result<Vec<Span>, StoreError> {
        let wanted = |span: &&Span| span.height == height && range.contains(&span.index);
        Ok(self.spans.iter().filter(wanted).copied().collect())
    }

    async fn rollups(&self, _: &TrailName, hours: Range<i64>) -> Result<Vec<Rollup>, StoreError> {
        Ok(self.rollups.iter().filter(|row| hours.contains(&row.hour)).cloned().collect())
    }

    async fn projection(
        &self,
        _: &TrailName,
        kind: ProjectionKind,
        after: Option<&Projected>,
        limit: usize,
    ) -> Result<Vec<Projected>, StoreError> {
        let rows = self.projected(kind);
        let start = match after {
            Some(after) => rows.iter().rposition(|row| row == after).map_or(0, |at| at + 1),
            None => 0,
        };
        Ok(rows.into_iter().skip(start).take(limit).collect())
    }

    async fn condition(&self) -> Result<Condition, StoreError> {
        Ok(Condition::default())
    }

    async fn close(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
