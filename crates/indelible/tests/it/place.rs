//! Where a database of a test is kept: in a file, or on a server.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use indelible::core::Store;
use indelible::core::store::Term;
use indelible::{DatabaseUrl, TrailName};
use indelible_postgres::{Address, Options, PostgresStore};
use indelible_sqlite::SqliteStore;
use rusqlite::Connection;
use testbed::{Cluster, TestDatabase};

/// Makes two tests of each body, one for each kind of store.
macro_rules! on_both {
    ($($body:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $body() {
                    super::$body($crate::place::Kind::Sqlite).await;
                }
            )+
        }
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $body() {
                    super::$body($crate::place::Kind::Postgres).await;
                }
            )+
        }
    };
}
pub(crate) use on_both;

/// The kinds of stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// The role that the product works as, with the rights of a writer and no other.
const WRITER: &str = "site_writer";

/// Takes every guard away, and puts them all back as the schema has them.
const GUARDS: &str = "DO $$ DECLARE g record; BEGIN FOR g IN \
    SELECT t.tgrelid::regclass AS place, t.tgname AS name FROM pg_trigger AS t \
    JOIN pg_class AS c ON c.oid = t.tgrelid \
    WHERE c.relnamespace = 'indelible'::regnamespace AND NOT t.tgisinternal \
    LOOP EXECUTE format('ALTER TABLE %s @state TRIGGER %I', g.place, g.name); END LOOP; END $$";

/// The tables of the schema, without the partitions of others.
const TABLES: &str = "SELECT c.relname FROM pg_class AS c \
    WHERE c.relnamespace = 'indelible'::regnamespace AND c.relkind IN ('r', 'p') \
    AND NOT c.relispartition ORDER BY 1";

/// A database of a test.
pub enum Place {
    File(PathBuf),
    Server(TestDatabase),
}

/// A database as it was at one moment, for any number of copies.
pub enum Image {
    File(PathBuf),
    /// The name of a template of the cluster that all tests share.
    Template(String),
}

impl Place {
    /// A database that holds nothing yet: no file, or a schema without rows.
    pub fn fresh(kind: Kind, file: PathBuf) -> Self {
        match kind {
            Kind::Sqlite => Self::File(file),
            Kind::Postgres => Self::on(Cluster::shared()),
        }
    }

    /// An empty database of a cluster.
    pub fn on(cluster: &Cluster) -> Self {
        let database = cluster.database_from("migrated", migrate);
        database.execute(&format!(
            "DO $$ BEGIN CREATE ROLE {WRITER} LOGIN IN ROLE indelible_writer; \
             EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        ));
        Self::Server(database)
    }

    /// Where the product finds it.
    pub fn url(&self) -> DatabaseUrl {
        match self {
            Self::File(path) => DatabaseUrl::Sqlite(path.clone()),
            Self::Server(database) => {
                let url = database.url_as(WRITER);
                url.parse().expect("a good URL")
            }
        }
    }

    /// The same as text.
    pub fn url_text(&self) -> String {
        match self {
            Self::File(path) => format!("sqlite:{}", path.display()),
            Self::Server(database) => database.url_as(WRITER),
        }
    }

    pub fn server(&self) -> &TestDatabase {
        match self {
            Self::File(_) => panic!("it is on no server"),
            Self::Server(database) => database,
        }
    }

    /// The store, opened by its owner.
    pub async fn store(&self) -> Arc<dyn Store> {
        match self {
            Self::File(path) => Arc::new(SqliteStore::open(path).expect("opens")),
            Self::Server(database) => {
                let address: Address = database.superuser_url().parse().expect("a good URL");
                Arc::new(PostgresStore::open(&address).await.expect("opens"))
            }
        }
    }

    /// Whether nothing was ever recorded here, nor an installation named.
    pub fn is_bare(&self) -> bool {
        match self {
            Self::File(path) => !path.exists(),
            Self::Server(database) => {
                let rows = "SELECT 1 FROM indelible.head UNION ALL \
                            SELECT 1 FROM indelible.op_registry";
                database.query_text(rows).is_empty()
            }
        }
    }

    /// What a machine's failure or an operator's mistake takes away: all that was recorded.
    pub fn lose(&self) {
        match self {
            Self::File(path) => remove(path),
            Self::Server(database) => {
                database.execute("DROP SCHEMA indelible CASCADE");
                migrate(&database.superuser_url());
            }
        }
    }

    /// Keeps a backup in the file `path`, as operators do.
    pub fn dump(&self, path: &Path) {
        match self {
            Self::File(file) => drop(std::fs::copy(file, path).expect("copied")),
            Self::Server(database) => database.dump(path),
        }
    }

    /// Puts a backup in the place of what is here.
    pub fn restore(&self, path: &Path) {
        match self {
            Self::File(file) => {
                remove(file);
                std::fs::copy(path, file).expect("copied");
            }
            Self::Server(database) => {
                database.execute("DROP SCHEMA IF EXISTS indelible CASCADE");
                database.restore_into(path);
            }
        }
    }

    /// What is here now, kept for copies. Nobody may have it open.
    pub fn image(&self, folder: &Path) -> Image {
        static IMAGES: AtomicU32 = AtomicU32::new(0);
        let nth = IMAGES.fetch_add(1, Ordering::Relaxed);
        match self {
            Self::File(file) => {
                let path = folder.join(format!("image-{nth}.db"));
                copy_with_index(file, &path);
                Image::File(path)
            }
            Self::Server(database) => {
                let name = format!("image_{}_{nth}", std::process::id());
                // It is made anew as a copy of this one.
                drop(Cluster::shared().database_from(&name, |url| {
                    let (_, empty) = url.rsplit_once('/').expect("it names a database");
                    database.execute(&format!("DROP DATABASE {empty}"));
                    let name = database.name();
                    database.execute(&format!(
                        "CREATE DATABASE {empty} TEMPLATE {name} STRATEGY FILE_COPY"
                    ));
                }));
                Image::Template(name)
            }
        }
    }

    /// Runs statements as somebody would who owns the database: guards taken away before and put
    /// back afterwards, checks ignored where that leaves no trace.
    pub fn beneath(&self, statements: &str) {
        match self {
            Self::File(path) => beneath_file(path, statements),
            Self::Server(database) => {
                database.execute(&GUARDS.replace("@state", "DISABLE"));
                database.execute(&format!(
                    "SET search_path = indelible, pg_catalog; {statements}"
                ));
                database.execute(&GUARDS.replace("@state", "ENABLE ALWAYS"));
            }
        }
    }

    /// Writes the index of the trail `default` anew, with other terms under right checksums.
    pub fn forge_index(&self, edit: impl FnOnce(&mut Vec<Term>)) {
        indelible_sqlite::forge(self.file(), &TrailName::standard(), edit)
            .expect("it has an index");
    }

    /// Its file.
    pub fn file(&self) -> &Path {
        match self {
            Self::File(path) => path,
            Self::Server(_) => panic!("it is no file"),
        }
    }

    /// The file of its index.
    pub fn index(&self) -> PathBuf {
        index_of(self.file())
    }

    /// Runs statements as its owner, past no guard.
    pub fn plainly(&self, statements: &str) {
        match self {
            Self::File(path) => Connection::open(path)
                .expect("opens")
                .execute_batch(statements)
                .unwrap_or_else(|e| panic!("{statements}: {e}")),
            Self::Server(database) => {
                database.execute(&format!(
                    "SET search_path = indelible, pg_catalog; {statements}"
                ));
            }
        }
    }

    /// The tables of evidence and their stored columns.
    pub fn columns(&self) -> Vec<(String, String)> {
        match self {
            Self::File(path) => {
                let db = Connection::open(path).expect("opens");
                db.prepare(
                    "SELECT t.name, c.name \
                     FROM pragma_table_list AS t, pragma_table_xinfo(t.name) AS c \
                     WHERE t.schema = 'main' AND t.type = 'table' \
                     AND t.name NOT LIKE 'op\\_%' ESCAPE '\\' \
                     AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND c.hidden = 0",
                )
                .and_then(|mut s| s.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?.collect())
                .expect("columns")
            }
            Self::Server(database) => {
                let sql = "SELECT c.table_name, c.column_name \
                     FROM information_schema.columns AS c \
                     JOIN pg_class AS t ON t.relname = c.table_name \
                     AND t.relnamespace = 'indelible'::regnamespace \
                     WHERE c.table_schema = 'indelible' AND t.relkind IN ('r', 'p') \
                     AND NOT t.relispartition AND c.table_name NOT LIKE 'op\\_%' \
                     ORDER BY c.table_name, c.ordinal_position";
                let rows = database.query_text(sql).into_iter();
                rows.map(|row| (text(&row, 0), text(&row, 1))).collect()
            }
        }
    }

    /// What tells whether anything at all was written.
    pub fn fingerprint(&self) -> Vec<u8> {
        match self {
            Self::File(path) => std::fs::read(path).expect("readable"),
            Self::Server(database) => {
                let mut all = String::new();
                for table in database.query_text(TABLES) {
                    let rows = format!(
                        "SELECT coalesce(string_agg(t::text, '\n' ORDER BY t::text), '') \
                         FROM indelible.{} AS t",
                        text(&table, 0)
                    );
                    all.push_str(&text(&database.query_text(&rows)[0], 0));
                }
                all.into_bytes()
            }
        }
    }

    /// The files that the database wrote, beside those of its own folder.
    pub fn files(&self) -> Vec<PathBuf> {
        let Self::Server(database) = self else {
            return Vec::new();
        };
        database.execute("CHECKPOINT");
        let folder = "SELECT current_setting('data_directory') || '/base/' || oid \
                      FROM pg_database WHERE datname = current_database()";
        let folder = text(&database.query_text(folder)[0], 0);
        let files = std::fs::read_dir(folder).expect("the server's own folder");
        files.map(|file| file.expect("read").path()).collect()
    }
}

impl Image {
    /// A copy of its own for whoever asks.
    pub fn copy(&self, folder: &Path) -> Place {
        static COPIES: AtomicU32 = AtomicU32::new(0);
        match self {
            Self::File(image) => {
                let nth = COPIES.fetch_add(1, Ordering::Relaxed);
                let path = folder.join(format!("copy-{nth}.db"));
                copy_with_index(image, &path);
                Place::File(path)
            }
            Self::Template(name) => Place::Server(
                Cluster::shared().database_from(name, |_| panic!("the image was made before")),
            ),
        }
    }
}

/// Copies a file that nobody has open, and its index if it has one.
fn copy_with_index(from: &Path, to: &Path) {
    std::fs::copy(from, to).expect("copied");
    if let (from, to) = (index_of(from), index_of(to))
        && from.exists()
    {
        std::fs::copy(from, to).expect("copied");
    }
}

/// The file of the index that is made of a database.
pub fn index_of(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}-index", path.display()))
}

fn remove(path: &Path) {
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", path.display()));
    }
}

fn beneath_file(path: &Path, statements: &str) {
    let db = Connection::open(path).expect("opens");
    db.pragma_update(None, "ignore_check_constraints", true)
        .expect("set");
    let guards: Vec<(String, String)> = db
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
        .and_then(|mut s| s.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?.collect())
        .expect("guards");
    for (name, _) in &guards {
        db.execute_batch(&format!("DROP TRIGGER {name}"))
            .expect("dropped");
    }
    db.execute_batch(statements)
        .unwrap_or_else(|e| panic!("{statements}: {e}"));
    for (_, sql) in &guards {
        db.execute_batch(sql).expect("put back");
    }
}

fn text(row: &[Option<String>], at: usize) -> String {
    row[at].clone().unwrap_or_default()
}

/// Makes the schema, as `indelible migrate up` does.
fn migrate(url: &str) {
    let address: Address = url.parse().expect("a good URL");
    blocking(async move {
        PostgresStore::migrate(&address, &Options::default())
            .await
            .expect("migrated");
    });
}

/// The caller may stand in a runtime, where blocking on another is forbidden.
fn blocking(future: impl Future<Output = ()> + Send) {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.expect("a runtime").block_on(future);
    };
    std::thread::scope(|scope| scope.spawn(run).join()).expect("it went well");
}
