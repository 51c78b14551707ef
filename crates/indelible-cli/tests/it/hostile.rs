//! Values that want to do harm: kept exactly, shown harmlessly.

use serde_json::json;

use crate::desk::{Desk, files, on_each_store};

on_each_store! {
    a_terminal_is_never_steered_by_a_value,
    no_value_is_refused_for_its_content,
    one_record_is_one_line_in_every_form,
    a_value_forges_no_line_of_what_is_shown,
}

fn a_terminal_is_never_steered_by_a_value(new: fn() -> Desk) {
    let desk = new();
    let hostile = "\x1b[2J\x1b]0;owned\x07\r\nforged\u{9b}31m\u{202e}\u{2028}<b>";
    desk.run(&[
        "record",
        "a",
        "t",
        &format!("--user-agent={hostile}"),
        &format!("--user-id={hostile}"),
        &format!("--resource-id={hostile}"),
        &format!("--context={}", json!({ hostile: hostile })),
    ])
    .fine();
    for call in [&["query"][..], &["show", "0"]] {
        let shown = desk.run(call).fine().out;
        let steers = |c: char| c != '\n' && (c.is_control() || "\u{202e}\u{2028}".contains(c));
        assert!(!shown.contains(steers), "{shown:?}");
        assert!(
            !shown.lines().any(|line| line.starts_with("forged")),
            "{shown}"
        );
    }
    let entry = desk.json(&["show", "0"]);
    assert_eq!(entry["user_agent"], hostile);
    assert_eq!(entry["context"][hostile], hostile);
    let found = desk.json(&["query", "--user-id", hostile]);
    assert_eq!(found["entries"].as_array().map(Vec::len), Some(1));
}

#[test]
fn an_error_does_not_repeat_what_steers() {
    let desk = Desk::new();
    let answered = desk.run(&["show", "0", "--database", "sqlite:no\x1b[31m.db"]);
    let answered = answered.fails(4, "no\\u{1b}[31m.db");
    assert!(!answered.err.contains('\x1b'), "{answered:?}");
}

fn no_value_is_refused_for_its_content(new: fn() -> Desk) {
    let desk = new();
    let long = "é".repeat(1_000);
    desk.run(&[
        "record",
        "a",
        "t",
        "--user-id",
        &long,
        "--ip-address",
        "unknown",
        "--user-agent",
        "'; DROP TABLE entry; --",
        "--resource-id",
        "%_%'\"",
        "--context",
        "{\"a\": \"\\ud800\", \"n\\u0000\": 1e400, \"b\": 18446744073709551616}",
        "--tag",
        "has space",
        "--tag",
        "fits",
    ])
    .fine();
    let entry = desk.json(&["show", "0"]);
    assert_eq!(entry["user_id"].as_str().map(str::len), Some(254));
    assert_eq!(entry["context"]["a"], "\u{fffd}");
    assert_eq!(entry["context"]["b"], "18446744073709551616");
    assert_eq!(entry["tags"], json!(["fits"]));
    let kinds: Vec<_> = entry["notes"]
        .as_array()
        .expect("notes")
        .iter()
        .map(|note| note["kind"].as_str().expect("a kind"))
        .collect();
    for kind in ["truncated", "replaced", "number_as_text", "dropped"] {
        assert!(kinds.contains(&kind), "{kind}: {kinds:?}");
    }
    assert_eq!(
        desk.json(&["query", "--resource-id", "%_%'\""])["entries"][0]["seq"],
        0
    );
    assert_eq!(
        desk.json(&["query", "--resource-id", "%"])["entries"],
        json!([])
    );
    desk.run(&["verify"]).fine();
}

#[test]
fn a_secret_is_nowhere_afterwards() {
    let desk = Desk::new();
    let secret = "correct-horse-battery-staple";
    desk.run(&[
        "record",
        "a",
        "t",
        "--context",
        &json!({"password": secret, "kept": "yes"}).to_string(),
        "--user-agent",
        "4111 1111 1111 1111",
    ])
    .fine();
    desk.run(&["export", "-o", "all.ndjson"]).fine();
    for path in files(desk.path("here").as_path())
        .iter()
        .chain(&files(desk.path("state").as_path()))
    {
        let bytes = std::fs::read(path).expect("readable");
        for secret in [secret, "1111 1111 1111"] {
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "{} holds a secret", path.display());
        }
    }
    let shown = desk.run(&["show", "0", "--output", "json"]).fine();
    assert!(
        !shown.out.contains(secret) && shown.out.contains("redacted"),
        "{shown:?}"
    );
}

fn one_record_is_one_line_in_every_form(new: fn() -> Desk) {
    let desk = new();
    let forged = "x\r\n{\"seq\":99}\u{2028}\n";
    desk.run(&["record", "a", "t", &format!("--user-id={forged}")])
        .fine();
    assert_eq!(desk.run(&["export"]).fine().out.lines().count(), 1);
    assert_eq!(
        desk.run(&["query", "--output", "ndjson"])
            .fine()
            .out
            .lines()
            .count(),
        1
    );
    // Header, row, summary.
    assert_eq!(desk.run(&["query"]).fine().out.lines().count(), 3);
}

fn a_value_forges_no_line_of_what_is_shown(new: fn() -> Desk) {
    let desk = new();
    let plain = ["record", "a", "t", "--user-id=x", "--user-agent=x"];
    desk.run(&[&plain[..], &["--context={\"k\": \"x\"}"]].concat())
        .fine();
    let forged = "x\noutcome  denied\n  denied";
    let hostile = [
        &format!("--user-id={forged}"),
        &format!("--user-agent={forged}"),
        &format!("--context={}", json!({ "k": forged })),
    ];
    let call: Vec<&str> = ["record", "a", "t"]
        .into_iter()
        .chain(hostile.map(|value| &**value))
        .collect();
    desk.run(&call).fine();
    let lines = |seq: &str| desk.run(&["show", seq]).fine().out.lines().count();
    assert_eq!(lines("1"), lines("0"));
    let shown = desk.run(&["show", "1"]).fine().out;
    assert!(
        shown.contains("user_id        x\\noutcome  denied\\n  denied\n"),
        "{shown}"
    );
    assert!(shown.contains("\n               }"), "{shown}");
}

#[test]
fn a_wrong_call_is_not_repeated_as_it_is() {
    let desk = Desk::new();
    let hostile = "\x1b[2J\nindelible: all is well\u{9b}1m";
    for call in [&["query", hostile][..], &["query", "--trail", hostile]] {
        let said = desk.run(call).fails(2, "\\u{1b}[2J\\nindelible: all");
        let steers = |c: char| c != '\n' && c.is_control();
        assert!(!said.err.contains(steers), "{said:?}");
        assert!(!said.err.contains("\nindelible"), "{said:?}");
    }
}
