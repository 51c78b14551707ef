//! Something that was begun and whose outcome is still to be recorded.

use std::sync::{Arc, Mutex, PoisonError};

use indelible::{Attempt, Outcome};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::failing::Failing;
use crate::living::Living;
use crate::reading;
use crate::trail::run;
use crate::work::{Ending, Told, Work};
use crate::writing;

/// An attempt that is on record.
#[pyclass(frozen)]
pub(crate) struct Begun {
    telling: Arc<Telling>,
    living: Arc<Living>,
    /// The receipt of the attempt.
    #[pyo3(get)]
    receipt: Py<PyDict>,
}

/// The attempt, taken by whoever says how it ended, and put back where that was not recorded.
struct Telling(Mutex<Option<Attempt>>);

/// Puts the attempt back, unless it is told.
pub(crate) struct Untold {
    telling: Arc<Telling>,
    attempt: Option<Attempt>,
}

impl Telling {
    fn put(&self, attempt: Option<Attempt>) -> Option<Attempt> {
        let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *place, attempt)
    }
}

impl Untold {
    pub fn is_told(&mut self) {
        self.attempt = None;
    }
}

impl Drop for Untold {
    fn drop(&mut self) {
        if let Some(attempt) = self.attempt.take() {
            self.telling.put(Some(attempt));
        }
    }
}

impl Begun {
    pub fn new(attempt: Attempt, living: Arc<Living>, receipt: Py<PyDict>) -> Self {
        Self {
            telling: Arc::new(Telling(Mutex::new(Some(attempt)))),
            living,
            receipt,
        }
    }
}

#[pymethods]
impl Begun {
    /// Records how it ended: `succeeded`, `failed` or `denied`.
    fn end<'py>(
        &self,
        py: Python<'py>,
        wait: bool,
        outcome: &str,
        reason: Option<Bound<'py, PyString>>,
        resource_id: Bound<'py, PyAny>,
        context: Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let refuse = |failing| reading::failure(py, Told::new("record", failing));
        let more = [
            // Nobody sees these two: an event needs them.
            ("action", "attempt".into_pyobject(py)?.into_any()),
            ("resource_type", "attempt".into_pyobject(py)?.into_any()),
            ("resource_id", resource_id),
            ("context", context),
        ];
        let more = match writing::event(py, more.into_iter())? {
            Ok(more) => more,
            Err(failing) => return refuse(failing),
        };
        let Ok(outcome) = outcome.parse::<Outcome>() else {
            return refuse(Failing::new("invalid", "`outcome` ends no attempt"));
        };
        if self.living.pid != std::process::id() {
            return refuse(Failing::forked());
        }
        let Some(attempt) = self.telling.put(None) else {
            let message = "how the attempt ended is said already";
            return refuse(Failing::new("ended", message));
        };
        let untold = Untold {
            telling: Arc::clone(&self.telling),
            attempt: Some(attempt.clone()),
        };
        let ending = Ending {
            attempt,
            untold,
            outcome,
            reason: reason.map(|reason| reason.to_string_lossy().into_owned()),
            more,
        };
        run(
            py,
            wait,
            Work::End(Box::new(ending)),
            Arc::clone(&self.living),
        )
    }
}
