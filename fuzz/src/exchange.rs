//! What others write: mapping files, records, arrays.

use std::io::Cursor;

use indelible_core::AuditEvent;
use indelible_core::json::{canonical, parse};
use indelible_exchange::{ImportItem, Importer, Mapping, Source, elements};

use crate::memory::door;

const ID_KEY: [u8; 32] = [7; 32];
/// The most bytes of one document that are held.
const DOCUMENT_BYTES_MAX: u64 = 1 << 20;

/// Records of several makes, for mappings that are made up.
const RECORDS: &str = r#"{"eventID":"3038ebd2-c98a-4c65-9b6e-e22506292313","eventName":"GetObject","eventTime":"2026-03-01T09:30:00Z","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::123456789012:user/eve"},"a":{"b":[1,"x",null,{"c":true}]}}
{"id":"a/b","action":"data_viewed","resource_type":"statement","time":1767225600123,"n":[],"":{}}
{"a":"0","b":-1.5,"name":"x y","published":"2026-03-01T09:30:00.123456789+02:00"}
"#;

thread_local! {
    static SHIPPED: Vec<(&'static str, Mapping)> = Mapping::shipped_names()
        .map(|name| (name, Mapping::shipped(name).expect("it has a name")))
        .collect();
}

/// A mapping that is read maps any record, or says why not.
pub fn mapping(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    if let Ok(mapping) = Mapping::parse(text) {
        assert!(!mapping.name().is_empty());
        read(&mapping, RECORDS.as_bytes());
    }
}

/// The first line names a mapping that comes with the product, the rest is a file of its kind.
pub fn records(input: &[u8]) {
    let Some(end) = input.iter().position(|byte| *byte == b'\n') else {
        return;
    };
    let name = &input[..end];
    SHIPPED.with(|shipped| {
        if let Some((_, mapping)) = shipped.iter().find(|(known, _)| known.as_bytes() == name) {
            read(mapping, &input[end + 1..]);
        }
    });
}

/// Reads a file twice, which must come to the same, and takes every event of it.
fn read(mapping: &Mapping, file: &[u8]) {
    let importer = Importer::new(mapping.clone(), ID_KEY).document_bytes_max(DOCUMENT_BYTES_MAX);
    let sources = || vec![Source::reader("-", Cursor::new(file.to_vec()))];
    let mut reading = importer.read(sources());
    let items: Vec<_> = reading.by_ref().collect();
    let (mut records, mut line) = (0, 1);
    let door = door();
    for item in items.iter().flatten() {
        let origin = match item {
            ImportItem::Record(record) => {
                assert!(record.event.id.is_some(), "an event without an id");
                record.event.check().expect("a mapped event is well-formed");
                door.admit(record.event.clone())
                    .expect("a mapped event is taken");
                &record.origin
            }
            ImportItem::Rejected { origin, reason } => {
                assert!(!reason.is_empty());
                origin
            }
            _ => continue,
        };
        records += 1;
        assert_eq!(origin.record, records);
        assert!(origin.line >= line, "records stand in their order");
        line = origin.line;
    }
    assert_eq!(reading.progress().records, records);
    let again: Vec<_> = importer.read(sources()).collect();
    assert_eq!(
        format!("{again:?}"),
        format!("{items:?}"),
        "read again, it is something else"
    );
    let sorted = importer.read_sorted(sources());
    assert_eq!(sorted.count(), items.len(), "sorted, some are missing");
}

/// An array comes apart into its elements: in their order, none touching another, with nothing
/// between them but commas and blanks; and where the whole is JSON each is what it is there.
pub fn array(input: &[u8]) {
    const ELEMENTS_MAX: usize = 100;
    let whole = parse(input).ok().map(|read| read.value);
    let Ok(Some(ranges)) = elements(input, ELEMENTS_MAX) else {
        let fits = |value: &serde_json::Value| value.as_array().map(Vec::len) <= Some(ELEMENTS_MAX);
        let is_array = whole
            .as_ref()
            .is_some_and(|value| value.is_array() && fits(value));
        assert!(!is_array, "an array was not read");
        return;
    };
    assert!(ranges.len() <= ELEMENTS_MAX);
    let mut end = 0;
    for range in &ranges {
        let between = &input[end..range.start];
        let is_bare = |byte: &u8| byte.is_ascii_whitespace() || b"[,".contains(byte);
        assert!(
            between.iter().all(is_bare),
            "something was left out: {between:?}"
        );
        end = range.end;
        // What the server does with each.
        drop(AuditEvent::from_json(&input[range.clone()]));
    }
    if let Some(serde_json::Value::Array(values)) = whole {
        assert_eq!(values.len(), ranges.len());
        for (value, range) in values.iter().zip(ranges) {
            // A key that is repaired is repaired within its element.
            let element = parse(&input[range]).expect("an element of JSON is JSON");
            assert_eq!(canonical::to_vec(&element.value), canonical::to_vec(value));
        }
    }
}
