//! What the store can say of its own condition.

mod strays;

use std::path::{Path, PathBuf};

use indelible_core::store::{Condition, StoreError};
use rusqlite::Connection;

use crate::error::{corrupt, refused};
use crate::migration::{self, MigrationStatus};
use crate::writer::Settings;

/// Looks the database over. `settings` are those of the writing connection, where there is one.
pub(crate) fn condition(
    db: &Connection,
    path: &Path,
    settings: Option<&Settings>,
) -> Result<Condition, StoreError> {
    let migrations = migration::status(db)?;
    let pending = migrations.iter().filter(|migration| !migration.applied);
    let number = |sql: &str| {
        db.query_row(sql, [], |row| row.get::<_, u64>(0))
            .map_err(refused)
    };
    let bytes = number("PRAGMA page_count")? * number("PRAGMA page_size")?;
    let missing_guards = altered(db)?;
    let stray_rows = strays::strays(db, &missing_guards)?;
    Ok(Condition {
        engine: format!("SQLite {}", rusqlite::version()),
        location: path.display().to_string(),
        schema_version: migrations
            .iter()
            .filter(|m| m.applied)
            .map(|m| m.version)
            .max()
            .unwrap_or(0),
        pending_migrations: pending.map(MigrationStatus::to_string).collect(),
        missing_guards,
        stray_rows,
        weak_settings: weak(db, path, settings)?,
        bytes: bytes + std::fs::metadata(beside(path, "-wal")).map_or(0, |file| file.len()),
        bytes_free: bytes_free(path),
        // No clock, no roles and no partitions of its own.
        ..Condition::default()
    })
}

/// What this process may still write where the file lies.
#[cfg(unix)]
fn bytes_free(path: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(path).ok()?;
    disk.f_bavail.checked_mul(disk.f_frsize)
}

#[cfg(not(unix))]
fn bytes_free(_: &Path) -> Option<u64> {
    None
}

/// Refuses a database whose guards do not stand: what is written there could be changed or left
/// out by its triggers.
///
/// # Errors
/// `Corrupt`, naming what is missing, altered or foreign.
pub(crate) fn guarded(db: &Connection) -> Result<(), StoreError> {
    let altered = altered(db)?;
    if altered.is_empty() {
        return Ok(());
    }
    let altered = altered.join(", ");
    let problem = format!("{altered}; it is read and not written, see `indelible doctor`");
    Err(corrupt("the schema", None, problem))
}

/// Tables and guards that are not there, or not with the text that the migrations gave them, and
/// triggers that nobody here made. Each problem begins with the name.
fn altered(db: &Connection) -> Result<Vec<String>, StoreError> {
    let mut there = migration::schema(db)?;
    let mut problems = Vec::new();
    // Names alone would not do: a trigger may be called as a table is.
    let mut lacking = Vec::new();
    for expected in migration::expected_schema()? {
        match there.iter().position(|found| found == expected) {
            Some(place) => drop(there.remove(place)),
            None => lacking.push(&expected.0),
        }
    }
    for name in lacking {
        match there.iter().position(|(found, _)| found == name) {
            Some(place) => {
                there.remove(place);
                problems.push(format!("{name} is altered"));
            }
            None => problems.push(format!("{name} is missing")),
        }
    }
    // A foreign trigger can ignore or change what is written.
    let strangers = there.into_iter().filter(|(_, text)| is_trigger(text));
    problems.extend(strangers.map(|(name, _)| format!("{name} is foreign")));
    Ok(problems)
}

/// Whether a text of the schema may make a trigger, whatever comments stand in it.
fn is_trigger(text: &str) -> bool {
    text.to_ascii_lowercase().contains("trigger")
}

fn weak(
    db: &Connection,
    path: &Path,
    settings: Option<&Settings>,
) -> Result<Vec<String>, StoreError> {
    let mut weak = Vec::new();
    let journal: String = db
        .query_row("PRAGMA journal_mode", [], |row| row.get(0))
        .map_err(refused)?;
    if !journal.eq_ignore_ascii_case("wal") {
        weak.push(format!("journal_mode is {journal}, not wal"));
    }
    if let Some(Settings {
        synchronous,
        foreign_keys,
    }) = settings
    {
        // 2 is FULL, 3 EXTRA.
        if *synchronous < 2 {
            weak.push(format!("synchronous is {synchronous}, less than FULL"));
        }
        if !foreign_keys {
            weak.push("foreign_keys is off".to_owned());
        }
    }
    let ends = ["", "-wal", "-shm", "-index", "-index-wal", "-index-shm"];
    for end in ends {
        weak.extend(open_to_others(&beside(path, end)));
    }
    Ok(weak)
}

/// A word on a file that others than its owner may read or write.
#[cfg(unix)]
fn open_to_others(file: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;

    let mode = std::fs::metadata(file).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then(|| format!("{} has mode {mode:o}, wider than 600", file.display()))
}

#[cfg(not(unix))]
fn open_to_others(_: &Path) -> Option<String> {
    None
}

/// The file of the same name with more at its end.
fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}
