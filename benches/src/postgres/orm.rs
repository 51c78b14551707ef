//! One ORM insert and commit for each record, 16 at once: SQLAlchemy over asyncpg.

use anyhow::Context;

use super::plain::Plain;
use crate::python;

/// Events per second, as the script measures it.
pub fn rate(plain: &Plain, events: usize) -> anyhow::Result<f64> {
    let url = plain
        .url()
        .replacen("postgres://", "postgresql+asyncpg://", 1);
    let printed = python::run("orm.py", [url, events.to_string()])?;
    printed.trim().parse().context("orm.py prints a rate")
}
