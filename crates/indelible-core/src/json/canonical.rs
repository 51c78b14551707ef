//! The one spelling of a value: RFC 8785 (JCS), with integers exact.
//!
//! Members stand in the order of their keys' UTF-16 code units, numbers are spelled as ECMAScript
//! does, strings carry no escape that is not needed, and nothing separates tokens. The one
//! deviation: an integer that fits 64 bits is written in full, never through a double, which
//! would turn 9007199254740993 into 9007199254740992.

use serde_json::{Map, Number, Value};

use super::scan::plain_run;

/// Appends the canonical bytes of the value.
///
/// Meant for what [`super::parse`] or [`super::normalise`] let through; only then do the bytes
/// read back to the same value. It recurses as deep as the value is nested.
pub fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => write_number(number, out),
        Value::String(text) => write_str(text, out),
        Value::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write(item, out);
            }
            out.push(b']');
        }
        Value::Object(map) => write_object(map, out),
    }
}

/// The canonical bytes of the value, under the conditions of [`write()`].
pub fn to_vec(value: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    write(value, &mut out);
    out
}

/// The canonical text of the value, under the conditions of [`write()`].
pub fn to_string(value: &Value) -> String {
    String::from_utf8(to_vec(value)).expect("whole strings and ASCII were written")
}

/// Appends the canonical bytes of an object.
pub fn write_object(map: &Map<String, Value>, out: &mut Vec<u8>) {
    out.push(b'{');
    if map.keys().any(|key| beyond_one_unit(key)) {
        let mut members: Vec<_> = map.iter().collect();
        members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
        write_members(members.into_iter(), out);
    } else {
        write_members(map.iter(), out);
    }
    out.push(b'}');
}

/// Appends the string in quotes: `"`, `\` and the characters below U+0020 escaped, everything
/// else as it is.
pub fn write_str(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    out.reserve(bytes.len() + 2);
    out.push(b'"');
    let mut from = 0;
    loop {
        let end = from + plain_run(&bytes[from..]);
        out.extend_from_slice(&bytes[from..end]);
        let Some(&special) = bytes.get(end) else {
            break;
        };
        write_escape(special, out);
        from = end + 1;
    }
    out.push(b'"');
}

/// Appends the integer in decimal.
pub fn write_i64(integer: i64, out: &mut Vec<u8>) {
    if integer < 0 {
        out.push(b'-');
    }
    write_u64(integer.unsigned_abs(), out);
}

/// Appends the integer in decimal.
pub fn write_u64(integer: u64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut first = digits.len();
    let mut rest = integer;
    loop {
        first -= 1;
        digits[first] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[first..]);
}

fn write_number(number: &Number, out: &mut Vec<u8>) {
    if let Some(integer) = number.as_u64() {
        write_u64(integer, out);
    } else if let Some(integer) = number.as_i64() {
        write_i64(integer, out);
    } else if let Some(double) = number.as_f64() {
        let mut spelling = ryu_js::Buffer::new();
        out.extend_from_slice(spelling.format_finite(double).as_bytes());
    }
}

/// Whether a character takes two UTF-16 code units. Without one, the order of the map (bytes of
/// UTF-8) is the order of code units; with one, keys from U+E000 to U+FFFF come after it.
fn beyond_one_unit(key: &str) -> bool {
    key.bytes().any(|byte| byte >= 0xF0)
}

fn write_members<'a>(members: impl Iterator<Item = (&'a String, &'a Value)>, out: &mut Vec<u8>) {
    for (index, (key, value)) in members.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_str(key, out);
        out.push(b':');
        write(value, out);
    }
}

fn write_escape(special: u8, out: &mut Vec<u8>) {
    const HEX: [u8; 16] = *b"0123456789abcdef";
    match special {
        b'"' | b'\\' => out.extend_from_slice(&[b'\\', special]),
        0x08 => out.extend_from_slice(b"\\b"),
        b'\t' => out.extend_from_slice(b"\\t"),
        b'\n' => out.extend_from_slice(b"\\n"),
        0x0C => out.extend_from_slice(b"\\f"),
        b'\r' => out.extend_from_slice(b"\\r"),
        control => {
            out.extend_from_slice(b"\\u00");
            out.push(HEX[usize::from(control >> 4)]);
            out.push(HEX[usize::from(control & 0xF)]);
        }
    }
}
