//! The types of Python's standard library that are more than JSON has.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyTuple;

/// Types that are written as a text or in another form of their own.
pub(crate) struct Kinds {
    pub uuid: Py<PyAny>,
    pub enumeration: Py<PyAny>,
    pub datetime: Py<PyAny>,
    pub date: Py<PyAny>,
    pub time: Py<PyAny>,
    pub timedelta: Py<PyAny>,
    pub decimal: Py<PyAny>,
    /// Addresses and networks, of both versions.
    pub addresses: Py<PyTuple>,
    pub path: Py<PyAny>,
    pub mapping: Py<PyAny>,
    pub utc: Py<PyAny>,
}

impl Kinds {
    /// They are imported once.
    pub fn of(py: Python<'_>) -> PyResult<&'static Self> {
        static KINDS: PyOnceLock<Kinds> = PyOnceLock::new();
        KINDS.get_or_try_init(py, || {
            let find = |module: &str, name: &str| -> PyResult<Py<PyAny>> {
                Ok(py.import(module)?.getattr(name)?.unbind())
            };
            let addresses = [
                find("ipaddress", "IPv4Address")?,
                find("ipaddress", "IPv6Address")?,
                find("ipaddress", "IPv4Network")?,
                find("ipaddress", "IPv6Network")?,
            ];
            Ok(Self {
                uuid: find("uuid", "UUID")?,
                enumeration: find("enum", "Enum")?,
                datetime: find("datetime", "datetime")?,
                date: find("datetime", "date")?,
                time: find("datetime", "time")?,
                timedelta: find("datetime", "timedelta")?,
                decimal: find("decimal", "Decimal")?,
                addresses: PyTuple::new(py, addresses)?.unbind(),
                path: find("pathlib", "PurePath")?,
                mapping: find("collections.abc", "Mapping")?,
                utc: py
                    .import("datetime")?
                    .getattr("timezone")?
                    .getattr("utc")?
                    .unbind(),
            })
        })
    }
}

/// The text of a point in time in UTC; `None` where it has no zone.
pub(crate) fn instant(value: &Bound<'_, PyAny>, kinds: &Kinds) -> PyResult<Option<String>> {
    let py = value.py();
    if value.call_method0("utcoffset")?.is_none() {
        return Ok(None);
    }
    let utc = value.call_method1("astimezone", (kinds.utc.bind(py),))?;
    utc.call_method0("isoformat")?.extract().map(Some)
}
