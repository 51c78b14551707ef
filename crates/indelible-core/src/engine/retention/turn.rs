//! One run of a trail at a time in one engine. What goes on by itself makes way for one that
//! somebody asked for, which does the same first, but not amid a purge.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{MutexGuard, watch};

use crate::trail::TrailName;

/// The turns of all trails.
#[derive(Default)]
pub(in crate::engine) struct Turns(Mutex<HashMap<TrailName, Arc<Turn>>>);

impl Turns {
    pub(super) fn of(&self, trail: &TrailName) -> Arc<Turn> {
        // Every change is one insertion.
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        turns.entry(trail.clone()).or_default().clone()
    }
}

/// The turn of one trail.
#[derive(Default)]
pub(super) struct Turn {
    taken: tokio::sync::Mutex<()>,
    /// How many were asked for that wait for it.
    asked: watch::Sender<usize>,
    /// Whether the run that has it makes way no more.
    is_kept: AtomicBool,
}

impl Turn {
    /// Waits for the turn, for a run that somebody asked for.
    pub async fn take(&self) -> MutexGuard<'_, ()> {
        let _asked = Asked::by(&self.asked);
        self.taken.lock().await
    }

    /// Waits until nobody asks for the turn, and takes it.
    pub async fn take_free(&self) -> MutexGuard<'_, ()> {
        self.is_asked_for(false).await;
        let taken = self.taken.lock().await;
        self.is_kept.store(false, Ordering::SeqCst);
        taken
    }

    /// Waits until somebody asks for the turn while the run that has it makes way. Asked beside that
    /// run, before each of its steps.
    pub async fn wanted(&self) {
        self.is_asked_for(true).await;
        if self.is_kept.load(Ordering::SeqCst) {
            std::future::pending().await
        }
    }

    /// The run that has the turn keeps it to its end: what it begins now goes on in the store
    /// whoever gives it up, and would be done once more by whoever comes next.
    pub fn keep(&self) {
        self.is_kept.store(true, Ordering::SeqCst);
    }

    async fn is_asked_for(&self, is_so: bool) {
        let mut asked = self.asked.subscribe();
        // The sender is this turn's own.
        let _ = asked.wait_for(|asked| (*asked > 0) == is_so).await;
    }
}

/// One that waits for the turn, until this is dropped.
struct Asked<'a>(&'a watch::Sender<usize>);

impl<'a> Asked<'a> {
    fn by(asked: &'a watch::Sender<usize>) -> Self {
        asked.send_modify(|asked| *asked += 1);
        Self(asked)
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|asked| *asked -= 1);
    }
}
