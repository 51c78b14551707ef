//! Stores on files of their own, and commits as the engine builds them.

use std::path::PathBuf;

use indelible_core::entry::{Columns, StoredEntry};
use indelible_core::part::{Part, PartKind, PerPart};
use indelible_core::sealing::{Base, OpenSpans, seal, unsealed};
use indelible_core::store::{Commit, Find, NewEntry, Verdict};
use indelible_core::{Outcome, Store, StoreError, Timestamp, TrailName};
use indelible_merkle::Hash;
use indelible_merkle::note::SigningKey;
use indelible_sqlite::{Options, SqliteStore};
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

/// A folder with a database in it, gone at the end of the test.
pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    pub fn file(&self) -> PathBuf {
        self.0.path().join("trail.db")
    }

    pub fn store(&self) -> SqliteStore {
        SqliteStore::open(self.file()).expect("it opens")
    }

    /// A store with an index of few entries a run, so that it has runs, merges and trees, and with
    /// searches in many pieces.
    pub fn store_of_runs(&self) -> SqliteStore {
        let options = Options {
            index_entries: 50,
            search_entries: 20,
            ..Options::default()
        };
        SqliteStore::open_with(self.file(), &options).expect("it opens")
    }

    pub fn reading(&self) -> SqliteStore {
        let options = Options {
            read_only: true,
            ..Options::default()
        };
        SqliteStore::open_with(self.file(), &options).expect("it opens")
    }

    /// The file of the index.
    pub fn index(&self) -> PathBuf {
        PathBuf::from(format!("{}-index", self.file().display()))
    }

    /// The file as any other program opens it: with SQLite's own defaults.
    pub fn foreign(&self) -> Connection {
        Connection::open(self.file()).expect("it opens")
    }
}

pub fn trail(name: &str) -> TrailName {
    name.parse().expect("a good name")
}

/// One event in the making.
#[derive(Clone)]
pub struct Draft {
    pub number: u64,
    pub action: String,
    pub outcome: Outcome,
    pub micros: i64,
    pub tags: Vec<String>,
    pub actor: Value,
    pub target: Value,
    pub details: Value,
}

/// An event by `u<n mod 10>`, on `r<n>`, `n` seconds after the first of January 2026.
pub fn draft(number: u64) -> Draft {
    let seconds = 1_767_225_600 + number.cast_signed();
    Draft {
        number,
        action: "document_read".to_owned(),
        outcome: Outcome::Succeeded,
        micros: seconds * 1_000_000,
        tags: Vec::new(),
        actor: json!({"ip_address": "192.0.2.7", "user_id": format!("u{}", number % 10)}),
        target: json!({"resource_id": format!("r{number}")}),
        details: json!({"context": {"n": number, "odd": number % 2 == 1}}),
    }
}

impl Draft {
    pub fn id(&self) -> Uuid {
        Uuid::from_u64_pair(self.number.wrapping_mul(0x9e37_79b9_7f4a_7c15), self.number)
    }

    fn part(&self, kind: PartKind) -> Option<Part> {
        let body = match kind {
            PartKind::Actor => &self.actor,
            PartKind::Target => &self.target,
            PartKind::Details => &self.details,
        };
        let salt = [self.number.to_le_bytes()[0]; 16];
        let body = indelible_core::json::canonical::to_vec(body);
        (body != b"null").then_some(Part { salt, body })
    }

    pub fn build(&self) -> NewEntry {
        let parts = PerPart {
            actor: self.part(PartKind::Actor),
            target: self.part(PartKind::Target),
            details: self.part(PartKind::Details),
        };
        let entry = StoredEntry {
            seq: 0,
            id: self.id(),
            action: self.action.clone(),
            outcome: self.outcome,
            resource_type: "document".to_owned(),
            tags: self.tags.clone(),
            occurred_at: Timestamp::from_micros(self.micros),
            created_at: Timestamp::from_micros(self.micros),
            erases: Vec::new(),
            part_hashes: parts.map(|kind, part| part.as_ref().map(|part| part.hash(kind))),
            leaf_hash: Hash::EMPTY_ROOT,
            parts,
        };
        let columns = Columns::derive(&entry).expect("the bodies are well formed");
        unsealed(entry, columns)
    }
}

/// Whoever writes a trail, and knows its end.
#[derive(Clone)]
pub struct Author {
    pub base: Base,
}

impl Author {
    pub fn new(name: &str) -> Self {
        let key = SigningKey::from_seed(&format!("test.example/{name}"), [7; 32]);
        let key = key.expect("a good name").verifier_key();
        Self {
            base: Base::begin(trail(name), key),
        }
    }

    /// The author who goes on where a trail of less than 65,536 entries stands.
    pub async fn resume(store: &SqliteStore, name: &str) -> Self {
        let mut author = Self::new(name);
        let head = store.head(&trail(name)).await.expect("it reads");
        if let Some(head) = head {
            let open = head.size - head.size % 256..head.size;
            author.base.open = OpenSpans::default();
            for entry in store.entries(&trail(name), open).await.expect("it reads") {
                author
                    .base
                    .open
                    .add(entry.occurred_at, entry.seq + 1, &mut Vec::new());
            }
            author.base.head = head;
        }
        author
    }

    pub fn trail(&self) -> &TrailName {
        &self.base.head.trail
    }

    pub fn seal(&self, drafts: impl IntoIterator<Item = Draft>) -> Commit {
        let entries: Vec<_> = drafts.into_iter().map(|draft| draft.build()).collect();
        let newest = entries.iter().map(|new| new.entry.occurred_at).max();
        seal(
            &self.base,
            entries,
            newest.unwrap_or(Timestamp::from_micros(0)),
        )
    }

    pub fn took(&mut self, commit: &Commit) {
        self.base = self.base.clone().after(commit);
    }

    /// Records drafts in one commit, or tells why not.
    pub async fn record(
        &mut self,
        store: &SqliteStore,
        drafts: impl IntoIterator<Item = Draft>,
    ) -> Result<Verdict, StoreError> {
        let commit = self.seal(drafts);
        let verdict = store.append(std::slice::from_ref(&commit)).await?.remove(0);
        if verdict == Verdict::Committed {
            self.took(&commit);
        }
        Ok(verdict)
    }

    /// Records the drafts of these numbers, 1,000 in a commit.
    pub async fn fill(&mut self, store: &SqliteStore, numbers: std::ops::Range<u64>) {
        let numbers: Vec<_> = numbers.collect();
        for chunk in numbers.chunks(1000) {
            let verdict = self.record(store, chunk.iter().map(|&n| draft(n))).await;
            assert_eq!(verdict.expect("it is written"), Verdict::Committed);
        }
    }
}

/// Whatever matches the filter, newest first.
pub fn all(filter: indelible_core::filter::Filter) -> Find {
    Find {
        filter,
        below: u64::MAX,
        from: None,
        skip: 0,
        limit: usize::MAX,
    }
}
