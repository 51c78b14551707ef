//! `export` and pipes.

use std::process::Stdio;

use crate::desk::{Desk, on_each_store};

on_each_store! {
    an_export_has_no_limit_and_every_filter,
    an_export_that_fails_leaves_the_file_that_was_there,
    every_format_holds_each_entry_once,
    what_is_exported_is_imported_into_an_empty_trail_as_it_was,
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

fn every_format_holds_each_entry_once(new: fn() -> Desk) {
    // T35
    let desk = new();
    desk.records(1203);
    for format in ["ndjson", "csv", "ocsf", "cef", "syslog"] {
        let told = desk.json(&["export", "--format", format, "-o", "all"]);
        assert_eq!(told["entries"], 1203, "{format}");
        let lines = desk.read("all").lines().count();
        assert_eq!(lines, 1203 + usize::from(format == "csv"), "{format}");
        let printed = desk.run(&["export", "--format", format, "--user-id", "u-4"]);
        let printed = printed.fine();
        let lines = printed.out.lines().count() - usize::from(format == "csv");
        assert_eq!(lines, 1, "{format}");
        let told = "1 entry, as of size 1203";
        assert!(printed.err.contains(told), "{format}: {}", printed.err);
    }
    // The proof of each stands in its integrity data, for any program that reads tlog-proofs.
    let key = desk.run(&["vkey"]).fine().out.trim_end().to_owned();
    let ocsf = desk
        .run(&["export", "--format", "ocsf", "--as-of", "5"])
        .fine();
    for line in ocsf.lines().iter().take(3) {
        let data = &line["enrichments"][0]["data"];
        desk.file("entry.tlog-proof", data["proof"].as_str().expect("a proof"));
        let told = desk.json(&["verify-proof", "entry.tlog-proof", "--key", &key]);
        assert_eq!(told["seq"], data["seq"]);
    }
}

fn what_is_exported_is_imported_into_an_empty_trail_as_it_was(new: fn() -> Desk) {
    let desk = new();
    desk.records(40);
    for (id, context) in HOSTILE_CONTEXTS.iter().enumerate() {
        let resource = format!("r\u{2028}{id} =1+1");
        desk.run(&[
            "record",
            "data_viewed",
            "statement",
            "--resource-id",
            &resource,
            "--user-agent",
            "=cmd|' /C calc'!A0",
            "--context",
            context,
            "--tag",
            "data.personal",
        ])
        .fine();
    }
    let exported = desk.run(&["export"]).fine();
    desk.file("all.ndjson", &exported.out);
    desk.run(&["import", "ndjson", "all.ndjson", "--trail", "copy"])
        .fine();
    let imported = desk.run(&["export", "--trail", "copy"]).fine().lines();
    let mut entries = exported.lines();
    assert_eq!(imported.len(), entries.len());
    for (was, is) in entries.iter_mut().zip(imported) {
        // What the second trail says of itself.
        for own in ["trail", "created_at", "leaf_hash"] {
            was[own] = is[own].clone();
        }
        assert_eq!(*was, is);
    }
}

const HOSTILE_CONTEXTS: [&str; 4] = [
    r#"{"n":18446744073709551615,"d":0.1,"e":1e400,"nul":"a\u0000b","none":null,"empty":{}}"#,
    r#"{"password":"hunter2","card":"4111 1111 1111 1111","lone":"\ud800"}"#,
    r#"{"__proto__":{"":[]},"K":1,"k":2,"\u2028":"]\"\\"}"#,
    "{}",
];

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
    // T77
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
        "indelible.db-index",
        "indelible.db-index-wal",
        "indelible.db-index-shm",
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
        ("sqlite:link.db", "indelible.db-index"),
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

#[test]
fn a_form_of_the_answer_is_not_taken_for_that_of_the_file() {
    let desk = Desk::new();
    desk.records(2);
    let report = ["report", "gdpr-2016-679", "--from", "7d", "--to", "0d"];
    for written in [&["export"][..], &report, &["report", "system"]] {
        let call = [written, &["--output", "json"]].concat();
        desk.run(&call).fails(2, "--format");
        desk.run(&[&call[..], &["-o", "made"]].concat()).fine();
    }
}
