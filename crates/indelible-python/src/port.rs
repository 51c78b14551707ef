//! From a finished task to a future of an event loop.
//!
//! Waking a thread costs more than recording an event, so both ways go in batches. What tasks of
//! the loop ask for in one of its rounds is handed over in the next. What is finished together
//! wakes the loop once: the first one sends an errand, the courier takes the interpreter and has
//! the loop call back, and the loop then takes all that is there.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};

use pyo3::IntoPyObjectExt;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::failing::Failing;
use crate::living::Living;
use crate::process::Process;
use crate::reading;
use crate::work::{Done, Taken, Told, Work};

/// What a task answers.
pub(crate) type Answer = Result<Done, Told>;

/// The way into one event loop.
pub(crate) struct Port {
    event_loop: Py<PyAny>,
    waiting: Mutex<Waiting>,
    /// What is to be handed over. Taken only with the interpreter held.
    asked: Mutex<Vec<Job>>,
    done: Mutex<Vec<(u64, Answer)>>,
    /// Whether the loop is about to call back.
    is_called: AtomicBool,
}

/// Work for the future of this number.
struct Job {
    ticket: u64,
    work: Taken,
}

/// Futures by the number of their task. Taken only with the interpreter held.
#[derive(Default)]
struct Waiting {
    next: u64,
    futures: HashMap<u64, Py<PyAny>>,
}

impl Port {
    pub fn new(event_loop: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self {
            event_loop: event_loop.clone().unbind(),
            waiting: Mutex::default(),
            asked: Mutex::default(),
            done: Mutex::default(),
            is_called: AtomicBool::new(false),
        })
    }

    pub fn is_closed(&self, py: Python<'_>) -> bool {
        let closed = self.event_loop.call_method0(py, intern!(py, "is_closed"));
        closed
            .and_then(|closed| closed.is_truthy(py))
            .unwrap_or(true)
    }

    /// Starts what was asked for.
    pub fn hand_over(self: &Arc<Self>, process: &Process) {
        let asked = std::mem::take(&mut *lock(&self.asked));
        if asked.is_empty() {
            return;
        }
        let (port, courier) = (Arc::clone(self), process.courier.clone());
        process.runtime.spawn(async move {
            for job in asked {
                tokio::spawn(job.run(Arc::clone(&port), courier.clone()));
            }
        });
    }

    fn expect<'py>(&self, py: Python<'py>) -> PyResult<(u64, Bound<'py, PyAny>)> {
        let event_loop = self.event_loop.bind(py);
        let future = event_loop.call_method0(intern!(py, "create_future"))?;
        let mut waiting = lock(&self.waiting);
        let ticket = waiting.next;
        waiting.next += 1;
        waiting.futures.insert(ticket, future.clone().unbind());
        Ok((ticket, future))
    }

    /// Whether the loop must be called.
    fn finish(&self, ticket: u64, answer: Answer) -> bool {
        lock(&self.done).push((ticket, answer));
        !self.is_called.swap(true, Ordering::AcqRel)
    }
}

/// Starts the work for the running event loop and answers its future.
pub(crate) fn submit<'py>(
    py: Python<'py>,
    work: Work,
    living: Arc<Living>,
) -> PyResult<Result<Bound<'py, PyAny>, Answer>> {
    let process = match Process::current(py) {
        Ok(process) => process,
        Err(failing) => return Ok(Err(work.refused(failing))),
    };
    if process.is_ending() {
        return Ok(Err(work.refused(indelible::AuditError::Closed.into())));
    }
    let Ok(event_loop) = running_loop(py) else {
        let message = "no asyncio event loop runs in this thread; use `.sync`, which needs none";
        return Ok(Err(work.refused(Failing::new("no_event_loop", message))));
    };
    let work = match work.taken_by(living) {
        Ok(work) => work,
        Err(answer) => return Ok(Err(answer)),
    };
    let port = process.port(&event_loop)?;
    let (ticket, future) = port.expect(py)?;
    let job = Job { ticket, work };
    let mut asked = lock(&port.asked);
    asked.push(job);
    let is_first = asked.len() == 1;
    drop(asked);
    if is_first {
        let over = Py::new(py, Over(port, process))?;
        event_loop.call_method1(intern!(py, "call_soon"), (over,))?;
    }
    Ok(Ok(future))
}

fn running_loop(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    static FUNCTION: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    FUNCTION.import(py, "asyncio", "get_running_loop")?.call0()
}

/// What the courier is sent for.
pub(crate) enum Errand {
    /// This loop is to call back.
    Call(Arc<Port>),
    /// The interpreter is about to end.
    End,
}

/// The courier's thread: has loops call back, until the process ends.
pub(crate) fn carry(errands: &mpsc::Receiver<Errand>) {
    while let Ok(Errand::Call(port)) = errands.recv() {
        let called = Python::try_attach(|py| {
            let back = Py::new(py, Back(Arc::clone(&port)))?;
            let event_loop = port.event_loop.bind(py);
            event_loop.call_method1(intern!(py, "call_soon_threadsafe"), (back,))?;
            PyResult::Ok(())
        });
        // A loop that is closed waits for nothing any more; without an interpreter nobody does.
        if called.is_none() {
            return;
        }
    }
}

/// What a loop calls in the round after something was asked for.
#[pyclass(frozen)]
struct Over(Arc<Port>, Arc<Process>);

#[pymethods]
impl Over {
    fn __call__(&self) {
        self.0.hand_over(&self.1);
    }
}

impl Drop for Over {
    /// A loop that was closed before its next round lets go of this: nothing of what was taken may
    /// be lost with it.
    fn drop(&mut self) {
        self.0.hand_over(&self.1);
    }
}

impl Job {
    async fn run(self, port: Arc<Port>, courier: mpsc::Sender<Errand>) {
        let answer = self.work.run().await;
        if port.finish(self.ticket, answer) {
            // The courier ends with the process.
            let _ = courier.send(Errand::Call(port));
        }
    }
}

/// What a loop calls back.
#[pyclass(frozen)]
struct Back(Arc<Port>);

#[pymethods]
impl Back {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        let port = &self.0;
        // From here on a finished task has the loop called again.
        port.is_called.store(false, Ordering::Release);
        let done = std::mem::take(&mut *lock(&port.done));
        let mut waiting = lock(&port.waiting);
        let found = |(ticket, answer)| Some((waiting.futures.remove(&ticket)?, answer));
        let ready: Vec<_> = done.into_iter().filter_map(found).collect();
        drop(waiting);
        for (future, answer) in ready {
            // What goes wrong with one, in a filter of the application's own log say, is told to
            // whoever waits for that one.
            let (told, what) = match reading::result(py, answer) {
                Ok(result) => (intern!(py, "set_result"), result.into_bound_py_any(py)?),
                Err(error) => (intern!(py, "set_exception"), error.into_bound_py_any(py)?),
            };
            let future = future.bind(py);
            let tell = || -> PyResult<()> {
                // Whoever was cancelled does not wait any more.
                if !future.call_method0(intern!(py, "done"))?.is_truthy()? {
                    future.call_method1(told, (what,))?;
                }
                Ok(())
            };
            if let Err(error) = tell() {
                error.write_unraisable(py, Some(future));
            }
        }
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
