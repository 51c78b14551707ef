//! How events are delivered.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use indelible_core::redact::Redactor;
use indelible_core::{Clock, Entropy, SystemClock, SystemEntropy};

use crate::mode::{DeliveryMode, WhenFull};

/// How events are delivered.
#[derive(Clone)]
#[non_exhaustive]
pub struct Options {
    /// The delivery of calls that do not name one.
    pub mode: DeliveryMode,
    /// The folder for spools of the trail; without it nothing can be spooled.
    pub folder: Option<PathBuf>,
    /// Bytes that may wait on disk.
    pub bytes_max: u64,
    /// Bytes of one file, past which the next one is begun.
    pub segment_bytes: u64,
    /// What is done with an event when the spool is full.
    pub when_full: WhenFull,
    /// How long the trail may take before an event is spooled or given up.
    pub patience: Duration,
    /// How long the trail may take under [`DeliveryMode::Required`], and for what was spooled.
    pub deadline: Duration,
    /// Bytes that wait from which on there is a warning.
    pub warn_bytes: u64,
    /// How long the oldest event may wait before there is a warning.
    pub warn_age: Duration,
    /// The redaction of what is spooled; the trail's own, so that the two are the same.
    pub redactor: Arc<Redactor>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The source of ids and of the jitter between tries.
    pub entropy: Arc<dyn Entropy>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            mode: DeliveryMode::default(),
            folder: None,
            bytes_max: 256 << 20,
            segment_bytes: 1 << 20,
            when_full: WhenFull::default(),
            patience: Duration::from_secs(2),
            deadline: Duration::from_secs(30),
            warn_bytes: 192 << 20,
            warn_age: Duration::from_secs(300),
            redactor: Arc::new(Redactor::default_mask()),
            clock: Arc::new(SystemClock::new()),
            entropy: Arc::new(SystemEntropy),
        }
    }
}
