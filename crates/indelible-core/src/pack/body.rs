//! The bodies of parts, as every reader of a file must read them.

use serde_json::Value;

use super::reason::{Judged, malformed};
use crate::json::{self, canonical};

/// How deep a body is nested at most: it wraps a context, which is nested 64 deep at most.
const NESTING_MAX: u8 = json::NESTING_MAX + 2;
/// The members that are no texts.
const NO_TEXTS: [&str; 2] = ["context", "notes"];

/// Reads the body of a part: an object in its one spelling, so that no two readers find different
/// things in it.
pub(super) fn read(body: &[u8]) -> Judged<Value> {
    let Ok(parsed) = json::parse_with_depth(body, NESTING_MAX) else {
        return malformed("the body of a part is no JSON as it is written here");
    };
    let value = parsed.value;
    if !parsed.repairs.is_empty() || canonical::to_vec(&value) != body {
        return malformed("the body of a part is not canonical JSON");
    }
    let Value::Object(members) = &value else {
        return malformed("the body of a part is no object");
    };
    for (name, member) in members {
        if !member.is_string() && !NO_TEXTS.contains(&name.as_str()) {
            return malformed(format_args!("`{name}` of a part is no text"));
        }
    }
    Ok(value)
}
