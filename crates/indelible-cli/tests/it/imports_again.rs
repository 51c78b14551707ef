//! `import` that is killed and called again, that explains, and that prints its mappings.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::desk::{Desk, on_each_store};

on_each_store! {
    an_import_that_is_killed_goes_on_where_it_stopped,
    what_was_kept_is_used_for_the_same_import_alone,
}

/// Several times as many as are handed over at once.
const RECORDS: u32 = 16_000;
const CALL: [&str; 5] = ["import", "ndjson", "events.ndjson", "--output", "json"];

fn lines(count: u32) -> String {
    let line = |n: u32| {
        format!(
            "{{\"action\":\"a\",\"resource_type\":\"t\",\"user_id\":\"u-{n}\",\
             \"occurred_at\":\"2026-03-01T{:02}:{:02}:{:02}Z\"}}\n",
            n / 3600 % 24,
            n / 60 % 60,
            n % 60
        )
    };
    (0..count).map(line).collect()
}

/// What interrupted imports keep.
fn kept(desk: &Desk) -> Vec<PathBuf> {
    let Ok(installations) = std::fs::read_dir(desk.path("state/indelible")) else {
        return Vec::new();
    };
    let folders = installations.map(|item| item.expect("listed").path().join("imports"));
    let files = folders
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten();
    let paths = files.map(|item| item.expect("listed").path());
    paths
        .filter(|path| !path.to_string_lossy().ends_with('~'))
        .collect()
}

/// Kills an import as soon as it has kept where it is.
fn kill_on_the_way(desk: &Desk) {
    let mut process = desk.process(&CALL);
    let process = process.stdout(Stdio::null()).stderr(Stdio::null());
    let mut process = process.spawn().expect("the binary runs");
    while kept(desk).is_empty() {
        let ended = process.try_wait().expect("its own child");
        assert_eq!(ended, None, "it ended before it kept anything");
        std::thread::yield_now();
    }
    process.kill().expect("killed");
    process.wait().expect("its own child");
}

fn counts(summary: &Value) -> [u64; 4] {
    ["read", "recorded", "duplicates", "rejected"].map(|name| summary[name].as_u64().expect(name))
}

fn an_import_that_is_killed_goes_on_where_it_stopped(new: fn() -> Desk) {
    let desk = new();
    desk.file("events.ndjson", lines(RECORDS));
    kill_on_the_way(&desk);
    assert_eq!(kept(&desk).len(), 1);
    let second = desk.run(&CALL).fine();
    let [read, recorded, duplicates, rejected] = counts(&second.json());
    assert_eq!((read, rejected), (u64::from(RECORDS), 0));
    assert_eq!(recorded + duplicates, u64::from(RECORDS));
    assert!(
        duplicates >= 4096,
        "a chunk was recorded before: {duplicates}"
    );
    let said = second
        .err
        .lines()
        .find(|line| line.contains("going on"))
        .expect("it says so");
    let passed: u64 = said
        .split_whitespace()
        .find_map(|word| word.parse().ok())
        .expect(said);
    assert!((4096..=duplicates).contains(&passed), "{said}");
    assert!(kept(&desk).is_empty(), "it is done");
    let third = desk.run(&CALL).fine();
    assert_eq!(
        counts(&third.json()),
        [u64::from(RECORDS), 0, u64::from(RECORDS), 0]
    );
    assert!(third.err.is_empty(), "{third:?}");
    assert_eq!(desk.json(&["query", "--limit", "1"])["as_of"], RECORDS);
    desk.run(&["verify"]).fine();
}

fn what_was_kept_is_used_for_the_same_import_alone(new: fn() -> Desk) {
    let desk = new();
    desk.file("events.ndjson", lines(RECORDS));
    kill_on_the_way(&desk);
    // Into another trail it is another import.
    desk.file("few.ndjson", lines(3));
    let few = [
        "import",
        "ndjson",
        "few.ndjson",
        "--trail",
        "other",
        "--output",
        "json",
    ];
    assert_eq!(counts(&desk.run(&few).fine().json()), [3, 3, 0, 0]);
    // One record before all others: whoever passed over what comes early would lose it.
    let early = "{\"action\":\"early\",\"resource_type\":\"t\",\
                 \"occurred_at\":\"2020-01-01T00:00:00Z\"}\n";
    desk.file("events.ndjson", lines(RECORDS) + early);
    let second = desk.run(&CALL).fine();
    assert!(!second.err.contains("going on"), "{second:?}");
    assert_eq!(counts(&second.json())[0], u64::from(RECORDS) + 1);
    let found = desk.json(&["query", "--action", "early"]);
    assert_eq!(found["entries"].as_array().map(Vec::len), Some(1));
}

#[test]
fn single_records_are_explained_and_nothing_is_recorded() {
    let desk = Desk::new();
    let okta = "{\"uuid\":\"b1f0c9d0-5d6e-11ee-8c99-0242ac120002\",\"eventType\":\
                \"user.session.start\",\"published\":\"2026-03-01T08:00:00.123Z\",\
                \"outcome\":{\"result\":\"FAILURE\"},\"password\":\"hunter2-hunter2\"}\n";
    desk.file("log", format!("{okta}nonsense\n"));
    let call = ["import", "--explain", "okta", "log"];
    let explained = desk.json(&call);
    let first = &explained[0];
    let fields = first["fields"].as_array().expect("a list");
    let action = fields
        .iter()
        .find(|field| field["field"] == "action")
        .expect("it has one");
    assert_eq!(
        action,
        &json!({"field": "action", "value": "user_login_failed", "from": "/eventType, map, by the outcome"})
    );
    assert!(first["notes"].to_string().contains("redacted"), "{first}");
    assert!(explained[1]["rejected"].is_string());
    let shown = desk.run(&call).fine();
    assert!(shown.out.contains("user_login_failed") && shown.out.contains("outcome rule 5"));
    assert!(!shown.out.contains("hunter2"), "{shown:?}");
    let second = desk.json(&["import", "--explain", "okta", "log", "--line", "2"]);
    assert_eq!(second.as_array().map(Vec::len), Some(1));
    desk.run(&["import", "--explain", "okta", "log", "--line", "9"])
        .fails(4, "line 9");
    desk.run(&["import", "okta", "log", "--line", "9"])
        .fails(2, "--explain");
    assert!(!desk.database().exists(), "nothing was opened");
}

#[test]
fn a_shipped_mapping_is_printed_and_serves_when_adapted() {
    let desk = Desk::new();
    let printed = desk
        .run(&["import", "--print-mapping", "generic-json"])
        .fine();
    let adapted = printed
        .out
        .replace("from = [\"/action\"", "from = [\"/what\", \"/action\"");
    assert_ne!(adapted, printed.out);
    desk.file("mine.toml", adapted);
    desk.file("log", "{\"what\":\"refund\",\"action\":\"no\"}\n");
    let call = ["import", "generic-json", "log", "--mapping", "mine.toml"];
    desk.run(&call).fine();
    assert_eq!(desk.json(&["query"])["entries"][0]["action"], "refund");
    desk.run(&["import", "--print-mapping", "nothing"])
        .fails(2, "generic-text, github");
}

#[test]
fn one_line_of_several_years_is_recorded_for_each_and_known_again() {
    let desk = Desk::new();
    desk.file("auth.log", "Mar  1 09:00:00 box sshd[1]: hello\n");
    for expected in [[1, 1, 0, 0], [1, 0, 1, 0]] {
        for year in ["2021", "2022", "2023", "2024"] {
            let call = ["import", "syslog", "auth.log", "--year", year];
            let summary = desk.json(&call);
            assert_eq!(counts(&summary), expected, "{year}");
        }
    }
    desk.run(&["verify"]).fine();
}

#[test]
fn the_year_of_a_time_without_one_is_given_or_taken_from_the_file() {
    let desk = Desk::new();
    desk.file(
        "auth.log",
        "Mar  1 09:00:00 box sshd[1]: Failed password for eve from ::1 port 2\n",
    );
    desk.run(&["import", "syslog", "auth.log", "--year", "2019"])
        .fine();
    let found = desk.json(&["query"]);
    let entry = &found["entries"][0];
    assert_eq!(entry["occurred_at"], "2019-03-01T09:00:00.000000Z");
    assert_eq!(entry["notes"][0]["from"], "year", "{entry}");
    assert_eq!(
        (&entry["action"], &entry["user_id"]),
        (&json!("user_login_failed"), &json!("eve"))
    );
    desk.run(&["import", "syslog", "auth.log", "--year", "19"])
        .fails(2, "--year");
    desk.run(&["import", "syslog", "auth.log"]).fine();
    let found = desk.json(&["query"]);
    assert_eq!(
        found["entries"].as_array().map(Vec::len),
        Some(2),
        "another year, another event"
    );
}
