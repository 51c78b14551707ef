//! The handle on one trail, as Python has it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use pyo3::exceptions::PyUnicodeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};

use crate::failing::Failing;
use crate::living::Living;
use crate::plan::{Only, Place, Plan};
use crate::port::submit;
use crate::problem::kind;
use crate::process::Process;
use crate::question;
use crate::reading;
use crate::work::{Form, Told, Work};
use crate::writing::{self, FIELDS};

/// How often a thread that waits looks whether it was interrupted.
const SIGNALS_EVERY: Duration = Duration::from_millis(100);

/// One trail, wherever it is. Nothing is opened before its first use.
///
/// Each operation takes `wait`: false answers a future of the running event loop, true blocks
/// the thread and answers the result.
#[pyclass(frozen)]
pub(crate) struct Trail {
    plan: Plan,
    /// The handle of this process. Taken only with the interpreter held.
    living: Mutex<Option<Arc<Living>>>,
}

#[pymethods]
impl Trail {
    #[new]
    #[pyo3(signature = (url, path, only, trail, delivery, state_dir, key, verifier_key))]
    #[expect(
        clippy::too_many_arguments,
        reason = "they are what Python's constructors take"
    )]
    fn new(
        url: Option<Bound<'_, PyString>>,
        path: Option<Bound<'_, PyAny>>,
        only: Option<&str>,
        trail: Option<Bound<'_, PyString>>,
        delivery: Option<Bound<'_, PyString>>,
        state_dir: Option<Bound<'_, PyAny>>,
        key: Option<Bound<'_, PyString>>,
        verifier_key: Option<Bound<'_, PyString>>,
    ) -> PyResult<Self> {
        let text = |text: Option<Bound<'_, PyString>>| {
            text.map(|text| text.to_string_lossy().into_owned())
        };
        let mut place = match (path, url) {
            (Some(path), _) => file(&path)?.map_or(Place::Unreadable, Place::File),
            // Another text would be another place.
            (None, Some(url)) => match url.to_str() {
                Ok(url) => Place::Url(url.to_owned()),
                Err(_) => Place::Unreadable,
            },
            (None, None) => Place::default(),
        };
        let mut folder = None;
        if let Some(state_dir) = state_dir {
            folder = file(&state_dir)?;
            if folder.is_none() {
                place = Place::Unreadable;
            }
        }
        let only = match only {
            Some("postgres") => Only::Postgres,
            Some("server") => Only::Server,
            Some("trails") => Only::Trails,
            _ => Only::Any,
        };
        let plan = Plan {
            place,
            only,
            trail: text(trail),
            delivery: text(delivery),
            state_dir: folder,
            key: text(key),
            verifier_key: text(verifier_key),
        };
        let living = Mutex::new(None);
        Ok(Self { plan, living })
    }

    /// Records one event, whose fields come in the order of `FIELDS`.
    fn record<'py>(
        &self,
        py: Python<'py>,
        wait: bool,
        fields: Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.with_event(py, wait, &fields, Work::Record)
    }

    /// Records that something is attempted.
    fn attempt<'py>(
        &self,
        py: Python<'py>,
        wait: bool,
        fields: Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.with_event(py, wait, &fields, Work::Attempt)
    }

    /// Records events, dictionaries of their fields, each by itself.
    fn record_all<'py>(
        &self,
        py: Python<'py>,
        wait: bool,
        events: Bound<'py, PyList>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let mut written = Vec::with_capacity(events.len());
        for event in events.iter() {
            written.push(caught(|| of_dict(&event))?);
        }
        self.start(py, wait, Work::RecordAll(written))
    }

    /// The entries that match, or with `whole` the page with them.
    fn query<'py>(
        &self,
        py: Python<'py>,
        wait: bool,
        filters: Bound<'py, PyDict>,
        whole: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let form = if whole { Form::Page } else { Form::Entries };
        match caught(|| question::query(&filters))? {
            Ok(query) => self.start(py, wait, Work::Query(Box::new(query), form)),
            Err(failing) => reading::failure(py, Told::new("query", failing)),
        }
    }

    /// Takes no more events, waits for those taken, and releases what is open.
    fn close<'py>(&self, py: Python<'py>, wait: bool) -> PyResult<Bound<'py, PyAny>> {
        self.start(py, wait, Work::Close)
    }

    /// Whether the trail is closed for good in this process, or about to be.
    #[getter]
    fn is_closed(&self, py: Python<'_>) -> bool {
        self.living(py).is_ok_and(|living| living.is_closing())
    }

    /// How many events were not recorded in this process.
    #[getter]
    fn failed(&self, py: Python<'_>) -> u64 {
        self.living(py).map_or(0, |living| living.failed())
    }

    /// The next `times` events fail, for tests.
    fn fail_next(&self, py: Python<'_>, times: usize, code: String, message: String) {
        if let Ok(living) = self.living(py) {
            let mut failing = Failing::new("", message);
            failing.code = code.into();
            living.fail_next(times, &failing);
        }
    }
}

impl Trail {
    fn with_event<'py>(
        &self,
        py: Python<'py>,
        wait: bool,
        fields: &Bound<'py, PyTuple>,
        work: impl FnOnce(Vec<u8>) -> Work,
    ) -> PyResult<Bound<'py, PyAny>> {
        let named = FIELDS.into_iter().zip(fields.iter());
        match caught(|| writing::event(py, named))? {
            Ok(json) => self.start(py, wait, work(json)),
            Err(failing) => {
                if let Ok(living) = self.living(py) {
                    living.count_failed(1);
                }
                let action = fields.get_item(0)?;
                let action = action.extract::<String>().ok();
                let operation = "record";
                reading::failure(
                    py,
                    Told {
                        failing,
                        operation,
                        action,
                    },
                )
            }
        }
    }

    fn start<'py>(&self, py: Python<'py>, wait: bool, work: Work) -> PyResult<Bound<'py, PyAny>> {
        match self.living(py) {
            Ok(living) => run(py, wait, work, living),
            Err(failing) => reading::result(py, work.refused(failing)),
        }
    }

    /// The handle of this process: a new one in a process that was forked.
    fn living(&self, py: Python<'_>) -> Result<Arc<Living>, Failing> {
        let process = Process::current(py)?;
        let mut living = self.living.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = &*living {
            if own.pid == process.pid {
                return Ok(Arc::clone(own));
            }
            // Without connections of its own it cannot go on from here.
            if own.is_open() && (own.plan.is_memory() || own.plan.is_file()) {
                return Err(Failing::forked());
            }
        }
        let fresh = Arc::new(Living::new(self.plan.clone(), process.pid));
        process.remember(&fresh);
        // What it holds belongs to the process that was forked.
        std::mem::forget(living.replace(Arc::clone(&fresh)));
        Ok(fresh)
    }
}

impl Drop for Trail {
    fn drop(&mut self) {
        let living = self
            .living
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(living) = living.take() else { return };
        let process = Python::try_attach(Process::existing).flatten();
        match process {
            Some(process) if living.pid == process.pid => {
                process.runtime.spawn(async move { living.close().await });
            }
            _ => std::mem::forget(living),
        }
    }
}

/// Does the work: as a future of the running event loop, or while this thread waits.
pub(crate) fn run(
    py: Python<'_>,
    wait: bool,
    work: Work,
    living: Arc<Living>,
) -> PyResult<Bound<'_, PyAny>> {
    let operation = work.operation();
    if !wait {
        return match submit(py, work, living)? {
            Ok(future) => Ok(future),
            Err(answer) => reading::result(py, answer),
        };
    }
    let process = match Process::current(py) {
        Ok(process) => process,
        Err(failing) => return reading::result(py, work.refused(failing)),
    };
    let work = match work.taken_by(living) {
        Ok(work) => work,
        Err(answer) => return reading::result(py, answer),
    };
    // The round in which loops hand over what they were asked for may wait for this thread.
    process.hand_over();
    let (sender, answer) = mpsc::channel();
    process.runtime.spawn(async move {
        // Whoever was interrupted does not wait any more.
        let _ = sender.send(work.run().await);
    });
    let answer = Mutex::new(answer);
    loop {
        let waited = py.detach(|| {
            let answer = answer.lock().unwrap_or_else(PoisonError::into_inner);
            answer.recv_timeout(SIGNALS_EVERY)
        });
        match waited {
            Ok(answer) => return reading::result(py, answer),
            Err(mpsc::RecvTimeoutError::Timeout) => py.check_signals()?,
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                return reading::failure(py, Told::new(operation, Failing::internal()));
            }
        }
    }
}

/// The path that a text, bytes or `os.PathLike` names; `None` where no file can have that name.
fn file(path: &Bound<'_, PyAny>) -> PyResult<Option<PathBuf>> {
    match path.extract() {
        Ok(path) => Ok(Some(path)),
        Err(error) if error.is_instance_of::<PyUnicodeError>(path.py()) => Ok(None),
        Err(error) => Err(error),
    }
}

fn of_dict(event: &Bound<'_, PyAny>) -> PyResult<Result<Vec<u8>, Failing>> {
    let Ok(dict) = event.cast::<PyDict>() else {
        let message = format!("an event is a dict of its fields, not {}", kind(event));
        return Ok(Err(Failing::new("invalid", message)));
    };
    let mut fields = Vec::with_capacity(dict.len());
    for (name, value) in dict.iter() {
        match name.extract::<String>() {
            Ok(name) => fields.push((name, value)),
            Err(_) => {
                let message = "the names of an event's fields are texts";
                return Ok(Err(Failing::new("invalid", message)));
            }
        }
    }
    let named = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.clone()));
    writing::event(event.py(), named)
}

/// What reading Python values gives; a panic on the way is a failure like others.
fn caught<T>(read: impl FnOnce() -> PyResult<Result<T, Failing>>) -> PyResult<Result<T, Failing>> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Ok(Err(Failing::internal())))
}
