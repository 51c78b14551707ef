//! `export --format pack` and `verify-pack`.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::desk::{Desk, on_each_store, packed};

on_each_store! {
    sys_24_a_pack_answers_a_question_and_is_checked_without_the_trail,
    what_is_left_out_is_said,
    a_pack_that_was_altered_is_refused,
    what_a_pack_cannot_be_made_of_is_said,
}

/// The trail's verifier key.
pub fn key(desk: &Desk) -> String {
    desk.run(&["vkey"]).fine().out.trim_end().to_owned()
}

/// What the second verifier says of a file.
pub fn second(desk: &Desk, file: &str, key: &str) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contrib/verify_pack.py");
    let ran = Command::new("python3")
        .arg(script)
        .args(["--key", key])
        .arg(desk.path("here").join(file))
        .output()
        .expect("python3 is needed for the tests");
    serde_json::from_slice(&ran.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&ran.stderr)))
}

fn sys_24_a_pack_answers_a_question_and_is_checked_without_the_trail(new: fn() -> Desk) {
    // T54
    let desk = new();
    desk.records(300);
    let key = key(&desk);
    let told = desk.json(&["export", "--format", "pack", "-o", "all.pack"]);
    assert_eq!(
        (&told["entries"], &told["as_of"]),
        (&300.into(), &300.into())
    );
    assert_eq!(told["not_proved"], json!(["circumstances", "later"]));
    let some = [
        "export",
        "--user-id",
        "u-4",
        "--format",
        "pack",
        "-o",
        "some.pack",
    ];
    desk.run(&some).fine();
    let ranged = [
        "export",
        "--user-id",
        "u-4",
        "--format",
        "pack",
        "--complete",
        "--from",
        "100",
        "--as-of",
        "250",
        "-o",
        "ranged.pack",
    ];
    desk.run(&ranged).fine();
    desk.run(&["prove", "17", "--open", "-o", "entry.tlog-proof"])
        .fine();
    desk.file("all.gz", packed(&desk.read("all.pack")));
    let counts = |answer: &Value| (answer["entries"].as_u64(), answer["opened"].as_u64());
    for (file, expected) in [("all.pack", 300), ("all.gz", 300), ("ranged.pack", 150)] {
        let proved = desk.json(&["verify-pack", file, "--key", &key]);
        assert_eq!(
            (&proved["ok"], proved["entries"].as_u64()),
            (&true.into(), Some(expected))
        );
    }
    let proved = desk.json(&["verify-pack", "some.pack", "--key", &key]);
    let found = desk
        .run(&["export", "--user-id", "u-4"])
        .fine()
        .lines()
        .len();
    assert_eq!(counts(&proved), (Some(found as u64), Some(found as u64)));
    for file in ["all.pack", "some.pack", "ranged.pack"] {
        let mut ours = desk.json(&["verify-pack", file, "--key", &key]);
        ours["reason"] = Value::Null;
        assert_eq!(ours, second(&desk, file, &key));
    }
    let entry = second(&desk, "entry.tlog-proof", &key);
    assert_eq!((&entry["ok"], &entry["seq"]), (&true.into(), &17.into()));
    assert_eq!(
        entry["parts"],
        desk.json(&["verify-proof", "entry.tlog-proof", "--key", &key])["parts"]
    );
}

fn what_is_left_out_is_said(new: fn() -> Desk) {
    let desk = new();
    desk.records(20);
    let key = key(&desk);
    let made = [
        "export",
        "--format",
        "pack",
        "--without",
        "details,actor",
        "--asked-by",
        "auditor",
        "--created",
        "2026-11-26T00:00:00Z",
        "--user-id",
        "u-4",
    ];
    let pack = desk.run(&made).fine().out;
    assert_eq!(pack, desk.run(&made).fine().out);
    let shown = desk
        .fed(&["verify-pack", "-", "--key", &key], &pack)
        .fine()
        .out;
    for said in [
        "withheld",
        "auditor",
        "2026-11-26T00:00:00.000000Z",
        "only matching ones",
        "nobody signed",
    ] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    let entry = pack.lines().nth(2).expect("an entry");
    assert!(
        entry.contains("\"actor\":\"withheld\"") && !entry.contains("u-4"),
        "{entry}"
    );
    let told = desk
        .run(&[
            "export",
            "--outcome",
            "completed",
            "--format",
            "pack",
            "-o",
            "p",
        ])
        .fine();
    assert!(
        told.out
            .contains("that no other entry matches is not proved"),
        "{told:?}"
    );
}

fn a_pack_that_was_altered_is_refused(new: fn() -> Desk) {
    let (desk, other) = (new(), new());
    desk.records(30);
    other.records(1);
    let own = key(&desk);
    let pack = desk.run(&["export", "--format", "pack"]).fine().out;
    let cut = &pack[..pack.len() / 2];
    let cases = [
        (
            pack.replacen("page_viewed", "page_edited", 1),
            &own,
            "digest",
        ),
        (cut.to_owned(), &own, "truncated"),
        (pack.replace('\n', "\r\n"), &own, "malformed"),
        (pack.clone(), &key(&other), "wrong-trail"),
    ];
    for (text, key, reason) in cases {
        let call = ["verify-pack", "-", "--key", key];
        let said = desk.fed(&call, &text).fails(3, reason);
        assert_eq!(said.out, "");
        let call = ["verify-pack", "-", "--key", key, "--output", "json"];
        let told = desk.fed(&call, &text);
        assert_eq!((told.status, &told.json()["ok"]), (3, &false.into()));
        assert_eq!(told.json()["reason"], reason);
        desk.file("altered.pack", &text);
        assert_eq!(second(&desk, "altered.pack", key)["reason"], reason);
    }
    let proof = desk
        .run(&["prove", "3"])
        .fine()
        .out
        .replace("index 3", "index 2");
    let call = ["verify-proof", "-", "--key", &own, "--output", "json"];
    assert_eq!(desk.fed(&call, &proof).json()["reason"], "inclusion");
}

fn what_a_pack_cannot_be_made_of_is_said(new: fn() -> Desk) {
    let desk = new();
    desk.records(3);
    desk.run(&["export", "--format", "pack", "--trail", "nobody"])
        .fails(4, "no entry");
    desk.run(&["export", "--complete"])
        .fails(2, "--format pack");
    desk.run(&["export", "--format", "csv", "--from", "1"])
        .fails(2, "--from");
    let pack = |more: &[&str]| desk.run(&[&["export", "--format", "pack"], more].concat());
    pack(&["--without", "body"]).fails(2, "no part");
    pack(&["--from", "4"]).fails(2, "`from`");
    pack(&["--as-of", "4"]).fails(2, "`as_of`");
    pack(&["--context", "password=hunter2hunter2"]).fails(2, "secret");
    pack(&["--created", "yesterday"]).fails(2, "--created");
    pack(&["--from", "3"]).fine();
    desk.run(&["verify-pack", "missing", "--key", &key(&desk)])
        .fails(4, "missing");
    desk.run(&["verify-pack", "missing"]).fails(2, "--key");
}
