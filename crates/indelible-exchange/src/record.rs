//! From the text of a record to a value: what can be mended is, and remarked upon.

mod mend;

use indelible_core::json::{self, JsonError, JsonErrorKind, RepairKind};
use serde_json::Value;

use crate::mapping::Remark;

/// A record as it was read.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) value: Value,
    pub(crate) remarks: Vec<Remark>,
    /// How many more changes were made than there are remarks.
    pub(crate) unremarked: u64,
}

/// Reads one record, nested at most `depth_max` deep.
///
/// Bytes that are no UTF-8 become U+FFFD, a key that stands twice gets a suffix, what is nested
/// deeper becomes the text of itself, and what [`json::parse`] repairs is repaired.
pub(crate) fn read(text: &[u8], depth_max: u8) -> Result<Record, JsonError> {
    let mut remarks = Vec::new();
    let mut unremarked = 0;
    let text = String::from_utf8_lossy(text);
    if let std::borrow::Cow::Owned(_) = text {
        remarks.push(Remark {
            pointer: None,
            kind: "invalid_utf8",
        });
    }
    let parsed = match json::parse_with_depth(text.as_bytes(), depth_max) {
        Err(JsonError {
            kind: JsonErrorKind::DuplicateKey { .. } | JsonErrorKind::TooDeep { .. },
            ..
        }) => {
            let mended = mend::mend(text.as_bytes(), depth_max);
            remarks.extend(mended.remarks);
            unremarked = mended.unremarked;
            json::parse_with_depth(&mended.text, depth_max)?
        }
        other => other?,
    };
    remarks.extend(parsed.repairs.list.iter().map(|repair| Remark {
        pointer: Some(repair.pointer.clone()),
        kind: match repair.kind {
            RepairKind::Replaced => "replaced",
            RepairKind::NumberAsText => "number_as_text",
            RepairKind::KeyRenamed => "key_renamed",
        },
    }));
    unremarked += parsed.repairs.dropped();
    Ok(Record {
        value: parsed.value,
        remarks,
        unremarked,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn remarks<'r>(record: &'r Record) -> Vec<(&'r str, &'r str)> {
        let shown = |remark: &'r Remark| (remark.pointer.as_deref().unwrap_or("-"), remark.kind);
        record.remarks.iter().map(shown).collect()
    }

    #[test]
    fn text_that_needs_nothing_is_read_as_it_is() {
        let record = read(br#"{"a":"\\u0000","n":18446744073709551615}"#, 64).expect("JSON");
        assert_eq!(record.value, json!({"a": "\\u0000", "n": u64::MAX}));
        assert!(record.remarks.is_empty());
    }

    #[test]
    fn every_repair_is_remarked_upon() {
        let text = b"{\"a\":\"\\u0000\",\"b\":\"\xFF\",\"c\":1e400,\"d\":\"\\uD800\"}";
        let record = read(text, 64).expect("JSON");
        let value = json!({"a": "\u{FFFD}", "b": "\u{FFFD}", "c": "1e400", "d": "\u{FFFD}"});
        assert_eq!(record.value, value);
        let expected = [
            ("-", "invalid_utf8"),
            ("/a", "replaced"),
            ("/c", "number_as_text"),
            ("/d", "replaced"),
        ];
        assert_eq!(remarks(&record), expected);
    }

    #[test]
    fn a_key_that_stands_twice_keeps_both_values() {
        let text = br#"{"x":{"a":1,"a":2,"\u0061":3,"a~2":4},"b":[{"k":1,"k":[]}]}"#;
        let record = read(text, 64).expect("mended");
        let value = json!({"x": {"a": 1, "a~2": 2, "a~3": 3, "a~2~2": 4},
            "b": [{"k": 1, "k~2": []}]});
        assert_eq!(record.value, value);
        let expected = [
            ("/x/a~02", "duplicate_key"),
            ("/x/a~03", "duplicate_key"),
            ("/x/a~02~02", "duplicate_key"),
            ("/b/0/k~02", "duplicate_key"),
        ];
        assert_eq!(remarks(&record), expected);
    }

    #[test]
    fn what_is_nested_too_deep_becomes_its_own_text() {
        let record = read(br#"{"a":{"b":{"c":[1, "x"]}},"d":[[[]]]}"#, 3).expect("mended");
        let value = json!({"a": {"b": {"c": "[1, \"x\"]"}}, "d": [["[]"]]});
        assert_eq!(record.value, value);
        let expected = [("/a/b/c", "nested_as_text"), ("/d/0/0", "nested_as_text")];
        assert_eq!(remarks(&record), expected);
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(read(deep.as_bytes(), 64).expect("mended").remarks.len(), 1);
    }

    #[test]
    fn many_equal_keys_take_linear_time() {
        let text = format!("{{{}\"a\":1}}", "\"a\":1,".repeat(100_000));
        let record = read(text.as_bytes(), 64).expect("mended");
        assert_eq!(
            record.value.as_object().map(serde_json::Map::len),
            Some(100_001)
        );
        assert_eq!(record.remarks.len() as u64 + record.unremarked, 100_000);
    }

    #[test]
    fn what_is_no_json_stays_an_error() {
        for text in [
            "",
            "{",
            "{\"a\":1,}",
            "{\"a\":1,\"a\":}",
            "{\"a\":1,\"a\":2",
            "NaN",
            "{} {}",
        ] {
            assert!(read(text.as_bytes(), 64).is_err(), "{text}");
        }
    }
}
