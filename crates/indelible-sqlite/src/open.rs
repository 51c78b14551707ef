//! Opening a database: making the file, checking what is there, bringing the schema up to date.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use indelible_core::store::StoreError;
use rusqlite::{Connection, ErrorCode};

use crate::condition;
use crate::connection::{self, LetGo, Readers, pragma};
use crate::error::{SqliteError, corrupt, refused, unavailable};
use crate::files::{self, Files, beside};
use crate::index::Index;
use crate::migration::{self, MigrationStatus};
use crate::owner::{Owner, owner};
use crate::store::SqliteStore;
use crate::writer::Writer;

/// The first release without the defect that damages databases when the write-ahead log starts
/// over (3.7.0 to 3.51.2).
const SQLITE_MIN: i32 = 3_051_003;
/// Bytes per page of a new database.
const PAGE_BYTES: i64 = 4096;
/// How often the change of the journal is tried while others have the file open.
const JOURNAL_TRIES: u32 = 20;

/// How a database is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Whether a missing file is made. Its folder must be there.
    pub create: bool,
    /// Whether to refuse every write, the application of migrations included.
    pub read_only: bool,
    /// How long to wait for another process that writes.
    pub busy_timeout: Duration,
    /// How many reads run at once; at least 1.
    pub readers: u32,
    /// Bytes that the database may grow to, the write-ahead log not counted; appends beyond are
    /// refused as with a full disk. No limit where `None`.
    pub bytes_max: Option<u64>,
    /// Entries that the index covers at once; at least 1. With fewer it is less behind while much
    /// is recorded, and merged more often.
    pub index_entries: u32,
    /// Entries that a search looks at before it lets go of the moment of the database that it reads
    /// and goes on in a later one; at least 1. With more the write-ahead log grows longer beside
    /// long searches.
    pub search_entries: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            create: true,
            read_only: false,
            busy_timeout: Duration::from_secs(5),
            readers: 4,
            bytes_max: None,
            index_entries: 65_536,
            search_entries: 16_384,
        }
    }
}

impl SqliteStore {
    /// Opens the database at `path` for reading and writing and makes it where it is missing.
    ///
    /// # Errors
    /// As [`Self::open_with`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_with(path, &Options::default())
    }

    /// Opens the database at `path`. Blocks on the disk for a short time.
    ///
    /// # Errors
    /// - `Unavailable` with [`SqliteError::Absent`] when there is no file and none is to be made,
    ///   and when the file cannot be opened or stays locked.
    /// - `Unsupported` when the file is another application's, when its name ends in `-index`, when
    ///   its migrations are newer or others than this program's, and, for reading only, when it lacks
    ///   some.
    /// - `Corrupt` when the file is no database, and, for writing, when guards or tables are
    ///   missing or altered or a foreign trigger is there.
    pub fn open_with(path: impl AsRef<Path>, options: &Options) -> Result<Self, StoreError> {
        check_version(rusqlite::version_number())?;
        let path = provided(path.as_ref(), options.create && !options.read_only)?;
        not_anothers(&path)?;
        let files = Files::of(&path);
        let prepared = if options.read_only {
            let db = connection::reading(&path, options.busy_timeout)?;
            complete(&migration::status(&db)?)?;
            None
        } else {
            let mut db = connection::writing(&path, options.busy_timeout)?;
            whole(&db, &path)?;
            prepare(&mut db)?;
            Some(db)
        };
        // Its thread reads tables that a migration may have made just now.
        let index = Index::of(&path, &files, options)?;
        let writer = match prepared {
            None => None,
            Some(db) => Some(Writer::start(
                path.clone(),
                (Arc::clone(&files), Arc::clone(&index)),
                options,
                db,
            )?),
        };
        let let_go = writer.as_ref().map(|w| Box::new(w.let_go()) as LetGo);
        let (timeout, count) = (options.busy_timeout, options.readers);
        let readers = Readers::new(
            path.clone(),
            (files, Arc::clone(&index)),
            let_go,
            timeout,
            count,
        );
        Ok(Self {
            path,
            writer,
            readers,
            index,
            search_entries: options.search_entries as usize,
        })
    }

    /// What of the schema's history the database at `path` has, without changing it.
    ///
    /// # Errors
    /// As [`Self::open_with`], except that a database may lack migrations.
    pub fn migrations(path: impl AsRef<Path>) -> Result<Vec<MigrationStatus>, StoreError> {
        let path = provided(path.as_ref(), false)?;
        not_anothers(&path)?;
        migration::status(&connection::reading(
            &path,
            Options::default().busy_timeout,
        )?)
    }

    /// The file of the database, as an absolute path without links.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn check_version(version: i32) -> Result<(), StoreError> {
    if version >= SQLITE_MIN {
        return Ok(());
    }
    let text = format!("SQLite {version} can damage databases; {SQLITE_MIN} is the oldest to use");
    Err(StoreError::Unsupported(text))
}

/// The file's own path. SQLite names what it keeps beside a database by that, too.
fn provided(path: &Path, create: bool) -> Result<PathBuf, StoreError> {
    let path = std::path::absolute(path).map_err(unavailable)?;
    no_index(&path)?;
    provide(&path, create)?;
    let path = std::fs::canonicalize(path).map_err(unavailable)?;
    no_index(&path)?;
    Ok(path)
}

/// Refuses a name that is the one of an index: the database beside it would take it for its own, a
/// damaged one, and put another in its place.
fn no_index(path: &Path) -> Result<(), StoreError> {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    if !name.ends_with(files::INDEX.as_bytes()) {
        return Ok(());
    }
    let name = path.display();
    let text = format!(
        "{name}: names that end in {} are those of indexes, which are made and taken away; give \
         the database another name",
        files::INDEX
    );
    Err(StoreError::Unsupported(text))
}

/// Makes the file, readable by its owner alone, unless it is there.
pub(crate) fn provide(path: &Path, create: bool) -> Result<(), StoreError> {
    // Closing any handle of a file drops the locks that SQLite holds on it in this process. So
    // the handle is gone before anybody here can open the new file, and one that was there before
    // is not opened at all.
    static CREATION: Mutex<()> = Mutex::new(());
    let _alone = CREATION
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    if path.try_exists().map_err(unavailable)? {
        return Ok(());
    }
    if !create {
        return Err(unavailable(SqliteError::Absent(PathBuf::from(path))));
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        // Another process was faster.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(unavailable(error)),
    }
}

fn not_anothers(path: &Path) -> Result<(), StoreError> {
    match owner(path)? {
        Owner::Indelible | Owner::Nobody => Ok(()),
        Owner::Other => Err(StoreError::Unsupported(migration::ANOTHERS.to_owned())),
        Owner::Begun => Err(StoreError::Unsupported(
            "the file is empty, and a journal stands beside it: somebody is making a database \
             there, or has removed one; remove what ends in -journal, -wal and -shm if nobody is"
                .to_owned(),
        )),
    }
}

/// Refuses a file that ends within a page and has no write-ahead log that could hold the rest: a
/// copy that was cut short, which SQLite itself would write to.
fn whole(db: &Connection, path: &Path) -> Result<(), StoreError> {
    // The file is not opened for this: see `provide`.
    let length = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
    let page: u64 = db
        .query_row("PRAGMA page_size", [], |row| row.get(0))
        .map_err(refused)?;
    if length(&beside(path, "-wal")) > 0 || page == 0 || length(path).is_multiple_of(page) {
        return Ok(());
    }
    let problem = "its file ends within a page: it was cut short; restore a whole copy";
    Err(corrupt("the database", None, problem))
}

/// Checks whose database it is, switches it to the write-ahead log, applies migrations and checks
/// that its guards stand.
pub(crate) fn prepare(db: &mut Connection) -> Result<(), StoreError> {
    // Has effect on an empty file only.
    pragma(db, "page_size", PAGE_BYTES)?;
    migration::claim(db)?;
    write_ahead(db)?;
    migration::apply(db)?;
    condition::guarded(db)
}

fn write_ahead(db: &Connection) -> Result<(), StoreError> {
    let mut tries = 0;
    loop {
        let mode =
            db.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0));
        match mode {
            Ok(mode) if mode.eq_ignore_ascii_case("wal") => return Ok(()),
            Ok(mode) => {
                let text = format!("the file system allows no write-ahead log, only `{mode}`");
                return Err(StoreError::Unsupported(text));
            }
            // This change alone does not wait for a lock; a transaction that does stands in.
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && tries < JOURNAL_TRIES =>
            {
                tries += 1;
                db.execute_batch("BEGIN EXCLUSIVE; ROLLBACK")
                    .map_err(refused)?;
            }
            Err(error) => return Err(refused(error)),
        }
    }
}

fn complete(migrations: &[MigrationStatus]) -> Result<(), StoreError> {
    match migrations.iter().find(|migration| !migration.applied) {
        None => Ok(()),
        Some(MigrationStatus { version, name, .. }) => Err(StoreError::Unsupported(format!(
            "the database lacks migration {version} ({name}); opening it for writing applies it"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_that_damage_databases_are_refused() {
        // T96
        for version in [3_007_000, 3_040_001, 3_051_002] {
            assert!(check_version(version).is_err(), "{version}");
        }
        assert!(check_version(SQLITE_MIN).is_ok());
        assert!(check_version(rusqlite::version_number()).is_ok());
    }
}
