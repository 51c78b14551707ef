//! What makes nothing go away: a first day, what looks like a sign-off, other rules.

use serde_json::json;

use super::{found, guessed};
use crate::desk::Desk;

/// Rules of redaction that take what a sign-off names for a secret.
const RULES: &str = "version = 1\nextends = \"standard\"\n\
    [[names]]\nid = \"root\"\nphrases = [\"root\"]\nwhere = \"end\"\n";

#[test]
fn sys_28_a_first_day_is_put_on_record_once_and_before_anything_was_reviewed() {
    let desk = Desk::new();
    guessed(&desk);
    let start = |day: &str| {
        desk.run(&[
            "review",
            "start",
            day,
            "--by",
            "m. muster",
            "--why",
            "cards since",
        ])
    };
    start("2999-01-01").fails(2, "has not come yet");
    start("soon").status_is(2);
    start("2026-03-02")
        .fine()
        .says("2026-03-02 is the first day, recorded as entry 7");
    start("2026-03-03").fails(1, "entry 7 says already: 2026-03-02");
    // Days are missed since, whatever is looked at.
    let listed = desk.run(&["review", "list", "--check"]).status_is(1);
    listed.says("reviewed since 2026-03-02, says m. muster in entry 7: cards since");
    let listed = desk.json(&["review", "list"]);
    assert_eq!(listed["days"][0]["day"], "2026-03-02");
    assert_eq!(listed["days"][0]["state"], "missed");
    let late = [
        "review",
        "list",
        "--from",
        "2026-03-04",
        "--to",
        "2026-03-04",
    ];
    let late = desk.json(&late);
    assert_eq!(
        (&late["missed"], &late["missed_before"]),
        (&json!(1), &json!(2))
    );
    let other = Desk::new();
    guessed(&other);
    other
        .run(&["review", "sign", "--as-of", "7", "--by", "q. sa"])
        .fine();
    let words = ["review", "start", "2026-03-02", "--by", "m", "--why", "w"];
    other.run(&words).fails(1, "would make them go away");
}

#[test]
fn sys_28_no_day_before_the_first_is_missed_or_put_on_record() {
    let desk = Desk::new();
    guessed(&desk);
    let list = [
        "review",
        "list",
        "--from",
        "2026-01-01",
        "--check",
        "--record",
    ];
    let march = [&list[..], &["--to", "2026-03-31"]].concat();
    let none = desk.json(&march);
    assert_eq!((&none["missed"], &none["days"]), (&json!(0), &json!([])));
    assert!(found(&desk, "audit_review_missed").is_empty());
    // From a first day on record on they are.
    let start = ["review", "start", "2026-03-30", "--by", "m", "--why", "w"];
    desk.run(&start).fine();
    let listed = desk.run(&[&march[..], &["--output", "json"]].concat());
    assert_eq!(listed.status_is(1).json()["missed"], 2);
    assert_eq!(found(&desk, "audit_review_missed").len(), 2);
}

#[test]
fn sys_31_a_sign_off_that_does_not_count_is_told_to_whoever_signs() {
    let desk = Desk::new();
    guessed(&desk);
    desk.file("rules.toml", RULES);
    desk.file("indelible.toml", "[redaction]\nrules = \"rules.toml\"\n");
    desk.run(&["review", "sign", "--as-of", "7", "--by", "q. sa"])
        .fails(
            1,
            "entry 9 was recorded and counts for nothing as a sign-off",
        );
}

#[test]
fn sys_31_what_looks_like_a_sign_off_and_other_rules_are_listed() {
    let desk = Desk::new();
    guessed(&desk);
    let forged = json!({"period_start": "2026-03-01T00:00:00Z",
        "period_end": "2026-03-03T00:00:00Z", "first_sequence": 0, "as_of": 7, "root": "00",
        "rule_set": "r", "rule_set_version": "1", "rule_set_digest": "d", "frequency": "daily",
        "due_seconds": 86_400, "records_in_scope": 7, "findings_count": 0, "findings_open": 0,
        "whole": true});
    let forged = forged.to_string();
    let record = [
        "record",
        "audit_review_completed",
        "audit_review",
        "--context",
    ];
    desk.run(&[&record[..], &[&forged]].concat()).fine();
    let listed = desk.run(&["review", "list"]).fine();
    listed.says("entry 7 counts for nothing: somebody else recorded it");
    let shown = desk.json(&["review", "show"]);
    assert_eq!((&shown["from"], &shown["as_of"]), (&json!(0), &json!(8)));
    let sign = |size: &str, more: &[&str]| {
        desk.run(&[&["review", "sign", "--as-of", size, "--by", "q. sa"], more].concat())
            .fine()
    };
    sign("8", &[]);
    let own = "name = \"own\"\nversion = \"7\"\n[[rule]]\nname = \"looks\"\nseverity = \"low\"\n\
        why = \"w\"\nmatch = [{ action = \"data_viewed\" }]\n";
    desk.file("own.toml", own);
    let as_of = desk.json(&["review", "show"])["as_of"].to_string();
    let other = sign(&as_of, &["--rules", "own.toml"]);
    assert!(
        other.err.contains("are not those of the last sign-off"),
        "{other:?}"
    );
    let listed = desk.json(&["review", "list"]);
    assert_eq!(listed["rule_changes"][0]["after"]["name"], "own");
    assert_eq!(listed["rules_in_force"], false);
    assert_eq!(listed["invalid"][0]["seq"], 7);
}
