//! How long what has failed is left alone by starts.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// How long at first and at most; twice as long after each failure.
const PAUSE: Duration = Duration::from_secs(60);
const PAUSE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// How often it has failed, and before when no start tries again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Rest {
    failures: u32,
    not_before: Option<Timestamp>,
}

impl Rest {
    /// Whether it is to be left alone now, and until when.
    pub fn until(&self, now: Timestamp) -> Option<Timestamp> {
        self.not_before.filter(|until| now < *until)
    }

    /// It has failed once more.
    pub fn lengthen(&mut self, now: Timestamp) {
        let pause = PAUSE.saturating_mul(1 << self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        self.not_before = Some(now.later(pause.min(PAUSE_MAX)));
    }
}
