//! Outboxes in SQLite files of the application's own.

use super::event;
use crate::desk::Desk;

/// A file with an outbox in it, and its URL.
fn bank(desk: &Desk) -> (String, rusqlite::Connection) {
    let file = desk.path("bank.db");
    let url = format!("sqlite:{}", file.display());
    let db = rusqlite::Connection::open(&file).expect("opens");
    db.execute_batch(indelible::outbox::SQLITE_CREATE)
        .expect("made");
    (url, db)
}

#[test]
fn an_outbox_in_a_database_of_its_own_is_drained_from_there() {
    let desk = Desk::new();
    desk.records(1);
    let bank = desk.path("bank.db");
    let url = format!("sqlite:{}", bank.display());
    let absent = desk.run(&["outbox", "drain", "--at", &url]);
    absent.fails(1, "there is no outbox at sqlite:");
    assert!(!bank.exists());
    let db = rusqlite::Connection::open(&bank).expect("opens");
    db.execute_batch(indelible::outbox::SQLITE_CREATE)
        .expect("made");
    let insert = indelible::outbox::SQLITE_INSERT;
    db.execute(insert, ["default", &event(1, "a")])
        .expect("inserted");
    let status = desk.json(&["outbox", "status", "--at", &url]);
    assert_eq!(status["waiting"], 1);
    let drained = desk.json(&["outbox", "drain", "--at", &url]);
    assert_eq!(drained["recorded"], 1);
    desk.run(&["outbox", "drain", "--at", "memory:"])
        .status_is(1);
}

#[test]
fn a_row_that_the_database_keeps_as_it_is_is_told() {
    let desk = Desk::new();
    desk.records(1);
    let (url, db) = bank(&desk);
    for digit in [1, 2] {
        let insert = indelible::outbox::SQLITE_INSERT;
        db.execute(insert, ["default", &event(digit, "a")])
            .expect("inserted");
    }
    let guard = "CREATE TRIGGER guard BEFORE DELETE ON op_outbox WHEN OLD.position = 1
                 BEGIN SELECT RAISE(ABORT, 'kept by a trigger'); END";
    db.execute_batch(guard).expect("made");
    let drained = desk.run(&["outbox", "drain", "--at", &url, "--output", "json"]);
    let drained = drained.status_is(1).json();
    assert_eq!(
        (&drained["recorded"], &drained["unsettled"]),
        (&2.into(), &1.into())
    );
    assert_eq!(drained["problem"], "kept by a trigger");
    let status = desk.json(&["outbox", "status", "--at", &url]);
    assert_eq!(status["waiting"], 1);
}

/// What the guide shows of Python's standard library, as it stands there.
fn python_of_the_guide() -> &'static str {
    let guide = include_str!("../../../../../docs/guide/outbox.md");
    let mut blocks = guide.split("```python\n").skip(1);
    let block = blocks.find(|block| block.starts_with("import json\nimport sqlite3"));
    let (code, _) = block
        .expect("it is there")
        .split_once("```")
        .expect("it ends");
    code
}

#[test]
fn what_the_guide_shows_in_python_joins_its_transaction() {
    let desk = Desk::new();
    desk.records(1);
    let (url, db) = bank(&desk);
    let account = "CREATE TABLE account (id INTEGER PRIMARY KEY, cents INTEGER); \
                   INSERT INTO account VALUES (7, 900)";
    db.execute_batch(account).expect("made");
    let run = |code: &str| {
        let mut python = std::process::Command::new("python3");
        let python = python.args(["-c", code]).current_dir(desk.path("."));
        python.status().expect("python3 is installed").success()
    };
    let shown = python_of_the_guide();
    let raising = shown.replace("bank.close()", "    raise SystemExit(3)");
    assert_ne!(shown, raising);
    assert!(!run(&raising));
    assert!(run(shown));
    let cents = db.query_row("SELECT cents FROM account", [], |row| row.get::<_, i64>(0));
    assert_eq!(cents.expect("a row"), 400, "one of the two was rolled back");
    let drained = desk.json(&["outbox", "drain", "--at", &url]);
    assert_eq!(drained["recorded"], 1);
    let shown = desk.run(&["query", "--action", "transfer_made", "--output", "ndjson"]);
    assert_eq!(shown.fine().out.lines().count(), 1);
}
