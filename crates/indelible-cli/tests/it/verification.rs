//! `verify`: what it answers, and that its exit status is to be trusted.

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::desk::Desk;

/// Changes the database beneath its guards.
fn tamper(desk: &Desk, sql: &str) {
    let db = Connection::open(desk.database()).expect("a database");
    let guards: Vec<String> = db
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        .and_then(|mut found| found.query_map([], |row| row.get(0))?.collect())
        .expect("a schema");
    for guard in guards {
        db.execute_batch(&format!("DROP TRIGGER \"{guard}\""))
            .expect("dropped");
    }
    db.execute_batch(sql).expect(sql);
}

fn kinds(report: &Value) -> Vec<&str> {
    let trails = report["trails"].as_array().expect("a list").iter();
    let findings = trails.flat_map(|trail| trail["findings"].as_array().expect("a list"));
    findings
        .map(|finding| finding["kind"].as_str().expect("a kind"))
        .collect()
}

#[test]
fn a_trail_as_it_was_recorded_is_fine() {
    let desk = Desk::new();
    desk.records(20);
    desk.run(&["record", "a", "t", "--trail", "other"]).fine();
    let report = desk.json(&["verify"]);
    assert_eq!(report["ok"], true);
    let names: Vec<_> = report["trails"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|trail| &trail["trail"])
        .collect();
    assert_eq!(names, [&json!("default"), &json!("other")]);
    for field in [
        "trail",
        "size",
        "root",
        "entries_checked",
        "erased",
        "findings",
    ] {
        assert!(!report["trails"][0][field].is_null(), "{field}");
    }
    assert_eq!(report["trails"][0]["entries_checked"], 20);
    assert_eq!(kinds(&report), [""; 0], "key and mark are at hand");
    let one = desk.json(&["verify", "--trail", "other"]);
    assert_eq!(one["trails"].as_array().map(Vec::len), Some(1));
}

#[test]
fn an_altered_entry_is_named_and_the_exit_status_is_three() {
    let desk = Desk::new();
    desk.records(5);
    tamper(
        &desk,
        "UPDATE entry SET action = 'page_hidden' WHERE seq = 3",
    );
    let answered = desk
        .run(&["verify", "--output", "json"])
        .fails(3, "verification failed");
    let report = answered.json();
    assert_eq!(
        (&report["ok"], &report["trails"][0]["ok"]),
        (&json!(false), &json!(false))
    );
    assert!(kinds(&report).contains(&"column_differs"), "{report}");
    let shown = desk.run(&["verify"]).fails(3, "in default").out;
    assert!(
        shown.contains("FAILED") && shown.contains("default #3 column_differs"),
        "{shown}"
    );
    let sheet = desk.run(&["verify", "--output", "csv"]).fails(3, "").out;
    assert!(
        sheet.contains("default,false,5,") && sheet.contains(",3,column_differs,"),
        "{sheet}"
    );
}

#[test]
fn a_restored_copy_is_found_refused_and_succeeded() {
    let desk = Desk::new();
    desk.records(3);
    std::fs::copy(desk.database(), desk.path("copy.db")).expect("copied");
    let old = desk.run(&["checkpoint"]).fine().out;
    desk.run(&["record", "a", "t", "--user-id", "lost"]).fine();
    std::fs::copy(desk.path("copy.db"), desk.database()).expect("restored");
    let report = desk
        .run(&["verify", "--output", "json"])
        .fails(3, "")
        .json();
    assert!(kinds(&report).contains(&"rolled_back"), "{report}");
    desk.run(&["record", "a", "t"])
        .fails(1, "indelible trail succeed --reason");
    desk.run(&["doctor"])
        .status_is(1)
        .says("indelible trail succeed");
    desk.run(&["trail", "succeed"]).fails(2, "--reason");
    desk.run(&["trail", "succeed", "--reason", " "])
        .fails(2, "--reason");
    let succession = desk.json(&["trail", "succeed", "--reason", "restored on Sunday"]);
    assert_eq!(
        (&succession["incarnation"], &succession["size"]),
        (&json!(2), &json!(3))
    );
    let first = desk.json(&["show", "3"]);
    assert_eq!(first["context"]["reason"], "restored on Sunday");
    desk.run(&["record", "a", "t"]).fine();
    desk.run(&["verify"]).fine();
    desk.file("old", old);
    desk.run(&["verify", "--since", "old"]).fine();
}

#[test]
fn a_checkpoint_that_was_kept_is_held_against_the_trail() {
    let desk = Desk::new();
    desk.records(4);
    desk.run(&["checkpoint", "-o", "kept"]).fine();
    desk.records(8);
    let report = desk.json(&["verify", "--since", "kept"]);
    assert_eq!(report["trails"][0]["checked_from"], 4);
    assert_eq!(report["trails"][0]["entries_checked"], 4);
    desk.fed(&["verify", "--since", "-"], desk.read("kept"))
        .fine();
    let forged = desk.read("kept").replacen("\n4\n", "\n5\n", 1);
    desk.fed(&["verify", "--since", "-"], forged)
        .fails(3, "bad signature");
    desk.fed(&["verify", "--since", "-"], "nonsense")
        .fails(3, "-");
    desk.run(&["verify", "--since", "missing"])
        .fails(4, "missing");
    let other = Desk::new();
    other.records(4);
    other.file("foreign", desk.read("kept"));
    other
        .run(&["verify", "--since", "foreign"])
        .fails(3, "no known key");
}

#[test]
fn nothing_to_verify_is_not_verified() {
    let desk = Desk::new();
    desk.run(&["verify"]).fails(3, "sqlite:indelible.db");
    assert_eq!(
        desk.run(&["verify", "--output", "json"]).json()["ok"],
        false
    );
    desk.records(2);
    desk.run(&["verify", "--trail", "other"])
        .fails(3, "nothing could be verified");
    tamper(&desk, "DELETE FROM head");
    let report = desk
        .run(&["verify", "--output", "json"])
        .fails(3, "verification failed")
        .json();
    assert_eq!(kinds(&report), ["head_missing"], "{report}");
    std::fs::write(desk.database(), "this is no database").expect("written");
    desk.run(&["verify"]).fails(3, "");
}

#[test]
fn a_trail_that_is_gone_with_all_its_rows_is_missed() {
    let desk = Desk::new();
    desk.records(2);
    desk.run(&["record", "a", "t", "--trail", "other"]).fine();
    std::fs::copy(desk.database(), desk.path("without.db")).expect("copied");
    desk.run(&["record", "a", "t", "--trail", "payments"])
        .fine();
    std::fs::copy(desk.path("without.db"), desk.database()).expect("restored");
    let report = desk
        .run(&["verify", "--output", "json"])
        .fails(3, "payments")
        .json();
    assert_eq!(kinds(&report), ["head_missing"], "{report}");
}

#[test]
fn without_the_state_directory_it_is_said_what_was_not_compared() {
    let desk = Desk::new();
    desk.records(2);
    let key = desk.run(&["vkey"]).fine().out;
    std::fs::remove_dir_all(desk.path("state")).expect("there");
    let report = desk.json(&["verify"]);
    assert_eq!(kinds(&report), ["mark_missing", "key_unconfirmed"]);
    let report = desk.json(&["verify", "--key", key.trim_end()]);
    assert_eq!(kinds(&report), ["mark_missing"]);
    desk.run(&["record", "a", "t"]).fails(1, "--state-dir");
    desk.run(&["doctor"]).status_is(1).says("--state-dir");
    assert!(!desk.path("state").join("indelible").exists() || desk.json(&["verify"])["ok"] == true);
}
