//! A place to call the binary from: a folder of its own and a state directory outside it.

use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;
use testbed::{Cluster, TestDatabase};

/// Makes two tests of each body, `sqlite::name` and `postgres::name`. A body takes the function
/// that makes a desk.
macro_rules! on_each_store {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test] fn $name() { super::$name(crate::desk::Desk::new) })+
        }
        mod postgres {
            $(#[test] fn $name() { super::$name(crate::desk::Desk::on_postgres) })+
        }
    };
}
pub(crate) use on_each_store;

/// A working folder with a database in it or on a server, and everything that belongs to it.
pub struct Desk {
    folder: TempDir,
    server: Option<TestDatabase>,
}

/// Who records on a server, who may erase besides, and who only reads. Roles are the cluster's, so all desks share them.
const ROLES: &str = "DO $$ BEGIN \
CREATE ROLE cli_writer LOGIN IN ROLE indelible_writer; \
CREATE ROLE cli_eraser LOGIN IN ROLE indelible_writer, indelible_eraser; \
CREATE ROLE cli_auditor LOGIN IN ROLE indelible_auditor; \
EXCEPTION WHEN duplicate_object THEN NULL; END $$";

impl Desk {
    /// A desk with a database in its working folder.
    pub fn new() -> Self {
        Self::with(None)
    }

    /// A desk with a PostgreSQL database of its own, which has its schema, and which its calls
    /// mean as a role that may record.
    pub fn on_postgres() -> Self {
        Self::with(Some(Cluster::shared().database_from("cli", |url| {
            let maker = Self::new();
            maker.run(&["migrate", "up", "--database", url]).fine();
            Cluster::shared().database().execute(ROLES);
        })))
    }

    /// A desk whose calls mean this database, whatever is in it.
    pub fn with(server: Option<TestDatabase>) -> Self {
        let desk = Self {
            folder: tempfile::tempdir().expect("a folder"),
            server,
        };
        std::fs::create_dir(desk.path("here")).expect("a folder");
        desk
    }

    /// Whether its database is on a server.
    pub fn is_on_postgres(&self) -> bool {
        self.server.is_some()
    }

    /// The database on the server.
    #[track_caller]
    pub fn server(&self) -> &TestDatabase {
        self.server.as_ref().expect("a desk with a server")
    }

    /// Its database alone.
    #[track_caller]
    pub fn into_server(self) -> TestDatabase {
        self.server.expect("a desk with a server")
    }

    /// The URL that its calls mean.
    pub fn url(&self) -> String {
        match &self.server {
            Some(database) => database.url_as("cli_writer"),
            None => "sqlite:indelible.db".to_owned(),
        }
    }

    /// Changes the database beneath its guards, and puts them back.
    pub fn tamper(&self, sql: &str) {
        match &self.server {
            Some(database) => {
                let each = |word: &str| {
                    format!(
                        "DO $$ DECLARE c text; BEGIN FOR c IN SELECT format('ALTER TABLE %s {word} \
                         TRIGGER %I', tgrelid::regclass, tgname) FROM pg_trigger WHERE NOT \
                         tgisinternal LOOP EXECUTE c; END LOOP; END $$"
                    )
                };
                let (off, on) = (each("DISABLE"), each("ENABLE ALWAYS"));
                database.execute(&format!("SET search_path = indelible; {off}; {sql}; {on}"));
            }
            None => tamper_file(&self.database(), sql),
        }
    }

    /// Keeps a copy of the database as it is now.
    pub fn keep(&self) {
        let copy = self.path("copy");
        match &self.server {
            Some(database) => database.dump(&copy),
            None => drop(std::fs::copy(self.database(), copy).expect("copied")),
        }
    }

    /// Puts the copy in the database's place.
    pub fn restore(&self) {
        let copy = self.path("copy");
        match &self.server {
            Some(database) => {
                database.execute("DROP SCHEMA indelible CASCADE");
                database.restore_into(&copy);
            }
            None => drop(std::fs::copy(copy, self.database()).expect("restored")),
        }
    }

    /// A path in the temporary folder: `here` is the working folder, `state` the state home.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The database of the working folder.
    pub fn database(&self) -> PathBuf {
        self.path("here/indelible.db")
    }

    /// Writes a file in the working folder and answers its name.
    pub fn file<'n>(&self, name: &'n str, content: impl AsRef<[u8]>) -> &'n str {
        let path = self.path("here").join(name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).expect("a folder");
        }
        std::fs::write(path, content).expect("written");
        name
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path("here").join(name)).expect(name)
    }

    /// The binary with these arguments, in the working folder, with nothing of the environment
    /// but what it needs.
    pub fn call(&self, arguments: &[&str]) -> Command {
        Command::from_std(self.process(arguments))
    }

    /// The same call, for a test that looks after its process.
    pub fn process(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_indelible"));
        command
            .args(arguments)
            .current_dir(self.path("here"))
            .env_clear();
        command.env("XDG_STATE_HOME", self.path("state"));
        if self.server.is_some() {
            command.env("INDELIBLE_DATABASE_URL", self.url());
        }
        command
    }

    /// What a call answers.
    pub fn run(&self, arguments: &[&str]) -> Answered {
        Answered::of(self.call(arguments).output().expect("the binary runs"))
    }

    /// What a call answers to this on standard input.
    pub fn fed(&self, arguments: &[&str], input: impl AsRef<[u8]>) -> Answered {
        let output = self.call(arguments).write_stdin(input.as_ref()).output();
        Answered::of(output.expect("the binary runs"))
    }

    /// What a call answers whose standard output nobody reads.
    pub fn unread(&self, arguments: &[&str]) -> Answered {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = self.process(arguments);
        Answered::of(command.stdout(writer).output().expect("the binary runs"))
    }

    /// The JSON that a call answers, which must be fine.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let arguments = [arguments, &["--output", "json"]].concat();
        self.run(&arguments).fine().json()
    }

    /// Records some entries: users `u-0`, `u-1`, …, each with its number in the context.
    pub fn records(&self, count: u32) {
        let event = |n: u32| {
            let time = format!(
                "2026-03-01T{:02}:{:02}:{:02}Z",
                n / 3600,
                n / 60 % 60,
                n % 60
            );
            format!(
                "{{\"action\":\"page_viewed\",\"resource_type\":\"page\",\"user_id\":\"u-{n}\",\
                 \"context\":{{\"n\":{n}}},\"occurred_at\":\"{time}\"}}\n"
            )
        };
        let lines: String = (0..count).map(event).collect();
        self.fed(&["import", "ndjson", "-"], lines).fine();
    }

    /// The state directory of the only installation.
    pub fn state(&self) -> PathBuf {
        let installations = std::fs::read_dir(self.path("state/indelible")).expect("a state");
        installations
            .map(|found| found.expect("readable").path())
            .find(|path| path.join("marks").is_dir())
            .expect("one")
    }
}

/// What a call answered.
#[derive(Debug)]
pub struct Answered {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl Answered {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self {
            status: output.status.code().expect("no signal"),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }

    /// The same, which must be exit status 0.
    #[track_caller]
    pub fn fine(self) -> Self {
        assert_eq!(self.status, 0, "{self:?}");
        self
    }

    /// The same, which must be this exit status, say this on standard error, and say it as
    /// everything there is said.
    #[track_caller]
    pub fn fails(self, status: i32, said: &str) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        assert!(self.err.starts_with("indelible: "), "{self:?}");
        assert!(self.err.contains(said), "{self:?}");
        self
    }

    /// The same, which must be this exit status.
    #[track_caller]
    pub fn status_is(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// The same, which must say this on standard output.
    #[track_caller]
    pub fn says(self, said: &str) -> Self {
        assert!(self.out.contains(said), "{self:?}");
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).expect("JSON")
    }

    #[track_caller]
    pub fn lines(&self) -> Vec<Value> {
        self.out
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    }
}

fn tamper_file(file: &Path, sql: &str) {
    let db = rusqlite::Connection::open(file).expect("a database");
    let guards: Vec<(String, String)> = db
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
        .and_then(|mut found| {
            let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
            found.query_map([], row)?.collect()
        })
        .expect("a schema");
    for (name, _) in &guards {
        db.execute_batch(&format!("DROP TRIGGER \"{name}\""))
            .expect("dropped");
    }
    db.execute_batch(sql).expect(sql);
    for (_, guard) in &guards {
        db.execute_batch(guard).expect("made again");
    }
}

/// The bytes, packed by gzip.
pub fn packed(content: &str) -> Vec<u8> {
    use std::io::Write;
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(content.as_bytes()).expect("memory");
    packer.finish().expect("memory")
}

/// All files below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for item in std::fs::read_dir(folder).into_iter().flatten() {
        let path = item.expect("readable").path();
        if path.is_dir() {
            found.extend(files(&path))
        } else {
            found.push(path)
        }
    }
    found
}
