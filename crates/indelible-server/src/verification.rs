//! The verifications of this server, whoever asks for them: a caller of the API, somebody at the
//! console, the schedule. One runs at a time, because each reads a whole trail; how far it is can
//! be seen meanwhile, and what the last one of each trail came to afterwards.

mod last;
mod record;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indelible_core::verify::{Progress, TrailReport};
use indelible_core::{AuditError, Timestamp, TrailName};
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::access::Caller;
use crate::app::App;
use crate::limits::VERIFICATIONS_MAX;

pub use last::{Came, Last, Noted};
pub use record::record;

/// The turn at verifying, and how far whoever has it is.
pub struct Verifications {
    turns: Arc<Semaphore>,
    standing: Arc<Mutex<Option<Standing>>>,
}

/// How far a verification is.
#[derive(Debug, Clone)]
pub struct Standing {
    /// What runs.
    pub run: Run,
    /// The entries that were read.
    pub entries: u64,
    /// The entries to be read; 0 before that is known.
    pub size: u64,
}

/// A verification of one trail.
#[derive(Debug, Clone)]
pub struct Run {
    /// The trail.
    pub trail: TrailName,
    /// Who asked for it.
    pub by: By,
    /// When it began.
    pub begun_at: Timestamp,
    /// The same by the clock that is never set.
    pub begun: Duration,
}

/// Who asked for a verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum By {
    /// Nobody: its time had come.
    Schedule,
    /// The holder of a key.
    Key {
        /// The key.
        id: String,
        /// What its holder is called.
        name: String,
    },
}

impl By {
    /// This caller.
    pub fn caller(caller: &Caller) -> Self {
        Self::Key {
            id: caller.key.id.clone(),
            name: caller.key.name.clone(),
        }
    }
}

impl Verifications {
    /// None runs yet.
    pub fn new() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(VERIFICATIONS_MAX)),
            standing: Arc::default(),
        }
    }

    /// The turn, where nobody has it.
    pub fn take(&self) -> Option<Turn> {
        let permit = self.turns.clone().try_acquire_owned().ok()?;
        Some(self.turn(permit))
    }

    /// The turn, once nobody else has it.
    pub async fn wait(&self) -> Option<Turn> {
        let permit = self.turns.clone().acquire_owned().await.ok()?;
        Some(self.turn(permit))
    }

    fn turn(&self, permit: OwnedSemaphorePermit) -> Turn {
        Turn {
            standing: self.standing.clone(),
            _permit: permit,
        }
    }

    /// How far the verification is that runs now.
    pub fn standing(&self) -> Option<Standing> {
        lock(&self.standing).clone()
    }
}

/// Every change is one assignment.
fn lock(standing: &Mutex<Option<Standing>>) -> std::sync::MutexGuard<'_, Option<Standing>> {
    standing.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The turn at verifying, which ends where this is dropped.
pub struct Turn {
    standing: Arc<Mutex<Option<Standing>>>,
    _permit: OwnedSemaphorePermit,
}

impl Turn {
    /// Says that the verification of this trail begins now: from here on it is seen to run.
    pub fn begin(&self, app: &App, trail: &TrailName, by: By) -> Run {
        let run = Run {
            trail: trail.clone(),
            by,
            begun_at: app.now(),
            begun: app.elapsed(),
        };
        *lock(&self.standing) = Some(Standing {
            run: run.clone(),
            entries: 0,
            size: 0,
        });
        run
    }

    /// Verifies the trail against itself and against the key and the high-water mark of this
    /// installation; notes and records what that came to.
    ///
    /// # Errors
    /// The trail cannot be read; [`AuditError::Closed`] where the server stops meanwhile.
    pub async fn verify(&self, app: &App, run: Run) -> Result<TrailReport, AuditError> {
        let mut working = app.work();
        let audit = app.trail(&run.trail);
        let mut progress = |progress: Progress| {
            if let Some(standing) = &mut *lock(&self.standing) {
                standing.entries = progress.entries_checked;
                standing.size = progress.size;
            }
        };
        let verified = tokio::select! {
            biased;
            () = working.told_to_stop() => Err(AuditError::Closed),
            verified = audit.verify(Vec::new(), None, &mut progress) => verified,
        };
        let took = app.elapsed().saturating_sub(run.begun);
        last::note(app, &run, took, &verified).await;
        record::ended(app, &run, took, &verified).await;
        verified
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *lock(&self.standing) = None;
    }
}
