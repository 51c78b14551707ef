//! What is imported at the engine's door: it is admitted, and known again the next time.

use std::sync::Arc;
use std::time::Duration;

use indelible_core::door::{Admitted, Door, Sameness};
use indelible_core::redact::Redactor;
use indelible_core::{AuditEvent, Clock, Entropy, Timestamp, TrailName};
use indelible_exchange::{Source, write_entry};
use serde_json::json;

use crate::fixture::{Read, importer, one, read_files, read_text};

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        "2026-11-23T12:00:00Z".parse().expect("a time")
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

struct Sevens;

impl Entropy for Sevens {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

fn door() -> Door {
    Door::new(
        Arc::new(Noon),
        Arc::new(Sevens),
        Arc::new(Redactor::default_mask()),
    )
}

fn admit(event: AuditEvent) -> Admitted {
    door()
        .admit(event)
        .expect("the importer gives what the door takes")
}

fn compare(event: AuditEvent, stored: &Admitted) -> Sameness {
    door()
        .compare(&admit(event), &stored.new.entry)
        .expect("bodies that the door wrote")
}

/// The line that `export` writes of an admitted event.
fn exported(admitted: &Admitted) -> Vec<u8> {
    let entry = admitted
        .new
        .entry
        .clone()
        .open(&TrailName::standard())
        .expect("bodies of the door");
    let mut line = Vec::new();
    write_entry(&entry, &mut line).expect("memory takes it");
    line
}

#[test]
fn the_second_import_is_equal_to_the_first() {
    let first = read_files("cloudtrail", &["cloudtrail-delivery.json"]).all();
    let second = read_files("cloudtrail", &["cloudtrail-lookup.json"]).all();
    for (first, second) in first.into_iter().zip(second) {
        let stored = admit(first);
        assert_eq!(stored.new.entry.id, second.id.expect("an id"));
        assert_eq!(compare(second, &stored), Sameness::Equal);
    }
}

#[test]
fn an_export_is_equal_to_what_it_was_made_of() {
    let hostile = [
        json!({"eventName": "X", "userAgent": "a\u{0}b", "n": u64::MAX, "s": "\u{2028}\u{1}é"}),
        json!({"eventName": "X Y", "eventTime": "yesterday", "userAgent": "é".repeat(2_000)}),
        json!({"eventName": "X", "text": "x".repeat(100_000), "eventTime": "2031-01-01T00:00:00Z"}),
        json!({"eventName": "X", "password": "hunter2", "requestParameters": {"apiKey": 5}}),
    ];
    let mut events = read_files("cloudtrail", &["cloudtrail-delivery.json"]).all();
    events.extend(hostile.map(|record| one("cloudtrail", record.to_string())));
    let deep = format!(
        "{{\"eventName\":\"D\",\"d\":{}1{}}}",
        "[".repeat(63),
        "]".repeat(63)
    );
    events.push(one("cloudtrail", deep));
    for event in events {
        let stored = admit(event);
        let back = one("ndjson", exported(&stored));
        assert_eq!(back.id, Some(stored.new.entry.id));
        let admitted = admit(back.clone());
        assert_eq!(admitted.new.entry, stored.new.entry, "into an empty trail");
        assert_eq!(compare(back, &stored), Sameness::Equal);
    }
}

#[test]
fn other_content_under_the_same_key_differs_and_passes_under_its_fallback() {
    let record = |name: &str| {
        format!(
            "{{\"eventID\":\"5b1d3c2e-0000-4000-8000-000000000001\",\"eventName\":\"{name}\"}}\n"
        )
    };
    let read = read_text("cloudtrail", record("A") + &record("B"));
    let stored = admit(read.records[0].event.clone());
    assert_eq!(
        compare(read.records[1].event.clone(), &stored),
        Sameness::Differs("action")
    );
    let other = admit(read.records[1].under_fallback_id());
    assert_ne!(other.new.entry.id, stored.new.entry.id);
    assert_eq!(
        compare(read.records[1].under_fallback_id(), &other),
        Sameness::Equal
    );
}

#[test]
fn what_waited_on_a_disk_is_admitted_as_what_did_not() {
    let long = "x".repeat(2_000);
    let records = [
        json!({"action": "a", "resource_type": "t", "user_id": "4111 1111 1111 1111",
            "user_agent": "curl --password=hunter2-hunter2", "resource_id": "r",
            "context": {"password": "p4ssword!", "list": [{"api_key": 5}], "kept": 1},
            "notes": [{"field": "context", "kind": "replaced", "path": "/kept"}]}),
        json!({"action": "push.ghp_0123456789abcdefghijklmnopqrstuvwx01", "resource_type": "t",
            "tags": ["ghp_0123456789abcdefghijklmnopqrstuvwx01", "kept"], "user_id": long}),
        json!({"action": "b", "resource_type": "t", "occurred_at": "2031-01-01T00:00:00Z",
            "context": {"secrets": (0..70).map(|n| json!({"password": format!("s{n}-x")}))
                .collect::<Vec<_>>()}}),
    ];
    let text: String = records.iter().map(|record| format!("{record}\n")).collect();
    let read = |run_bytes| {
        let source = Source::reader("text", std::io::Cursor::new(text.clone()));
        let sorted = importer("ndjson")
            .run_bytes(run_bytes)
            .read_sorted(vec![source]);
        Read::of(sorted).all()
    };
    let (held, waited) = (read(1 << 20), read(1));
    assert_eq!((held.len(), waited.len()), (3, 3));
    for (held, waited) in held.into_iter().zip(waited) {
        assert_ne!(held, waited, "it waited with its secrets");
        let stored = admit(held.clone());
        assert_eq!(admit(waited.clone()).new.entry, stored.new.entry);
        assert_eq!(compare(waited, &stored), Sameness::Equal);
    }
}
