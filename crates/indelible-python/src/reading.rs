//! From answers to Python values, in the shapes that the command line and HTTP have, too.

use indelible::{Delivery, Entry, Note, Page, Receipt, Timestamp};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyString};
use serde_json::Value;

use crate::attempt::Begun;
use crate::port::Answer;
use crate::work::{Done, Told};

/// The `Success` or `Failure` of an answer. Failures to record are logged on the way.
pub(crate) fn result(py: Python<'_>, answer: Answer) -> PyResult<Bound<'_, PyAny>> {
    let done = match answer {
        Ok(done) => done,
        Err(told) => return failure(py, told),
    };
    let value = match done {
        Done::Receipt(receipt) => self::receipt(py, &receipt)?.into_any(),
        Done::Receipts(receipts) => return self::receipts(py, receipts),
        Done::Entries(page) => entries(py, &page)?.into_any(),
        Done::Page(page) => self::page(py, &page)?.into_any(),
        Done::Begun(attempt, living) => {
            let receipt = self::receipt(py, attempt.receipt())?;
            let begun = Begun::new(*attempt, living, receipt.unbind());
            Bound::new(py, begun)?.into_any()
        }
        Done::Nothing => py.None().into_bound(py),
    };
    success(py, value)
}

fn success<'py>(py: Python<'py>, value: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    CLASS
        .import(py, "indelible.results", "Success")?
        .call1((value,))
}

/// A `Failure`.
pub(crate) fn failure(py: Python<'_>, told: Told) -> PyResult<Bound<'_, PyAny>> {
    static FUNCTION: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let Told {
        failing,
        operation,
        action,
    } = told;
    let arguments = (
        failing.code,
        failing.message,
        failing.field,
        operation,
        action,
    );
    FUNCTION
        .import(py, "indelible.results", "_failure")?
        .call1(arguments)
}

/// A plain list: each event has its own result.
fn receipts(py: Python<'_>, receipts: Vec<Result<Receipt, Told>>) -> PyResult<Bound<'_, PyAny>> {
    let list = PyList::empty(py);
    for receipt in receipts {
        list.append(match receipt {
            Ok(receipt) => success(py, self::receipt(py, &receipt)?.into_any())?,
            Err(told) => failure(py, told)?,
        })?;
    }
    Ok(list.into_any())
}

fn receipt<'py>(py: Python<'py>, receipt: &Receipt) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item(intern!(py, "trail"), receipt.trail.as_str())?;
    dict.set_item(intern!(py, "id"), receipt.id.to_string())?;
    dict.set_item(intern!(py, "seq"), receipt.seq)?;
    dict.set_item(intern!(py, "created_at"), receipt.created_at.map(time))?;
    let leaf_hash = receipt.leaf_hash.map(|hash| hash.to_string());
    dict.set_item(intern!(py, "leaf_hash"), leaf_hash)?;
    dict.set_item(intern!(py, "tree_size"), receipt.tree_size)?;
    let delivery = match receipt.delivery {
        Delivery::Recorded => intern!(py, "recorded"),
        Delivery::Duplicate => intern!(py, "duplicate"),
        Delivery::Spooled => intern!(py, "spooled"),
        Delivery::Dropped => intern!(py, "dropped"),
    };
    dict.set_item(intern!(py, "delivery"), delivery)?;
    if let Some(checked) = receipt.content_checked {
        dict.set_item(intern!(py, "content_checked"), checked)?;
    }
    Ok(dict)
}

fn page<'py>(py: Python<'py>, page: &Page) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("entries", entries(py, page)?)?;
    dict.set_item("as_of", page.as_of)?;
    dict.set_item("next_cursor", page.next_cursor.as_deref())?;
    dict.set_item("has_more", page.has_more)?;
    dict.set_item("limit", page.limit)?;
    Ok(dict)
}

fn entries<'py>(py: Python<'py>, page: &Page) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for entry in &page.entries {
        list.append(self::entry(py, entry)?)?;
    }
    Ok(list)
}

fn entry<'py>(py: Python<'py>, entry: &Entry) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item(intern!(py, "trail"), entry.trail.as_str())?;
    dict.set_item(intern!(py, "seq"), entry.seq)?;
    dict.set_item(intern!(py, "id"), entry.id.to_string())?;
    dict.set_item(intern!(py, "action"), &entry.action)?;
    dict.set_item(intern!(py, "outcome"), entry.outcome.as_str())?;
    dict.set_item(intern!(py, "resource_type"), &entry.resource_type)?;
    dict.set_item(intern!(py, "resource_id"), &entry.resource_id)?;
    dict.set_item(intern!(py, "user_id"), &entry.user_id)?;
    dict.set_item(intern!(py, "on_behalf_of"), &entry.on_behalf_of)?;
    dict.set_item(intern!(py, "ip_address"), &entry.ip_address)?;
    dict.set_item(intern!(py, "user_agent"), &entry.user_agent)?;
    let context = entry.context.as_ref().map(|context| value(py, context));
    dict.set_item(intern!(py, "context"), context.transpose()?)?;
    dict.set_item(intern!(py, "correlation_id"), &entry.correlation_id)?;
    dict.set_item(intern!(py, "tags"), &entry.tags)?;
    dict.set_item(intern!(py, "occurred_at"), time(entry.occurred_at))?;
    dict.set_item(intern!(py, "created_at"), time(entry.created_at))?;
    dict.set_item(intern!(py, "leaf_hash"), entry.leaf_hash.to_string())?;
    let notes = entry.notes.iter().map(Note::to_value).collect();
    dict.set_item(intern!(py, "notes"), value(py, &Value::Array(notes))?)?;
    let erased: Vec<_> = entry.erased.iter().map(ToString::to_string).collect();
    dict.set_item(intern!(py, "erased"), erased)?;
    Ok(dict)
}

fn value<'py>(py: Python<'py>, json: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match json {
        Value::Null => py.None().into_bound(py),
        Value::Bool(truth) => truth.into_pyobject(py)?.to_owned().into_any(),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => number.into_pyobject(py)?.into_any(),
            (None, Some(number)) => number.into_pyobject(py)?.into_any(),
            (None, None) => number.as_f64().into_pyobject(py)?.into_any(),
        },
        Value::String(text) => PyString::new(py, text).into_any(),
        Value::Array(items) => {
            let list = PyList::empty(py);
            for item in items {
                list.append(value(py, item)?)?;
            }
            list.into_any()
        }
        Value::Object(members) => {
            let dict = PyDict::new(py);
            for (name, member) in members {
                dict.set_item(name, value(py, member)?)?;
            }
            dict.into_any()
        }
    })
}

fn time(time: Timestamp) -> String {
    time.to_string()
}
