//! One open database: store, state directory and engine put together.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use indelible_core::engine::{Audit, Engine, Ground, InstallationError, Options, installation};
use indelible_core::outbox::Outbox;
use indelible_core::redact::Redactor;
use indelible_core::state::{Secret, State};
use indelible_core::store::{Condition, Store};
use indelible_core::{
    AuditError, Clock, Entropy, MemoryStore, Registry, StoreError, SystemClock, SystemEntropy,
    TrailName,
};

use indelible_merkle::note::SigningKey;

use crate::error::ConnectError;
use crate::outside::Outside;
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
    /// Whether a database that was here, and whose marks are still kept, may be begun anew. Its
    /// trails then refuse to write until they are succeeded.
    pub replace_lost: bool,
    /// Whether nothing may be written.
    pub read_only: bool,
    /// The engine's own settings.
    pub options: Options,
    /// Entries that the index of a database in a file covers at once. With fewer it is less behind
    /// while much is recorded, and merged more often.
    #[cfg(feature = "sqlite")]
    pub index_entries: u32,
    /// What becomes of events that the database cannot take, for [`Database::delivering`].
    #[cfg(feature = "spool")]
    pub delivery: crate::delivery::DeliverySettings,
    /// How often [`Database::drain_outbox`] looks for events to move.
    pub outbox_interval: Duration,
    /// The redaction.
    pub redactor: Arc<Redactor>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The source of salts, ids and keys.
    pub entropy: Arc<dyn Entropy>,
    /// How a server is spoken with, where the trail is behind one.
    #[cfg(feature = "client")]
    pub client: crate::server::ClientSettings,
}

/// How often an outbox is looked at, where nobody says otherwise.
const OUTBOX_INTERVAL: Duration = Duration::from_secs(1);

impl Default for Settings {
    fn default() -> Self {
        Self {
            state_dir: None,
            state_home: None,
            signing_seed: None,
            installation: None,
            create: true,
            replace_lost: false,
            read_only: false,
            options: Options::default(),
            #[cfg(feature = "sqlite")]
            index_entries: indelible_sqlite::Options::default().index_entries,
            #[cfg(feature = "spool")]
            delivery: crate::delivery::DeliverySettings::default(),
            outbox_interval: OUTBOX_INTERVAL,
            redactor: Arc::new(Redactor::default_mask()),
            clock: Arc::new(SystemClock::new()),
            entropy: Arc::new(SystemEntropy),
            #[cfg(feature = "client")]
            client: crate::server::ClientSettings::default(),
        }
    }
}

/// One open database with its trails.
///
/// ```
/// use indelible::{AuditAction, AuditEvent, AuditProtocol, Database, Settings};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let database = Database::open(&"memory:".parse()?, Settings::default()).await?;
/// let (north, south) = (database.trail("north".parse()?), database.trail("south".parse()?));
/// let event = AuditEvent::new(AuditAction::DATA_VIEWED, "statement").user_id("u-17");
/// // A trail comes into being at its first record; each counts for itself.
/// assert_eq!(north.record(event.clone()).await?.seq, Some(0));
/// assert_eq!(south.record(event).await?.seq, Some(0));
/// database.close().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Database {
    engine: Engine,
    url: DatabaseUrl,
    state_dir: Option<PathBuf>,
    /// `None` in memory, where nobody has transactions to join.
    pub(crate) outbox: Option<Arc<dyn Outbox>>,
    pub(crate) outbox_interval: Duration,
    #[cfg(feature = "spool")]
    pub(crate) delivery: crate::delivery::DeliverySettings,
}

/// What a store is opened to.
struct Opened {
    store: Arc<dyn Store>,
    registry: Arc<dyn Registry>,
    outbox: Option<Arc<dyn Outbox>>,
}

impl Database {
    /// Opens a database.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn open(url: &DatabaseUrl, settings: Settings) -> Result<Self, ConnectError> {
        // All that can be refused without the database is, before a new one is made.
        if let Some(name) = &settings.installation {
            InstallationError::check(name)?;
        }
        let outside = Outside::of(url, &settings)?;
        let known = outside.installation()?;
        if let DatabaseUrl::Sqlite(path) = url
            && !path.exists()
        {
            outside.refuse_lost(url, known.as_deref(), &settings)?;
        }
        let Opened {
            store,
            registry,
            outbox,
        } = open_store(url, &settings).await?;
        if is_on_a_server(url) && is_new(&*store, &*registry).await? {
            outside.refuse_lost(url, known.as_deref(), &settings)?;
        }
        let create = settings.create && !settings.read_only;
        if let (Some(given), Some(there)) = (&settings.installation, &known)
            && given != there
        {
            let (there, given) = (there.clone(), given.clone());
            return Err(InstallationError::Other { there, given }.into());
        }
        let wanted = settings.installation.as_deref().or(known.as_deref());
        let entropy = settings.entropy.clone();
        let name = installation(&*registry, &*store, wanted, create, &*entropy).await??;
        // A database without a name has no trails; any name serves to say so.
        let installation = name.unwrap_or_else(|| "unnamed".to_owned());
        let (state, state_dir) = outside.state(&settings, &installation)?;
        if !settings.read_only && has_key_of(&*state, &*store, &installation).await? {
            outside.tie(&installation, &*settings.entropy)?;
        }
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
        options.read_only = settings.read_only;
        let engine = Engine::open(ground, options).await?;
        Ok(Self {
            engine,
            url: url.clone(),
            state_dir,
            outbox,
            outbox_interval: settings.outbox_interval,
            #[cfg(feature = "spool")]
            delivery: settings.delivery,
        })
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

#[cfg_attr(
    not(any(feature = "sqlite", feature = "postgres")),
    expect(unused_variables, reason = "a store in memory has none")
)]
async fn open_store(url: &DatabaseUrl, settings: &Settings) -> Result<Opened, ConnectError> {
    match url {
        DatabaseUrl::Memory => {
            let store = Arc::new(MemoryStore::new());
            Ok(Opened {
                store: store.clone(),
                registry: store,
                outbox: None,
            })
        }
        #[cfg(feature = "sqlite")]
        DatabaseUrl::Sqlite(path) => {
            use indelible_sqlite::{Options, SqliteStore};
            let create = settings.create && !settings.read_only;
            if !create && !path.exists() {
                return Err(ConnectError::Missing(url.to_string()));
            }
            let options = Options {
                create,
                read_only: settings.read_only,
                index_entries: settings.index_entries,
                ..Options::default()
            };
            let store = Arc::new(SqliteStore::open_with(path, &options)?);
            Ok(Opened {
                store: store.clone(),
                registry: store.clone(),
                outbox: Some(store),
            })
        }
        #[cfg(not(feature = "sqlite"))]
        DatabaseUrl::Sqlite(_) => Err(ConnectError::NotBuiltIn("sqlite".to_owned())),
        #[cfg(feature = "postgres")]
        DatabaseUrl::Postgres(address) => {
            use indelible_postgres::{Options, PostgresStore};
            let options = Options {
                read_only: settings.read_only,
                ..Options::default()
            };
            let store = Arc::new(PostgresStore::open_with(address, &options).await?);
            Ok(Opened {
                store: store.clone(),
                registry: store.clone(),
                outbox: Some(store),
            })
        }
    }
}

/// Whether a database is there although it holds nothing: a file is made at the first record, a
/// database on a server before that.
fn is_on_a_server(url: &DatabaseUrl) -> bool {
    !matches!(url, DatabaseUrl::Memory | DatabaseUrl::Sqlite(_))
}

/// Whether nobody has begun a trail in the database, nor named an installation.
async fn is_new(store: &dyn Store, registry: &dyn Registry) -> Result<bool, ConnectError> {
    match store.heads().await {
        Ok(heads) if heads.is_empty() => Ok(registry.list("installation").await?.is_empty()),
        // A head that cannot be read is verification's to report.
        Ok(_) | Err(StoreError::Corrupt { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Whether the state at hand may be tied to the database: it has the key of its trails, or there
/// are none yet. A call that names the wrong one of the two must not bring them together.
async fn has_key_of(
    state: &dyn State,
    store: &dyn Store,
    installation: &str,
) -> Result<bool, ConnectError> {
    let heads = match store.heads().await {
        Ok(heads) => heads,
        Err(StoreError::Corrupt { .. }) => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    let Some(head) = heads.first() else {
        return Ok(true);
    };
    let Some(seed) = state.signing_seed()? else {
        return Ok(false);
    };
    let key = SigningKey::from_seed(installation, *seed.expose()).ok();
    Ok(key.is_some_and(|key| key.verifier_key().public_key() == head.key.public_key()))
}
