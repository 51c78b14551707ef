//! The schema's history: files that are applied once, in order, and never altered afterwards.

use std::sync::OnceLock;

use indelible_core::store::StoreError;
use rusqlite::{Connection, params};
use sha2::{Digest, Sha256};

use crate::connection::pragma;
use crate::error::{corrupt, refused};

/// `INDL`: what tells a database of ours from another program's.
pub(crate) const APPLICATION_ID: i64 = 0x494e_444c;

/// What a database of another program is refused with.
pub(crate) const ANOTHERS: &str = "the file is a database of another application";

/// One step of the schema.
struct Migration {
    version: u32,
    name: &'static str,
    sql: &'static str,
}

const MIGRATIONS: [Migration; 7] = [
    Migration {
        version: 1,
        name: "log",
        sql: include_str!("../migrations/0001_log.sql"),
    },
    Migration {
        version: 2,
        name: "index",
        sql: include_str!("../migrations/0002_index.sql"),
    },
    Migration {
        version: 3,
        name: "registry",
        sql: include_str!("../migrations/0003_registry.sql"),
    },
    Migration {
        version: 4,
        name: "outbox",
        sql: include_str!("../migrations/0004_outbox.sql"),
    },
    Migration {
        version: 5,
        name: "erasure",
        sql: include_str!("../migrations/0005_erasure.sql"),
    },
    Migration {
        version: 6,
        name: "retention",
        sql: include_str!("../migrations/0006_retention.sql"),
    },
    Migration {
        version: 7,
        name: "log_first",
        sql: include_str!("../migrations/0007_log_first.sql"),
    },
];

const TABLE: &str = "\
CREATE TABLE IF NOT EXISTS op_migration (\
version INTEGER PRIMARY KEY, name TEXT NOT NULL, \
sha256 BLOB NOT NULL CHECK (length(sha256) = 32)) STRICT";

/// One step of the schema and whether a database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationStatus {
    /// Its number, from 1.
    pub version: u32,
    /// What it is about.
    pub name: String,
    /// Whether it was applied.
    pub applied: bool,
}

/// What of the history a database has.
///
/// # Errors
/// `Unsupported` when an applied migration is not the one that this program has, or is one it
/// does not know, and when the file belongs to another application.
pub(crate) fn status(db: &Connection) -> Result<Vec<MigrationStatus>, StoreError> {
    // One snapshot: another process may apply migrations between two reads, and a database that is
    // no longer empty but was not yet known as ours would look like another application's.
    let snapshot = db.unchecked_transaction().map_err(refused)?;
    let applied = applied(&snapshot)?;
    Ok(MIGRATIONS
        .iter()
        .map(|migration| MigrationStatus {
            version: migration.version,
            name: migration.name.to_owned(),
            applied: applied.contains(&migration.version),
        })
        .collect())
}

/// Says in an empty file that it is Indelible's, before anything else and outside of the
/// write-ahead log: whoever looks at the file alone can tell.
pub(crate) fn claim(db: &mut Connection) -> Result<(), StoreError> {
    if status(db)?.iter().any(|migration| migration.applied) {
        return Ok(());
    }
    let exclusive = rusqlite::TransactionBehavior::Exclusive;
    let transaction = db.transaction_with_behavior(exclusive).map_err(refused)?;
    // Another process may have been faster, or another program.
    if applied(&transaction)?.is_empty() {
        pragma(&transaction, "application_id", APPLICATION_ID)?;
    }
    transaction.commit().map_err(refused)
}

/// Brings the schema up to date in one transaction; several processes may try at once.
///
/// # Errors
/// As [`status`], and what the database refuses; then nothing was applied.
pub(crate) fn apply(db: &mut Connection) -> Result<(), StoreError> {
    if status(db)?.iter().all(|migration| migration.applied) {
        return Ok(());
    }
    let exclusive = rusqlite::TransactionBehavior::Exclusive;
    let transaction = db.transaction_with_behavior(exclusive).map_err(refused)?;
    let applied = applied(&transaction)?;
    pragma(&transaction, "application_id", APPLICATION_ID)?;
    transaction.execute_batch(TABLE).map_err(refused)?;
    for migration in MIGRATIONS.iter().filter(|m| !applied.contains(&m.version)) {
        transaction.execute_batch(migration.sql).map_err(refused)?;
        transaction
            .execute(
                "INSERT INTO op_migration (version, name, sha256) VALUES (?1, ?2, ?3)",
                params![migration.version, migration.name, migration.sha256()],
            )
            .map_err(refused)?;
    }
    transaction.commit().map_err(refused)
}

/// The schema as it must be: name and text of every table and guard.
pub(crate) fn expected_schema() -> Result<&'static [(String, String)], StoreError> {
    static EXPECTED: OnceLock<Vec<(String, String)>> = OnceLock::new();
    if let Some(expected) = EXPECTED.get() {
        return Ok(expected);
    }
    let mut db = Connection::open_in_memory().map_err(refused)?;
    apply(&mut db)?;
    let expected = schema(&db)?;
    Ok(EXPECTED.get_or_init(|| expected))
}

/// The schema as it is.
pub(crate) fn schema(db: &Connection) -> Result<Vec<(String, String)>, StoreError> {
    let mut statement = db
        .prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
        .map_err(refused)?;
    let rows = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(refused)?;
    rows.collect::<Result<_, _>>().map_err(refused)
}

impl std::fmt::Display for MigrationStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04} {}", self.version, self.name)
    }
}

impl Migration {
    fn sha256(&self) -> [u8; 32] {
        Sha256::digest(self.sql).into()
    }
}

/// The versions that were applied, each compared with what this program has.
fn applied(db: &Connection) -> Result<Vec<u32>, StoreError> {
    let number = |sql: &str| {
        db.query_row(sql, [], |row| row.get::<_, i64>(0))
            .map_err(refused)
    };
    let id = number("PRAGMA application_id")?;
    if id != APPLICATION_ID {
        if id != 0 || number("SELECT EXISTS (SELECT 1 FROM sqlite_schema)")? != 0 {
            return Err(StoreError::Unsupported(ANOTHERS.to_owned()));
        }
        return Ok(Vec::new());
    }
    if number("SELECT EXISTS (SELECT 1 FROM sqlite_schema)")? == 0 {
        return Ok(Vec::new());
    }
    let mut statement = db
        .prepare("SELECT version, name, sha256 FROM op_migration ORDER BY version")
        .map_err(refused)?;
    let mut rows = statement.query([]).map_err(refused)?;
    let mut versions = Vec::new();
    while let Some(row) = rows.next().map_err(refused)? {
        let version: u32 = row.get(0).map_err(refused)?;
        let name: String = row.get(1).map_err(refused)?;
        let sha256: [u8; 32] = row.get(2).map_err(|e| corrupt("op_migration", None, e))?;
        let Some(known) = MIGRATIONS.iter().find(|known| known.version == version) else {
            return Err(StoreError::Unsupported(format!(
                "the database has migration {version} ({name}), this program knows up to {}: \
                 it was written by a newer version",
                MIGRATIONS.len()
            )));
        };
        if known.name != name || known.sha256() != sha256 {
            return Err(StoreError::Unsupported(format!(
                "migration {version} ({name}) of the database is not the one of this program: \
                 one of the two was altered"
            )));
        }
        versions.push(version);
    }
    Ok(versions)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use rusqlite::hooks::{AuthContext, Authorization};

    use super::*;

    #[test]
    fn what_another_process_applies_meanwhile_is_not_another_application() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("trail.db");
        let mut first = Connection::open(&path).expect("it opens");
        first
            .pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))
            .expect("it is set");
        let mut second = Connection::open(&path).expect("it opens");
        // The first one migrates after the second one has asked whose file it is.
        let asked = AtomicBool::new(false);
        let watch = move |context: AuthContext<'_>| {
            let of_schema = format!("{:?}", context.action).contains("sqlite_");
            if of_schema && !asked.swap(true, Ordering::Relaxed) {
                apply(&mut first).expect("it applies");
            }
            Authorization::Allow
        };
        second.authorizer(Some(watch)).expect("it is set");
        let before = status(&second).expect("it is nobody's yet, or ours");
        assert!(before.iter().all(|migration| !migration.applied));
        let after = status(&second).expect("it is ours");
        assert!(after.iter().all(|migration| migration.applied));
    }

    #[test]
    fn versions_count_from_one() {
        assert!(
            MIGRATIONS
                .iter()
                .map(|m| m.version)
                .eq(1..=MIGRATIONS.len() as u32)
        );
    }

    #[test]
    fn every_table_of_evidence_has_its_guards() {
        let schema = expected_schema().expect("the migrations apply");
        let has = |name: &str| schema.iter().any(|(there, _)| there == name);
        for table in [
            "head", "entry", "part", "event_id", "node", "span", "rollup", "kept",
        ] {
            assert!(has(table), "{table}");
            for guard in ["update", "delete"] {
                assert!(has(&format!("{table}_{guard}")), "{table}_{guard}");
            }
            assert!(has(&format!("{table}_insert")), "{table}_insert");
        }
    }
}
