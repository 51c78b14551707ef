//! `subject`: what is known about a person, and that it goes.

use serde_json::{Value, json};

use crate::desk::{Desk, files, on_each_store};
use crate::reports_system::answer_to;

on_each_store! {
    sys_44_a_person_is_shown_what_was_done_and_not_by_whom,
    nothing_is_erased_without_a_yes,
    sys_43_a_person_is_erased_and_the_trail_verifies,
    many_persons_are_read_from_a_file,
    t73_a_restored_backup_is_erased_again_before_it_is_read,
    calls_without_person_or_reason_are_refused,
}

/// A day of the person `zwiebel.z` and others.
fn day(desk: &Desk) {
    let events = [
        json!({"action": "user_login_success", "resource_type": "session",
            "user_id": "zwiebel.z", "ip_address": "203.0.113.9", "user_agent": "Zwiebelfox 7"}),
        json!({"action": "data_viewed", "resource_type": "account", "user_id": "clerk.one",
            "resource_id": "zwiebel.z", "ip_address": "192.0.2.1",
            "context": {"purpose": "support case 7", "recipient": "bank"}}),
        json!({"action": "data_viewed", "resource_type": "account", "user_id": "clerk.two",
            "resource_id": "zwiebel.z", "context": {"reason": "audit"}}),
        json!({"action": "data_viewed", "resource_type": "account", "user_id": "clerk.one",
            "resource_id": "somebody.else"}),
        json!({"action": "mail_sent", "resource_type": "mail", "user_id": "clerk.one",
            "context": {"email": "zwiebel@mail.example"}}),
        json!({"action": "data_viewed", "resource_type": "account", "user_id": "clerk.one",
            "on_behalf_of": "zwiebel.z", "ip_address": "192.0.2.44", "user_agent": "Staff 9"}),
    ];
    let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
    desk.fed(&["import", "ndjson", "-"], lines).fine();
}

/// A call by somebody who may erase.
pub fn officer(desk: &Desk, arguments: &[&str]) -> crate::desk::Answered {
    if !desk.is_on_postgres() {
        return desk.run(arguments);
    }
    let url = desk.server().url_as("cli_eraser");
    desk.run(&[arguments, &["--database", &url]].concat())
}

fn officer_json(desk: &Desk, arguments: &[&str]) -> Value {
    officer(desk, &[arguments, &["--output", "json"]].concat())
        .fine()
        .json()
}

const ERASE: [&str; 5] = ["subject", "erase", "zwiebel.z", "--reason", "Art. 17(1)(b)"];

fn sys_44_a_person_is_shown_what_was_done_and_not_by_whom(new: fn() -> Desk) {
    let desk = new();
    day(&desk);
    let also = ["--also", "context.email=zwiebel@mail.example"];
    let known = desk.json(&[&["subject", "show", "zwiebel.z"], &also[..]].concat());
    assert_eq!(known["as_of"], 6);
    let entries = known["entries"].as_array().expect("entries");
    let seen: Vec<Value> = entries
        .iter()
        .map(|entry| {
            json!([
                entry["seq"],
                entry["named_in"],
                entry["by"],
                entry["purpose"]
            ])
        })
        .collect();
    assert_eq!(
        json!(seen),
        json!([
            [0, ["actor"], "zwiebel.z", null],
            [1, ["target"], "staff-1", "support case 7"],
            [2, ["target"], "staff-2", "audit"],
            [4, ["details"], "staff-1", null],
            [5, ["actor"], "staff-1", null],
        ])
    );
    assert_eq!(entries[0]["ip_address"], "203.0.113.9");
    assert_eq!(
        entries[1]["ip_address"],
        Value::Null,
        "it is not the person's"
    );
    assert_eq!(entries[4]["ip_address"], Value::Null, "it is the clerk's");
    assert_eq!(entries[4]["user_agent"], Value::Null, "it is the clerk's");
    assert_eq!(entries[1]["recipient"], "bank");
    for form in ["table", "json", "ndjson", "csv"] {
        let call = ["subject", "show", "zwiebel.z", "--output", form];
        let shown = desk.run(&call).fine();
        assert!(!shown.out.contains("clerk"), "{}", shown.out);
        assert!(!shown.out.contains("192.0.2.44"), "{}", shown.out);
        assert!(shown.out.contains("support case 7"), "{}", shown.out);
        let named = desk.run(&[&call[..], &["--names"]].concat()).fine();
        assert!(named.out.contains("clerk.two"), "{}", named.out);
    }
    desk.run(&["subject", "show", "nobody"]).fails(4, "nowhere");
}

fn nothing_is_erased_without_a_yes(new: fn() -> Desk) {
    let desk = new();
    day(&desk);
    let before = desk.json(&["query"]);
    let plan = desk
        .run(&[&ERASE[..], &["--output", "json"]].concat())
        .fine();
    assert!(plan.err.contains("--yes erases"), "{}", plan.err);
    let plan = plan.json();
    assert_eq!(plan["dry_run"], true);
    assert_eq!(plan["entries"], 4);
    assert_eq!(
        plan["parts"],
        json!({"actor": 2, "target": 2, "details": 0})
    );
    assert_eq!(
        (&plan["of_other_actors"], &plan["erased"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(plan["recorded"], json!([]));
    assert_eq!(desk.json(&["query"]), before);
    desk.run(&ERASE).fine().says("2 actor, 2 target would go");
}

fn sys_43_a_person_is_erased_and_the_trail_verifies(new: fn() -> Desk) {
    let desk = new();
    day(&desk);
    let proof = desk.run(&["prove", "1"]).fine().out;
    let vkey = desk.run(&["vkey"]).fine().out;
    let more = [
        "--also",
        "context.email=zwiebel@mail.example",
        "--legal-basis",
        "GDPR",
        "--request-id",
        "DSR-12",
        "--by",
        "officer.one",
        "--yes",
    ];
    assert_eq!(answer_to(&desk, "SYS-01"), "met");
    let done = officer_json(&desk, &[&ERASE[..], &more].concat());
    assert_eq!(done["dry_run"], false);
    // Who was erased was named.
    assert_eq!(answer_to(&desk, "SYS-01"), "met");
    assert_eq!(
        (&done["erased"], &done["of_other_actors"]),
        (&json!(5), &json!(1))
    );
    assert_eq!(done["recorded"], json!([6]));
    assert_eq!(
        done["parts"],
        json!({"actor": 2, "target": 2, "details": 1})
    );
    assert_eq!(done["unpurged"], Value::Null);
    let left = done["leftovers"].as_array().expect("leftovers");
    assert!(left.len() >= 7, "{left:?}");
    assert_eq!(left.len() > 7, desk.is_on_postgres(), "{left:?}");

    desk.run(&["verify"]).fine();
    desk.file("before.tlog-proof", &proof);
    let key = vkey.trim();
    desk.run(&["verify-proof", "before.tlog-proof", "--key", key])
        .fine();
    desk.run(&["subject", "show", "zwiebel.z"])
        .fails(4, "nowhere");
    let found = desk.json(&["query", "--user-id", "zwiebel.z"]);
    assert_eq!(found["entries"], json!([]));
    let clerk = desk.json(&["query", "--user-id", "clerk.two"]);
    assert_eq!(clerk["entries"][0]["erased"], json!(["target"]));
    let shown = desk.json(&["show", "#6"]);
    assert_eq!(shown["action"], "audit_subject_erased");
    assert_eq!(shown["user_id"], "officer.one");
    let context = &shown["context"];
    assert_eq!(context["request_id"], "DSR-12");
    assert_eq!(context["records_affected"], 5);
    assert_eq!(context["subject_refs"].as_array().map(Vec::len), Some(2));
    // Neither the database nor the state directory names the person.
    let folder = match desk.is_on_postgres() {
        true => desk.path("state"),
        false => desk.path(""),
    };
    for file in files(&folder) {
        let bytes = std::fs::read(&file).expect("readable");
        let holds = |text: &str| bytes.windows(text.len()).any(|w| w == text.as_bytes());
        for text in ["zwiebel.z", "Zwiebelfox", "zwiebel@mail", "203.0.113.9"] {
            assert!(!holds(text), "{text} in {}", file.display());
        }
    }
}

fn many_persons_are_read_from_a_file(new: fn() -> Desk) {
    let desk = new();
    desk.records(200);
    let ids: String = (50..150).map(|n| format!("u-{n}\r\n\n")).collect();
    desk.file("ids.txt", ids + "nobody\n");
    let call = [
        "subject",
        "erase",
        "--from",
        "ids.txt",
        "--reason",
        "contract ended",
        "--part",
        "details",
        "--yes",
    ];
    let done = officer_json(&desk, &call);
    assert_eq!(
        (&done["subjects"], &done["entries"]),
        (&json!(101), &json!(100))
    );
    assert_eq!(
        done["parts"],
        json!({"actor": 100, "target": 0, "details": 100})
    );
    assert_eq!(done["unknown"], json!(["nobody"]));
    desk.run(&["verify"]).fine();
    let left = desk.json(&["query", "--user-id", "none", "--limit", "1000"]);
    assert_eq!(left["entries"].as_array().map(Vec::len), Some(101));
    desk.run(&["subject", "erase", "--from", "none.txt", "--reason", "x"])
        .fails(4, "no such file");
}

fn t73_a_restored_backup_is_erased_again_before_it_is_read(new: fn() -> Desk) {
    let desk = new();
    day(&desk);
    desk.keep();
    officer(&desk, &[&ERASE[..], &["--yes"]].concat()).fine();
    desk.restore();
    let refused = desk.run(&["query"]).fails(1, "holds what was erased");
    assert!(!refused.out.contains("zwiebel"), "{refused:?}");
    let doctor = desk.run(&["doctor"]).status_is(1);
    assert!(doctor.out.contains("FAIL  erasure"), "{}", doctor.out);
    let event = ["record", "data_viewed", "account"];
    if desk.is_on_postgres() {
        // Whose role may not erase must not serve it either.
        desk.run(&event).fails(1, "GRANT indelible_eraser TO");
    }
    officer(&desk, &event).fails(1, "restored copy");
    let all = desk.run(&["query", "--output", "json"]).fine();
    assert!(!all.out.contains("zwiebel.z"), "{}", all.out);
    assert_eq!(all.json()["entries"].as_array().map(Vec::len), Some(6));
    officer(&desk, &["trail", "succeed", "--reason", "the disk broke"]).fine();
    desk.run(&["verify"]).fine();
    desk.run(&event).fine();
    let says = desk.json(&["query", "--action", "audit_subject_erased"]);
    assert_eq!(says["entries"].as_array().map(Vec::len), Some(1));
}

fn calls_without_person_or_reason_are_refused(new: fn() -> Desk) {
    let desk = new();
    day(&desk);
    desk.run(&["subject", "erase", "--reason", "x"])
        .status_is(2);
    desk.run(&["subject", "erase", "u"]).status_is(2);
    desk.run(&["subject", "erase", "u", "--reason", " "])
        .fails(2, "has a reason");
    desk.run(&[
        "subject", "erase", "u", "--reason", "x", "--part", "skeleton",
    ])
    .status_is(2);
    desk.run(&["subject", "erase", "u", "--reason", "x", "--also", "mail=x"])
        .fails(2, "PATH=VALUE");
    desk.fed(&["subject", "erase", "--from", "-", "--reason", "x"], "\n")
        .fails(2, "nobody is named");
    if desk.is_on_postgres() {
        desk.run(&[&ERASE[..], &["--yes"]].concat())
            .fails(1, "GRANT indelible_eraser TO");
        assert_eq!(desk.json(&["query"])["as_of"], 6, "nothing was recorded");
    }
}
