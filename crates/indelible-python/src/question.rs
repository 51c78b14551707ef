//! From the arguments of a query to the question.

use indelible::Query;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyInt, PyString};

use crate::failing::Failing;
use crate::kinds::{Kinds, instant};
use crate::problem::{Problem, kind};
use crate::writing::{NAIVE, text_of};

/// The question of these arguments, named as the fields of a query; `None` is left out.
pub(crate) fn query(filters: &Bound<'_, PyDict>) -> PyResult<Result<Query, Failing>> {
    let kinds = Kinds::of(filters.py())?;
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (name, value) in filters.iter() {
        let name = name.str()?.to_string_lossy().into_owned();
        if value.is_none() {
            continue;
        }
        let values = match values(&name, &value, kinds) {
            Ok(values) => values,
            Err(problem) => return problem.of("invalid_query", &name).map(Err),
        };
        let name = if name == "tags" { "tag" } else { &name };
        pairs.extend(values.into_iter().map(|value| (name.to_owned(), value)));
    }
    let pairs = pairs
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let query = Query::from_parameters_undated(pairs);
    Ok(query.map_err(|error| indelible::AuditError::from(error).into()))
}

const FILTERS: [&str; 15] = [
    "user_id",
    "action",
    "resource_type",
    "start_date",
    "end_date",
    "limit",
    "offset",
    "outcome",
    "resource_id",
    "ip_address",
    "correlation_id",
    "tags",
    "context",
    "cursor",
    "as_of",
];

/// The texts of one argument.
fn values(name: &str, value: &Bound<'_, PyAny>, kinds: &Kinds) -> Result<Vec<String>, Problem> {
    match name {
        "start_date" | "end_date" => Ok(vec![date(value, kinds)?]),
        "limit" | "offset" | "as_of" => Ok(vec![number(value)?]),
        "tags" => texts(value),
        "context" => members(value, kinds),
        _ if FILTERS.contains(&name) => {
            match text_of(value, kinds).map_err(|error| Problem::raised(&error, value.py()))? {
                Some(text) => Ok(vec![text.to_string_lossy().into_owned()]),
                None => Err(Problem::new(format!(
                    " is a text or a UUID, not {}",
                    kind(value)
                ))),
            }
        }
        _ => Err(Problem::new(format!(
            " is no filter; there are {}",
            FILTERS.join(", ")
        ))),
    }
}

/// A time with its zone, a day, or a text that the engine reads.
fn date(value: &Bound<'_, PyAny>, kinds: &Kinds) -> Result<String, Problem> {
    let py = value.py();
    let raised = |error: PyErr| Problem::raised(&error, py);
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(text.to_string_lossy().into_owned());
    }
    if value.is_instance(kinds.datetime.bind(py)).map_err(raised)? {
        let text = instant(value, kinds).map_err(raised)?;
        return text.ok_or_else(|| Problem::new(NAIVE));
    }
    if value.is_instance(kinds.date.bind(py)).map_err(raised)? {
        let text = value.call_method0("isoformat").map_err(raised)?;
        return text.extract().map_err(raised);
    }
    Err(Problem::new(format!(
        " is a datetime with its time zone, a date or a text, not {}",
        kind(value)
    )))
}

fn number(value: &Bound<'_, PyAny>) -> Result<String, Problem> {
    if value.is_instance_of::<PyInt>()
        && !value.is_instance_of::<PyBool>()
        && let Ok(number) = value.extract::<i64>()
    {
        return Ok(number.to_string());
    }
    Err(Problem::new(" is no whole number within range"))
}

fn texts(value: &Bound<'_, PyAny>) -> Result<Vec<String>, Problem> {
    let wrong = || Problem::new(format!(" is a list of texts, not {}", kind(value)));
    if value.is_instance_of::<PyString>() {
        return Err(wrong());
    }
    let mut texts = Vec::new();
    for item in value.try_iter().map_err(|_| wrong())? {
        let item = item.map_err(|error| Problem::raised(&error, value.py()))?;
        let text = item.cast::<PyString>().map_err(|_| wrong())?;
        texts.push(text.to_string_lossy().into_owned());
    }
    Ok(texts)
}

/// Members of the context: `path=value` texts, or a dictionary of paths and values.
fn members(value: &Bound<'_, PyAny>, kinds: &Kinds) -> Result<Vec<String>, Problem> {
    let Ok(dict) = value.cast::<PyDict>() else {
        return texts(value);
    };
    let raised = |error: PyErr| Problem::raised(&error, value.py());
    let mut members = Vec::with_capacity(dict.len());
    for (path, value) in dict.iter() {
        let text = match text_of(&value, kinds).map_err(raised)? {
            Some(text) => text.to_string_lossy().into_owned(),
            None if value.is_instance_of::<PyBool>() => {
                value.is_truthy().map_err(raised)?.to_string()
            }
            None if value.is_instance_of::<PyInt>() => {
                value.str().map_err(raised)?.to_string_lossy().into_owned()
            }
            None => {
                return Err(Problem::new(format!(
                    " compares texts and whole numbers, not {}",
                    kind(&value)
                )));
            }
        };
        let path = path.str().map_err(raised)?;
        members.push(format!("{}={text}", path.to_string_lossy()));
    }
    Ok(members)
}
