//! The baseline of recording: one loop on one thread with the same schema, the same hashing and
//! the same mean batch, and nothing of an engine around it.

use std::path::Path;
use std::sync::Arc;

use indelible_core::door::Door;
use indelible_core::redact::Redactor;
use indelible_core::sealing::{Base, seal};
use indelible_core::store::{Commit, NewEntry, each_term};
use indelible_core::{Clock, SystemClock, SystemEntropy, TrailName};
use indelible_merkle::note::SigningKey;
use indelible_sqlite::{SqliteStore, sql};
use rusqlite::{Connection, params};

use crate::workload;

/// An index that is kept with the log: a row for each value of an event, eight of them here.
const INDEX: &str = "\
CREATE TABLE term (trail INTEGER NOT NULL, field INTEGER NOT NULL, value BLOB NOT NULL, \
seq INTEGER NOT NULL, PRIMARY KEY (trail, field, value, seq)) STRICT, WITHOUT ROWID";
const TERM_INSERT: &str = "INSERT INTO term (trail, field, value, seq) VALUES (?1, ?2, ?3, ?4)";

/// A database of the same schema and settings, written with bare statements.
pub struct Raw {
    db: Connection,
    door: Door,
    base: Base,
    key: SigningKey,
    clock: SystemClock,
    /// Whether the index is written too.
    indexed: bool,
}

impl Raw {
    /// A new database at `path`, in which one transaction writes the log and its index.
    pub fn new(path: &Path) -> anyhow::Result<Self> {
        let raw = Self::log(path)?;
        raw.db.execute_batch(INDEX)?;
        Ok(Self {
            indexed: true,
            ..raw
        })
    }

    /// The same without the index: what a log alone costs.
    pub fn log(path: &Path) -> anyhow::Result<Self> {
        // The store makes the schema; from then on it is out of the way.
        drop(SqliteStore::open(path)?);
        let db = Connection::open(path)?;
        db.set_prepared_statement_cache_capacity(64);
        for (name, value) in [
            ("journal_mode", "WAL"),
            ("synchronous", "FULL"),
            ("cache_size", "-65536"),
            ("temp_store", "MEMORY"),
            ("secure_delete", "ON"),
            ("foreign_keys", "ON"),
            ("wal_autocheckpoint", "10000"),
        ] {
            db.pragma_update(None, name, value)?;
        }
        let clock = SystemClock::new();
        let redactor = Arc::new(Redactor::default_mask());
        let door = Door::new(Arc::new(clock), Arc::new(SystemEntropy), redactor);
        let key = SigningKey::from_seed("bench/default", [7; 32])?;
        let base = Base::begin(TrailName::standard(), key.verifier_key());
        Ok(Self {
            db,
            door,
            base,
            key,
            clock,
            indexed: false,
        })
    }

    /// Appends events `from..to` in batches of `batch`, each one durable transaction.
    pub fn append(&mut self, from: u64, to: u64, batch: u64) -> anyhow::Result<()> {
        let mut start = from;
        while start < to {
            let end = (start + batch).min(to);
            let entries: Vec<NewEntry> = (start..end)
                .map(|n| Ok(self.door.admit(workload::event(n))?.new))
                .collect::<anyhow::Result<_>>()?;
            let commit = seal(&self.base, entries, self.clock.now());
            self.write(&commit)?;
            self.sign(&commit)?;
            self.base = self.base.clone().after(&commit);
            start = end;
        }
        Ok(())
    }

    fn sign(&self, commit: &Commit) -> anyhow::Result<()> {
        let head = &commit.head;
        let note = indelible_merkle::Checkpoint::new(self.key.name(), head.size, head.root)?
            .sign(&[&self.key])?;
        std::hint::black_box(note);
        Ok(())
    }

    fn write(&self, commit: &Commit) -> anyhow::Result<()> {
        let db = &self.db;
        db.execute_batch(sql::BEGIN)?;
        let head = &commit.head;
        let frontier = head.frontier.to_bytes();
        match commit.parent {
            None => {
                db.prepare_cached(sql::HEAD_INSERT)?.execute(params![
                    head.trail.as_str(),
                    head.size,
                    head.root.as_bytes(),
                    frontier,
                    head.key.to_string(),
                    head.incarnation,
                    head.incarnation_start,
                    head.mac
                ])?;
            }
            Some(parent) => {
                db.prepare_cached(sql::HEAD_UPDATE)?.execute(params![
                    1,
                    head.size,
                    head.root.as_bytes(),
                    frontier,
                    head.key.to_string(),
                    head.incarnation,
                    head.incarnation_start,
                    head.mac,
                    parent.size
                ])?;
            }
        }
        self.write_rows(commit)?;
        db.execute_batch(sql::COMMIT)?;
        Ok(())
    }

    fn write_rows(&self, commit: &Commit) -> anyhow::Result<()> {
        let db = &self.db;
        let mut entry = db.prepare_cached(sql::ENTRY_INSERT)?;
        let mut part = db.prepare_cached(sql::PART_INSERT)?;
        let mut id = db.prepare_cached(sql::EVENT_ID_INSERT)?;
        let mut term = match self.indexed {
            true => Some(db.prepare_cached(TERM_INSERT)?),
            false => None,
        };
        for NewEntry {
            entry: row,
            columns,
        } in &commit.entries
        {
            let place = 1_i64 << 40 | row.seq.cast_signed();
            let hash = |hash: &Option<indelible_merkle::Hash>| hash.map(|h| h.as_bytes().to_vec());
            entry.execute(params![
                place,
                row.id.as_bytes(),
                row.action,
                row.outcome.as_str(),
                row.resource_type,
                row.tags.join(" "),
                row.occurred_at.as_micros(),
                row.created_at.as_micros(),
                None::<String>,
                hash(&row.part_hashes.actor),
                hash(&row.part_hashes.target),
                hash(&row.part_hashes.details),
                row.leaf_hash.as_bytes(),
            ])?;
            let parts = &row.parts;
            part.execute(params![
                place,
                parts.actor.as_ref().map(|p| p.salt),
                parts.actor.as_ref().map(|p| &p.body),
                parts.target.as_ref().map(|p| p.salt),
                parts.target.as_ref().map(|p| &p.body),
                parts.details.as_ref().map(|p| p.salt),
                parts.details.as_ref().map(|p| &p.body),
            ])?;
            id.execute(params![1, row.id.as_bytes(), row.seq])?;
            let mut written = Ok(());
            each_term(row, columns, &mut |field, value| {
                if let Some(term) = &mut term
                    && written.is_ok()
                {
                    written = term
                        .execute(params![1, field as u8, value, row.seq])
                        .map(drop);
                }
            });
            written?;
        }
        let mut node = db.prepare_cached(sql::NODE_INSERT)?;
        for (id, hash) in &commit.nodes {
            node.execute(params![1, id.height, id.index, hash.as_bytes()])?;
        }
        let mut span = db.prepare_cached(sql::SPAN_INSERT)?;
        for s in &commit.spans {
            let (earliest, latest) = (s.earliest.as_micros(), s.latest.as_micros());
            span.execute(params![1, s.height, s.index, earliest, latest])?;
        }
        if !self.indexed {
            return Ok(());
        }
        let mut update = db.prepare_cached(sql::ROLLUP_UPDATE)?;
        let mut insert = db.prepare_cached(sql::ROLLUP_INSERT)?;
        for row in &commit.rollups {
            let values = params![1, row.hour, row.action, row.outcome.as_str(), row.count];
            if update.execute(values)? == 0 {
                insert.execute(values)?;
            }
        }
        Ok(())
    }
}
