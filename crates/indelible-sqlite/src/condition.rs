//! What the store can say of its own condition.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use indelible_core::store::{Condition, StoreError};
use rusqlite::Connection;

use crate::error::refused;
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
        missing_guards: altered(db)?,
        weak_settings: weak(db, path, settings)?,
        bytes: bytes + std::fs::metadata(beside(path, "-wal")).map_or(0, |file| file.len()),
        // The standard library cannot tell.
        bytes_free: None,
    })
}

/// Tables and guards that are not there, or not with the text that the migrations gave them, and
/// triggers that nobody here made.
fn altered(db: &Connection) -> Result<Vec<String>, StoreError> {
    let mut there: HashMap<_, _> = migration::schema(db)?.into_iter().collect();
    let mut problems = Vec::new();
    for (name, text) in migration::expected_schema()? {
        match there.remove(&name) {
            None => problems.push(format!("{name} is missing")),
            Some(found) if found != text => problems.push(format!("{name} is altered")),
            Some(_) => {}
        }
    }
    // A foreign trigger can ignore or change what is written.
    let foreign = |text: &str| {
        text.get(..14)
            .is_some_and(|t| t.eq_ignore_ascii_case("CREATE TRIGGER"))
    };
    let mut strangers: Vec<_> = there
        .into_iter()
        .filter(|(_, text)| foreign(text))
        .map(|(name, _)| name)
        .collect();
    strangers.sort();
    problems.extend(
        strangers
            .into_iter()
            .map(|name| format!("{name} is foreign")),
    );
    Ok(problems)
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
    for file in [path.to_owned(), beside(path, "-wal"), beside(path, "-shm")] {
        weak.extend(open_to_others(&file));
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
