//! A log that is made of rows, without hashes, for tests that look inside.

use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use rusqlite::{Connection, params};
use tempfile::TempDir;

use crate::row::place;
use crate::{connection, open, sql};

/// A database in a folder of its own, and a connection that writes it.
pub(crate) struct Log {
    pub db: Connection,
    folder: TempDir,
}

impl Log {
    /// So many entries of the first trail, `default`: the users `u0` to `u9` in turn, one action of
    /// two, a second apart.
    pub fn of(entries: u64) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.db");
        open::provide(&path, true).expect("it is made");
        let mut db = connection::writing(&path, Duration::ZERO).expect("it opens");
        open::prepare(&mut db).expect("it is prepared");
        db.execute_batch(
            "INSERT INTO head VALUES (1, 'default', 0, zeroblob(32), x'', 'key', 1, 0,
                zeroblob(32))",
        )
        .expect("it begins");
        let log = Self { db, folder };
        log.grow(entries);
        log
    }

    /// Adds so many entries.
    pub fn grow(&self, entries: u64) {
        let sql = format!(
            "BEGIN;
            CREATE TEMP TABLE n AS WITH RECURSIVE n(i, end) AS
                (SELECT size, size + {entries} FROM head
                UNION ALL SELECT i + 1, end FROM n WHERE i + 1 < end) SELECT i FROM n;
            INSERT INTO entry (place, id, action, outcome, resource_type, tags, occurred_at,
                created_at, leaf_hash)
            SELECT (1 << 40) | i, randomblob(16), 'a' || (i % 2), 'succeeded', 'document', '',
                i * 1000000, 0, zeroblob(32) FROM n;
            INSERT INTO part (place, actor_salt, actor)
            SELECT (1 << 40) | i, zeroblob(16),
                CAST('{{\"user_id\":\"u' || (i % 10) || '\"}}' AS BLOB) FROM n;
            DROP TABLE n;
            UPDATE head SET size = size + {entries};
            COMMIT;"
        );
        self.db.execute_batch(&sql).expect("it grows");
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("a.db")
    }

    /// Takes the actors of entries away.
    pub fn erase(&self, seqs: Range<u64>) {
        let moment = self.db.unchecked_transaction().expect("it begins");
        let (ordinal, token): (u64, [u8; 16]) = moment
            .query_row(sql::ALTERATION_NEXT, [1], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .expect("it reads");
        let (first, last) = (seqs.start, seqs.end - 1);
        for seq in seqs {
            moment
                .execute(sql::ACTOR_ERASE, [place(1, seq)])
                .expect("it erases");
        }
        moment
            .execute(
                sql::ALTERATION_INSERT,
                params![1, ordinal, first, last, token],
            )
            .expect("it says so");
        moment.commit().expect("it is written");
    }

    /// Removes what comes before an entry.
    pub fn trim(&self, first_kept: u64) {
        let moment = self.db.unchecked_transaction().expect("it begins");
        moment.execute(sql::KEPT_BEGIN, [1]).expect("it begins");
        moment
            .execute("UPDATE kept SET first_kept = ?1", [first_kept])
            .expect("it moves on");
        let places = [place(1, 0), place(1, first_kept - 1)];
        for sql in [sql::PARTS_DELETE, sql::ENTRIES_DELETE] {
            moment.execute(sql, places).expect("it deletes");
        }
        moment.commit().expect("it is written");
    }

    /// Has the write-ahead log start over; whether nobody kept it from that.
    pub fn starts_over(&self) -> bool {
        let is_busy = |row: &rusqlite::Row<'_>| row.get::<_, bool>(0);
        let busy = self
            .db
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], is_busy);
        !busy.expect("it is tried")
    }
}
