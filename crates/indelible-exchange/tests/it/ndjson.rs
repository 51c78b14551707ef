//! Events in our own shape.

use indelible_core::{AuditAction, AuditEvent, Entry, Outcome};
use indelible_exchange::write_entry;
use serde_json::json;

use crate::fixture::{note, one, read_text};

const ID: &str = "0198b6a0-1111-7000-8000-000000000001";

#[test]
fn every_field_is_read_as_the_door_reads_it() {
    let line = json!({"id": ID, "action": "USER_LOGIN_FAILED", "outcome": "failed", "user_id": "u",
        "resource_type": "session", "resource_id": "s", "on_behalf_of": "o", "ip_address": "::1",
        "user_agent": "a", "context": {"n": 1}, "correlation_id": "c", "tags": ["actor.user"],
        "occurred_at": "2026-02-03T10:00:00.5+01:00",
        "notes": [{"field": "context", "kind": "redacted", "rule": "x", "path": "/p"}]});
    let event = one("ndjson", line.to_string());
    assert_eq!(
        event,
        AuditEvent::from_json(line.to_string().as_bytes()).expect("well-formed")
    );
    assert_eq!(event.action, AuditAction::USER_LOGIN_FAILED);
}

#[test]
fn lines_without_an_id_get_one_by_content_and_occurrence() {
    let line = json!({"action": "a", "resource_type": "r"}).to_string();
    let ids = read_text("ndjson", format!("{line}\n{line}\n")).ids();
    assert_ne!(ids[0], ids[1]);
    assert_eq!(read_text("ndjson", format!("{line}\n{line}\n")).ids(), ids);
    let event = one("ndjson", &line);
    assert_eq!(event.id.unwrap().to_string(), ids[0]);
    assert!(event.notes.is_empty() && event.outcome.is_none() && event.context.is_none());
}

#[test]
fn empty_and_absent_contexts_differ() {
    let with = |context| {
        one(
            "ndjson",
            format!(r#"{{"action":"a","resource_type":"r","context":{context}}}"#),
        )
    };
    assert_eq!(with("null").context, None);
    assert_eq!(with("{}").context, Some(json!({})));
    let wrapped = with("[1]");
    assert_eq!(wrapped.context, Some(json!({"value": [1]})));
    assert_eq!(
        note(&wrapped, "context", "wrapped").unwrap()["was"],
        "an array"
    );
}

#[test]
fn what_the_door_would_refuse_is_mapped_away() {
    let line = json!({"id": "17", "action": "admin_*", "resource_type": "a b", "outcome": "maybe",
        "occurred_at": "2026-02-03T10:00:00", "user_id": 17, "user_agent": {"a": 1},
        "tags": ["ok", 5, []], "notes": [{"field": 1}, "x"]});
    let event = one("ndjson", line.to_string());
    assert_eq!(
        (event.action.as_str(), event.resource_type.as_str()),
        ("admin__", "a_b")
    );
    assert_eq!((event.outcome, event.occurred_at), (None, None));
    assert_eq!(
        (event.user_id.as_deref(), event.user_agent.as_deref()),
        (Some("17"), None)
    );
    assert_eq!(event.tags, ["ok", "5"]);
    assert_eq!(note(&event, "id", "derived").unwrap()["was"], "17");
    assert_eq!(
        note(&event, "outcome", "unreadable").unwrap()["value"],
        "maybe"
    );
    assert_eq!(
        note(&event, "occurred_at", "unreadable").unwrap()["value"],
        "2026-02-03T10:00:00"
    );
    assert_eq!(
        note(&event, "user_agent", "wrong_type").unwrap()["value"],
        "{\"a\":1}"
    );
    assert_eq!(note(&event, "tags", "wrong_type").unwrap()["value"], "[]");
    assert_eq!(
        event
            .notes
            .iter()
            .filter(|note| note.field == "notes")
            .count(),
        2
    );
    assert!(event.check().is_ok());
    let missing = one("ndjson", r#"{"action":"a"}"#);
    assert_eq!(missing.resource_type, "unknown");
    assert!(note(&missing, "resource_type", "missing").is_some());
}

#[test]
fn repairs_are_noted_at_their_field() {
    let line =
        r#"{"action":"a","resource_type":"r","user_id":"\u0000","context":{"x":{"n":1e999}}}"#;
    let event = one("ndjson", line);
    let user = json!({"field": "user_id", "kind": "replaced"});
    assert_eq!(note(&event, "user_id", "replaced"), Some(user));
    assert_eq!(
        note(&event, "context", "number_as_text").unwrap()["path"],
        "/x/n"
    );
}

#[test]
fn other_members_are_refused_by_name_and_the_rest_goes_on() {
    let text = "{\"action\":\"a\",\"resource_type\":\"r\",\"colour\":1}\n{}\n17\n\
                {\"action\":\"b\",\"resource_type\":\"r\"}\n";
    let read = read_text("ndjson", text);
    assert_eq!(read.records.len(), 1);
    assert_eq!(read.records[0].origin.line, 4);
    assert!(
        read.rejected[0]
            .1
            .starts_with("`colour` is no field of an event")
    );
    assert!(
        read.rejected[1]
            .1
            .contains("none of `/action`, `/resource_type`")
    );
    assert_eq!(
        read.rejected[2].1,
        "a record is a JSON object, this is a number"
    );
}

fn entry() -> Entry {
    let entry = json!({"trail": "default", "seq": 7, "id": ID, "action": "invoice.sent",
        "outcome": "succeeded", "resource_type": "invoice", "resource_id": "i-1", "user_id": null,
        "on_behalf_of": null, "ip_address": null, "user_agent": "=1+1\r\n", "context":
        {"big": u64::MAX, "text": "\u{2028}é\u{0001}"}, "correlation_id": null, "tags": ["data.chd"],
        "occurred_at": "2026-02-03T10:00:00.000001Z", "created_at": "2026-02-03T10:00:01.000000Z",
        "leaf_hash": "0".repeat(64), "notes": [{"field": "tags", "kind": "dropped", "value": "É"}],
        "erased": []});
    serde_json::from_value(entry).expect("the shape of an entry")
}

#[test]
fn sys_47_an_exported_entry_comes_back_as_the_event_it_was() {
    let mut line = Vec::new();
    write_entry(&entry(), &mut line).expect("memory takes it");
    assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
    let event = one("ndjson", &line);
    let expected = AuditEvent::new(AuditAction::custom("invoice.sent"), "invoice")
        .id(ID.parse().expect("a UUID"))
        .outcome(Outcome::Succeeded)
        .resource_id("i-1")
        .user_agent("=1+1\r\n")
        .context(json!({"big": u64::MAX, "text": "\u{2028}é\u{0001}"}))
        .tag("data.chd")
        .occurred_at("2026-02-03T10:00:00.000001Z".parse().expect("a time"));
    assert_eq!(event.notes.len(), 1);
    assert_eq!(without_notes(event), expected);
}

#[test]
fn an_entry_that_was_erased_in_part_says_so() {
    let mut entry = entry();
    entry.erased = vec![indelible_core::part::PartKind::Actor];
    let mut line = Vec::new();
    write_entry(&entry, &mut line).expect("memory takes it");
    let noted = note(&one("ndjson", &line), "notes", "erased_before_import").unwrap();
    assert_eq!(noted["parts"], json!(["actor"]));
}

fn without_notes(mut event: AuditEvent) -> AuditEvent {
    event.notes.clear();
    event
}
