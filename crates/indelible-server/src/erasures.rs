//! The erasures of this server, whoever orders them: a caller of the API, somebody at the console.
//! One runs at a time, because each reads a whole trail and writes files anew; how far it is can be
//! seen meanwhile, and what the last one of each trail came to afterwards. Nothing here names whom
//! it is about.

mod ended;
mod stop;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indelible_core::engine::{ErasureOrder, ErasureProgress, Signatory};
use indelible_core::{AuditError, Timestamp, TrailName};
use indelible_evidence::subject::Erasure;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use uuid::Uuid;

use crate::access::Caller;
use crate::app::App;
use crate::limits::{ERASURES_KEPT_MAX, ERASURES_MAX};
use crate::problem::{Kind, Problem};
use crate::subjects::of_erasing;
use ended::Ending;
pub use ended::{Came, Ended};
use stop::{Certain, stopped, until};

/// The turn at erasing, and how erasures stand.
pub struct Erasures {
    turns: Arc<Semaphore>,
    board: Arc<Mutex<Board>>,
}

#[derive(Default)]
struct Board {
    running: Option<Running>,
    /// Of each trail the one that ended last, in this process, of the trails in which one was last.
    last: BTreeMap<TrailName, Ended>,
}

impl Board {
    fn keep(&mut self, trail: TrailName, ended: Ended) {
        self.last.insert(trail, ended);
        if self.last.len() > ERASURES_KEPT_MAX {
            let ends = self.last.iter();
            let oldest = ends.min_by_key(|(_, ended)| ended.begun_at);
            if let Some(oldest) = oldest.map(|(trail, _)| trail.clone()) {
                self.last.remove(&oldest);
            }
        }
    }
}

/// An erasure that runs.
#[derive(Debug, Clone, Serialize)]
pub struct Running {
    #[serde(skip)]
    pub trail: TrailName,
    /// Who ordered or approved it.
    pub by: String,
    /// What the key is called.
    pub key_name: String,
    /// When it began.
    pub begun_at: Timestamp,
    /// The same by the clock that is never set.
    #[serde(skip)]
    begun: Duration,
    /// What is done now.
    pub step: &'static str,
    /// How much of it is done.
    pub done: u64,
    /// Of how much; 0 where nobody knows.
    pub all: u64,
}

/// How erasures of a trail stand.
#[derive(Debug, Clone, Serialize)]
pub struct Standing {
    /// The trail.
    pub trail: TrailName,
    /// The one that runs now.
    pub running: Option<Running>,
    /// The one that ended last since the server began.
    pub last: Option<Ended>,
}

/// What is to be erased.
pub enum Ordered {
    /// What this order says.
    Now(ErasureOrder),
    /// What somebody else has asked for.
    Approved(Uuid, ErasureOrder),
}

impl Erasures {
    /// None runs yet.
    pub fn new() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(ERASURES_MAX)),
            board: Arc::default(),
        }
    }

    /// The turn at erasing.
    ///
    /// # Errors
    /// [`Kind::RunInProgress`] where somebody has it.
    pub fn take(&self) -> Result<Turn, Problem> {
        let permit = self.turns.clone().try_acquire_owned();
        let permit = permit.map_err(|_| {
            let detail = "an erasure runs already; one is done at a time";
            Problem::new(Kind::RunInProgress, detail)
        })?;
        Ok(Turn {
            board: self.board.clone(),
            _permit: permit,
        })
    }

    /// How erasures of a trail stand.
    pub fn standing(&self, trail: &TrailName) -> Standing {
        let board = lock(&self.board);
        let running = board.running.as_ref();
        Standing {
            trail: trail.clone(),
            running: running.filter(|it| it.trail == *trail).cloned(),
            last: board.last.get(trail).cloned(),
        }
    }
}

/// Every change is one assignment or insertion.
fn lock(board: &Mutex<Board>) -> MutexGuard<'_, Board> {
    board.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The turn at erasing, which ends where this is dropped.
pub struct Turn {
    board: Arc<Mutex<Board>>,
    _permit: OwnedSemaphorePermit,
}

impl Turn {
    /// Says that an erasure begins now: from here on it is seen to run.
    pub fn begin(&self, app: &App, caller: &Caller, trail: &TrailName) -> Running {
        let running = Running {
            trail: trail.clone(),
            by: caller.name(),
            key_name: caller.key.name.clone(),
            begun_at: app.now(),
            begun: app.elapsed(),
            step: "searching",
            done: 0,
            all: 0,
        };
        lock(&self.board).running = Some(running.clone());
        running
    }

    /// Erases, and keeps what that came to.
    ///
    /// # Errors
    /// Those of erasing. What was begun when the server stops is finished by its next start.
    pub async fn erase(
        &self,
        app: &App,
        running: Running,
        ordered: Ordered,
    ) -> Result<Erasure, Problem> {
        let ending = Ending::new(
            self.board.clone(),
            app.engine().ground().clock.clone(),
            running.clone(),
        );
        let mut working = app.work();
        // Looks that wait to be recorded name who was looked for: they have to be there to go.
        if let Err(error) = app.settle_all().await {
            tracing::warn!(%error, "looks that are summed up were not recorded before an erasure");
        }
        let waits = matches!(ordered, Ordered::Approved(..));
        let (says, certain) = watch::channel(Certain::Nothing);
        let work = self.work(app, &running, ordered, &says);
        let erased = match until(working.told_to_stop(), certain, work).await {
            Ok(erased) => erased.map_err(of_erasing),
            Err(certain) => Err(stopped(certain, waits)),
        };
        ending.came(Came::of(&running.trail, &erased));
        erased
    }

    async fn work(
        &self,
        app: &App,
        running: &Running,
        ordered: Ordered,
        says: &watch::Sender<Certain>,
    ) -> Result<Erasure, AuditError> {
        let audit = app.trail(&running.trail);
        let mut progress = |progress| match progress {
            ErasureProgress::Keep => drop(says.send_replace(Certain::Open)),
            ErasureProgress::Kept => drop(says.send_replace(Certain::Begun)),
            progress => self.show(progress),
        };
        let (order, (erased, plan)) = match ordered {
            Ordered::Now(order) => {
                let erased = audit.erase(&order, &mut progress).await?;
                (order, erased)
            }
            Ordered::Approved(id, order) => {
                let who = Signatory {
                    by: &running.by,
                    name: Some(&running.key_name),
                };
                let erased = audit.approve_erasure(id, who, &mut progress).await?;
                (order, erased)
            }
        };
        let erasure = Erasure::planned(running.trail.clone(), &order, plan);
        Ok(erasure.done(erased).with_copies(None))
    }

    fn show(&self, progress: ErasureProgress) {
        let (step, done, all) = match progress {
            ErasureProgress::Search(done, all) => ("searching", done, all),
            ErasureProgress::Record(done, all) => ("recording", done, all),
            ErasureProgress::Blank(done, all) => ("erasing", done, all),
            _ => ("purging", 0, 0),
        };
        if let Some(running) = &mut lock(&self.board).running {
            (running.step, running.done, running.all) = (step, done, all);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        lock(&self.board).running = None;
    }
}
