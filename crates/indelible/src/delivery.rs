//! Handles that deliver as their caller chooses.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use indelible_core::TrailName;
use indelible_spool::{Delivering, DeliveryMode, Options, WhenFull};

use crate::database::{Database, Settings};
use crate::error::ConnectError;

/// What becomes of events that the database cannot take.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeliverySettings {
    /// The delivery of calls that do not name one.
    pub mode: DeliveryMode,
    /// The folder of the spools of all trails; `spool` in the state directory when absent.
    pub folder: Option<PathBuf>,
    /// Bytes that may wait for one trail in one process; 256 MiB when absent.
    pub bytes_max: Option<u64>,
    /// What is done with an event when the spool is full.
    pub when_full: WhenFull,
    /// How long the database may take before an event is spooled or given up; 2 s when absent.
    pub patience: Option<Duration>,
}

impl Database {
    /// The handle on one trail that delivers as [`Settings::delivery`] say, or as a call chooses.
    /// One handle and its clones use one spool: keep it for as long as the program records.
    ///
    /// # Errors
    /// [`ConnectError::Spool`] where the spool cannot be opened.
    pub fn delivering(&self, trail: TrailName) -> Result<Delivering, ConnectError> {
        let ground = self.engine().ground();
        let mut options = Options::default();
        options.mode = self.delivery.mode;
        options.folder = self
            .spool_folder()
            .map(|folder| folder.join(trail.as_str()));
        options.when_full = self.delivery.when_full;
        if let Some(bytes_max) = self.delivery.bytes_max {
            options.bytes_max = bytes_max;
            options.warn_bytes = bytes_max / 4 * 3;
        }
        options.patience = self.delivery.patience.unwrap_or(options.patience);
        options.redactor = ground.redactor.clone();
        options.clock = ground.clock.clone();
        options.entropy = ground.entropy.clone();
        let inner = Arc::new(self.trail(trail.clone()));
        Ok(Delivering::open(inner, trail, options)?)
    }

    /// The folder of the spools of all trails, `None` for `memory:` where none is named.
    pub fn spool_folder(&self) -> Option<PathBuf> {
        let standard = || Some(self.state_dir()?.join("spool"));
        self.delivery.folder.clone().or_else(standard)
    }
}

/// Opens the database at `url` as [`crate::connect`] does, and answers the handle on its trail
/// `default` that delivers as the environment says ([`Settings::from_environment`]).
///
/// ```
/// use indelible::core::Delivery;
/// use indelible::{AuditAction, AuditEvent, AuditProtocol, DeliveryMode};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let audit = indelible::deliver("memory:").await?;
/// let view = AuditEvent::new(AuditAction::DATA_VIEWED, "statement").user_id("u-17");
/// let receipt = audit.record_with(view, DeliveryMode::BestEffort).await?;
/// assert_eq!(receipt.delivery, Delivery::Recorded);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Those of [`crate::connect`]; [`ConnectError::Spool`].
pub async fn deliver(url: &str) -> Result<Delivering, ConnectError> {
    let database = Database::open(&url.parse()?, Settings::from_environment()?).await?;
    database.delivering(TrailName::standard())
}
