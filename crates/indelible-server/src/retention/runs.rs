//! The runs of retention of this server, one at a time for each trail. A run goes on when whoever
//! asked for it leaves, unless the server stops; how far it is can be asked meanwhile, and what it
//! came to afterwards. What went is in the trail, whatever is known here.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use indelible_core::engine::{Audit, RetentionProgress, Signatory};
use indelible_core::{AuditError, StoreError, Timestamp, TrailName};
use indelible_evidence::retention::Outcome;
use serde::Serialize;
use tokio::sync::oneshot;

use crate::app::App;
use crate::limits::{RETENTION_RUNS_KEPT_MAX, RETENTION_RUNS_MAX};
use crate::problem::{Kind, Problem};

/// All runs that are known.
#[derive(Default)]
pub struct Runs(Arc<Mutex<BTreeMap<TrailName, RunState>>>);

/// How far a run is, and what it came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunState {
    /// The trail.
    pub trail: TrailName,
    /// Whether it is under way.
    pub running: bool,
    /// Who had it done; nobody where this server knows of no run.
    pub by: Option<String>,
    /// When it began.
    pub begun_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What it does: `searching`, `removing`, `blanking`.
    pub phase: Option<&'static str>,
    /// How many entries it has looked at, or removed.
    pub done: Option<u64>,
    /// Of how many.
    pub of: Option<u64>,
    /// What it came to.
    pub outcome: Option<Outcome>,
    /// Why it did not come to its end.
    pub problem: Option<String>,
}

/// What a run came to.
#[derive(Debug)]
pub struct Ended(Result<Outcome, Problem>);

/// The end of a run, for whoever waits for it.
pub struct Ending(oneshot::Receiver<Ended>);

impl Future for Ending {
    type Output = Ended;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Ended> {
        let cut = |_| Ended(Err(Problem::new(Kind::Internal, CUT_SHORT)));
        let ended = Pin::new(&mut self.0).poll(context);
        ended.map(|ended| ended.unwrap_or_else(cut))
    }
}

impl Ended {
    /// What went, or why nothing did, or not all.
    ///
    /// # Errors
    /// Why not.
    pub fn told(self) -> Result<Outcome, Problem> {
        self.0
    }
}

const CUT_SHORT: &str = "the run was cut short; the next one goes on with it";

impl RunState {
    fn none(trail: &TrailName) -> Self {
        Self {
            trail: trail.clone(),
            running: false,
            by: None,
            begun_at: None,
            ended_at: None,
            phase: None,
            done: None,
            of: None,
            outcome: None,
            problem: None,
        }
    }

    fn moved(&mut self, progress: RetentionProgress) {
        let (phase, done, of) = match progress {
            RetentionProgress::Search(done, of) => ("searching", Some(done), Some(of)),
            RetentionProgress::Remove(done, of) => ("removing", Some(done), Some(of)),
            _ => ("blanking", None, None),
        };
        (self.phase, self.done, self.of) = (Some(phase), done, of);
    }
}

impl Runs {
    /// How far the run of a trail is, or what its last one came to.
    pub fn state(&self, trail: &TrailName) -> RunState {
        let state = lock(&self.0).get(trail).cloned();
        state.unwrap_or_else(|| RunState::none(trail))
    }

    /// Begins a run, which records that it was this key's, in a task of its own.
    ///
    /// # Errors
    /// [`Kind::RunInProgress`], [`Kind::Overloaded`].
    pub fn begin(&self, app: &App, audit: Audit, who: &Signatory<'_>) -> Result<Ending, Problem> {
        let turn = self.take(audit.name(), who.by, app.now())?;
        let (told, ending) = oneshot::channel();
        let (app, by, name) = (app.clone(), who.by.to_owned(), who.name.map(str::to_owned));
        tokio::spawn(async move {
            let who = Signatory {
                by: &by,
                name: name.as_deref(),
            };
            // Nobody has to wait for it.
            let _ = told.send(turn.carry_out(&app, &audit, who).await);
        });
        Ok(Ending(ending))
    }

    fn take(&self, trail: &TrailName, by: &str, now: Timestamp) -> Result<Turn, Problem> {
        let mut runs = lock(&self.0);
        if runs.get(trail).is_some_and(|run| run.running) {
            let detail = format!("a run of trail {trail} is under way; one is done at a time");
            return Err(Problem::new(Kind::RunInProgress, detail));
        }
        if runs.values().filter(|run| run.running).count() >= RETENTION_RUNS_MAX {
            let detail = format!("{RETENTION_RUNS_MAX} runs are under way, the most at once");
            return Err(Problem::new(Kind::Overloaded, detail));
        }
        let ended = runs.values().filter(|run| !run.running);
        if runs.len() >= RETENTION_RUNS_KEPT_MAX
            && let Some(oldest) = ended.min_by_key(|run| run.ended_at)
        {
            let oldest = oldest.trail.clone();
            runs.remove(&oldest);
        }
        let run = RunState {
            running: true,
            by: Some(by.to_owned()),
            begun_at: Some(now),
            ..RunState::none(trail)
        };
        runs.insert(trail.clone(), run);
        Ok(Turn {
            runs: self.0.clone(),
            trail: trail.clone(),
        })
    }
}

/// A run under way, which is over where this is dropped.
struct Turn {
    runs: Arc<Mutex<BTreeMap<TrailName, RunState>>>,
    trail: TrailName,
}

impl Turn {
    async fn carry_out(self, app: &App, audit: &Audit, who: Signatory<'_>) -> Ended {
        let mut working = app.work();
        let mut moved = |progress: RetentionProgress| self.note(|run| run.moved(progress));
        // What is cut short was recorded, and the next run goes on with it, or the next start.
        let done = tokio::select! {
            biased;
            () = working.told_to_stop() => Err(AuditError::Closed),
            done = audit.retain(who, &mut moved) => done,
        };
        let trail = self.trail.as_str();
        let came = match done {
            Ok((retained, plan)) => {
                tracing::info!(trail, entries = retained.entries, "retention was done");
                Ok(Outcome::of(self.trail.clone(), plan, Some(retained)))
            }
            Err(error) => {
                let problem = of_run(error.clone());
                match problem.kind.status().is_server_error() {
                    true => tracing::error!(trail, %error, "retention was not done"),
                    false => tracing::warn!(trail, %error, "retention was refused"),
                }
                Err(problem)
            }
        };
        let now = app.now();
        self.note(|run| {
            run.running = false;
            run.ended_at = Some(now);
            run.outcome = came.as_ref().ok().cloned();
            run.problem = came.as_ref().err().map(|problem| problem.detail.clone());
        });
        Ended(came)
    }

    fn note(&self, change: impl FnOnce(&mut RunState)) {
        if let Some(run) = lock(&self.runs).get_mut(&self.trail) {
            change(run);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.note(|run| {
            if run.running {
                run.running = false;
                run.problem = Some(CUT_SHORT.to_owned());
            }
        });
    }
}

/// Every change is done within its lock.
fn lock(
    runs: &Mutex<BTreeMap<TrailName, RunState>>,
) -> MutexGuard<'_, BTreeMap<TrailName, RunState>> {
    runs.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why a run was not done, or not to its end.
fn of_run(error: AuditError) -> Problem {
    match &error {
        AuditError::Store(store) if matches!(**store, StoreError::Unsupported(_)) => {
            let detail = "this server may not remove anything: its database role is not meant to, \
                          or the database is open for reading only. `indelible retention run` \
                          does it as a role that may";
            Problem::new(Kind::RemovalRefused, detail).because(error)
        }
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trail(name: &str) -> TrailName {
        name.parse().expect("a name")
    }

    #[test]
    fn one_run_of_a_trail_is_done_at_a_time_and_few_at_once() {
        let runs = Runs::default();
        let take = |name: &str| runs.take(&trail(name), "key:a", Timestamp::from_micros(0));
        let kind = |name: &str| take(name).err().map(|problem| problem.kind);
        assert!(!runs.state(&trail("a")).running);
        let first = take("a").expect("free");
        assert!(runs.state(&trail("a")).running);
        assert_eq!(kind("a"), Some(Kind::RunInProgress));
        let others: Vec<_> = (1..RETENTION_RUNS_MAX)
            .map(|n| take(&format!("b{n}")).expect("free"))
            .collect();
        assert_eq!(kind("c"), Some(Kind::Overloaded));
        // A run that ends, however it does, is none any more.
        drop(first);
        let state = runs.state(&trail("a"));
        assert_eq!(
            (state.running, state.problem.as_deref()),
            (false, Some(CUT_SHORT))
        );
        assert_eq!(kind("c"), None);
        drop(others);
        for n in 0..2 * RETENTION_RUNS_KEPT_MAX {
            drop(take(&format!("d{n}")).expect("free"));
        }
        assert_eq!(lock(&runs.0).len(), RETENTION_RUNS_KEPT_MAX);
    }
}
