//! Whose file it is, asked before it is opened for use.
//!
//! The locks of a file belong to the process. Where another SQLite of the same process has a
//! database open (that of Python's standard library, say), the two do not see each other: whoever
//! opens its journal starts the other's index over, and whoever closes the file drops the other's
//! locks and takes its journal away. So another program's database is neither locked nor closed.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indelible_core::store::StoreError;
use rusqlite::{Connection, OpenFlags};

use crate::connection::pragma;
use crate::error::{corrupt, refused, unavailable};
use crate::files::{FileId, beside, id_now};
use crate::migration::APPLICATION_ID;

/// Whose a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// A database of Indelible.
    Indelible,
    /// Empty, or a database without tables, with which nobody has begun anything.
    Nobody,
    /// Empty, and somebody has begun something: a journal stands beside it.
    Begun,
    /// A database of another program.
    Other,
}

/// A file that is not ours: both stay open until the process ends.
struct LeftOpen {
    id: FileId,
    file: File,
    _db: Connection,
}

static LEFT_OPEN: Mutex<Vec<LeftOpen>> = Mutex::new(Vec::new());

/// What SQLite keeps beside a database that is in use.
const BESIDE: [&str; 3] = ["-journal", "-wal", "-shm"];
/// How often, and how far apart, it is looked whether a database that is being made is one of
/// Indelible's, which takes another process some milliseconds.
const TRIES: u32 = 20;
const BETWEEN_TRIES: Duration = Duration::from_millis(10);

/// Whose file it is. It is not locked, its journal is not touched.
///
/// # Errors
/// `Unavailable` where it cannot be read, `Corrupt` where it is no database.
pub fn owner(path: &Path) -> Result<Owner, StoreError> {
    let path = std::fs::canonicalize(path).map_err(unavailable)?;
    for _ in 0..TRIES {
        match said(&path)? {
            Owner::Nobody if BESIDE.iter().any(|end| beside(&path, end).exists()) => {}
            owner => return Ok(owner),
        }
        #[expect(clippy::disallowed_methods, reason = "whoever makes it tells nobody")]
        std::thread::sleep(BETWEEN_TRIES);
    }
    Ok(Owner::Begun)
}

/// What the file itself says.
fn said(path: &Path) -> Result<Owner, StoreError> {
    let id = id_now(path).map_err(unavailable)?;
    if let Some(again) = id.and_then(said_again) {
        return again;
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let db = Connection::open_with_flags(unlocked(path), flags).map_err(refused)?;
    // While a log is copied into the file, the file is shorter than its first page says.
    pragma(&db, "writable_schema", true)?;
    let owner = match db.query_row("PRAGMA application_id", [], |row| row.get(0)) {
        Ok(APPLICATION_ID) => Ok(Owner::Indelible),
        Ok(0) if is_empty(&db) => Ok(Owner::Nobody),
        Ok(_) => Ok(Owner::Other),
        Err(error) => Err(refused(error)),
    };
    // What cannot be read may still be a database to another program, an encrypted one.
    if !matches!(owner, Ok(Owner::Indelible | Owner::Nobody)) {
        leave_open(path, id, db);
    }
    owner
}

/// Whether there are no tables, without what the journal holds.
fn is_empty(db: &Connection) -> bool {
    let sql = "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)";
    db.query_row(sql, [], |row| row.get(0)).unwrap_or(false)
}

fn leave_open(path: &Path, id: Option<FileId>, db: Connection) {
    // Without numbers of files there are no locks that closing one could drop.
    let Some(id) = id else { return };
    match File::open(path) {
        Ok(file) => {
            let mut left = LEFT_OPEN.lock().unwrap_or_else(PoisonError::into_inner);
            left.push(LeftOpen { id, file, _db: db });
        }
        Err(_) => std::mem::forget(db),
    }
}

/// The answer for a file that was left open; it may have become another's meanwhile.
fn said_again(id: FileId) -> Option<Result<Owner, StoreError>> {
    let left = LEFT_OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut file = &left.iter().find(|left| left.id == id)?.file;
    let mut first = [0; 108];
    let read = file.rewind().and_then(|()| file.read_exact(&mut first));
    if let Err(error) = read {
        return Some(match file.metadata() {
            Ok(now) if now.len() == 0 => Ok(Owner::Nobody),
            _ => Err(unavailable(error)),
        });
    }
    if !first.starts_with(b"SQLite format 3\0") {
        let problem = "its file is no database";
        return Some(Err(corrupt("the database", None, problem)));
    }
    let application = u32::from_be_bytes([first[68], first[69], first[70], first[71]]);
    // A leaf of the table of tables, without any.
    let is_empty = first[100] == 13 && first[103..105] == [0, 0];
    Some(Ok(match i64::from(application) {
        APPLICATION_ID => Owner::Indelible,
        0 if is_empty => Owner::Nobody,
        _ => Owner::Other,
    }))
}

/// The address under which SQLite reads a file as one that never changes: without locks, and
/// without its journal.
fn unlocked(path: &Path) -> String {
    let mut uri = "file://".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
                uri.push(char::from(*byte));
            }
            // Writing into a text cannot fail.
            _ => drop(write!(uri, "%{byte:02X}")),
        }
    }
    uri + "?immutable=1"
}
