//! What happens around a fork, and at the end.
//!
//! SQLite may not be open across a fork: locks and shared memory are counted by process. So the
//! trails in files are closed before it, after those who use them, and opened again by whoever
//! uses them next, on either side. A database on a server or a server itself has nothing but
//! connections, which the child leaves to its parent.

use std::sync::{Mutex, PoisonError};
use std::thread::ThreadId;
use std::time::Duration;

use futures_util::future::join_all;
use pyo3::prelude::*;

use crate::living::Held;
use crate::process::Process;

/// How long the end of the interpreter waits for trails to be closed.
const CLOSE_TIME_MAX: Duration = Duration::from_secs(10);

/// Trails that nobody may open yet, by the thread that forks.
static HELD: Mutex<Vec<(ThreadId, Held)>> = Mutex::new(Vec::new());

/// Closes the trails in files, and keeps them closed until the fork is over.
#[pyfunction]
pub(crate) fn before_fork(py: Python<'_>) {
    let Some(process) = Process::existing(py) else {
        return;
    };
    let mut livings = process.livings();
    livings.retain(|living| living.plan.is_file());
    if livings.is_empty() {
        return;
    }
    let held = py.detach(|| {
        let hold = join_all(livings.iter().map(|living| living.hold()));
        process.runtime.block_on(hold)
    });
    let thread = std::thread::current().id();
    let held = held.into_iter().map(|held| (thread, held));
    HELD.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .extend(held);
}

/// Lets the trails be opened again.
#[pyfunction]
pub(crate) fn after_fork_in_parent(_py: Python<'_>) {
    let thread = std::thread::current().id();
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    held.retain(|(of, _)| *of != thread);
}

/// Leaves everything to the parent: no thread of it is here.
#[pyfunction]
pub(crate) fn after_fork_in_child(_py: Python<'_>) {
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::forget(std::mem::take(&mut *held));
}

/// Closes all trails of this process, so that its end is on record as an orderly one, and ends
/// the thread that takes the interpreter.
#[pyfunction]
pub(crate) fn close_all(py: Python<'_>) {
    let Some(process) = Process::existing(py) else {
        return;
    };
    process.hand_over();
    let livings = process.livings();
    py.detach(|| {
        let close = join_all(livings.iter().map(|living| living.close()));
        // Nobody is left to be told what went wrong.
        let _ = process
            .runtime
            .block_on(async { tokio::time::timeout(CLOSE_TIME_MAX, close).await });
        process.dismiss_courier();
    });
}
