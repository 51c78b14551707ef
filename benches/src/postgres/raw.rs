//! The baseline of recording in PostgreSQL: one loop with the product's own statements, prepared,
//! the same hashing and the same mean batch, and nothing of an engine around it.

use std::sync::Arc;

use indelible_core::door::Door;
use indelible_core::part::Part;
use indelible_core::redact::Redactor;
use indelible_core::sealing::{Base, seal};
use indelible_core::store::{Commit, NewEntry};
use indelible_core::{Clock, SystemClock, SystemEntropy, Timestamp, TrailName};
use indelible_merkle::Hash;
use indelible_merkle::note::SigningKey;
use indelible_postgres::{Options, PostgresStore, sql};
use testbed::TestDatabase;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls, Statement};

use crate::timing;
use crate::workload;

/// A database of the same schema, written with bare statements.
pub struct Raw {
    runtime: Runtime,
    client: Client,
    statements: Statements,
    door: Door,
    base: Base,
    key: SigningKey,
    clock: SystemClock,
    written: u64,
}

struct Statements {
    head_insert: Statement,
    head_update: Statement,
    event_id: Statement,
    entry: Statement,
    node: Statement,
    span: Statement,
    rollup: Statement,
}

impl Raw {
    /// Migrates a database and prepares the statements.
    pub fn new(database: &TestDatabase) -> anyhow::Result<Self> {
        let runtime = super::runtime()?;
        let url = database.superuser_url();
        runtime.block_on(PostgresStore::migrate(&url.parse()?, &Options::default()))?;
        let (client, statements) = runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
            tokio::spawn(connection);
            let statements = Statements {
                head_insert: client.prepare(sql::HEAD_INSERT).await?,
                head_update: client.prepare(sql::HEAD_UPDATE).await?,
                event_id: client.prepare(sql::EVENT_ID_INSERT).await?,
                entry: client.prepare(sql::ENTRY_INSERT).await?,
                node: client.prepare(sql::NODE_INSERT).await?,
                span: client.prepare(sql::SPAN_INSERT).await?,
                rollup: client.prepare(sql::ROLLUP_UPSERT).await?,
            };
            anyhow::Ok((client, statements))
        })?;
        let clock = SystemClock::new();
        let redactor = Arc::new(Redactor::default_mask());
        let door = Door::new(Arc::new(clock), Arc::new(SystemEntropy), redactor);
        let key = SigningKey::from_seed("bench/default", [7; 32])?;
        let base = Base::begin(TrailName::standard(), key.verifier_key());
        let mut raw = Self {
            runtime,
            client,
            statements,
            door,
            base,
            key,
            clock,
            written: 0,
        };
        raw.append(1, 1)?;
        Ok(raw)
    }

    /// Events per second at this mean batch.
    pub fn rate(&mut self, events: usize, batch: f64) -> anyhow::Result<f64> {
        let batch = (batch.round() as usize).max(1);
        Ok(timing::rate(events, || self.append(events, batch))?.0)
    }

    fn append(&mut self, events: usize, batch: usize) -> anyhow::Result<()> {
        let end = self.written + events as u64;
        while self.written < end {
            let last = (self.written + batch as u64).min(end);
            let entries: Vec<NewEntry> = (self.written..last)
                .map(|n| Ok(self.door.admit(workload::event(n))?.new))
                .collect::<anyhow::Result<_>>()?;
            self.written = last;
            let commit = seal(&self.base, entries, self.clock.now());
            self.runtime
                .block_on(write(&self.client, &self.statements, &commit))?;
            let head = &commit.head;
            let note = indelible_merkle::Checkpoint::new(self.key.name(), head.size, head.root)?
                .sign(&[&self.key])?;
            std::hint::black_box(note);
            self.base = self.base.clone().after(&commit);
        }
        Ok(())
    }
}

async fn write(client: &Client, s: &Statements, commit: &Commit) -> anyhow::Result<()> {
    let head = &commit.head;
    let trail = head.trail.as_str();
    let (size, root) = (head.size.cast_signed(), head.root.as_bytes().as_slice());
    client
        .batch_execute("BEGIN; SET LOCAL indelible.begun = 'on'")
        .await?;
    let frontier = head.frontier.to_bytes();
    let key = head.key.to_string();
    let incarnation = head.incarnation.cast_signed();
    let start = head.incarnation_start.cast_signed();
    let mac = head.mac.as_slice();
    match commit.parent {
        None => {
            client
                .execute(
                    &s.head_insert,
                    &[
                        &trail,
                        &size,
                        &root,
                        &frontier,
                        &key,
                        &incarnation,
                        &start,
                        &mac,
                    ],
                )
                .await?;
        }
        Some(parent) => {
            let (parent_size, parent_root) = (parent.size.cast_signed(), parent.root);
            client
                .execute(
                    &s.head_update,
                    &[
                        &trail,
                        &size,
                        &root,
                        &frontier,
                        &key,
                        &incarnation,
                        &start,
                        &mac,
                        &parent_size,
                        &parent_root.as_bytes().as_slice(),
                        &incarnation,
                    ],
                )
                .await?;
        }
    }
    entries(client, s, commit).await?;
    if !commit.nodes.is_empty() {
        let heights: Vec<i16> = commit.nodes.iter().map(|(n, _)| n.height.into()).collect();
        let indexes: Vec<i64> = commit
            .nodes
            .iter()
            .map(|(n, _)| n.index.cast_signed())
            .collect();
        let hashes: Vec<&[u8]> = commit
            .nodes
            .iter()
            .map(|(_, h)| h.as_bytes().as_slice())
            .collect();
        let node: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
            &[&trail, &size, &root, &heights, &indexes, &hashes];
        client.execute(&s.node, node).await?;
        let earliest: Vec<_> = commit.spans.iter().map(|s| time(s.earliest)).collect();
        let latest: Vec<_> = commit.spans.iter().map(|s| time(s.latest)).collect();
        client
            .execute(
                &s.span,
                &[&trail, &size, &root, &heights, &indexes, &earliest, &latest],
            )
            .await?;
    }
    let hours: Vec<i64> = commit.rollups.iter().map(|r| r.hour).collect();
    let actions: Vec<&str> = commit.rollups.iter().map(|r| r.action.as_str()).collect();
    let outcomes: Vec<&str> = commit.rollups.iter().map(|r| r.outcome.as_str()).collect();
    let counts: Vec<i64> = commit
        .rollups
        .iter()
        .map(|r| r.count.cast_signed())
        .collect();
    client
        .execute(
            &s.rollup,
            &[&trail, &size, &root, &hours, &actions, &outcomes, &counts],
        )
        .await?;
    client.batch_execute("COMMIT").await?;
    Ok(())
}

async fn entries(client: &Client, s: &Statements, commit: &Commit) -> anyhow::Result<()> {
    let head = &commit.head;
    let trail = head.trail.as_str();
    let (size, root) = (head.size.cast_signed(), head.root.as_bytes().as_slice());
    let all = &commit.entries;
    let seqs: Vec<i64> = all.iter().map(|e| e.entry.seq.cast_signed()).collect();
    let ids: Vec<uuid::Uuid> = all.iter().map(|e| e.entry.id).collect();
    client
        .execute(&s.event_id, &[&trail, &size, &root, &ids, &seqs])
        .await?;
    let occurred: Vec<_> = all.iter().map(|e| time(e.entry.occurred_at)).collect();
    let created: Vec<_> = all.iter().map(|e| time(e.entry.created_at)).collect();
    let actions: Vec<&str> = all.iter().map(|e| e.entry.action.as_str()).collect();
    let outcomes: Vec<&str> = all.iter().map(|e| e.entry.outcome.as_str()).collect();
    let kinds: Vec<&str> = all.iter().map(|e| e.entry.resource_type.as_str()).collect();
    let tags: Vec<String> = all.iter().map(|e| e.entry.tags.join(" ")).collect();
    let erases: Vec<Option<&str>> = all.iter().map(|_| None).collect();
    let leaves: Vec<&[u8]> = all
        .iter()
        .map(|e| e.entry.leaf_hash.as_bytes().as_slice())
        .collect();
    let hash = |h: &'_ Option<Hash>| h.as_ref().map(|h| h.as_bytes().to_vec());
    let actor_hashes: Vec<_> = all
        .iter()
        .map(|e| hash(&e.entry.part_hashes.actor))
        .collect();
    let target_hashes: Vec<_> = all
        .iter()
        .map(|e| hash(&e.entry.part_hashes.target))
        .collect();
    let details_hashes: Vec<_> = all
        .iter()
        .map(|e| hash(&e.entry.part_hashes.details))
        .collect();
    let users: Vec<_> = all.iter().map(|e| e.columns.user_id.as_deref()).collect();
    let resources: Vec<_> = all
        .iter()
        .map(|e| e.columns.resource_id.as_deref())
        .collect();
    let addresses: Vec<_> = all
        .iter()
        .map(|e| e.columns.ip_address.map(|a| a.octets().to_vec()))
        .collect();
    let correlations: Vec<_> = all
        .iter()
        .map(|e| e.columns.correlation_id.as_deref())
        .collect();
    let (actor_salts, actors) = parts(all.iter().map(|e| &e.entry.parts.actor));
    let (target_salts, targets) = parts(all.iter().map(|e| &e.entry.parts.target));
    let (details_salts, details) = parts(all.iter().map(|e| &e.entry.parts.details));
    client
        .execute(
            &s.entry,
            &[
                &trail,
                &size,
                &root,
                &seqs,
                &ids,
                &occurred,
                &created,
                &actions,
                &outcomes,
                &kinds,
                &tags,
                &erases,
                &leaves,
                &actor_hashes,
                &target_hashes,
                &details_hashes,
                &users,
                &resources,
                &addresses,
                &correlations,
                &actor_salts,
                &actors,
                &target_salts,
                &targets,
                &details_salts,
                &details,
            ],
        )
        .await?;
    Ok(())
}

type Column<'a> = Vec<Option<&'a [u8]>>;

fn parts<'a>(parts: impl Iterator<Item = &'a Option<Part>>) -> (Column<'a>, Column<'a>) {
    parts
        .map(|part| match part {
            Some(part) => (Some(part.salt.as_slice()), Some(part.body.as_slice())),
            None => (None, None),
        })
        .unzip()
}

/// A time as the driver takes it.
fn time(time: Timestamp) -> std::time::SystemTime {
    let micros = time.as_micros().unsigned_abs();
    std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_micros(micros)
}
