//! Clusters: the one that all tests share, and private ones.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Result;

use crate::database::TestDatabase;
use crate::programs::{BIN, Programs, variable};
use crate::server::Server;
use crate::session::{has_code, query, query_or_panic, reason};

const URL: &str = "INDELIBLE_TEST_POSTGRES";
const FOLDER: &str = "INDELIBLE_TEST_POSTGRES_FOLDER";

/// Faster here than `WAL_LOG` for databases of some megabytes in memory.
const STRATEGY: &str = "FILE_COPY";

const DUPLICATE_DATABASE: &str = "42P04";
const NO_SUCH_DATABASE: &str = "3D000";

/// What a private cluster is like; by default without TLS and in memory.
#[derive(Clone, Copy, Debug, Default)]
pub struct Profile {
    /// The server offers TLS with a certificate for `localhost` and `127.0.0.1`, and takes plain
    /// connections too. See [`Cluster::authority`].
    pub tls: bool,
    /// The data folder lies in the folder for temporary files, where `fsync` has its price.
    pub on_disk: bool,
}

/// A running PostgreSQL cluster. Everybody at 127.0.0.1 is trusted, `postgres` is the superuser,
/// and durability is on, as in production.
#[derive(Debug)]
pub struct Cluster {
    port: u16,
    folder: PathBuf,
    programs: Programs,
    server: Option<Server>,
}

impl Cluster {
    /// The cluster that `testbed run` started around the tests.
    ///
    /// # Panics
    /// The tests do not run inside of `testbed run`.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| {
            let named = Self::named().unwrap_or_else(|error| panic!("{error:#}"));
            named.unwrap_or_else(|| {
                panic!(
                    "no PostgreSQL ({URL} is not set): run the tests through ./scripts/test or \
                     `cargo run -p indelible-testbed -- run -- cargo nextest run …`"
                )
            })
        })
    }

    /// Starts a private cluster, which is stopped and removed when dropped.
    ///
    /// # Panics
    /// PostgreSQL is not installed or does not start; with TLS, when `openssl` is missing.
    pub fn start(profile: Profile) -> Self {
        Self::try_start(profile).unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// Starts a private cluster as [`Cluster::start`] does.
    ///
    /// # Errors
    /// What is missing, or why the server does not start.
    pub fn try_start(profile: Profile) -> Result<Self> {
        let server = Server::create(profile)?;
        Ok(Self {
            port: server.port(),
            folder: server.folder().to_owned(),
            programs: server.programs().clone(),
            server: Some(server),
        })
    }

    fn named() -> Result<Option<Self>> {
        let (Some(url), Some(folder)) = (variable(URL), variable(FOLDER)) else {
            return Ok(None);
        };
        let url = url.to_string_lossy();
        let port = url
            .rsplit_once(':')
            .and_then(|(_, rest)| rest.split('/').next());
        let port = port.and_then(|port| port.parse().ok());
        let Some(port) = port else {
            anyhow::bail!("{URL} is not a URL of this harness: {url}");
        };
        Ok(Some(Self {
            port,
            folder: folder.into(),
            programs: Programs::find()?,
            server: None,
        }))
    }

    /// The variables by which [`Cluster::shared`] of another process finds this cluster.
    pub fn environment(&self) -> [(&'static str, OsString); 3] {
        [
            (URL, self.url("postgres", "postgres").into()),
            (BIN, self.programs.bin().into()),
            (FOLDER, self.folder.clone().into()),
        ]
    }

    /// The URL of a database for a role. Names are taken as they are: no name that would have to
    /// be escaped in a URL.
    pub fn url(&self, database: &str, user: &str) -> String {
        url(self.port, database, user)
    }

    /// The port at 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The certificate that clients of a cluster with TLS have to trust, a PEM file.
    ///
    /// # Panics
    /// The cluster has no TLS.
    pub fn authority(&self) -> &Path {
        let authority = self.private().authority();
        authority.expect("the cluster was started with `tls: true`")
    }

    /// The log of a private cluster since its first start.
    pub fn log(&self) -> String {
        self.private().log()
    }

    /// Kills a private cluster: all its processes, at one moment. It stays down until
    /// [`Cluster::restart`]. Does nothing when it is down.
    pub fn kill(&self) {
        self.private().kill();
    }

    /// Stops a private cluster in order, cutting its connections. Does nothing when it is down.
    pub fn stop(&self) {
        self.private().stop();
    }

    /// Starts a private cluster again on its port, and stops it before when it runs. Returns when
    /// it has recovered and takes connections.
    pub fn restart(&self) {
        let server = self.private();
        server.stop();
        server.start().unwrap_or_else(|error| panic!("{error:#}"));
    }

    fn private(&self) -> &Server {
        let server = self.server.as_ref();
        server.expect("only a private cluster has a server of its own: use `Cluster::start`")
    }

    /// A fresh empty database with a name of its own.
    pub fn database(&self) -> TestDatabase {
        let created = self.create("template0");
        created.unwrap_or_else(|error| panic!("{}", reason(&error)))
    }

    /// A fresh copy of the template `template`. Where the cluster has none of that name yet,
    /// `make` makes it: it gets the superuser's URL of an empty database, and nobody else makes
    /// the same at that time, in whatever process. A name stands for one content as long as the
    /// cluster lives. Lower-case letters, digits and `_` only.
    pub fn database_from(&self, template: &str, make: impl FnOnce(&str)) -> TestDatabase {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        assert!(
            template.bytes().all(plain),
            "the template's name {template:?}"
        );
        let template = format!("template_{template}");
        let created = match self.create(&template) {
            Err(error) if has_code(&error, NO_SUCH_DATABASE) => {
                self.make_template(&template, make);
                self.create(&template)
            }
            other => other,
        };
        created.unwrap_or_else(|error| panic!("{}", reason(&error)))
    }

    fn make_template(&self, template: &str, make: impl FnOnce(&str)) {
        let lock = self.folder.join(format!("{template}.lock"));
        let turn = File::create(&lock).and_then(|file| file.lock().map(|()| file));
        let _turn = turn.unwrap_or_else(|error| panic!("{}: {error}", lock.display()));
        let postgres = self.url("postgres", "postgres");
        let known = format!("SELECT 1 FROM pg_database WHERE datname = '{template}'");
        if !query_or_panic(&postgres, &known).is_empty() {
            return;
        }
        // Who made it before may have been killed half-way.
        let making = format!("{template}_making");
        let drop = format!("DROP DATABASE IF EXISTS {making} WITH (FORCE)");
        query_or_panic(&postgres, &drop);
        let create = format!("CREATE DATABASE {making} TEMPLATE template0 STRATEGY {STRATEGY}");
        query_or_panic(&postgres, &create);
        make(&self.url(&making, "postgres"));
        let close = format!("ALTER DATABASE {making} ALLOW_CONNECTIONS false");
        query_or_panic(&postgres, &close);
        let rename = format!("ALTER DATABASE {making} RENAME TO {template}");
        query_or_panic(&postgres, &rename);
    }

    fn create(&self, template: &str) -> Result<TestDatabase, tokio_postgres::Error> {
        static DATABASES: AtomicU32 = AtomicU32::new(1);
        let postgres = self.url("postgres", "postgres");
        loop {
            let nth = DATABASES.fetch_add(1, Ordering::Relaxed);
            let name = format!("test_{}_{nth}", std::process::id());
            let sql = format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY {STRATEGY}");
            match query(&postgres, &sql) {
                Ok(_) => return Ok(TestDatabase::new(self.port, name, self.programs.clone())),
                // A killed process of the same id has left its database.
                Err(error) if has_code(&error, DUPLICATE_DATABASE) => {}
                Err(error) => return Err(error),
            }
        }
    }

    pub(crate) fn programs(&self) -> &Programs {
        &self.programs
    }
}

pub(crate) fn url(port: u16, database: &str, user: &str) -> String {
    format!("postgres://{user}@127.0.0.1:{port}/{database}")
}
