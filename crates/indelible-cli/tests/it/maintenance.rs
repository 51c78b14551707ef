//! `doctor`, `migrate`, `trail`, `completions`.

use serde_json::{Value, json};

use crate::desk::Desk;
use crate::postgres::check;

fn verdicts(report: &Value) -> Vec<(&str, &str)> {
    report["checks"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|check| {
            let name = check["check"].as_str().expect("a name");
            (name, check["verdict"].as_str().expect("a verdict"))
        })
        .collect()
}

#[test]
fn a_healthy_database_is_fine_on_one_screen() {
    let desk = Desk::new();
    desk.run(&["record", "a", "t"]).fine();
    let report = desk.json(&["doctor"]);
    assert_eq!(report["ok"], true);
    let expected = [
        "settings",
        "store",
        "schema",
        "guards",
        "durability",
        "index",
        "state",
        "tie",
        "key",
        "mark",
        "last event",
        "outbox",
        "instances",
    ];
    assert_eq!(verdicts(&report), expected.map(|check| (check, "ok")));
    let installation = desk.state().file_name().expect("a name").to_owned();
    let tie = report["checks"][7]["detail"].as_str().expect("a text");
    assert!(
        tie.ends_with(installation.to_str().expect("UTF-8")),
        "{tie}"
    );
    let shown = desk.run(&["doctor"]).fine().out;
    assert!(shown.lines().count() <= 24, "{shown}");
    assert!(shown.lines().all(|line| line.starts_with("OK ")), "{shown}");
}

#[test]
fn what_must_be_mended_is_said_with_its_remedy() {
    let desk = Desk::new();
    desk.run(&["doctor"]).status_is(1).says("indelible record");
    desk.run(&["record", "a", "t"]).fine();
    let db = rusqlite::Connection::open(desk.database()).expect("a database");
    db.execute_batch("DROP TRIGGER entry_update")
        .expect("dropped");
    drop(db);
    let answered = desk.run(&["doctor", "--output", "json"]).status_is(1);
    let report = answered.json();
    assert_eq!(report["ok"], false);
    assert!(verdicts(&report).contains(&("guards", "fail")), "{report}");
    desk.run(&["doctor"])
        .status_is(1)
        .says("entry_update")
        .says("indelible verify");
}

#[cfg(unix)]
#[test]
fn a_state_directory_that_others_may_read_must_be_mended() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::new();
    desk.run(&["record", "a", "t"]).fine();
    let key = desk.state().join("signing.key");
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o644)).expect("changed");
    desk.run(&["doctor"])
        .status_is(1)
        .says("chmod go-rwx")
        .says("signing.key");
}

#[test]
fn migrations_are_shown_and_applied() {
    let desk = Desk::new();
    desk.run(&["migrate", "status"])
        .fails(4, "indelible record");
    desk.run(&["migrate", "up"]).fails(4, "indelible record");
    desk.run(&["record", "a", "t"]).fine();
    let status = desk.json(&["migrate", "status"]);
    assert_eq!(status["pending"], 0);
    assert_eq!(
        status["migrations"][0],
        json!({"version": 1, "name": "log", "applied": true})
    );
    assert_eq!(desk.json(&["migrate", "up"]), status);
    desk.run(&["migrate", "status", "--database", "memory:"])
        .fails(2, "memory:");
    let empty = desk.path("here/empty.db");
    std::fs::write(&empty, "").expect("written");
    let status = desk.json(&["migrate", "status", "--database", "sqlite:empty.db"]);
    assert_ne!(status["pending"], 0);
    desk.run(&["query", "--database", "sqlite:empty.db"])
        .fails(1, "migration");
    let status = desk.json(&["migrate", "up", "--database", "sqlite:empty.db"]);
    assert_eq!(status["pending"], 0);
}

#[test]
fn trails_are_listed_and_begun() {
    let desk = Desk::new();
    desk.records(2);
    let call = [
        "trail",
        "create",
        "payments",
        "--description",
        "of the shop",
    ];
    assert_eq!(desk.json(&call)["seq"], 0);
    desk.run(&call)
        .fails(1, "payments is there, with 1 entries");
    let first = desk.json(&["show", "0", "--trail", "payments"]);
    assert_eq!(first["context"]["description"], "of the shop");
    let trails = desk.json(&["trail", "list"]);
    let sizes: Vec<_> = trails["trails"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|t| (&t["trail"], &t["size"]))
        .collect();
    assert_eq!(
        sizes,
        [
            (&json!("default"), &json!(2)),
            (&json!("payments"), &json!(1))
        ]
    );
    let key = desk.run(&["vkey", "--trail", "payments"]).fine().out;
    assert_eq!(trails["trails"][1]["verifier_key"], key.trim_end());
    desk.run(&["trail", "create", "No Name"])
        .fails(2, "No Name");
    desk.run(&["trail", "create", "system"])
        .fails(2, "reserved");
    desk.run(&["trail", "create", "a", "--trail", "b"])
        .fails(2, "--trail");
    desk.run(&["trail", "succeed", "--trail", "none", "--reason", "x"])
        .fails(2, "no entry");
}

#[test]
fn a_healthy_trail_is_not_succeeded() {
    let desk = Desk::new();
    desk.records(2);
    desk.run(&["trail", "succeed", "--reason", "key ceremony"])
        .fails(2, "high-water mark");
    desk.run(&["record", "a", "t"]).fine();
    assert_eq!(desk.json(&["verify"])["ok"], true);
    assert_eq!(desk.json(&["doctor"])["ok"], true);
}

#[test]
fn every_shell_gets_completions() {
    let desk = Desk::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = desk.run(&["completions", shell]).fine().out;
        assert!(script.contains("verify-proof"), "{shell}");
    }
    desk.run(&["completions", "tcsh"]).fails(2, "tcsh");
}

#[test]
fn reading_a_database_without_trails_makes_no_key() {
    let desk = Desk::new();
    desk.file("empty.db", "");
    let database = ["--database", "sqlite:empty.db"];
    let call = |words: &[&str]| desk.run(&[words, &database[..]].concat());
    call(&["migrate", "up"]).fine();
    call(&["query"]).fine().says("no entry matches");
    call(&["trail", "list"]).fine().says("no trail yet");
    call(&["export"]).fine();
    call(&["verify"]).fails(3, "nothing could be verified");
    call(&["show", "0"]).fails(4, "it has no entries");
    call(&["doctor"]);
    assert!(!desk.path("state").exists());
}

#[test]
fn an_index_is_made_again_from_the_log() {
    let desk = Desk::new();
    desk.run(&["reindex"]).fails(4, "indelible record");
    desk.records(300);
    let index = desk.path("here/indelible.db-index");
    std::fs::write(&index, "no database at all").expect("written");
    let report = desk.run(&["doctor", "--output", "json"]).fine().json();
    let (verdict, detail, remedy) = check(&report, "index");
    assert_eq!(verdict, "warn", "{report}");
    assert!(detail.starts_with("300 entries behind"), "{detail}");
    assert!(detail.contains("damaged"), "{detail}");
    assert!(remedy.contains("`indelible reindex`"), "{remedy}");

    let made = desk.json(&["reindex"]);
    assert_eq!(
        (&made["made"], &made["entries"]),
        (&json!(true), &json!(300))
    );
    assert_eq!(made["runs"], 1);
    assert!(std::fs::metadata(&index).expect("there").len() > 4096);
    let report = desk.json(&["doctor"]);
    let (verdict, detail, _) = check(&report, "index");
    assert_eq!(verdict, "ok", "{report}");
    assert!(detail.starts_with("0 entries behind"), "{detail}");

    std::fs::remove_file(&index).expect("it goes");
    let said = desk.run(&["reindex"]).fine();
    let said = said.says("indexed anew: 300 entries");
    assert_eq!(said.err, "", "no bar where nobody looks");
    assert!(index.exists());
    assert_eq!(desk.json(&["verify"])["ok"], true);
}
