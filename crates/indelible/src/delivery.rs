//! Handles that deliver as their caller chooses.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use indelible_core::{RecordInOrder, TrailName};
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

impl DeliverySettings {
    /// The handle that delivers to `inner`; `folder` is that of the spools of all trails.
    pub(crate) fn open(
        &self,
        inner: Arc<dyn RecordInOrder>,
        trail: TrailName,
        folder: Option<PathBuf>,
        settings: &Settings,
    ) -> Result<Delivering, ConnectError> {
        let mut options = Options::default();
        options.mode = self.mode;
        options.folder = folder.map(|folder| folder.join(trail.as_str()));
        options.when_full = self.when_full;
        if let Some(bytes_max) = self.bytes_max {
            options.bytes_max = bytes_max;
            options.warn_bytes = bytes_max / 4 * 3;
        }
        options.patience = self.patience.unwrap_or(options.patience);
        options.redactor = settings.redactor.clone();
        options.clock = settings.clock.clone();
        options.entropy = settings.entropy.clone();
        Ok(Delivering::open_in_order(inner, trail, options)?)
    }
}

impl Database {
    /// The handle on one trail that delivers as [`Settings::delivery`] say, or as a call chooses.
    /// One handle and its clones use one spool: keep it for as long as the program records.
    ///
    /// # Errors
    /// [`ConnectError::Spool`] where the spool cannot be opened.
    pub fn delivering(&self, trail: TrailName) -> Result<Delivering, ConnectError> {
        let ground = self.engine().ground();
        let settings = Settings {
            redactor: ground.redactor.clone(),
            clock: ground.clock.clone(),
            entropy: ground.entropy.clone(),
            ..Settings::default()
        };
        let inner = Arc::new(self.trail(trail.clone()));
        self.delivery
            .open(inner, trail, self.spool_folder(), &settings)
    }

    /// The folder of the spools of all trails, `None` for `memory:` where none is named.
    pub fn spool_folder(&self) -> Option<PathBuf> {
        let standard = || Some(self.state_dir()?.join("spool"));
        self.delivery.folder.clone().or_else(standard)
    }
}
