//! Whose file it is, asked before it is opened for use.
//!
//! The locks of a file belong to the process. Where another SQLite of the same process has a
//! database open (that of Python's standard library, say), the two do not see each other: whoever
//! opens its journal starts the other's index over, and whoever closes the file drops the other's
//! locks and takes its journal away. So another program's database is neither locked nor closed.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use indelible_core::store::StoreError;
use rusqlite::{Connection, OpenFlags};

use crate::connection::pragma;
use crate::error::{refused, unavailable};
use crate::migration::APPLICATION_ID;

/// Which file it is, whatever its name: device and number, given to no other file while somebody
/// has it open.
pub(crate) type FileId = (u64, u64);

/// Whose a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// A database of Indelible.
    Indelible,
    /// Empty, or a database without tables.
    Nobody,
    /// A database of another program.
    Other,
}

/// Files of other programs, open without a lock until the process ends.
static LEFT_OPEN: Mutex<Vec<(Option<FileId>, Connection)>> = Mutex::new(Vec::new());

/// Whose file it is. It is not locked, its journal is not touched.
///
/// # Errors
/// `Unavailable` where it cannot be read, `Corrupt` where it is no database.
pub fn owner(path: &Path) -> Result<Owner, StoreError> {
    let id = file_id(path).map_err(unavailable)?;
    let mut others = LEFT_OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    if id.is_some() && others.iter().any(|(other, _)| *other == id) {
        return Ok(Owner::Other);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let db = Connection::open_with_flags(unlocked(path), flags).map_err(refused)?;
    // While a log is copied into the file, the file is shorter than its first page says.
    pragma(&db, "writable_schema", true)?;
    let owner = match db.query_row("PRAGMA application_id", [], |row| row.get(0)) {
        Ok(0) => match in_journal(path) {
            Ok(said) => Ok(said.unwrap_or_else(|| of(0, || is_empty(&db)))),
            Err(error) => Err(unavailable(error)),
        },
        Ok(application) => Ok(of(application, || false)),
        Err(error) => Err(refused(error)),
    };
    // What cannot be read may still be a database to another program, an encrypted one.
    if !matches!(owner, Ok(Owner::Indelible | Owner::Nobody)) {
        others.push((id, db));
    }
    owner
}

/// The file that is at a path now, `None` where files have no numbers.
pub(crate) fn file_id(path: &Path) -> std::io::Result<Option<FileId>> {
    let file = std::fs::metadata(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        Ok(Some((file.dev(), file.ino())))
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        Ok(None)
    }
}

/// The write-ahead log of the database at `path`.
pub(crate) fn journal(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}

fn of(application: i64, is_empty: impl FnOnce() -> bool) -> Owner {
    match application {
        APPLICATION_ID => Owner::Indelible,
        0 if is_empty() => Owner::Nobody,
        _ => Owner::Other,
    }
}

/// Whether there are no tables, without what the journal holds.
fn is_empty(db: &Connection) -> bool {
    let sql = "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)";
    db.query_row(sql, [], |row| row.get(0)).unwrap_or(false)
}

/// What the journal's newest copy of the first page says, where it has one: a new database has
/// all that it holds in there. Its file has no locks that closing it could drop.
fn in_journal(path: &Path) -> std::io::Result<Option<Owner>> {
    let mut file = match File::open(journal(path)) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut header = [0; 32];
    if !filled(&mut file, &mut header)? {
        return Ok(None);
    }
    let page = u64::from(u32_at(&header, 8));
    if !page.is_power_of_two() || !(512..=65536).contains(&page) {
        return Ok(None);
    }
    let mut newest = None;
    let mut at = header.len() as u64;
    let mut frame = [0; 24];
    while filled(&mut file, &mut frame)? && frame[8..16] == header[16..24] {
        let mut first = [0; 108];
        if u32_at(&frame, 0) == 1 {
            if !filled(&mut file, &mut first)? {
                break;
            }
            let is_empty = || first[100] == 13 && first[103..105] == [0, 0];
            newest = Some(of(i64::from(u32_at(&first, 68)), is_empty));
        }
        at += frame.len() as u64 + page;
        file.seek(SeekFrom::Start(at))?;
    }
    Ok(newest)
}

fn filled(file: &mut File, bytes: &mut [u8]) -> std::io::Result<bool> {
    match file.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut number = [0; 4];
    number.copy_from_slice(&bytes[at..at + 4]);
    u32::from_be_bytes(number)
}

/// The address under which SQLite reads a file as one that never changes: without locks, and
/// without its journal.
fn unlocked(path: &Path) -> String {
    let mut uri = "file:".to_owned();
    for byte in bytes(path.as_os_str()) {
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

fn bytes(path: &OsStr) -> &[u8] {
    path.as_encoded_bytes()
}
