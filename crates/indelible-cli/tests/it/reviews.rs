//! The daily review, as reviewers do it.

mod rules;
mod standing;

use serde_json::{Value, json};

use crate::desk::{Answered, Desk, on_each_store};

on_each_store!(
    sys_28_sys_30_sys_31_days_are_reviewed_one_after_the_other,
    what_is_wrong_with_a_call_is_said,
    an_altered_entry_is_in_no_review,
);

/// A failed login of the second of March, and what else happened on a day.
fn line(action: &str, user: &str, time: &str) -> String {
    format!(
        "{{\"action\":\"{action}\",\"resource_type\":\"session\",\"user_id\":\"{user}\",\
         \"ip_address\":\"192.0.2.7\",\"occurred_at\":\"2026-03-{time}Z\"}}\n"
    )
}

/// Somebody guesses a password on the second of March.
fn guessed(desk: &Desk) {
    let fails = (0..5).map(|n| line("user_login_failed", "u-7", &format!("02T09:0{n}:00")));
    let mut lines: String = fails.collect();
    lines += &line("user_login_success", "u-7", "02T09:06:00");
    lines += &line("data_viewed", "u-8", "02T09:07:00");
    desk.fed(&["import", "ndjson", "-"], lines).fine();
}

fn more(desk: &Desk, lines: &str) {
    desk.fed(&["import", "ndjson", "-"], lines).fine();
}

fn ids(shown: &Value) -> Vec<&str> {
    let findings = shown["findings"].as_array().expect("a list");
    findings
        .iter()
        .map(|it| it["id"].as_str().expect("an id"))
        .collect()
}

fn states(listed: &Value) -> Vec<(&str, &str)> {
    let days = listed["days"].as_array().expect("a list");
    let state = |day| (&field(day, "day")[5..], field(day, "state"));
    days.iter().map(state).collect()
}

fn field<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().expect(name)
}

fn found(desk: &Desk, action: &str) -> Vec<Value> {
    let page = desk.json(&["query", "--action", action]);
    page["entries"].as_array().expect("a list").clone()
}

const LIST: [&str; 6] = [
    "review",
    "list",
    "--from",
    "2026-03-02",
    "--to",
    "2026-03-04",
];

fn list(desk: &Desk, more: &[&str]) -> Answered {
    desk.run(&[&LIST[..], &["--output", "json"], more].concat())
}

fn sys_28_sys_30_sys_31_days_are_reviewed_one_after_the_other(desk: fn() -> Desk) {
    let desk = desk();
    guessed(&desk);
    let start = ["review", "start", "2026-03-02", "--by", "q. sa", "--why"];
    desk.run(&[&start[..], &["cards since"]].concat()).fine();
    let shown = desk.json(&["review", "show"]);
    assert_eq!(
        (&shown["from"], &shown["as_of"], &shown["entries"]),
        (&json!(0), &json!(8), &json!(8))
    );
    assert_eq!(ids(&shown), ["failures_then_login-0", "brute_force_user-0"]);
    assert_eq!(shown["findings"][0]["seqs"], json!([0, 1, 2, 3, 4, 5]));
    assert_eq!(
        (&shown["whole"], &shown["standing"]),
        (&json!(true), &json!({}))
    );
    let table = desk.run(&["review", "show"]).fine();
    table
        .says("8 new entries in trail default")
        .says("review sign --as-of 8 --by NAME");
    // What is typed in other calls stands there whole.
    let table = desk.run(&["review", "show"]).fine();
    table.says("critical  failures_then_login-0  user_id=u-7\n");
    // Nothing was written by looking.
    assert_eq!(desk.json(&["review", "show"])["as_of"], 8);

    let raise = [
        "review",
        "raise",
        "failures_then_login-0",
        "--as-of",
        "7",
        "--by",
        "q. sa",
    ];
    desk.run(&raise)
        .fine()
        .says("failures_then_login-0 raised, recorded as entry 8");
    desk.run(&raise).fine().says("nothing new to record");
    let assign = [
        "review",
        "assign",
        "failures_then_login-0",
        "--to",
        "m. muster",
        "--by",
        "q. sa",
    ];
    desk.run(&assign)
        .fine()
        .says("assigned, recorded as entry 9");
    let shown = desk.json(&["review", "show", "--as-of", "7"]);
    assert_eq!(
        shown["standing"]["failures_then_login-0"]["owner"],
        "m. muster"
    );
    let close = |finding: &str, by: &str| {
        desk.run(&[
            "review",
            "close",
            finding,
            "--as",
            "remediated",
            "--by",
            by,
            "--comment",
            "password changed",
            "--evidence",
            "INC-381",
        ])
    };
    close("failures_then_login-0", "m. muster")
        .fine()
        .says("closed, recorded as entry 10");
    close("failures_then_login-0", "m. muster").fails(1, "was closed as remediated with entry 10");

    // The sign-off raises what nobody raised.
    let sign = [
        "review",
        "sign",
        "--as-of",
        "7",
        "--by",
        "q. sa",
        "--to",
        "2026-03-02",
        "--from",
        "2026-03-02",
    ];
    let signed = desk.json(&sign);
    assert_eq!(
        (&signed["seq"], signed["raised"][0]["finding"].as_str()),
        (&json!(12), Some("brute_force_user-0"))
    );
    let entry = &found(&desk, "audit_review_completed")[0];
    assert_eq!(
        (&entry["seq"], &entry["user_id"]),
        (&json!(12), &json!("q. sa"))
    );
    let mut said = entry["context"].clone();
    let code = said
        .as_object_mut()
        .and_then(|said| said.remove("own_code"));
    assert!(code.is_some_and(|code| code.is_string()));
    assert_eq!(said, signed["said"]);
    assert_eq!(
        (&said["records_in_scope"], &said["findings_count"]),
        (&json!(7), &json!(2))
    );
    assert_eq!(
        (&said["findings_open"], &said["rule_set_version"]),
        (&json!(1), &json!("2"))
    );
    assert_eq!(said["period_end"], "2026-03-02T23:59:59.999999Z");
    let size = desk.run(&["checkpoint"]).fine().out;
    assert_eq!(size.lines().nth(1), Some("13"));

    // The third is passed over; what was recorded since is new, decisions included.
    more(&desk, &line("role_assigned", "boss", "04T09:00:00"));
    let shown = desk.json(&["review", "show"]);
    assert_eq!((&shown["from"], &shown["entries"]), (&json!(7), &json!(7)));
    assert_eq!(ids(&shown), ["privilege_change-13"]);
    assert_eq!(shown["open_before"], json!(["brute_force_user-0"]));
    let as_of = shown["as_of"].to_string();
    desk.run(&[
        "review",
        "sign",
        "--as-of",
        &as_of,
        "--by",
        "q. sa",
        "--from",
        "2026-03-04",
        "--to",
        "2026-03-04",
    ])
    .fine();
    let listed = list(&desk, &["--check"]).status_is(1).json();
    assert_eq!(
        states(&listed),
        [("03-02", "late"), ("03-03", "missed"), ("03-04", "late")]
    );
    assert_eq!(
        (&listed["missed"], &listed["findings_open"]),
        (&json!(1), &json!(2))
    );
    list(&desk, &[]).fine();
    assert!(found(&desk, "audit_review_missed").is_empty());
    for _ in 0..2 {
        list(&desk, &["--record", "--check"]).status_is(1);
        let missed = found(&desk, "audit_review_missed");
        assert_eq!(
            (missed.len(), field(&missed[0]["context"], "day")),
            (1, "2026-03-03")
        );
        assert_eq!(missed[0]["outcome"], "failed");
    }
    // It is caught up with, and stays visible.
    let as_of = desk.json(&["review", "show"])["as_of"].to_string();
    desk.run(&[
        "review",
        "sign",
        "--as-of",
        &as_of,
        "--by",
        "q. sa",
        "--from",
        "2026-03-03",
        "--to",
        "2026-03-03",
    ])
    .fine();
    let listed = list(&desk, &["--check"]).fine().json();
    assert_eq!(states(&listed)[1], ("03-03", "late"));
    assert!(listed["days"][1]["missed_seq"].is_number());

    let findings = desk.json(&["review", "findings"]);
    let closed = findings["findings"].as_array().expect("a list");
    let closed = closed
        .iter()
        .find(|it| it["id"] == "failures_then_login-0")
        .expect("there");
    assert_eq!(
        (
            field(closed, "owner"),
            field(&closed["closure"], "disposition")
        ),
        ("m. muster", "remediated")
    );
    assert!(closed["seconds_to_close"].as_i64() >= Some(0));
    desk.run(&["review", "findings"])
        .fine()
        .says("  remediated by m. muster: password changed (INC-381)\n");
    let open = desk.json(&["review", "findings", "--open"]);
    assert_eq!(open["findings"].as_array().map(Vec::len), Some(2));
    desk.run(&["review", "findings", "--output", "csv"])
        .fine()
        .says("INC-381");
    desk.run(&["verify"]).fine();
}

fn what_is_wrong_with_a_call_is_said(desk: fn() -> Desk) {
    let desk = desk();
    if !desk.is_on_postgres() {
        desk.run(&["review", "show"]).status_is(4);
        assert!(!desk.database().exists());
    }
    guessed(&desk);
    let by = ["--by", "q. sa"];
    let run = |words: &[&str]| desk.run(&[&["review"], words, &by[..]].concat());
    run(&["raise", "nothing-1", "--as-of", "7"]).fails(4, "nothing is flagged as nothing-1");
    run(&["raise"]).status_is(2);
    run(&["raise", "--all"]).status_is(2);
    run(&["raise", "--seq", "3"]).status_is(2);
    run(&["raise", "--seq", "99", "--why", "odd"]).fails(4, "there is no entry 99");
    run(&["assign", "nothing-1", "--to", "m"]).fails(4, "no finding nothing-1 is on record");
    let close = ["close", "nothing-1", "--as", "benign", "--comment"];
    run(&[&close[..], &["x"]].concat()).fails(4, "no finding nothing-1");
    run(&[&close[..], &[" "]].concat()).fails(2, "--comment is empty");
    run(&["close", "nothing-1", "--as", "done", "--comment", "x"]).status_is(2);
    run(&["sign"]).status_is(2);
    run(&["sign", "--as-of", "8"]).fails(2, "the trail has 7 entries");
    run(&["sign", "--as-of", "7", "--to", "2999-01-01"]).fails(2, "has not come yet");
    run(&[
        "sign",
        "--as-of",
        "7",
        "--from",
        "2026-03-03",
        "--to",
        "2026-03-02",
    ])
    .fails(2, "the end lies before the beginning");
    run(&["sign", "--as-of", "7", "--rules", "none.toml"]).fails(4, "no such file");
    desk.file("bad.toml", "name = \"n\"\nversion = \"1\"\nrules = 1\n");
    run(&["sign", "--as-of", "7", "--rules", "bad.toml"])
        .fails(2, "bad.toml, line 3: unknown field `rules`");
    desk.run(&["review", "show", "--trail", "empty"])
        .fails(4, "no entry");
    desk.run(&["review", "list", "--from", "soon"])
        .fails(2, "from");
    // A wrong call leaves no record.
    assert_eq!(desk.json(&["review", "show"])["as_of"], 7);

    run(&[
        "raise", "--seq", "6", "--seq", "6", "--why", "odd", "--owner", "m",
    ])
    .fine()
    .says("manual-6 raised");
    run(&["raise", "--seq", "6", "--why", "odd"]).fails(1, "manual-6 is on record already");
    run(&["sign", "--as-of", "7", "--comment", "seen"]).fine();
    run(&["sign", "--as-of", "6"]).fails(2, "7 entries were signed off already");
    let said = &found(&desk, "audit_review_completed")[0]["context"];
    assert_eq!(
        (&said["findings_open"], &said["comment"]),
        (&json!(3), &json!("seen"))
    );
}

fn an_altered_entry_is_in_no_review(desk: fn() -> Desk) {
    let desk = desk();
    guessed(&desk);
    desk.tamper("UPDATE entry SET action = 'data_viewed' WHERE seq = 3");
    let refused = desk.run(&["review", "show"]).status_is(1);
    assert!(
        refused.err.contains("not as it was recorded"),
        "{refused:?}"
    );
    desk.run(&["review", "sign", "--as-of", "7", "--by", "q. sa"])
        .status_is(1);
    assert!(found(&desk, "audit_review_completed").is_empty());
}

#[test]
fn the_trail_of_the_installation_itself_is_reviewed_too() {
    let desk = Desk::new();
    desk.run(&["keys", "create", "shop", "--role", "writer"])
        .fine();
    let shown = desk.json(&["review", "show", "--trail", "system"]);
    let rules: Vec<&str> = ids(&shown)
        .iter()
        .map(|id| id.split('-').next().unwrap_or_default())
        .collect();
    assert!(rules.contains(&"keys"), "{rules:?}");
    let as_of = shown["as_of"].to_string();
    desk.run(&[
        "review", "sign", "--trail", "system", "--as-of", &as_of, "--by", "q. sa",
    ])
    .fine();
    let shown = desk.json(&["review", "show", "--trail", "system"]);
    assert_eq!(shown["from"].to_string(), as_of);
    desk.run(&["verify", "--trail", "system"]).fine();
}

#[test]
fn details_that_are_erased_take_a_sign_off_back() {
    let desk = Desk::new();
    guessed(&desk);
    desk.run(&["review", "sign", "--as-of", "7", "--by", "q. sa"])
        .fine();
    desk.tamper(
        "UPDATE part SET details = NULL, details_salt = NULL WHERE place IN \
         (SELECT place FROM entry WHERE action = 'audit_review_completed')",
    );
    let shown = desk.run(&["review", "show", "--output", "json"]).fine();
    assert!(
        shown
            .err
            .contains("1 entries with actions of reviews decide nothing"),
        "{shown:?}"
    );
    assert_eq!(shown.json()["from"], 0);
}
