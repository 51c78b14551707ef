//! Where a bank keeps its trail, and how that is made to fail.

use std::path::{Path, PathBuf};

use indelible_postgres::{Address, Options, PostgresStore};
use rusqlite::Connection;
use testbed::{Cluster, TestDatabase};
use tokio_postgres::NoTls;

/// The kinds of stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    Sqlite,
    Postgres,
}

/// An empty database.
pub enum Place {
    File(PathBuf),
    Server(TestDatabase),
}

/// A database that takes no record for as long as this lives.
pub enum Held {
    File(Connection),
    Server(tokio_postgres::Client),
}

/// The role of the bank, with the rights of a writer and no other.
const ROLE: &str = "bank";

const TABLES: &str = "SELECT c.relname FROM pg_class AS c \
    WHERE c.relnamespace = 'indelible'::regnamespace AND c.relkind IN ('r', 'p') \
    AND NOT c.relispartition ORDER BY 1";

impl Place {
    pub fn new(store: Store, folder: &Path) -> Self {
        match store {
            Store::Sqlite => Self::File(folder.join("trail.db")),
            Store::Postgres => {
                let database = Cluster::shared().database_from("migrated", migrate);
                database.execute(&format!(
                    "DO $$ BEGIN CREATE ROLE {ROLE} LOGIN IN ROLE indelible_writer; \
                     EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
                ));
                Self::Server(database)
            }
        }
    }

    pub fn url(&self) -> String {
        match self {
            Self::File(path) => format!("sqlite:{}", path.display()),
            Self::Server(database) => database.url_as(ROLE),
        }
    }

    /// Makes recording impossible: another connection has the file, or the table, to itself.
    pub async fn hold(&self) -> Held {
        match self {
            Self::File(path) => {
                let connection = Connection::open(path).expect("opens");
                connection
                    .execute_batch("PRAGMA busy_timeout = 10000; BEGIN EXCLUSIVE")
                    .expect("held");
                Held::File(connection)
            }
            Self::Server(database) => {
                let url = database.superuser_url();
                let (client, connection) = tokio_postgres::connect(&url, NoTls)
                    .await
                    .expect("a server");
                tokio::spawn(connection);
                let lock = "BEGIN; LOCK TABLE indelible.head IN ACCESS EXCLUSIVE MODE";
                client.batch_execute(lock).await.expect("held");
                Held::Server(client)
            }
        }
    }

    /// Everything that is stored. Of a server what it shows of its rows, bytes as hexadecimal
    /// digits.
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::File(path) => {
                let beside = format!("{}-wal", path.display());
                let mut bytes = std::fs::read(path).expect("readable");
                bytes.extend(std::fs::read(beside).unwrap_or_default());
                bytes
            }
            Self::Server(database) => {
                let mut all = String::new();
                for table in database.query_text(TABLES) {
                    let table = table[0].as_deref().expect("a name");
                    let rows = format!("SELECT t::text FROM indelible.{table} AS t");
                    for row in database.query_text(&rows) {
                        all.push_str(row[0].as_deref().unwrap_or_default());
                        all.push('\n');
                    }
                }
                all.into_bytes()
            }
        }
    }
}

impl Held {
    /// Lets recording go on.
    pub async fn release(self) {
        match self {
            Self::File(connection) => drop(connection),
            Self::Server(client) => client.batch_execute("ROLLBACK").await.expect("released"),
        }
    }
}

/// Makes the schema, as `indelible migrate up` does.
fn migrate(url: &str) {
    let address: Address = url.parse().expect("a good URL");
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let migrated = runtime.block_on(PostgresStore::migrate(&address, &Options::default()));
        migrated.expect("migrated");
    };
    // The caller may stand in a runtime, where blocking on another is forbidden.
    std::thread::scope(|scope| scope.spawn(run).join()).expect("no panic");
}
