//! Something that was begun and whose outcome is still to be recorded.

use std::sync::{Arc, Mutex, PoisonError};

use indelible::{Attempt, Outcome};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::failing::Failing;
use crate::living::Living;
use crate::reading;
use crate::trail::run;
use crate::work::{Ending, Told, Work};
use crate::writing;

/// An attempt that is on record.
#[pyclass(frozen)]
pub(crate) struct Begun {
    /// Taken by whoever says first how it ended.
    attempt: Mutex<Option<Attempt>>,
    living: Arc<Living>,
    /// The receipt of the attempt.
    #[pyo3(get)]
    receipt: Py<PyDict>,
}

impl Begun {
    pub fn new(attempt: Attempt, living: Arc<Living>, receipt: Py<PyDict>) -> Self {
        Self {
            attempt: Mutex::new(Some(attempt)),
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
        reason: Option<String>,
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
        // Nothing may be locked while the interpreter is let go: who has it could want the lock.
        let attempt = {
            let mut attempt = self.attempt.lock().unwrap_or_else(PoisonError::into_inner);
            attempt.take()
        };
        let Some(attempt) = attempt else {
            let message = "how the attempt ended is said already";
            return refuse(Failing::new("ended", message));
        };
        let ending = Ending {
            attempt,
            outcome,
            reason,
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
