//! The module `indelible._native`.

use std::ffi::OsString;

use indelible::core::catalogue;
use pyo3::prelude::*;

/// The constant's name and the stored form of each action of the catalogue.
#[pyfunction]
fn actions() -> Vec<(&'static str, &'static str)> {
    let all = catalogue::all().iter();
    all.map(|action| (action.name, action.value)).collect()
}

/// The outcome that an action speaks of.
#[pyfunction]
fn outcome_of(action: &str) -> &'static str {
    catalogue::outcome_of(action).as_str()
}

/// The database that the environment names, and whether it may be the application's own.
#[pyfunction]
fn database_url() -> (String, bool) {
    let is_shared = indelible::database_url_is_shared();
    (indelible::database_url(), is_shared)
}

/// Runs one call of the command line and answers its exit status.
#[pyfunction]
fn command_line(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| indelible_cli::status(arguments))
}

#[pymodule]
mod _native {
    #[pymodule_export]
    use super::{actions, command_line, database_url, outcome_of};
    #[pymodule_export]
    use crate::attempt::Begun;
    #[pymodule_export]
    use crate::fork::{after_fork_in_child, after_fork_in_parent, before_fork, close_all};
    #[pymodule_export]
    use crate::trail::Trail;

    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "Python's name for it")]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
