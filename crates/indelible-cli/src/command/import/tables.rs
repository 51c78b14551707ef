//! Tables of other programs as the sources of an import.

use std::path::PathBuf;

use indelible::DatabaseUrl;
use indelible_exchange::Source;
use indelible_postgres::{Options, PostgresTable};
use indelible_sqlite::SqliteTable;

use crate::failure::Failure;
use crate::session::Session;

/// The table of this name in each of the databases.
///
/// # Errors
/// What is no URL of a database; a database that cannot be read or has no such table.
pub async fn sources(
    session: &Session,
    urls: &[PathBuf],
    table: &str,
) -> Result<Vec<Source>, Failure> {
    let mut sources = Vec::new();
    for url in urls {
        let url = url
            .to_str()
            .ok_or_else(|| Failure::usage("a database URL is UTF-8 text"))?;
        let database = session.settings_at(url)?.database;
        let name = format!("{database}, table {table}");
        let opened = match &database {
            DatabaseUrl::Sqlite(path) => {
                SqliteTable::open(path, table).map(|rows| Source::reader(name, rows))
            }
            DatabaseUrl::Postgres(address) => {
                let rows = PostgresTable::open(address, &Options::default(), table).await;
                rows.map(|rows| Source::reader(name, rows))
            }
            _ => {
                let text =
                    format!("{database} keeps no table: sqlite:PATH or postgres://… is meant");
                return Err(Failure::usage(text));
            }
        };
        sources.push(opened.map_err(|error| Failure::from(error).at(&database))?);
    }
    Ok(sources)
}
