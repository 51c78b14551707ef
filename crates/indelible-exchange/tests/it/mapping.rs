//! A mapping that a user might write.

use std::io::Cursor;

use indelible_core::Outcome;
use indelible_exchange::{Importer, Mapping, Source};
use serde_json::json;

use crate::fixture::{ID_KEY, Read, note};

/// The worked example of the guide.
fn guide() -> (Mapping, String) {
    let guide = include_str!("../../../../docs/guide/importing.md");
    let block = |language: &str| {
        let fence = format!("```{language}\n");
        let start = guide.find(&fence).expect("the guide has the block") + fence.len();
        let length = guide[start..].find("```").expect("the block ends");
        guide[start..start + length].to_owned()
    };
    (
        Mapping::parse(&block("toml")).expect("the guide's mapping"),
        block("json"),
    )
}

#[test]
fn the_worked_example_of_the_guide_does_what_it_says() {
    let (mapping, text) = guide();
    let source = Source::reader("locks.json", Cursor::new(text.clone()));
    let events = Read::of(Importer::new(mapping, ID_KEY).read(vec![source])).all();
    assert_eq!(events.len(), 2);
    let event = &events[0];
    assert_eq!(event.action, "door.opened");
    assert_eq!(event.outcome, Some(Outcome::Succeeded));
    assert_eq!(
        (event.resource_type.as_str(), event.resource_id.as_deref()),
        ("door", Some("vault-2"))
    );
    assert_eq!(event.user_id.as_deref(), Some("anna"));
    assert_eq!(
        event.occurred_at.unwrap().to_string(),
        "2026-02-03T09:01:00.250000Z"
    );
    assert_eq!(
        event.context,
        Some(json!({"verb": "OPENED", "site": {"floor": 2}}))
    );
    assert_eq!(event.id.unwrap().get_version_num(), 8);
    let event = &events[1];
    assert_eq!(
        (event.action.as_str(), event.outcome),
        ("door.forced", Some(Outcome::Denied))
    );
    assert_eq!(event.user_id.as_deref(), Some("badge 0042"));
    assert_eq!(event.tags, ["actor.unknown"]);
    assert!(
        events.iter().all(|event| event.notes.is_empty()),
        "{events:?}"
    );
}

#[test]
fn keys_may_be_made_of_several_fields() {
    let mapping = Mapping::parse(
        r#"
        format = 1
        name = "audit"
        [key]
        from = { template = "{id}/{stage}", parts = { id = "/auditID", stage = "/stage" } }
        [event]
        action = "/verb"
        resource_type = { value = "k8s" }
        context = { only = ["/verb", "/objectRef/name"] }
        "#,
    );
    let lines = "{\"auditID\":\"1\",\"stage\":\"a\",\"verb\":\"get\",\"objectRef\":{\"name\":1,\"x\":2}}\n\
                 {\"auditID\":\"1\",\"stage\":\"b\",\"verb\":\"get\"}\n\
                 {\"auditID\":\"1\",\"stage\":\"a\",\"verb\":\"put\"}\n\
                 {\"verb\":\"put\"}\n";
    let source = Source::reader("k8s", Cursor::new(lines));
    let importer = Importer::new(mapping.expect("well-formed"), ID_KEY);
    let read = Read::of(importer.read(vec![source]));
    let ids = read.ids();
    assert!(ids[0] != ids[1] && ids[0] == ids[2] && ids[3] != ids[0]);
    assert_eq!(
        read.records[0].event.context,
        Some(json!({"verb": "get", "objectRef": {"name": 1}}))
    );
    assert!(read.records[0].event.notes.is_empty());
    assert_eq!(
        note(&read.records[3].event, "id", "derived").unwrap()["from"],
        "record"
    );
}

#[test]
fn texts_that_hold_json_are_taken_for_what_they_hold() {
    let mapping = Mapping::parse(
        r#"
        format = 1
        name = "rows"
        embedded = ["/details", "/deep/er"]
        [event]
        action = "/details/verb"
        resource_type = { value = "row" }
        "#,
    );
    let lines = concat!(
        r#"{"details":"{\"verb\":\"put\",\"a\":1,\"a\":2}","deep":{"er":"[1,2]"}}"#,
        "\n",
        r#"{"details":"{broken","deep":"x"}"#,
        "\n",
        r#"{"details":{"verb":"get"}}"#,
    );
    let source = Source::reader("rows", Cursor::new(lines));
    let importer = Importer::new(mapping.expect("well-formed"), ID_KEY);
    let events = Read::of(importer.read(vec![source])).all();
    let actions: Vec<_> = events.iter().map(|event| event.action.as_str()).collect();
    assert_eq!(actions, ["put", "unknown", "get"]);
    assert_eq!(
        events[0].context,
        Some(json!({"details": {"verb": "put", "a": 1, "a~2": 2}, "deep": {"er": [1, 2]}}))
    );
    let noted = note(&events[0], "context", "duplicate_key").expect("it is noted");
    assert_eq!(noted["path"], "/details/a~02");
    assert_eq!(
        events[1].context,
        Some(json!({"details": "{broken", "deep": "x"}))
    );
}

#[test]
fn a_mapping_of_a_table_says_which_and_takes_no_lines() {
    let good = "format = 1\nname = \"x\"\n[event]\naction = \"/a\"\nresource_type = \"/t\"\n\
                [table]\nname = \"audit_log\"\n";
    assert_eq!(
        Mapping::parse(good).expect("a mapping").table(),
        Some("audit_log")
    );
    let shipped = Mapping::shipped("audit-table").expect("it is shipped");
    assert_eq!(shipped.table(), Some("audit_log"));
    for (text, reason) in [
        (format!("lines = \"text\"\n{good}"), "rows of a table"),
        (format!("embedded = [\"\"]\n{good}"), "one place each"),
        (format!("embedded = [\"/a/*\"]\n{good}"), "one place each"),
        (format!("lines = \"csv\"\n{good}"), "csv"),
    ] {
        let error = Mapping::parse(&text).expect_err(&text);
        assert!(error.problem.contains(reason), "{text}\n{error}");
    }
}
