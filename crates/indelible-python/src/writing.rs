//! From Python values to an event's JSON, which the engine reads as it reads any other: limits,
//! repairs and refusals are its own.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyFrozenSet, PyInt, PyList, PySet, PyString, PyTuple};

use crate::failing::Failing;
use crate::kinds::{Kinds, instant};
use crate::problem::{Problem, kind};
use crate::scalar::{string, write_double, write_integer, write_text};

/// Deeper than the engine takes, so that it is the engine that refuses.
const DEPTH_MAX: usize = 70;

/// What a naive time is refused with.
pub(crate) const NAIVE: &str = " has no time zone, so that it names no point in time: use \
     datetime.now(timezone.utc), or .astimezone() for a local time";

const NO_FIELD: &str = " is no field of an event; what has no field of its own goes into `context`";

/// The fields of an event in the order in which the Python half hands them over.
pub(crate) const FIELDS: [&str; 13] = [
    "action",
    "resource_type",
    "user_id",
    "resource_id",
    "ip_address",
    "user_agent",
    "context",
    "id",
    "outcome",
    "occurred_at",
    "correlation_id",
    "on_behalf_of",
    "tags",
];

/// The JSON of an event of these fields; those that are `None` are left out.
pub(crate) fn event<'a, 'py: 'a>(
    py: Python<'py>,
    fields: impl Iterator<Item = (&'a str, Bound<'py, PyAny>)>,
) -> PyResult<Result<Vec<u8>, Failing>> {
    let kinds = Kinds::of(py)?;
    let mut out = Vec::with_capacity(512);
    out.push(b'{');
    for (field, value) in fields {
        if !FIELDS.contains(&field) {
            return Problem::new(NO_FIELD).of("invalid", field).map(Err);
        }
        if value.is_none() {
            continue;
        }
        if out.len() > 1 {
            out.push(b',');
        }
        string(field, &mut out);
        out.push(b':');
        if let Err(problem) = self::field(field, &value, kinds, &mut out) {
            return problem.of("invalid", field).map(Err);
        }
    }
    out.push(b'}');
    Ok(Ok(out))
}

fn field(
    name: &str,
    value: &Bound<'_, PyAny>,
    kinds: &Kinds,
    out: &mut Vec<u8>,
) -> Result<(), Problem> {
    match name {
        "context" => json(value, kinds, DEPTH_MAX, out),
        "tags" => tags(value, out),
        "occurred_at" => {
            let text = time(value, kinds)?;
            string(&text, out);
            Ok(())
        }
        _ => text(value, kinds, out),
    }
}

/// A text, or what is one kind of text: a UUID, an address, a member of an enumeration.
fn text(value: &Bound<'_, PyAny>, kinds: &Kinds, out: &mut Vec<u8>) -> Result<(), Problem> {
    if let Some(text) = text_of(value, kinds).map_err(|e| Problem::raised(&e, value.py()))? {
        return write_text(&text, out);
    }
    Err(Problem::new(format!(
        " is a text or a UUID, not {}: say which text with str(…)",
        kind(value)
    )))
}

/// The text that a value is or stands for; `None` for other values.
pub(crate) fn text_of<'py>(
    value: &Bound<'py, PyAny>,
    kinds: &Kinds,
) -> PyResult<Option<Bound<'py, PyString>>> {
    let py = value.py();
    if let Ok(text) = value.cast_exact::<PyString>() {
        return Ok(Some(text.clone()));
    }
    if value.is_instance(kinds.enumeration.bind(py))? {
        let member = value.getattr("value")?;
        return Ok(member.cast_into::<PyString>().ok());
    }
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(Some(text.clone()));
    }
    if value.is_instance(kinds.uuid.bind(py))? || value.is_instance(kinds.addresses.bind(py))? {
        return value.str().map(Some);
    }
    Ok(None)
}

/// A time with its zone, or a text for the engine to read.
fn time(value: &Bound<'_, PyAny>, kinds: &Kinds) -> Result<String, Problem> {
    let py = value.py();
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(text.to_string_lossy().into_owned());
    }
    let raised = |error: PyErr| Problem::raised(&error, py);
    if value.is_instance(kinds.datetime.bind(py)).map_err(raised)? {
        let text = instant(value, kinds).map_err(raised)?;
        return text.ok_or_else(|| Problem::new(NAIVE));
    }
    Err(Problem::new(format!(
        " is a datetime with its time zone, not {}",
        kind(value)
    )))
}

fn tags(value: &Bound<'_, PyAny>, out: &mut Vec<u8>) -> Result<(), Problem> {
    let wrong = || Problem::new(format!(" is a list of texts, not {}", kind(value)));
    if value.is_instance_of::<PyString>() {
        return Err(wrong());
    }
    out.push(b'[');
    for (at, tag) in value.try_iter().map_err(|_| wrong())?.enumerate() {
        let tag = tag.map_err(|error| Problem::raised(&error, value.py()))?;
        if at > 0 {
            out.push(b',');
        }
        write_text(tag.cast::<PyString>().map_err(|_| wrong())?, out)?;
    }
    out.push(b']');
    Ok(())
}

/// Any value, as JSON.
fn json(
    value: &Bound<'_, PyAny>,
    kinds: &Kinds,
    depth: usize,
    out: &mut Vec<u8>,
) -> Result<(), Problem> {
    if value.is_none() {
        out.extend_from_slice(b"null");
    } else if let Ok(text) = value.cast_exact::<PyString>() {
        write_text(text, out)?;
    } else if let Ok(truth) = value.cast_exact::<PyBool>() {
        out.extend_from_slice(if truth.is_true() { b"true" } else { b"false" });
    } else if let Ok(integer) = value.cast_exact::<PyInt>() {
        write_integer(integer, out)?;
    } else if let Ok(double) = value.cast_exact::<PyFloat>() {
        write_double(double, out)?;
    } else if let Ok(dict) = value.cast::<PyDict>() {
        object(dict, kinds, depth, out)?;
    } else if let Ok(list) = value.cast::<PyList>() {
        array(list.iter(), kinds, depth, out)?;
    } else if let Ok(tuple) = value.cast::<PyTuple>() {
        array(tuple.iter(), kinds, depth, out)?;
    } else {
        other(value, kinds, depth, out)?;
    }
    Ok(())
}

/// What JSON has no form of.
fn other(
    value: &Bound<'_, PyAny>,
    kinds: &Kinds,
    depth: usize,
    out: &mut Vec<u8>,
) -> Result<(), Problem> {
    let py = value.py();
    let raised = |error: PyErr| Problem::raised(&error, py);
    let is = |class: &Py<PyAny>| value.is_instance(class.bind(py)).map_err(raised);
    if is(&kinds.enumeration)? {
        let member = value.getattr("value").map_err(raised)?;
        let deeper = deeper(depth)?;
        return json(&member, kinds, deeper, out);
    }
    if let Some(text) = text_of(value, kinds).map_err(raised)? {
        return write_text(&text, out);
    }
    if is(&kinds.datetime)? {
        let text = instant(value, kinds).map_err(raised)?;
        string(&text.ok_or_else(|| Problem::new(NAIVE))?, out);
        return Ok(());
    }
    if is(&kinds.date)? || is(&kinds.time)? {
        let text = value.call_method0("isoformat").map_err(raised)?;
        return write_text(&text.str().map_err(raised)?, out);
    }
    if is(&kinds.decimal)? {
        let is_finite = value
            .call_method0("is_finite")
            .and_then(|is| is.is_truthy());
        if !is_finite.map_err(raised)? {
            return Err(Problem::new(
                " is no number, which JSON does not have".to_owned(),
            ));
        }
        return write_text(&value.str().map_err(raised)?, out);
    }
    if is(&kinds.path)? {
        return write_text(&value.str().map_err(raised)?, out);
    }
    if is(&kinds.timedelta)? {
        let seconds = value.call_method0("total_seconds").map_err(raised)?;
        return json(&seconds, kinds, depth, out);
    }
    // Subclasses of the numbers.
    if let Ok(integer) = value.cast::<PyInt>() {
        return write_integer(integer, out);
    }
    if let Ok(double) = value.cast::<PyFloat>() {
        return write_double(double, out);
    }
    if value.is_instance_of::<PySet>() || value.is_instance_of::<PyFrozenSet>() {
        return set(value, kinds, depth, out);
    }
    if is(&kinds.mapping)? {
        let dict = py.get_type::<PyDict>().call1((value,)).map_err(raised)?;
        let dict = dict.cast_into::<PyDict>().map_err(|e| raised(e.into()))?;
        return object(&dict, kinds, depth, out);
    }
    Err(Problem::new(format!(
        " is {}, which is no JSON value: say what of it is to be recorded",
        kind(value)
    )))
}

fn object(
    dict: &Bound<'_, PyDict>,
    kinds: &Kinds,
    depth: usize,
    out: &mut Vec<u8>,
) -> Result<(), Problem> {
    let depth = deeper(depth)?;
    out.push(b'{');
    // A copy: what is called on the way may change the dictionary itself.
    for (at, pair) in dict.items().iter().enumerate() {
        let (key, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = pair
            .extract()
            .map_err(|error| Problem::raised(&error, dict.py()))?;
        if at > 0 {
            out.push(b',');
        }
        let step = member(&key, kinds, out)?;
        out.push(b':');
        json(&value, kinds, depth, out)
            .map_err(|problem| problem.within(format_args!(".{}", step.to_string_lossy())))?;
    }
    out.push(b'}');
    Ok(())
}

/// The name of a member: a text, what stands for one, or a whole number.
fn member<'py>(
    key: &Bound<'py, PyAny>,
    kinds: &Kinds,
    out: &mut Vec<u8>,
) -> Result<Bound<'py, PyString>, Problem> {
    let raised = |error: PyErr| Problem::raised(&error, key.py());
    let name = match text_of(key, kinds).map_err(raised)? {
        Some(name) => name,
        None if key.is_instance_of::<PyInt>() && !key.is_instance_of::<PyBool>() => {
            key.str().map_err(raised)?
        }
        None => {
            return Err(Problem::new(format!(
                " has a key that is {}; keys are texts",
                kind(key)
            )));
        }
    };
    write_text(&name, out)?;
    Ok(name)
}

fn array<'py>(
    items: impl Iterator<Item = Bound<'py, PyAny>>,
    kinds: &Kinds,
    depth: usize,
    out: &mut Vec<u8>,
) -> Result<(), Problem> {
    let depth = deeper(depth)?;
    out.push(b'[');
    for (at, item) in items.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        json(&item, kinds, depth, out).map_err(|p| p.within(format_args!("[{at}]")))?;
    }
    out.push(b']');
    Ok(())
}

/// A set has no order of its own: its members are sorted by their JSON, so that the same set is
/// the same text.
fn set(
    set: &Bound<'_, PyAny>,
    kinds: &Kinds,
    depth: usize,
    out: &mut Vec<u8>,
) -> Result<(), Problem> {
    let depth = deeper(depth)?;
    let raised = |error: PyErr| Problem::raised(&error, set.py());
    let mut members = Vec::new();
    for item in set.try_iter().map_err(raised)? {
        let mut text = Vec::new();
        json(&item.map_err(raised)?, kinds, depth, &mut text)?;
        members.push(text);
    }
    members.sort();
    out.push(b'[');
    out.extend_from_slice(&members.join(&b','));
    out.push(b']');
    Ok(())
}

fn deeper(depth: usize) -> Result<usize, Problem> {
    depth
        .checked_sub(1)
        .ok_or_else(|| Problem::new(" is nested deeper than 64 levels".to_owned()))
}
