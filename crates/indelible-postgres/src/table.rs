//! The rows of another program's table, to be read once, from the first to the last.

use std::io::{self, Cursor, Read};
use std::sync::mpsc::{Receiver, Sender, channel};

use indelible_core::store::StoreError;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_postgres::types::Type;

use crate::address::Address;
use crate::connection::{Connections, Lent};
use crate::error::{backend, refused, unavailable};
use crate::open::Options;

/// What a value is written as may not hang on who reads it: a row that is read again is the same.
const BEGIN: &str = "\
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
SET LOCAL TimeZone = 'UTC'; SET LOCAL bytea_output = 'hex'; SET LOCAL IntervalStyle = 'postgres'";
/// $1 the name of a table, as in a statement. Answers it with quotes where they are needed.
const RESOLVE: &str = "SELECT to_regclass($1)::text";
/// Rows that are handed over at once.
const FETCH: &str = "FETCH 500 FROM indelible_rows";

/// The rows of a table or view as JSON objects, one per line: a member for each column, as
/// `row_to_json` writes it, times in UTC; a column of JSON text as it stands, keys that stand twice
/// and escapes of any character included.
///
/// They come through a cursor in one transaction that only reads: all rows are of one moment, and
/// what is written meanwhile is not among them. Memory holds two pages, however long the table is.
pub struct PostgresTable {
    /// Asks for another page; the next one is asked for when one has come.
    requests: UnboundedSender<()>,
    pages: Receiver<Result<Vec<u8>, StoreError>>,
    page: Cursor<Vec<u8>>,
    /// Their thread moves the bytes.
    _connections: Connections,
}

impl PostgresTable {
    /// Begins to read a table, named as in a statement: `audit_log`, `shop."Audit"`.
    ///
    /// # Errors
    /// The server is not reached, has no such table, or does not let its rows be read.
    pub async fn open(
        address: &Address,
        options: &Options,
        table: &str,
    ) -> Result<Self, StoreError> {
        let connections = Connections::new(address, options)?;
        let lent = connections.lend().await?;
        lent.batch(BEGIN).await?.map_err(refused)?;
        let rows = lent.rows(RESOLVE, &[(&table, Type::TEXT)]).await?;
        let name: Option<String> = match rows.first() {
            Some(row) => row.try_get(0).map_err(backend)?,
            None => None,
        };
        let name = name
            .ok_or_else(|| StoreError::Unsupported(format!("the database has no table {table}")))?;
        // With the star it is the row, whatever its columns are called.
        let declare = format!(
            "DECLARE indelible_rows NO SCROLL CURSOR FOR \
             SELECT row_to_json(indelible_row.*)::text FROM {name} AS indelible_row"
        );
        lent.batch(&declare).await?.map_err(refused)?;
        let (requests, wanted) = unbounded_channel();
        let (sender, pages) = channel();
        connections.driver().spawn(send(lent, wanted, sender));
        let table = Self {
            requests,
            pages,
            page: Cursor::default(),
            _connections: connections,
        };
        table.ask();
        Ok(table)
    }

    fn ask(&self) {
        // One that has ended says so by its pages.
        let _ = self.requests.send(());
    }
}

impl Read for PostgresTable {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.page.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            match self.pages.recv() {
                Ok(Ok(page)) if page.is_empty() => return Ok(0),
                Ok(Ok(page)) => self.page = Cursor::new(page),
                Ok(Err(error)) => return Err(io::Error::other(error)),
                // An end that nobody told of is none.
                Err(_) => return Err(io::Error::other("the connection's thread has ended")),
            }
            self.ask();
        }
    }
}

/// Sends a page for each that is asked for, an empty one at the end.
async fn send(
    lent: Lent,
    mut wanted: UnboundedReceiver<()>,
    pages: Sender<Result<Vec<u8>, StoreError>>,
) {
    while wanted.recv().await.is_some() {
        let page = page(&lent).await;
        let is_last = page.as_ref().map_or(true, Vec::is_empty);
        if pages.send(page).is_err() || is_last {
            break;
        }
    }
    // Its transaction is still open: nobody else is to have it.
    lent.abandon();
}

async fn page(lent: &Lent) -> Result<Vec<u8>, StoreError> {
    let mut page = Vec::new();
    for row in lent.rows(FETCH, &[]).await? {
        let text: &str = row.try_get(0).map_err(unavailable)?;
        // A column of JSON text may have lines; in JSON they only ever stand between its words.
        page.extend(text.bytes().map(|byte| match byte {
            b'\n' | b'\r' => b' ',
            other => other,
        }));
        page.push(b'\n');
    }
    Ok(page)
}
