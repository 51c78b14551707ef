//! The strict reader and the canonical writer.

use indelible_core::json::{canonical, normalise, parse};
use serde_json::Value;

/// Canonical bytes are a fixed point, and a text means what a general reader takes it to mean.
pub fn json(input: &[u8]) {
    let Ok(read) = parse(input) else {
        return;
    };
    let bytes = canonical::to_vec(&read.value);
    let again = parse(&bytes).expect("canonical bytes are JSON");
    assert!(again.repairs.is_empty(), "canonical bytes were repaired");
    assert_eq!(
        again.value, read.value,
        "canonical bytes mean something else"
    );
    assert_eq!(
        canonical::to_vec(&again.value),
        bytes,
        "two canonical forms"
    );
    if read.repairs.is_empty() {
        let mut general: Value = serde_json::from_slice(input).expect("a general reader reads it");
        let repairs = normalise(&mut general).expect("no deeper than the strict reader allows");
        assert!(repairs.is_empty(), "two ways in, and one repairs");
        assert_eq!(general, read.value, "two ways in, and two meanings");
    }
}
