//! What is wrong with a value, and where in it.

use std::fmt::Write as _;

use pyo3::exceptions::PyException;
use pyo3::prelude::*;

use crate::failing::Failing;

/// What is wrong, and the path to it within the field.
pub(crate) struct Problem {
    path: String,
    problem: String,
    /// What is for nobody here to deal with, such as an interrupt.
    passing: Option<PyErr>,
}

impl Problem {
    /// Nothing of what was raised is shown: it may repeat the value.
    pub fn raised(error: &PyErr, py: Python<'_>) -> Self {
        let name = error.get_type(py).name().map(|name| name.to_string());
        let name = name.unwrap_or_else(|_| "an exception".to_owned());
        let mut problem = Self::new(format!(" cannot be read: {name} was raised"));
        if !error.is_instance_of::<PyException>(py) {
            problem.passing = Some(error.clone_ref(py));
        }
        problem
    }

    pub fn new(problem: impl Into<String>) -> Self {
        Self {
            path: String::new(),
            problem: problem.into(),
            passing: None,
        }
    }

    /// The failure of this field.
    ///
    /// # Errors
    /// What was raised and is no `Exception`.
    pub fn of(self, code: &'static str, field: &str) -> PyResult<Failing> {
        let Self { path, problem, .. } = &self;
        let mut failing = Failing::new(code, format!("`{field}{path}`{problem}"));
        failing.field = Some(field.to_owned());
        self.passing.map_or(Ok(failing), Err)
    }

    pub fn within(mut self, step: std::fmt::Arguments<'_>) -> Self {
        let mut path = String::new();
        let _ = path.write_fmt(step);
        self.path.insert_str(0, &path);
        self
    }
}

/// What a value is, for people.
pub(crate) fn kind(value: &Bound<'_, PyAny>) -> String {
    let name = value.get_type().qualname();
    name.map_or_else(
        |_| "something else".to_owned(),
        |name| format!("of type {name}"),
    )
}
