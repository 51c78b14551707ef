//! `scan`: what older rules let in is named and never shown.

use serde_json::{Value, json};

use crate::desk::{Answered, Desk, on_each_store};

on_each_store! {
    what_was_let_in_is_named_in_every_form_and_never_shown,
    a_trail_without_findings_is_fine,
    every_page_is_scanned_as_of_one_size,
    hostile_values_are_scanned_and_steer_nothing,
    an_entry_that_cannot_be_read_hides_no_other,
}

const TOKEN: &str = "ghp_a1B2c3D4e5F6g7H8i9J0a1B2c3D4e5F6g7H8";

/// What stands in the planted event and may be in no answer.
const PLANTED: [&str; 7] = [
    "a1B2c3", "hunter2", "453201", "0366", "erika", "49170", "DE8937",
];

fn planted() -> String {
    let event = json!({
        "action": "user_login_failed", "resource_type": "session",
        "user_id": "erika@mail.example", "ip_address": "203.0.113.9",
        "user_agent": "curl erika@mail.example", "resource_id": "4532 0151 1283 0366",
        "correlation_id": "+4917012345678", "tags": [TOKEN.to_lowercase()],
        "context": {
            "email": "erika@mail.example",
            "request": {"password": "hunter2", "erika@mail.example": TOKEN},
            "pay": ["DE89370400440532013000"],
        },
        "occurred_at": "2026-03-01T09:30:00Z",
    });
    format!("{event}\n")
}

/// Imports these lines as a program with these rules would have.
fn let_in(desk: &Desk, mode: &str, lines: &str) {
    let mut command = desk.call(&["import", "ndjson", "-"]);
    command.env("INDELIBLE__REDACTION__MODE", mode);
    let output = command
        .write_stdin(lines)
        .output()
        .expect("the binary runs");
    assert!(output.status.success(), "{output:?}");
}

#[track_caller]
fn tells_nothing(answered: &Answered) {
    for part in PLANTED {
        assert!(!answered.out.contains(part), "{part}: {answered:?}");
        assert!(!answered.err.contains(part), "{part}: {answered:?}");
    }
}

fn what_was_let_in_is_named_in_every_form_and_never_shown(new: fn() -> Desk) {
    let desk = new();
    desk.records(3);
    let_in(&desk, "off", &planted());
    let_in(&desk, "mask", &planted());
    let told = "13 findings in 2 of 5 entries, as of size 5";
    for form in ["table", "json", "ndjson", "csv"] {
        let answered = desk.run(&["scan", "--output", form]).fails(1, told);
        tells_nothing(&answered);
    }
    let table = desk.run(&["scan"]).status_is(1);
    table
        .says("context/request/password")
        .says("standard/1 off")
        .says("A scan changes nothing.");

    let lines = desk.run(&["scan", "--output", "ndjson"]).lines();
    let (masked, raw): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line["seq"] == 4);
    for line in masked {
        assert_eq!(line["kind"], "personal");
        assert_eq!(line["stored_under"], "standard/1 mask");
    }
    let places: Vec<_> = raw
        .iter()
        .map(|line| {
            assert_eq!(
                (&line["seq"], &line["trail"]),
                (&json!(3), &json!("default"))
            );
            assert_eq!(line["stored_under"], "standard/1 off");
            let path = line["path"].as_str().unwrap_or_default();
            format!(
                "{}{path} {}",
                line["field"].as_str().expect("a field"),
                line["rule"]
            )
        })
        .collect();
    assert_eq!(
        places,
        [
            "tags/0 \"github-token\"",
            "user_agent \"email\"",
            "resource_id \"card\"",
            "context/request/[REDACTED:email] \"github-token\"",
            "context/request/password \"password\"",
            "context/pay/0 \"iban\"",
            "context/request/[REDACTED:email] \"email\"",
            "correlation_id \"phone\"",
        ]
    );
    let sheet = desk.run(&["scan", "--output", "csv"]).out;
    assert_eq!(sheet.lines().count(), 1 + lines.len());
}

fn a_trail_without_findings_is_fine(new: fn() -> Desk) {
    let desk = new();
    let none = "nothing found in 0 entries, as of size 0";
    desk.run(&["record", "a", "t", "--trail", "other"]).fine();
    desk.run(&["scan"]).fine().says(none);
    desk.records(3);
    desk.run(&["scan"])
        .fine()
        .says("nothing found in 3 entries");
    let found = desk.json(&["scan"]);
    assert_eq!(found["findings"], json!([]));
    assert_eq!(found["by_rule"], json!([]));
    let quiet = desk.run(&["scan", "--output", "ndjson"]).fine();
    assert_eq!(quiet.out, "");
    assert!(
        quiet.err.contains("nothing found in 3 entries"),
        "{quiet:?}"
    );
    // What a person may be told of is expected, unless all is asked for.
    let_in(&desk, "mask", &planted().replace("4532", "4533"));
    let places = ["user_agent", "correlation_id", "context", "notes"];
    let places: Vec<_> = places
        .iter()
        .flat_map(|place| ["--expect", *place])
        .collect();
    desk.run(&[&["scan"], &places[..]].concat()).fine();
    desk.run(&["scan", "--secrets"]).fine();
    desk.run(&["scan"]).status_is(1);
    desk.run(&["scan", "--all-personal", "--output", "csv"])
        .status_is(1)
        .says(",user_id,,personal,email,standard/1 mask")
        .says(",context,/email,personal,email,standard/1 mask");
    desk.run(&["scan", "--expect", "email"])
        .fails(2, "--expect email");
}

fn every_page_is_scanned_as_of_one_size(new: fn() -> Desk) {
    let desk = new();
    desk.records(1001);
    let line = |n: u32| {
        let (id, time) = (n % 7, n / 60);
        format!(
            "{{\"action\":\"a{id}\",\"resource_type\":\"t\",\"user_id\":\"x\",\
             \"context\":{{\"to\":\"u{n}@mail.example\"}},\
             \"occurred_at\":\"2026-03-02T{:02}:{:02}:{:02}Z\"}}\n",
            time / 60,
            time % 60,
            n % 60
        )
    };
    let_in(&desk, "mask", &(0..1203).map(line).collect::<String>());
    let found = desk.run(&["scan", "--output", "json"]).status_is(1).json();
    assert_eq!(
        (&found["as_of"], &found["entries"]),
        (&json!(2204), &json!(2204))
    );
    assert_eq!(found["findings_total"], 1203);
    assert_eq!(found["findings"].as_array().map(Vec::len), Some(1000));
    let rule = json!([{"kind": "personal", "rule": "email", "findings": 1203, "entries": 1203}]);
    assert_eq!(found["by_rule"], rule);
    let by_action = found["by_action"].as_array().expect("a list");
    let total = |rows: &[Value]| rows.iter().filter_map(|row| row["findings"].as_u64()).sum();
    assert_eq!((by_action.len(), total(by_action)), (7, 1203_u64));
    desk.run(&["scan"]).status_is(1).says("and 203 more; ");
    let all = desk.run(&["scan", "--output", "ndjson"]).lines();
    assert_eq!(all.len(), 1203);
    let some = desk
        .run(&["scan", "--action", "a3", "--output", "ndjson"])
        .lines();
    assert_eq!(some.len() as u64, by_action_of(by_action, "a3"));
    let earlier = desk.run(&["scan", "--as-of", "1001"]).fine();
    earlier.says("nothing found in 1001 entries, as of size 1001");
    desk.run(&["scan", "--outcome", "maybe"])
        .fails(2, "`outcome`");
    // The verdict stands, whoever reads.
    assert_eq!(desk.unread(&["scan", "--output", "ndjson"]).status, 1);
    assert_eq!(desk.unread(&["scan", "--output", "json"]).status, 1);
}

fn by_action_of(rows: &[Value], action: &str) -> u64 {
    let row = rows.iter().find(|row| row["action"] == action);
    row.and_then(|row| row["findings"].as_u64())
        .expect("counted")
}

fn hostile_values_are_scanned_and_steer_nothing(new: fn() -> Desk) {
    let desk = new();
    let hostile = "\u{1b}[2J\r\nforged\u{9b}31m\u{202e}\u{2028}=1+1,\"'|";
    let mut lines = String::new();
    for value in [
        json!({ hostile: {"password": "hunter2"} }),
        json!({ "=cmd": {"password": "hunter2"} }),
        json!({ "": {"": {"password": "hunter2"}}, "__proto__": {"~/": {"password": "hunter2"}} }),
        json!({ "x".repeat(3000): {"password": "hunter2"}, "deep": nested(60) }),
    ] {
        let event = json!({"action": "a", "resource_type": "t", "context": value});
        lines.push_str(&format!("{event}\n"));
    }
    let_in(&desk, "off", &lines);
    let steers = |c: char| c != '\n' && (c.is_control() || "\u{202e}\u{2028}".contains(c));
    let table = desk.run(&["scan"]).status_is(1);
    assert!(!table.out.contains(steers), "{table:?}");
    assert!(
        !table.out.lines().any(|line| line.starts_with("forged")),
        "{table:?}"
    );
    let found = desk.run(&["scan", "--output", "ndjson"]).lines();
    let paths: Vec<_> = found
        .iter()
        .map(|line| line["path"].as_str().expect("a path"))
        .collect();
    assert_eq!(found.len(), 6);
    assert!(paths.contains(&"/…"), "{paths:?}");
    assert!(paths.contains(&"/__proto__/~0~1/password"), "{paths:?}");
    assert!(paths.contains(&"///password"), "{paths:?}");
    assert!(
        paths.contains(&format!("/{hostile}/password").as_str()),
        "{paths:?}"
    );
    let sheet = desk.run(&["scan", "--output", "csv"]).out;
    let rows: Result<Vec<_>, _> = csv::Reader::from_reader(sheet.as_bytes())
        .into_records()
        .collect();
    assert_eq!(rows.expect("rows of equal length").len(), 6);
}

fn nested(depth: usize) -> Value {
    (0..depth).fold(
        json!({"password": "hunter2"}),
        |inner, _| json!({ "d": inner }),
    )
}

fn an_entry_that_cannot_be_read_hides_no_other(new: fn() -> Desk) {
    let desk = new();
    let_in(&desk, "off", &planted());
    desk.records(2);
    desk.tamper(match desk.is_on_postgres() {
        true => "UPDATE entry SET details = '{'::bytea WHERE seq = 1",
        false => "UPDATE part SET details = CAST('{' AS BLOB) WHERE place % 1048576 = 1",
    });
    let answered = desk.run(&["scan", "--output", "json"]).status_is(1);
    let found = answered.json();
    assert_eq!(
        (&found["unreadable"], &found["entries"]),
        (&json!(1), &json!(3))
    );
    assert_eq!(found["findings_total"], 8);
    assert!(answered.err.contains("entry 1"), "{answered:?}");
}
