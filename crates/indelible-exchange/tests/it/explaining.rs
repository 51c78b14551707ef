//! How single records map, and why.

use std::io::Cursor;

use indelible_exchange::{Explanation, Source, plan};

use crate::fixture::{importer, sample};

fn explained(mapping: &str, text: &str, line: Option<u64>) -> Vec<Explanation> {
    let source = Source::reader("text", Cursor::new(text.to_owned()));
    let explained = importer(mapping).explain(vec![source], line, 3);
    explained.expect("memory reads")
}

fn field<'e>(explanation: &'e Explanation, name: &str) -> (Option<&'e str>, &'e str) {
    let found = explanation.fields.iter().find(|field| field.field == name);
    let found = found.expect(name);
    (found.value.as_deref(), &found.from)
}

#[test]
fn each_field_says_where_it_comes_from() {
    let sources = plan(&[sample("okta.ndjson")]).expect("it is there");
    let explained = importer("okta")
        .explain(sources, Some(3), 5)
        .expect("readable");
    assert_eq!(explained.len(), 1);
    let third = &explained[0];
    assert_eq!((third.origin.line, third.rejected.as_deref()), (3, None));
    for (name, value, from) in [
        ("id", "b1f0c9d0-5d6e-11ee-8c99-0242ac120004", "key: /uuid"),
        (
            "occurred_at",
            "2026-03-01T08:00:02.000000Z",
            "/published, read as rfc3339",
        ),
        ("action", "role_assigned", "/eventType, map"),
        ("outcome", "succeeded", "outcome rule 3"),
        (
            "resource_type",
            "okta.user",
            "resource rule 1: template: type = /type, lower in /target/*",
        ),
        (
            "resource_id",
            "bob@example.com",
            "resource rule 1: /alternateId in /target/*",
        ),
        ("user_id", "anna@example.com", "/actor/alternateId"),
        ("tags", "actor.privileged", "tag rule 1"),
    ] {
        assert_eq!(field(third, name), (Some(value), from), "{name}");
    }
    assert!(third.fields.iter().all(|field| field.field != "ip_address"));
}

#[test]
fn an_outcome_that_the_action_tells_says_so() {
    let text = r#"{"protoPayload":{"methodName":"google.login.LoginService.loginFailure"}}"#;
    let explained = explained("gcp", text, None);
    assert_eq!(
        field(&explained[0], "outcome"),
        (Some("failed"), "the action")
    );
}

#[test]
fn what_is_shown_is_redacted_and_what_is_no_record_says_why() {
    let text = "{\"user\":\"u\",\"password\":\"hunter2-hunter2\",\"created\":\"soon\"}\nnonsense\n";
    let explained = explained("generic-json", text, None);
    assert_eq!(explained.len(), 2);
    let shown = format!("{explained:?}");
    assert!(
        !shown.contains("hunter2") && shown.contains("redacted"),
        "{shown}"
    );
    let first = &explained[0];
    assert_eq!(
        field(first, "action"),
        (Some("event_recorded"), "the mapping")
    );
    assert_eq!(field(first, "resource_type"), (Some("record"), "default"));
    assert_eq!(
        field(first, "occurred_at"),
        (None, "/created, which no format reads")
    );
    assert_eq!(field(first, "id").0, None, "another trail makes another");
    assert!(first.notes.iter().any(|note| note.kind == "unreadable"));
    assert!(explained[1].fields.is_empty() && explained[1].rejected.is_some());
}

#[test]
fn only_as_many_as_are_wanted_are_read() {
    let text = "{\"a\":1}\n".repeat(9);
    assert_eq!(explained("generic-json", &text, None).len(), 3);
    assert_eq!(explained("generic-json", &text, Some(9)).len(), 1);
    assert_eq!(explained("generic-json", &text, Some(10)).len(), 0);
}
