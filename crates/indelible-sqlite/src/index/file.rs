//! The file of the index: made, opened, read and written by the numbers of its rows.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};

use super::Fault;
use super::block::opened;
use super::record::{Covered, Merge, Meta, Written};
use super::run::Run;
use crate::connection::{self, pragma};
use crate::error::{SqliteError, unavailable};
#[cfg(doc)]
use crate::files::opening;
use crate::files::{beside, id_now};
use crate::open::provide;
use crate::wal::Wal;

/// `INDX`: what tells an index from a database of trails, which it never is.
const APPLICATION_ID: i64 = 0x494e_4458;
/// How the file is laid out. One of another layout is made anew.
const LAYOUT: i64 = 1;

const SCHEMA: &str = "\
CREATE TABLE block (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE trail (trail INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE meta (id INTEGER PRIMARY KEY CHECK (id = 1), body BLOB NOT NULL) STRICT;";

/// How long a reader waits for others while it opens the file.
const OPENING_PATIENCE: Duration = Duration::from_millis(100);
/// Pages in the write-ahead log after which it is copied into the file.
const CHECKPOINT_PAGES: u32 = 4_000;
/// And after which readers are waited for.
const LONG_PAGES: u32 = 16_000;

pub(super) const SELECT_BLOCK: &str = "SELECT body FROM block WHERE id = ?1";

/// A connection to the file.
pub(super) struct IndexFile {
    pub db: Connection,
    pub epoch: u64,
    /// Where it is written.
    wal: Option<Arc<Wal>>,
    /// Pages in the write-ahead log with which readers are waited for next.
    next_at: Cell<u32>,
}

impl IndexFile {
    /// Opens the file to read it; `None` where there is none that can be used, or another process
    /// has put another one there meanwhile: see [`opening`].
    pub fn reading(path: &Path, busy_timeout: Duration) -> Result<Option<Self>, Fault> {
        if !path.exists() {
            return Ok(None);
        }
        let id = id_now(path).ok();
        // Nobody else opens one meanwhile.
        let db = connection::reading(path, OPENING_PATIENCE)?;
        match said(&db)? {
            Some((APPLICATION_ID, LAYOUT)) => {
                let epoch = meta(&db)?.epoch;
                db.busy_timeout(busy_timeout)?;
                let is_one = id_now(path).ok() == id;
                Ok(is_one.then_some(Self::of(db, epoch, None)))
            }
            // Somebody makes it just now.
            None => Ok(None),
            Some(_) => Err(Fault::damage("it is no index of this layout")),
        }
    }

    /// Opens the file to write it, and makes it where there is none. Busy where another process has
    /// put another one there meanwhile: see [`opening`].
    pub fn writing(path: &Path, epoch: u64, wal: &Arc<Wal>) -> Result<Self, Fault> {
        provide(path, true)?;
        let id = id_now(path).ok();
        // Whoever else writes is not waited for: there is always a next time.
        let mut db = connection::indexing(path, Duration::ZERO)?;
        match said(&db)? {
            Some((APPLICATION_ID, LAYOUT)) => {}
            None => make(&mut db, epoch)?,
            Some(_) => return Err(Fault::damage("it is no index of this layout")),
        }
        wal.follow(&mut db)?;
        let epoch = meta(&db)?.epoch;
        let wal = Some(Arc::clone(wal));
        match id_now(path).ok() == id {
            true => Ok(Self::of(db, epoch, wal)),
            false => Err(Fault::Busy),
        }
    }

    fn of(db: Connection, epoch: u64, wal: Option<Arc<Wal>>) -> Self {
        Self {
            db,
            epoch,
            wal,
            next_at: Cell::new(LONG_PAGES),
        }
    }

    pub fn meta(&self) -> Result<Meta, Fault> {
        let meta = meta(&self.db)?;
        match meta.epoch == self.epoch {
            true => Ok(meta),
            false => Err(Fault::damage("it is another file than before")),
        }
    }

    pub fn keep_meta(&self, meta: &Meta) -> Result<(), Fault> {
        let mut put = self
            .db
            .prepare_cached("INSERT OR REPLACE INTO meta (id, body) VALUES (1, ?1)")?;
        put.execute([meta.write()?])?;
        Ok(())
    }

    /// Keeps that something that was removed from the log may stand in the file: nothing else tells
    /// of that afterwards.
    pub fn mark_unswept(&self) -> Result<(), Fault> {
        let mut meta = self.meta()?;
        meta.has_freed();
        self.keep_meta(&meta)
    }

    /// Keeps that nothing does, unless that was said since it was said so often. Whether it did.
    pub fn mark_swept(&self, freed: u64) -> Result<bool, Fault> {
        self.change(|| {
            let mut meta = self.meta()?;
            meta.is_unswept &= meta.freed != freed;
            self.keep_meta(&meta)?;
            Ok(!meta.is_unswept)
        })
    }

    pub fn covered(&self, trail: i64) -> Result<Option<Covered>, Fault> {
        let mut get = self
            .db
            .prepare_cached("SELECT body FROM trail WHERE trail = ?1")?;
        let body: Option<Vec<u8>> = get.query_row([trail], |row| row.get(0)).optional()?;
        let read = |body: Vec<u8>| Covered::read(self.epoch, trail, &body);
        body.map(read).transpose()
    }

    pub fn keep_covered(&self, trail: i64, covered: &Covered) -> Result<(), Fault> {
        let mut put = self
            .db
            .prepare_cached("INSERT OR REPLACE INTO trail (trail, body) VALUES (?1, ?2)")?;
        put.execute(params![trail, covered.write(self.epoch, trail)?])?;
        Ok(())
    }

    /// The trails of which it says something.
    pub fn trails(&self) -> Result<Vec<i64>, Fault> {
        let mut get = self.db.prepare_cached("SELECT trail FROM trail")?;
        let rows = get.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Says nothing more of a trail.
    pub fn forget(&self, trail: i64) -> Result<(), Fault> {
        let mut delete = self
            .db
            .prepare_cached("DELETE FROM trail WHERE trail = ?1")?;
        delete.execute([trail])?;
        Ok(())
    }

    pub fn put(&self, blocks: Vec<(u64, Vec<u8>)>) -> Result<(), Fault> {
        let mut put = self
            .db
            .prepare_cached("INSERT INTO block (id, body) VALUES (?1, ?2)")?;
        for (id, body) in blocks {
            put.execute(params![id.cast_signed(), body])?;
        }
        Ok(())
    }

    /// Takes away the blocks of a run.
    pub fn remove(&self, run: u64) -> Result<(), Fault> {
        let (first, last) = (Run::block_id(run, 0), Run::block_id(run, u32::MAX));
        let mut delete = self
            .db
            .prepare_cached("DELETE FROM block WHERE id BETWEEN ?1 AND ?2")?;
        delete.execute([first.cast_signed(), last.cast_signed()])?;
        Ok(())
    }

    /// Takes away what a merge has written that is not over: this one, or whichever it is.
    pub fn give_up_merge(&self, which: Option<Merge>) -> Result<(), Fault> {
        let mut meta = self.meta()?;
        let is_meant = |merge: &mut Merge| which.is_none_or(|which| which == *merge);
        if let Some(merge) = meta.merging.take_if(is_meant) {
            self.remove(merge.run)?;
            self.keep_meta(&meta)?;
        }
        Ok(())
    }

    /// Takes away runs that are not of the log. What they said may stand in free pages, and nothing
    /// else tells of that afterwards; a merge of them would miss them.
    pub fn disown(&self, runs: &[Run]) -> Result<(), Fault> {
        self.give_up_merge(None)?;
        for run in runs {
            self.remove(run.id)?;
        }
        self.mark_unswept()
    }

    /// Takes away every block and what is said of trails. No number of a run is given again.
    pub fn clear(&self) -> Result<(), Fault> {
        let mut meta = self.meta()?;
        // Free pages may hold what was removed from the log, and nothing else tells of that
        // afterwards.
        meta.merging = None;
        meta.has_freed();
        self.keep_meta(&meta)?;
        Ok(self
            .db
            .execute_batch("DELETE FROM trail; DELETE FROM block")?)
    }

    /// Does something in one transaction that writes.
    pub fn change<T>(&self, body: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
        self.db.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let done = body().and_then(|done| {
            self.db.prepare_cached("COMMIT")?.execute([])?;
            Ok(done)
        });
        if done.is_err() && !self.db.is_autocommit() {
            self.db.prepare_cached("ROLLBACK")?.execute([])?;
        }
        if let Some(wal) = &self.wal {
            self.copies(wal);
        }
        done
    }

    /// Copies a write-ahead log that is long into the file. An error leaves it as it was: the next
    /// commit tries again.
    fn copies(&self, wal: &Wal) {
        let pages = wal.pages();
        if pages < CHECKPOINT_PAGES {
            self.next_at.set(LONG_PAGES);
        } else if pages < self.next_at.get() {
            let _ = wal.copy(&self.db, "PASSIVE");
        } else {
            // Where there is always a search, each would keep it from starting over.
            let next_at = wal.start_over(&self.db);
            self.next_at.set(next_at.unwrap_or(self.next_at.get()));
        }
    }

    /// Copies the write-ahead log into the file and empties it.
    pub fn empty_log(&self) -> Result<(), Fault> {
        let is_done = match &self.wal {
            Some(wal) => wal.empty(&self.db)?,
            None => false,
        };
        match is_done {
            true => Ok(()),
            false => Err(Fault::Other(unavailable(SqliteError::Read))),
        }
    }

    /// Adds to what was written for entries.
    pub fn add_written(&self, written: Written) -> Result<(), Fault> {
        let mut meta = self.meta()?;
        meta.written = meta.written.and(written);
        self.keep_meta(&meta)
    }

    /// A number that changes when another connection has changed the file.
    pub fn version(&self) -> Result<i64, Fault> {
        let mut get = self.db.prepare_cached("PRAGMA data_version")?;
        Ok(get.query_row([], |row| row.get(0))?)
    }

    /// Whether a block is there and as it was written.
    pub fn check(&self, id: u64) -> Result<(), Fault> {
        self.block(id, |_| Ok(()))
    }

    pub fn block<T>(&self, id: u64, read: impl Fn(&[u8]) -> Result<T, Fault>) -> Result<T, Fault> {
        let mut get = self.db.prepare_cached(SELECT_BLOCK)?;
        let mut rows = get.query([id.cast_signed()])?;
        let Some(row) = rows.next()? else {
            return Err(Fault::damage(format!("block {id:x} is missing")));
        };
        let body = row.get_ref(0)?.as_blob().map_err(Fault::damage)?;
        read(opened(self.epoch, id, body)?)
    }
}

/// Whose file it is and how it is laid out; `None` of an empty one.
fn said(db: &Connection) -> Result<Option<(i64, i64)>, Fault> {
    let number = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0));
    if number("SELECT EXISTS (SELECT 1 FROM sqlite_schema)")? == 0 {
        return Ok(None);
    }
    Ok(Some((
        number("PRAGMA application_id")?,
        number("PRAGMA user_version")?,
    )))
}

fn meta(db: &Connection) -> Result<Meta, Fault> {
    let mut get = db.prepare_cached("SELECT body FROM meta WHERE id = 1")?;
    let body: Option<Vec<u8>> = get.query_row([], |row| row.get(0)).optional()?;
    Meta::read(&body.ok_or_else(|| Fault::damage("it does not say which file it is"))?)
}

fn make(db: &mut Connection, epoch: u64) -> Result<(), Fault> {
    pragma(db, "page_size", 4096)?;
    db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    let exclusive = rusqlite::TransactionBehavior::Exclusive;
    let transaction = db.transaction_with_behavior(exclusive)?;
    // Another process may have been faster.
    if said(&transaction)?.is_none() {
        pragma(&transaction, "application_id", APPLICATION_ID)?;
        pragma(&transaction, "user_version", LAYOUT)?;
        transaction.execute_batch(SCHEMA)?;
        let meta = Meta {
            epoch,
            next_run: 1,
            merging: None,
            met: 0,
            is_unswept: false,
            freed: 0,
            written: Written::default(),
        };
        transaction.execute(
            "INSERT INTO meta (id, body) VALUES (1, ?1)",
            [meta.write()?],
        )?;
    }
    transaction.commit()?;
    Ok(())
}

/// Takes the file away, and what SQLite keeps beside it: as much of them as can be. Whoever has it
/// open reads it to the end.
pub(super) fn discard(path: &Path) -> std::io::Result<()> {
    let mut done = Ok(());
    for file in [path.to_owned(), beside(path, "-wal"), beside(path, "-shm")] {
        match std::fs::remove_file(file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                done = done.and(Err(error));
            }
            _ => {}
        }
    }
    done
}

#[cfg(test)]
mod cases;
