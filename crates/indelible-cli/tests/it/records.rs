//! `record` and `show`.

use serde_json::{Value, json};

use crate::desk::{Desk, on_each_store, packed};

on_each_store! {
    a_record_answers_its_receipt_and_is_shown_again,
    the_same_id_again_is_a_duplicate_and_other_content_a_conflict,
    a_receipt_is_printed_even_where_the_closing_fails,
    a_context_comes_from_the_line_a_file_or_standard_input,
    ill_formed_structure_is_a_usage_error_that_names_the_field,
    processes_that_begin_a_trail_at_once_share_it,
    a_value_may_look_like_an_option,
}

const ID: &str = "018f4f2e-7b1c-7c3a-9d2b-6a1f3e5b7a11";

fn a_record_answers_its_receipt_and_is_shown_again(new: fn() -> Desk) {
    let desk = new();
    let receipt = desk.json(&[
        "record",
        "user_login_failed",
        "session",
        "--user-id",
        "u-17",
        "--ip-address",
        "203.0.113.9",
        "--id",
        ID,
        "--context",
        "{\"n\": 9007199254740993, \"s\": \"x\"}",
        "--correlation-id",
        "r-1",
        "--on-behalf-of",
        "o",
        "--resource-id",
        "arn:aws:x/é",
        "--user-agent",
        "-curl",
        "--tag",
        "data.chd",
        "--tag",
        "actor.privileged",
        "--occurred-at",
        "2026-01-31T09:30:00+01:00",
    ]);
    let keys: Vec<_> = receipt.as_object().expect("an object").keys().collect();
    assert_eq!(
        keys,
        [
            "created_at",
            "delivery",
            "id",
            "leaf_hash",
            "seq",
            "trail",
            "tree_size"
        ]
    );
    assert_eq!(receipt["delivery"], "recorded");
    assert_eq!(
        (&receipt["seq"], &receipt["tree_size"]),
        (&json!(0), &json!(1))
    );
    for name in [ID, "0", "#0"] {
        let entry = desk.json(&["show", name]);
        assert_eq!(
            entry["context"],
            json!({"n": 9_007_199_254_740_993_i64, "s": "x"})
        );
        assert_eq!(entry["tags"], json!(["actor.privileged", "data.chd"]));
        assert_eq!(entry["occurred_at"], "2026-01-31T08:30:00.000000Z");
        assert_eq!(entry["outcome"], "failed");
        assert_eq!(entry["leaf_hash"], receipt["leaf_hash"]);
        assert_eq!(entry["user_agent"], "-curl");
        assert_eq!(entry["erased"], json!([]));
    }
}

fn the_same_id_again_is_a_duplicate_and_other_content_a_conflict(new: fn() -> Desk) {
    let desk = new();
    let call = ["record", "a", "t", "--id", ID, "--user-id", "u"];
    let first = desk.json(&call);
    let again = desk.json(&call);
    assert_eq!(again["delivery"], "duplicate");
    assert_eq!(again["content_checked"], true);
    assert_eq!(again["leaf_hash"], first["leaf_hash"]);
    desk.run(&["record", "a", "t", "--id", ID, "--user-id", "v"])
        .fails(1, "user_id");
    assert_eq!(
        desk.json(&["query"])["entries"].as_array().map(Vec::len),
        Some(1)
    );
}

fn a_receipt_is_printed_even_where_the_closing_fails(new: fn() -> Desk) {
    let desk = new();
    desk.run(&["record", "a", "t"]).fine();
    // Where the new mark is written before it takes the place of the old one.
    let beside = desk.state().join("marks/~default");
    std::fs::create_dir(&beside).expect("a folder");
    let answered = desk.run(&["record", "a", "t", "--output", "json"]);
    let receipt = answered.fails(1, "marks").json();
    assert_eq!(
        (&receipt["seq"], &receipt["delivery"]),
        (&json!(1), &json!("recorded"))
    );
    std::fs::remove_dir(&beside).expect("there");
    desk.run(&["record", "a", "t"]).fine();
    let report = desk.json(&["verify"]);
    assert_eq!(report["trails"][0]["size"], 3, "{report}");
}

fn a_context_comes_from_the_line_a_file_or_standard_input(new: fn() -> Desk) {
    let desk = new();
    desk.file("context.json", "{\"from\": \"file\"}");
    desk.file("context.json.gz", packed("{\"from\": \"gzip\"}"));
    desk.run(&["record", "a", "t", "--context", "{\"from\": \"line\"}"])
        .fine();
    desk.run(&["record", "a", "t", "--context", "@context.json"])
        .fine();
    desk.run(&["record", "a", "t", "--context", "@context.json.gz"])
        .fine();
    desk.fed(
        &["record", "a", "t", "--context", "-"],
        "{\"from\": \"input\"}\n",
    )
    .fine();
    desk.run(&["record", "a", "t", "--context", "null"]).fine();
    desk.run(&["record", "a", "t", "--context", "{}"]).fine();
    let found = desk.json(&["query"]);
    let contexts: Vec<&Value> = found["entries"]
        .as_array()
        .expect("a list")
        .iter()
        .rev()
        .map(|e| &e["context"])
        .collect();
    let from = |place: &str| json!({ "from": place });
    let expected = [
        from("line"),
        from("file"),
        from("gzip"),
        from("input"),
        Value::Null,
        json!({}),
    ];
    assert_eq!(contexts, expected.iter().collect::<Vec<_>>());
}

fn ill_formed_structure_is_a_usage_error_that_names_the_field(new: fn() -> Desk) {
    let desk = new();
    for (flags, said) in [
        (&["no spaces", "t"][..], "`action`"),
        (&["", "t"], "`action`"),
        (&["a", "t t"], "`resource_type`"),
        (&["a", "t", "--id", "17"], "`id`"),
        (&["a", "t", "--outcome", "maybe"], "`outcome`"),
        (
            &["a", "t", "--occurred-at", "2026-01-31T09:30:00"],
            "`occurred_at`",
        ),
        (&["a", "t", "--context", "[1]"], "`context`"),
        (
            &["a", "t", "--context", "{\"a\": 1, \"a\": 2}"],
            "`context`",
        ),
        (
            &["a", "t", "--context", "{\"a\": NaN}"],
            "`context` is no JSON: line 1, column 7",
        ),
        (
            &["a", "t", "--context", "{} , \"user_id\": \"forged\""],
            "`context`",
        ),
        (&["a", "t", "--context", "{}{}"], "`context`"),
        (&["a", "t", "--trail", "system"], "reserved"),
    ] {
        desk.run(&[&["record"], flags].concat()).fails(2, said);
    }
    desk.run(&["record", "a", "t", "--context", "@missing.json"])
        .fails(4, "missing.json");
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(64), "]".repeat(64));
    desk.run(&["record", "a", "t", "--context", &deep])
        .fails(2, "`context`");
    desk.run(&["query"]).fine();
    assert_eq!(desk.json(&["query"])["as_of"], 0);
}

#[test]
fn usage_errors_speak_in_the_products_name() {
    let desk = Desk::new();
    desk.run(&["record", "a", "t", "--no-such-flag"])
        .fails(2, "--no-such-flag");
    desk.run(&["record", "a"]).fails(2, "RESOURCE_TYPE");
    desk.run(&["no-such-command"]).fails(2, "no-such-command");
    desk.run(&["show", "twelve"]).fails(2, "UUID");
    desk.run(&["query", "--trail", "No"]).fails(2, "trail");
    assert!(!desk.database().exists());
}

#[test]
fn what_is_not_there_is_not_found() {
    let desk = Desk::new();
    for call in [
        &["show", "0"][..],
        &["query"],
        &["prove", "0"],
        &["checkpoint"],
        &["export"],
    ] {
        desk.run(call).fails(4, "sqlite:indelible.db");
        assert!(!desk.database().exists(), "{call:?}");
    }
    desk.run(&["record", "a", "t"]).fine();
    desk.run(&["show", "1"]).fails(4, "it has 1, #0 to #0");
    desk.run(&["show", ID]).fails(4, ID);
    desk.run(&["prove", "7"]).fails(4, "#7");
    desk.run(&["show", "0", "--trail", "other"])
        .fails(4, "it has no entries");
    desk.run(&["checkpoint", "--trail", "other"])
        .fails(4, "no entries");
    desk.run(&["vkey", "--trail", "other"])
        .fails(4, "no entries");
}

#[test]
fn reading_changes_nothing() {
    let desk = Desk::new();
    desk.run(&["record", "a", "t"]).fine();
    let before = std::fs::read(desk.database()).expect("a database");
    for call in [
        &["query"][..],
        &["show", "0"],
        &["prove", "0"],
        &["verify"],
        &["doctor"],
    ] {
        desk.run(call).fine();
    }
    assert_eq!(std::fs::read(desk.database()).expect("a database"), before);
    assert_eq!(
        desk.json(&["trail", "list"])["trails"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}

fn processes_that_begin_a_trail_at_once_share_it(new: fn() -> Desk) {
    let desk = new();
    let children: Vec<_> = (0..12)
        .map(|n| {
            desk.process(&[
                "record",
                "page_viewed",
                "page",
                "--user-id",
                &format!("u-{n}"),
            ])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .expect("the binary runs")
        })
        .collect();
    for child in children {
        let ended = child.wait_with_output().expect("ends");
        assert!(ended.status.success(), "{ended:?}");
    }
    let page = desk.json(&["query"]);
    let seqs: Vec<_> = page["entries"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|entry| entry["seq"].as_u64())
        .collect();
    assert_eq!(seqs, (0..12).rev().map(Some).collect::<Vec<_>>());
    desk.run(&["verify"]).fine();
    desk.run(&["doctor"]).fine();
}

fn a_value_may_look_like_an_option(new: fn() -> Desk) {
    let desk = new();
    let values = [
        ("--user-id", "user_id", "-x"),
        ("--on-behalf-of", "on_behalf_of", "--trail"),
        ("--resource-id", "resource_id", "--"),
        ("--ip-address", "ip_address", "-1"),
        ("--user-agent", "user_agent", "--help"),
        ("--correlation-id", "correlation_id", "-h"),
    ];
    let given = values.iter().flat_map(|(flag, _, value)| [*flag, *value]);
    let call: Vec<_> = ["record", "a", "t"].into_iter().chain(given).collect();
    desk.run(&[&call[..], &["--tag", "-t"]].concat()).fine();
    let entry = desk.json(&["show", "0"]);
    for (flag, name, value) in values {
        assert_eq!(entry[name], value);
        if !["--on-behalf-of", "--user-agent"].contains(&flag) {
            let found = desk.json(&["query", flag, value]);
            assert_eq!(found["entries"][0]["seq"], 0, "{found}");
            let found = desk.run(&["export", flag, value]).fine().lines();
            assert_eq!(found.len(), 1);
        }
    }
    desk.run(&["record", "a", "t", "--outcome", "-x"])
        .fails(2, "nothing was recorded: `outcome`");
}

#[cfg(unix)]
#[test]
fn bytes_that_are_no_text_are_replaced_and_noted() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let desk = Desk::new();
    let mut command = desk.call(&["record", "a", "t", "--on-behalf-of", "whole"]);
    let broken = OsStr::from_bytes(b"a\xffb");
    for flag in [
        "--user-id",
        "--resource-id",
        "--ip-address",
        "--user-agent",
        "--correlation-id",
        "--tag",
    ] {
        command.arg(flag).arg(broken);
    }
    let context = OsStr::from_bytes(b"{\"k\": \"a\xffb\"}");
    command.arg("--context").arg(context).assert().success();
    let entry = desk.json(&["show", "0"]);
    for name in ["user_id", "resource_id", "user_agent", "correlation_id"] {
        assert_eq!(entry[name], "a\u{fffd}b");
    }
    assert_eq!(entry["context"]["k"], "a\u{fffd}b");
    assert_eq!(entry["on_behalf_of"], "whole");
    let notes = entry["notes"].as_array().expect("notes").iter();
    let replaced = notes.filter(|note| note["kind"] == "replaced");
    let mut replaced: Vec<_> = replaced
        .map(|note| note["field"].as_str().expect("a field"))
        .collect();
    replaced.sort_unstable();
    let expected = [
        "context",
        "correlation_id",
        "ip_address",
        "resource_id",
        "user_agent",
        "user_id",
    ];
    assert_eq!(replaced, expected, "{entry}");
    // From a file whose name is no text either.
    let name = OsStr::from_bytes(b"@c\xff.json");
    let path = desk.path("here").join(OsStr::from_bytes(b"c\xff.json"));
    std::fs::write(path, context.as_bytes()).expect("written");
    let mut command = desk.call(&["record", "a", "t", "--context"]);
    command.arg(name).assert().success();
    let entry = desk.json(&["show", "1"]);
    assert_eq!(entry["context"]["k"], "a\u{fffd}b");
    assert_eq!(
        entry["notes"],
        json!([{"field": "context", "kind": "replaced"}])
    );
}
