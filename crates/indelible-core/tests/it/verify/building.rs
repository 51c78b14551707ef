//! Trails made for these tests.

use std::collections::BTreeMap;
use std::sync::Mutex;

use indelible_core::entry::{Columns, Erasure, StoredEntry};
use indelible_core::part::{Part, PartKind, PerPart};
use indelible_core::sealing::{Base, seal, unsealed};
use indelible_core::store::{Head, NewEntry, Projected, Store, Verdict};
use indelible_core::{MemoryStore, Outcome, Timestamp};
use indelible_merkle::note::SigningKey;
use indelible_merkle::{Checkpoint, Frontier, Hash};
use uuid::Uuid;

use super::rows::{Rows, TRAIL};

/// The key of an installation, for one incarnation of the trail.
pub fn key(incarnation: u32) -> SigningKey {
    let origin = match incarnation {
        1 => format!("house/{TRAIL}"),
        later => format!("house/{TRAIL}/{later}"),
    };
    SigningKey::from_seed(&origin, [7; 32]).expect("a good name")
}

/// The head when the trail had `size` entries, by the leaf hashes of the rows.
pub fn head_at(rows: &Rows, size: u64) -> Head {
    let mut frontier = Frontier::new();
    for entry in &rows.entries[..usize::try_from(size).expect("small")] {
        frontier.push(entry.leaf_hash, &mut |_, _| ());
    }
    Head {
        size,
        root: frontier.root(),
        frontier,
        ..rows.head().clone()
    }
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
        Self {
            base,
            store: MemoryStore::new(),
            clock: START,
        }
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
        let verdicts = self
            .store
            .append(std::slice::from_ref(&commit))
            .await
            .expect("memory");
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
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let rows = runtime.block_on(async { Builder::new().grow(size, 100).await.rows().await });
    made().insert(size, rows.clone());
    rows
}

/// The event that is recorded at `seq`: with and without user, target, details and tags, over a
/// few hours, not in order of occurrence.
pub fn event(seq: u64) -> StoredEntry {
    let actor = match seq % 5 {
        0 => r#"{"ip_address":"not an address"}"#.to_owned(),
        n => format!(
            r#"{{"ip_address":"10.0.{n}.7","user_id":"user-{}"}}"#,
            seq % 7
        ),
    };
    let target =
        (!seq.is_multiple_of(3)).then(|| format!(r#"{{"resource_id":"doc-{}"}}"#, seq % 11));
    let details = (!seq.is_multiple_of(4)).then(|| match seq % 4 {
        1 => format!(
            r#"{{"context":{{"n":{seq}}},"correlation_id":"job-{}"}}"#,
            seq / 10
        ),
        _ => format!(r#"{{"context":{{"n":{seq},"text":"é"}}}}"#),
    });
    let outcome = Outcome::ALL[usize::try_from(seq % 5).expect("small")];
    let micros = START + i64::try_from(seq * 7_919 % 18_000).expect("small") * 1_000_000;
    let mut entry = StoredEntry {
        seq: 0,
        id: Uuid::from_u128(u128::from(seq).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_0c2b) + 1),
        action: ["user_login", "document_read", "aws.iam.CreateUser"][(seq % 3) as usize].into(),
        outcome,
        resource_type: if seq.is_multiple_of(2) {
            "session".into()
        } else {
            "document".into()
        },
        tags: if seq.is_multiple_of(6) {
            vec!["data.chd".into(), "data.personal".into()]
        } else {
            vec![]
        },
        occurred_at: Timestamp::from_micros(micros),
        created_at: Timestamp::from_micros(0),
        erases: Vec::new(),
        part_hashes: PerPart::default(),
        leaf_hash: Hash::EMPTY_ROOT,
        parts: PerPart::default(),
    };
    let bodies = [
        (PartKind::Actor, Some(actor)),
        (PartKind::Target, target),
        (PartKind::Details, details),
    ];
    for (kind, body) in bodies {
        let Some(body) = body else { continue };
        let mut salt = [kind as u8; 16];
        salt[..8].copy_from_slice(&seq.to_be_bytes());
        let part = Part {
            salt,
            body: body.into_bytes(),
        };
        *entry.part_hashes.get_mut(kind) = Some(part.hash(kind));
        *entry.parts.get_mut(kind) = Some(part);
    }
    entry
}

/// The entry that says that parts of a range were erased.
pub fn erasure(place: u64, first: u64, last: u64, parts: &[PartKind]) -> StoredEntry {
    let mut entry = event(place);
    entry.action = "data_erased".to_owned();
    entry.erases = vec![Erasure {
        first,
        last,
        parts: parts.to_vec(),
    }];
    entry
}

/// Takes a part away, with the index rows made of it, as erasure does.
pub fn erase(rows: &mut Rows, seq: u64, part: PartKind) {
    let place = usize::try_from(seq).expect("small");
    let before = index_rows(&rows.entries[place]);
    *rows.entries[place].parts.get_mut(part) = None;
    let after = index_rows(&rows.entries[place]);
    rows.terms
        .retain(|term| after.contains(term) || !before.contains(term));
    rows.terms
        .extend(after.into_iter().filter(|term| !before.contains(term)));
    sort_terms(&mut rows.terms);
}

pub fn index_rows(entry: &StoredEntry) -> Vec<Projected> {
    let columns = Columns::derive(entry).expect("readable");
    let mut terms = Vec::new();
    indelible_core::store::each_term(entry, &columns, &mut |field, value| {
        let term = indelible_core::store::Term {
            field,
            value: value.to_vec(),
            seq: entry.seq,
        };
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
