//! From the arguments of a query to the question.

use indelible::Query;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyInt, PyString};

use crate::failing::Failing;
use crate::kinds::{Kinds, instant};
use crate::problem::kind;
use crate::writing::{NAIVE, text_of};

/// The question of these arguments, named as the fields of a query; `None` is left out.
pub(crate) fn query(filters: &Bound<'_, PyDict>) -> PyResult<Result<Query, Failing>> {
    let kinds = Kinds::of(filters.py())?;
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (name, value) in filters.iter() {
        let name: String = name.extract()?;
        if value.is_none() {
            continue;
        }
        let values = match name.as_str() {
            "start_date" | "end_date" => date(&value, kinds)?.map(|text| vec![text]),
            "limit" | "offset" | "as_of" => number(&value).map(|text| vec![text]),
            "tags" => texts(&value),
            "context" => members(&value, kinds)?,
            _ => match text_of(&value, kinds)? {
                Some(text) => Ok(vec![text.to_string_lossy().into_owned()]),
                None => Err(format!(" is a text or a UUID, not {}", kind(&value))),
            },
        };
        let values = match values {
            Ok(values) => values,
            Err(problem) => return Ok(Err(wrong(&name, &problem))),
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

fn wrong(field: &str, problem: &str) -> Failing {
    let mut failing = Failing::new("invalid_query", format!("`{field}`{problem}"));
    failing.field = Some(field.to_owned());
    failing
}

type Read<T> = Result<T, String>;

/// A time with its zone, a day, or a text that the engine reads.
fn date(value: &Bound<'_, PyAny>, kinds: &Kinds) -> PyResult<Read<String>> {
    let py = value.py();
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(Ok(text.to_string_lossy().into_owned()));
    }
    if value.is_instance(kinds.datetime.bind(py))? {
        return Ok(instant(value, kinds)?.ok_or_else(|| NAIVE.to_owned()));
    }
    if value.is_instance(kinds.date.bind(py))? {
        return value.call_method0("isoformat")?.extract().map(Ok);
    }
    Ok(Err(format!(
        " is a datetime with its time zone, a date or a text, not {}",
        kind(value)
    )))
}

fn number(value: &Bound<'_, PyAny>) -> Read<String> {
    if value.is_instance_of::<PyInt>()
        && !value.is_instance_of::<PyBool>()
        && let Ok(number) = value.extract::<i64>()
    {
        return Ok(number.to_string());
    }
    Err(" is no whole number within range".to_owned())
}

fn texts(value: &Bound<'_, PyAny>) -> Read<Vec<String>> {
    let wrong = || format!(" is a list of texts, not {}", kind(value));
    if value.is_instance_of::<PyString>() {
        return Err(wrong());
    }
    let items = value.try_iter().map_err(|_| wrong())?;
    items
        .map(|item| item.and_then(|item| item.extract()).map_err(|_| wrong()))
        .collect()
}

/// Members of the context: `path=value` texts, or a dictionary of paths and values.
fn members(value: &Bound<'_, PyAny>, kinds: &Kinds) -> PyResult<Read<Vec<String>>> {
    let Ok(dict) = value.cast::<PyDict>() else {
        return Ok(texts(value));
    };
    let mut members = Vec::with_capacity(dict.len());
    for (path, value) in dict.iter() {
        let text = match text_of(&value, kinds)? {
            Some(text) => text.to_string_lossy().into_owned(),
            None if value.is_instance_of::<PyBool>() => value.is_truthy()?.to_string(),
            None if value.is_instance_of::<PyInt>() => value.str()?.to_string_lossy().into_owned(),
            None => {
                let problem = format!(" compares texts and whole numbers, not {}", kind(&value));
                return Ok(Err(problem));
            }
        };
        members.push(format!("{}={text}", path.str()?.to_string_lossy()));
    }
    Ok(Ok(members))
}
