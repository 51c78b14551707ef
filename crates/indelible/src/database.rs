//! One open database: store, state directory and engine put together.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indelible_core::engine::{Audit, Engine, Ground, Options, installation};
use indelible_core::redact::Redactor;
use indelible_core::state::{Secret, State, StateDir, StateInMemory};
use indelible_core::store::{Condition, Store};
use indelible_core::{
    AuditError, Clock, Entropy, MemoryStore, Registry, SystemClock, SystemEntropy, TrailName,
};

use crate::error::ConnectError;
use crate::url::DatabaseUrl;

/// How a database is opened.
#[derive(Clone)]
#[non_exhaustive]
pub struct Settings {
    /// The state directory; else `<state_home>/indelible/<installation>`.
    pub state_dir: Option<PathBuf>,
    /// The folder for states of all installations, `$XDG_STATE_HOME` as a rule.
    pub state_home: Option<PathBuf>,
    /// The signing key, where it comes from elsewhere than the state directory.
    pub signing_seed: Option<Secret>,
    /// The installation's name for a new database.
    pub installation: Option<String>,
    /// Whether a missing database is made.
    pub create: bool,
    /// Whether nothing may be written.
    pub read_only: bool,
    /// The engine's own settings.
    pub options: Options,
    /// The redaction.
    pub redactor: Arc<Redactor>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The source of salts, ids and keys.
    pub entropy: Arc<dyn Entropy>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            state_dir: None,
            state_home: None,
            signing_seed: None,
            installation: None,
            create: true,
            read_only: false,
            options: Options::default(),
            redactor: Arc::new(Redactor::default_mask()),
            clock: Arc::new(SystemClock::new()),
            entropy: Arc::new(SystemEntropy),
        }
    }
}

/// One open database with its trails.
#[derive(Clone)]
pub struct Database {
    engine: Engine,
    url: DatabaseUrl,
    state_dir: Option<PathBuf>,
}

/// What a store is opened to.
struct Opened {
    store: Arc<dyn Store>,
    registry: Arc<dyn Registry>,
}

impl Database {
    /// Opens a database.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn open(url: &DatabaseUrl, settings: Settings) -> Result<Self, ConnectError> {
        let Opened { store, registry } = open_store(url, &settings).await?;
        let create = settings.create && !settings.read_only;
        let wanted = settings.installation.as_deref();
        let entropy = settings.entropy.clone();
        let name = installation(&*registry, &*store, wanted, create, &*entropy).await??;
        // A database without a name has no trails; any name serves to say so.
        let installation = name.unwrap_or_else(|| "unnamed".to_owned());
        let (state, state_dir) = state(url, &settings, &installation)?;
        let ground = Ground {
            store,
            registry,
            state,
            installation,
            clock: settings.clock,
            entropy: settings.entropy,
            redactor: settings.redactor,
        };
        let mut options = settings.options;
        options.long_lived &= !settings.read_only;
        let engine = Engine::open(ground, options).await?;
        Ok(Self { engine, url: url.clone(), state_dir })
    }

    /// The handle on one trail.
    pub fn trail(&self, name: TrailName) -> Audit {
        self.engine.trail(name)
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Where the database is.
    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// The state directory, `None` for `memory:`.
    pub fn state_dir(&self) -> Option<&Path> {
        self.state_dir.as_deref()
    }

    /// What the store says of its own condition.
    ///
    /// # Errors
    /// [`AuditError::Store`].
    pub async fn condition(&self) -> Result<Condition, AuditError> {
        Ok(self.engine.ground().store.condition().await?)
    }

    /// Takes no more events, waits for those taken, and releases the database.
    ///
    /// # Errors
    /// The first failure met.
    pub async fn close(&self) -> Result<(), AuditError> {
        self.engine.close().await
    }
}

async fn open_store(url: &DatabaseUrl, settings: &Settings) -> Result<Opened, ConnectError> {
    match url {
        DatabaseUrl::Memory => {
            let store = Arc::new(MemoryStore::new());
            Ok(Opened { store: store.clone(), registry: store })
        }
        #[cfg(feature = "sqlite")]
        DatabaseUrl::Sqlite(path) => {
            use indelible_sqlite::{Options, SqliteStore};
            if !path.exists() && !(settings.create && !settings.read_only) {
                return Err(ConnectError::Missing(url.to_string()));
            }
            let options = Options {
                create: settings.create && !settings.read_only,
                read_only: settings.read_only,
                ..Options::default()
            };
            let store = Arc::new(SqliteStore::open_with(path, &options)?);
            Ok(Opened { store: store.clone(), registry: store })
        }
        #[cfg(not(feature = "sqlite"))]
        DatabaseUrl::Sqlite(_) => {
            let _ = settings;
            Err(ConnectError::NotBuiltIn("sqlite".to_owned()))
        }
    }
}

fn state(
    url: &DatabaseUrl,
    settings: &Settings,
    installation: &str,
) -> Result<(Arc<dyn State>, Option<PathBuf>), ConnectError> {
    if *url == DatabaseUrl::Memory {
        return Ok((Arc::new(StateInMemory::new()), None));
    }
    let path = match (&settings.state_dir, &settings.state_home) {
        (Some(path), _) => path.clone(),
        (None, Some(home)) => home.join("indelible").join(installation),
        (None, None) => return Err(ConnectError::NoStateHome),
    };
    let dir = StateDir::at(&path).with_signing_seed(settings.signing_seed.clone());
    Ok((Arc::new(dir), Some(path)))
}
