//! What is wrong with a value, and where in it.

use std::fmt::Write as _;

use pyo3::prelude::*;

use crate::failing::Failing;

/// What is wrong, and the path to it within the field.
pub(crate) struct Problem {
    path: String,
    problem: String,
}

impl Problem {
    /// Nothing of what was raised is shown: it may repeat the value.
    pub fn raised(error: &PyErr, py: Python<'_>) -> Self {
        let name = error.get_type(py).name().map(|name| name.to_string());
        let name = name.unwrap_or_else(|_| "an exception".to_owned());
        Self::new(format!(" cannot be read: {name} was raised"))
    }

    pub fn new(problem: impl Into<String>) -> Self {
        let (path, problem) = (String::new(), problem.into());
        Self { path, problem }
    }

    pub fn of(self, field: &str) -> Failing {
        let Self { path, problem } = self;
        let mut failing = Failing::new("invalid", format!("`{field}{path}`{problem}"));
        failing.field = Some(field.to_owned());
        failing
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
