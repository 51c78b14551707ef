//! Databases of their own, and commits as the engine builds them.

use indelible_core::entry::{Columns, StoredEntry};
use indelible_core::part::{Part, PartKind, PerPart};
use indelible_core::sealing::{Base, OpenSpans, seal, unsealed};
use indelible_core::store::{Commit, Find, NewEntry, Verdict};
use indelible_core::{Outcome, Store, StoreError, Timestamp, TrailName};
use indelible_merkle::Hash;
use indelible_merkle::note::SigningKey;
use indelible_postgres::{Address, Options, PostgresStore};
use serde_json::{Value, json};
use testbed::{Cluster, TestDatabase};
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

/// A database with the schema in it, gone at the end of the test.
pub struct Database(pub TestDatabase);

impl Database {
    pub fn new() -> Self {
        Self(Cluster::shared().database_from("schema", |url| {
            let migrate = async {
                let done = PostgresStore::migrate(&address(url), &Options::default()).await;
                assert_eq!(done.expect("it migrates").notes, [""; 0]);
            };
            // The caller may stand in a runtime.
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    let runtime = tokio::runtime::Builder::new_current_thread()
                        .enable_all()
                        .build();
                    runtime.expect("a runtime").block_on(migrate);
                });
            });
        }))
    }

    /// A database without anything in it.
    pub fn empty() -> Self {
        Self(Cluster::shared().database())
    }

    pub fn address(&self) -> Address {
        address(&self.0.superuser_url())
    }

    pub fn address_as(&self, role: &str) -> Address {
        address(&self.0.url_as(role))
    }

    pub async fn store(&self) -> PostgresStore {
        PostgresStore::open(&self.address())
            .await
            .expect("it opens")
    }

    pub async fn reading(&self, role: &str) -> Result<PostgresStore, StoreError> {
        let options = Options {
            read_only: true,
            ..Options::default()
        };
        PostgresStore::open_with(&self.address_as(role), &options).await
    }

    /// A login role of this database alone, with what is granted to it.
    pub fn role(&self, name: &str, grants: &[&str]) -> String {
        let role = format!("{}_{name}", self.0.name());
        self.0.execute(&format!("CREATE ROLE {role} LOGIN"));
        for grant in grants {
            self.0.execute(&format!("GRANT {grant} TO {role}"));
        }
        role
    }

    /// A plain connection.
    pub async fn client(&self, role: &str) -> Client {
        client(&self.0.url_as(role)).await
    }

    /// The partitions by name, the default one last.
    pub fn partitions(&self) -> Vec<String> {
        let rows = self.0.query_text(
            "SELECT relname FROM pg_class WHERE relnamespace = 'indelible'::regnamespace \
             AND relispartition AND relkind = 'r' ORDER BY relname = 'entry_default', relname",
        );
        rows.into_iter().flatten().flatten().collect()
    }
}

pub fn address(url: &str) -> Address {
    url.parse().expect("a good URL")
}

pub async fn client(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .expect("it connects");
    tokio::spawn(connection);
    client
}

/// What a statement is refused with, or nothing.
pub async fn code(client: &Client, sql: &str) -> Option<String> {
    let error = client.batch_execute(sql).await.err()?;
    let code = error.code().map(|code| code.code().to_owned());
    Some(code.unwrap_or_else(|| panic!("{sql}: {error}")))
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

    /// The author who goes on where a trail stands, as far as its head tells.
    pub async fn resume_head(store: &impl Store, name: &str) -> Self {
        let mut author = Self::new(name);
        let head = store.head(&trail(name)).await.expect("it reads");
        author.base.head = head.expect("it is there");
        author
    }

    /// The author who goes on where a trail of less than 65,536 entries stands.
    pub async fn resume(store: &impl Store, name: &str) -> Self {
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
        store: &impl Store,
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
    pub async fn fill(&mut self, store: &impl Store, numbers: std::ops::Range<u64>) {
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
