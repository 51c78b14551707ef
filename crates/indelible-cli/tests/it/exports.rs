//! `export` and pipes.

use std::process::Stdio;

use crate::desk::{Desk, on_each_store};

on_each_store! {
    an_export_has_no_limit_and_every_filter,
    an_export_that_fails_leaves_the_file_that_was_there,
    a_reader_that_goes_away_ends_the_export_quietly,
}

fn an_export_has_no_limit_and_every_filter(new: fn() -> Desk) {
    let desk = new();
    desk.records(2105);
    let told = desk.json(&["export", "-o", "all.ndjson"]);
    assert_eq!(
        (&told["entries"], &told["as_of"]),
        (&2105.into(), &2105.into())
    );
    assert_eq!(desk.read("all.ndjson").lines().count(), 2105);
    let printed = desk.run(&["export"]).fine();
    assert_eq!(printed.out, desk.read("all.ndjson"));
    let some = desk
        .run(&["export", "--user-id", "u-4", "--context", "n=4"])
        .fine()
        .lines();
    assert_eq!(some.len(), 1);
    assert_eq!(some[0], desk.json(&["show", "4"]));
    let earlier = desk.run(&["export", "--as-of", "3"]).fine().lines();
    assert_eq!(earlier.len(), 3);
    desk.run(&["export", "--outcome", "maybe"])
        .fails(2, "`outcome`");
}

fn an_export_that_fails_leaves_the_file_that_was_there(new: fn() -> Desk) {
    let desk = new();
    desk.records(2);
    desk.file("all.ndjson", "kept\n");
    desk.run(&["export", "--as-of", "9", "-o", "all.ndjson"])
        .fails(2, "`as_of`");
    assert_eq!(desk.read("all.ndjson"), "kept\n");
    desk.run(&["export", "-o", "all.ndjson"]).fine();
    assert_eq!(desk.read("all.ndjson").lines().count(), 2);
}

#[cfg(unix)]
#[test]
fn an_exported_file_is_for_its_owner() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::new();
    desk.records(1);
    desk.run(&["export", "-o", "all.ndjson"]).fine();
    let found = std::fs::metadata(desk.path("here/all.ndjson")).expect("there");
    assert_eq!(found.permissions().mode() & 0o777, 0o600);
}

fn a_reader_that_goes_away_ends_the_export_quietly(new: fn() -> Desk) {
    let desk = new();
    desk.records(3000);
    for call in [
        &["export"][..],
        &["query", "--limit", "1000", "--output", "json"],
    ] {
        let mut child = desk
            .process(call)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        drop(child.stdout.take());
        let ended = child.wait_with_output().expect("ends");
        assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
        assert_eq!(ended.status.code(), Some(0));
    }
}

#[test]
fn sheets_are_rfc_4180_and_no_formulas() {
    let desk = Desk::new();
    let hostile = [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\tx",
        "\n=1",
        "＝1+1",
        "a,\"b\"\r\nc",
        "'=kept",
        "plain",
    ];
    for value in hostile {
        desk.run(&["record", "a", "t", &format!("--user-agent={value}")])
            .fine();
    }
    let sheet = desk.run(&["export", "--format", "csv"]).fine().out;
    let mut reader = csv::Reader::from_reader(sheet.as_bytes());
    let at = reader
        .headers()
        .expect("a header")
        .iter()
        .position(|name| name == "user_agent");
    let rows: Vec<_> = reader.records().map(|row| row.expect("a row")).collect();
    let cells: Vec<&str> = rows
        .iter()
        .rev()
        .map(|row| &row[at.expect("a column")])
        .collect();
    let expected = [
        "'=1+1",
        "'+1",
        "'-1",
        "'@SUM(A1)",
        "'\tx",
        "'\n=1",
        "'＝1+1",
        "a,\"b\"\r\nc",
        "''=kept",
        "plain",
    ];
    assert_eq!(cells, expected);
    assert!(sheet.ends_with("\r\n"));
    let exact = desk.run(&["export"]).fine().lines();
    let exact: Vec<_> = exact
        .iter()
        .rev()
        .map(|e| e["user_agent"].as_str().expect("a text"))
        .collect();
    assert_eq!(exact, hostile);
}

#[test]
fn a_file_never_takes_the_place_of_the_trail() {
    let desk = Desk::new();
    desk.records(2);
    let before = std::fs::read(desk.database()).expect("there");
    let state = desk.state();
    let within = |name: &str| state.join(name).into_os_string().into_string();
    let key = within("signing.key").expect("UTF-8");
    let new = within("marks/new").expect("UTF-8");
    let key_before = std::fs::read(&key).expect("there");
    let whole = desk.database().into_os_string().into_string();
    let whole = whole.expect("UTF-8");
    for file in [
        "indelible.db",
        "./indelible.db",
        "../here/indelible.db",
        "indelible.db-wal",
        "indelible.db-shm",
        &whole,
        &key,
        &new,
    ] {
        for call in [
            &["export"][..],
            &["prove", "0"],
            &["checkpoint"],
            &["consistency", "--from", "1"],
        ] {
            let call = [call, &["-o", file]].concat();
            desk.run(&call).fails(2, "write to another file");
        }
    }
    assert_eq!(std::fs::read(desk.database()).expect("there"), before);
    assert_eq!(std::fs::read(&key).expect("there"), key_before);
    assert!(!std::path::Path::new(&new).exists());
    desk.run(&["verify"]).fine();
    desk.run(&["export", "-o", "indelible.db.ndjson"]).fine();
}

#[cfg(unix)]
#[test]
fn links_lead_nowhere_else() {
    use std::os::unix::fs::symlink;
    let desk = Desk::new();
    desk.records(2);
    symlink("indelible.db", desk.path("here/link.db")).expect("linked");
    symlink(desk.state(), desk.path("here/link")).expect("linked");
    for (database, file) in [
        ("sqlite:indelible.db", "link.db"),
        ("sqlite:link.db", "indelible.db"),
        ("sqlite:link.db", "link.db"),
        ("sqlite:link.db", "indelible.db-wal"),
        ("sqlite:indelible.db", "link/signing.key"),
    ] {
        let dir = desk.path("here/link").into_os_string().into_string();
        let dir = dir.expect("UTF-8");
        let call = ["export", "--database", database, "--state-dir", &dir];
        desk.run(&[&call[..], &["-o", file]].concat())
            .fails(2, "write to another file");
    }
    desk.run(&["verify"]).fine();
}
