//! The same rules for values that never were text.

use serde_json::{Map, Value};

use super::NESTING_MAX;
use super::error::TooDeep;
use super::names::{self, Misnamed};
use super::number;
use super::repair::{RepairKind, Repairs};

const REPLACEMENT: &str = "\u{FFFD}";

/// Makes the value what [`super::parse`] would have read from its text: NUL becomes U+FFFD, and
/// doubles are what their RFC 8785 spelling reads back to.
///
/// A value that needs no repair is looked through once and nothing is allocated.
///
/// # Errors
/// [`TooDeep`] when it is nested deeper than [`NESTING_MAX`]; it may then be repaired in part.
pub fn normalise(value: &mut Value) -> Result<Repairs, TooDeep> {
    normalise_with_depth(value, NESTING_MAX)
}

/// Does what [`normalise`] does, with the given limit on nesting.
///
/// # Errors
/// [`TooDeep`] when it is nested deeper than `depth_max`; it may then be repaired in part.
pub fn normalise_with_depth(value: &mut Value, depth_max: u8) -> Result<Repairs, TooDeep> {
    let mut pass = Pass {
        max: depth_max,
        repairs: Repairs::default(),
    };
    pass.value(value, depth_max)?;
    Ok(pass.repairs)
}

/// Checks that the value is nested at most `depth_max` deep, without changing or copying it.
///
/// # Errors
/// [`TooDeep`] when it is nested deeper.
pub fn check_nesting(value: &Value, depth_max: u8) -> Result<(), TooDeep> {
    if fits(value, depth_max) {
        Ok(())
    } else {
        Err(TooDeep { max: depth_max })
    }
}

fn fits(value: &Value, levels_left: u8) -> bool {
    let inner = levels_left.checked_sub(1);
    match value {
        Value::Array(items) => inner.is_some_and(|left| items.iter().all(|v| fits(v, left))),
        Value::Object(map) => inner.is_some_and(|left| map.values().all(|v| fits(v, left))),
        _ => true,
    }
}

struct Pass {
    max: u8,
    repairs: Repairs,
}

impl Pass {
    fn value(&mut self, value: &mut Value, levels_left: u8) -> Result<(), TooDeep> {
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) if number.is_f64() => {
                if let Some(double) = number.as_f64() {
                    *value = number::of_double(double).into_value(&mut self.repairs);
                }
            }
            Value::Number(_) => {}
            Value::String(text) => {
                if text.as_bytes().contains(&0) {
                    *text = text.replace('\0', REPLACEMENT);
                    self.repairs.push(RepairKind::Replaced);
                }
            }
            Value::Array(items) => {
                let levels_left = self.enter(levels_left)?;
                for (index, item) in items.iter_mut().enumerate() {
                    let mark = self.repairs.mark();
                    self.value(item, levels_left)?;
                    self.repairs.within_index(mark, index);
                }
            }
            Value::Object(map) => {
                let levels_left = self.enter(levels_left)?;
                self.members(map, levels_left)?;
            }
        }
        Ok(())
    }

    fn enter(&self, levels_left: u8) -> Result<u8, TooDeep> {
        levels_left.checked_sub(1).ok_or(TooDeep { max: self.max })
    }

    fn members(&mut self, map: &mut Map<String, Value>, levels_left: u8) -> Result<(), TooDeep> {
        let mut misnamed = Vec::new();
        for (key, value) in map.iter_mut() {
            let mark = self.repairs.mark();
            self.value(value, levels_left)?;
            if key.as_bytes().contains(&0) {
                misnamed.push(Misnamed {
                    original: key.as_bytes().to_vec(),
                    key: key.replace('\0', REPLACEMENT),
                    value: value.take(),
                    at: 0,
                    repairs: mark..self.repairs.mark(),
                });
            } else {
                self.repairs.within_key(mark, key);
            }
        }
        if !misnamed.is_empty() {
            map.retain(|key, _| !key.as_bytes().contains(&0));
            misnamed.sort_by(|a, b| a.original.cmp(&b.original));
            names::settle(map, misnamed, &mut self.repairs);
        }
        Ok(())
    }
}
