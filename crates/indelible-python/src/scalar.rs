//! Numbers and texts as JSON has them.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyFloat, PyInt, PyString};

use crate::problem::Problem;

pub(crate) fn write_integer(value: &Bound<'_, PyInt>, out: &mut Vec<u8>) -> Result<(), Problem> {
    if let Ok(small) = value.extract::<i64>() {
        // Writing into a vector cannot fail.
        let _ = std::io::Write::write_fmt(out, format_args!("{small}"));
        return Ok(());
    }
    // More digits than 64 bits hold: the engine keeps them as a text, and notes it.
    let int = value.py().get_type::<PyInt>();
    let raised = |error: PyErr| Problem::raised(&error, value.py());
    match int.call_method1("__repr__", (value,)) {
        Ok(digits) => {
            out.extend_from_slice(digits.str().map_err(raised)?.to_string_lossy().as_bytes())
        }
        // Python makes no decimal digits of more than some thousand, to save time.
        Err(error) if error.is_instance_of::<PyValueError>(value.py()) => {
            let digits = int
                .call_method1("__format__", (value, "#x"))
                .map_err(raised)?;
            write_text(&digits.str().map_err(raised)?, out)?;
        }
        Err(error) => return Err(raised(error)),
    }
    Ok(())
}

pub(crate) fn write_double(value: &Bound<'_, PyFloat>, out: &mut Vec<u8>) -> Result<(), Problem> {
    let double = value.value();
    if !double.is_finite() {
        let name = if double.is_nan() { "NaN" } else { "infinite" };
        return Err(Problem::new(format!(
            " is {name}, which JSON does not have"
        )));
    }
    // Writing into a vector cannot fail.
    let _ = serde_json::to_writer(out, &double);
    Ok(())
}

pub(crate) fn write_text(text: &Bound<'_, PyString>, out: &mut Vec<u8>) -> Result<(), Problem> {
    if let Ok(text) = text.to_str() {
        string(text, out);
        return Ok(());
    }
    // Lone surrogates: the engine replaces them, and notes it.
    let raised = |error: PyErr| Problem::raised(&error, text.py());
    let bytes = text.call_method1("encode", ("utf-16-le", "surrogatepass"));
    let bytes: Vec<u8> = bytes.and_then(|bytes| bytes.extract()).map_err(raised)?;
    let units = bytes
        .chunks_exact(2)
        .map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
    out.push(b'"');
    for unit in char::decode_utf16(units) {
        match unit {
            Ok(letter) => {
                let mut quoted = Vec::new();
                string(letter.encode_utf8(&mut [0; 4]), &mut quoted);
                out.extend_from_slice(&quoted[1..quoted.len() - 1]);
            }
            Err(lone) => {
                let unit = lone.unpaired_surrogate();
                let _ = std::io::Write::write_fmt(out, format_args!("\\u{unit:04x}"));
            }
        }
    }
    out.push(b'"');
    Ok(())
}

pub(crate) fn string(text: &str, out: &mut Vec<u8>) {
    // Writing into a vector cannot fail.
    let _ = serde_json::to_writer(out, text);
}
