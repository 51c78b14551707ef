//! JSON as the trail takes it in and writes it down: one strict reader, one canonical writer.
//!
//! What a general reader lets pass would make two readings of one record possible, so ours
//! refuses everything that RFC 8259 does not spell out, and duplicate keys. What no store or no
//! 64-bit number can hold is repaired instead, and every repair is named (see [`RepairKind`]):
//!
//! | in the text | becomes | kind |
//! |---|---|---|
//! | `\u0000`, a surrogate escape without its other half | U+FFFD | `Replaced` |
//! | a key equal to another one only through that | the key and `~2`, `~3`, … | `KeyRenamed` |
//! | an integer beyond 64 bits, a number beyond a double | text, its token | `NumberAsText` |
//! | a double that RFC 8785 spells as such an integer | text, that spelling | `NumberAsText` |
//!
//! Everything else keeps its meaning: integers that fit 64 bits are exact, a fraction or exponent
//! makes a number the nearest double (`1e-400` is 0), and a double that RFC 8785 spells as an
//! integer is read as that integer (`1.0` is 1, `-0.0` is 0). That makes [`parse`] and
//! [`canonical`] inverses: canonical bytes read back to the same [`Value`] without repairs, and
//! write to the same bytes.

use serde_json::Value;

pub mod canonical;
pub mod pointer;

mod error;
mod names;
mod normal;
mod number;
mod reader;
mod repair;
mod scan;

pub use error::{JsonError, JsonErrorKind, TooDeep};
pub use normal::{check_nesting, normalise, normalise_with_depth};
pub use repair::{Repair, RepairKind, Repairs};

/// The most arrays and objects that may stand within each other, the outermost one included.
pub const NESTING_MAX: u8 = 64;

/// A JSON text as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// The value, after repair.
    pub value: Value,
    /// What had to be changed to hold it.
    pub repairs: Repairs,
}

/// Reads one JSON text, UTF-8 without byte order mark, nested at most [`NESTING_MAX`] deep.
///
/// Takes time linear in the input but for the ordering of an object's keys, and never more stack
/// than the nesting limit asks for.
///
/// # Errors
/// What RFC 8259 does not allow, a key that stands twice in one object (compared after unescaping
/// and before any repair), deeper nesting.
pub fn parse(bytes: &[u8]) -> Result<Parsed, JsonError> {
    parse_with_depth(bytes, NESTING_MAX)
}

/// Reads one JSON text as [`parse`] does, nested at most `depth_max` deep: for a text that wraps
/// the value whose nesting is limited. With 0 only a text, number or literal passes.
///
/// # Errors
/// Those of [`parse`].
pub fn parse_with_depth(bytes: &[u8], depth_max: u8) -> Result<Parsed, JsonError> {
    reader::read(bytes, depth_max)
}
