//! The rows of another program's table, to be read once, from the first to the last.

use std::io::{self, Cursor, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use indelible_core::json::canonical;
use indelible_core::store::StoreError;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use serde_json::{Map, Value};

use crate::connection::reading;
use crate::error::{SqliteError, refused, unavailable};

/// How long another program that writes is waited for.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of rows that are handed over at once, one row more at most.
const PAGE_BYTES: usize = 256 * 1024;
/// Pages that are read ahead.
const PAGES_AHEAD: usize = 2;

/// The rows of a table or view as JSON objects, one per line: a member for each column.
///
/// Integers and texts are what they are, numbers that JSON has not are texts, bytes are `\x` and
/// hexadecimal digits, as PostgreSQL writes them. All rows are of one moment: what is written
/// meanwhile is not among them. Memory holds a few pages, however long the table is.
///
/// ```
/// use std::io::Read;
///
/// use indelible_sqlite::{SqliteTable, rusqlite::Connection};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("shop.db");
/// Connection::open(&path)?.execute_batch(
///     "CREATE TABLE audit_log (id INTEGER PRIMARY KEY, what TEXT); \
///      INSERT INTO audit_log (what) VALUES ('refund');",
/// )?;
/// let mut lines = String::new();
/// SqliteTable::open(&path, "audit_log")?.read_to_string(&mut lines)?;
/// assert_eq!(lines, "{\"id\":1,\"what\":\"refund\"}\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SqliteTable {
    pages: Receiver<Sent>,
    page: Cursor<Vec<u8>>,
    is_over: bool,
}

/// What the reading thread sends: rows, and, after the last of them, that there are no more. Who
/// hears neither has not seen the whole table.
type Sent = Result<Option<Vec<u8>>, StoreError>;

impl SqliteTable {
    /// Begins to read a table of a database, which is opened for reading only.
    ///
    /// # Errors
    /// There is no such file, it cannot be read, or it has no such table.
    pub fn open(path: &Path, table: &str) -> Result<Self, StoreError> {
        if !path.exists() {
            return Err(unavailable(SqliteError::Absent(path.to_owned())));
        }
        let db = reading(path, BUSY_TIMEOUT)?;
        let sql = format!("SELECT * FROM \"{}\"", table.replace('"', "\"\""));
        db.prepare(&sql).map_err(refused)?;
        let (sender, pages) = sync_channel(PAGES_AHEAD);
        std::thread::Builder::new()
            .name("indelible-table".to_owned())
            .spawn(move || {
                if let Err(error) = send(&db, &sql, &sender) {
                    // Whoever hung up wants to hear of nothing.
                    let _ = sender.send(Err(error));
                }
            })
            .map_err(unavailable)?;
        Ok(Self {
            pages,
            page: Cursor::default(),
            is_over: false,
        })
    }
}

impl Read for SqliteTable {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.page.read(buffer)?;
            if read > 0 || buffer.is_empty() || self.is_over {
                return Ok(read);
            }
            match self.pages.recv() {
                Ok(Ok(Some(page))) => self.page = Cursor::new(page),
                Ok(Ok(None)) => self.is_over = true,
                Ok(Err(error)) => return Err(io::Error::other(error)),
                Err(_) => {
                    let problem = "reading ended before the table did; its rows are not complete";
                    return Err(io::Error::other(problem));
                }
            }
        }
    }
}

/// Sends all rows, until nobody wants them.
fn send(db: &Connection, sql: &str, pages: &SyncSender<Sent>) -> Result<(), StoreError> {
    let mut statement = db.prepare(sql).map_err(refused)?;
    let names = statement.column_names().map(str::to_owned);
    let names: Vec<String> = names.collect();
    let mut rows = statement.query([]).map_err(refused)?;
    let mut page = Vec::new();
    while let Some(row) = rows.next().map_err(refused)? {
        page.extend(canonical::to_vec(&object(row, &names).map_err(refused)?));
        page.push(b'\n');
        if page.len() >= PAGE_BYTES && pages.send(Ok(Some(std::mem::take(&mut page)))).is_err() {
            return Ok(());
        }
    }
    // Whoever hung up needs not be told of the end.
    let _ = pages
        .send(Ok(Some(page)))
        .and_then(|()| pages.send(Ok(None)));
    Ok(())
}

fn object(row: &Row<'_>, names: &[String]) -> rusqlite::Result<Value> {
    let mut members = Map::new();
    for (place, name) in names.iter().enumerate() {
        let value = match row.get_ref(place)? {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(number) => number.into(),
            ValueRef::Real(number) => serde_json::Number::from_f64(number)
                .map_or_else(|| number.to_string().into(), Value::Number),
            ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
            ValueRef::Blob(bytes) => {
                let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
                format!("\\x{}", digits.collect::<String>()).into()
            }
        };
        // The columns of a view may share a name.
        let mut free = name.clone();
        while members.contains_key(&free) {
            free.push('~');
        }
        members.insert(free, value);
    }
    Ok(Value::Object(members))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sent: impl IntoIterator<Item = Sent>) -> SqliteTable {
        let (sender, pages) = sync_channel(9);
        for page in sent {
            sender.send(page).expect("somebody reads");
        }
        SqliteTable {
            pages,
            page: Cursor::default(),
            is_over: false,
        }
    }

    #[test]
    fn a_reading_thread_that_vanished_is_no_end_of_the_table() {
        let page = || Ok(Some(b"{}\n".to_vec()));
        let mut lines = String::new();
        let mut whole = of([page(), page(), Ok(None)]);
        whole.read_to_string(&mut lines).expect("whole");
        assert_eq!(lines, "{}\n{}\n");
        assert_eq!(whole.read(&mut [0; 8]).expect("still the end"), 0);
        let mut lines = String::new();
        let mut cut = of([page(), page()]);
        let error = cut.read_to_string(&mut lines).expect_err("it was cut");
        assert!(error.to_string().contains("not complete"), "{error}");
        cut.read(&mut [0; 8]).expect_err("and stays so");
    }
}
