//! `trail rotate-key`, and what is proved across it.

use std::fs;

use indelible_merkle::VerifierKey;

use crate::desk::{Desk, on_each_store};

on_each_store! {
    every_trail_goes_over_and_both_keys_verify_what_is_theirs,
    a_statement_leads_from_the_old_key_to_the_new_one,
    a_statement_of_somebody_else_is_found,
    who_has_only_the_old_key_writes_nothing,
    a_rotation_that_was_cut_short_is_finished_by_the_next_call_that_writes,
    a_backup_from_before_is_refused_and_succeeded,
}

const ROTATE: [&str; 4] = ["trail", "rotate-key", "--reason", "a laptop was lost"];

/// The row that says in which database a rotation is under way.
const UNDER_WAY: &str = "INSERT INTO op_registry (kind, key, version, value) \
                         VALUES ('key_rotation', 'self', 1, '{\"reason\":\"planned\"}')";

fn key(desk: &Desk) -> String {
    desk.run(&["vkey"]).fine().out.trim_end().to_owned()
}

/// A desk with the trails `default` and `pay`, proofs and checkpoints of before, and the old key.
fn begun(new: fn() -> Desk) -> (Desk, String) {
    let desk = new();
    desk.records(20);
    desk.run(&["record", "paid", "invoice", "--trail", "pay"])
        .fine();
    desk.run(&["prove", "3", "-o", "old.tlog-proof"]).fine();
    desk.run(&["checkpoint", "-o", "old.checkpoint"]).fine();
    let old = key(&desk);
    (desk, old)
}

fn every_trail_goes_over_and_both_keys_verify_what_is_theirs(new: fn() -> Desk) {
    let (desk, old) = begun(new);
    let changed = desk.json(&ROTATE);
    let trails = changed["trails"].as_array().expect("a list");
    let of = |field: &str| {
        trails
            .iter()
            .map(|trail| trail[field].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(of("trail"), ["default", "pay"]);
    assert_eq!(of("size"), [21, 2]);
    let new_key = key(&desk);
    assert_ne!(new_key, old);
    assert_eq!(of("old_verifier_key")[0], old.as_str());
    assert_eq!(of("verifier_key")[0], new_key.as_str());

    let entry = desk.json(&["show", "20"]);
    assert_eq!(entry["action"], "audit_key_rotated");
    assert_eq!(entry["context"]["reason"], "a laptop was lost");
    assert_eq!(entry["context"]["new_verifier"], new_key.as_str());

    desk.records(5);
    desk.run(&["record", "paid", "invoice", "--trail", "pay"])
        .fine();
    let report = desk.json(&["verify"]);
    assert_eq!(report["ok"], true, "{report}");
    assert_eq!(report["trails"].as_array().map(Vec::len), Some(2));
    for trail in report["trails"].as_array().expect("a list") {
        assert_eq!(trail["findings"], serde_json::json!([]));
    }
    desk.run(&["verify", "--since", "old.checkpoint"]).fine();
    desk.run(&["doctor"]).fine();

    desk.run(&["prove", "3", "-o", "new.tlog-proof"]).fine();
    let proof = |file, key: &str| desk.run(&["verify-proof", file, "--key", key]);
    proof("old.tlog-proof", &old).fine();
    proof("new.tlog-proof", &new_key).fine();
    proof("old.tlog-proof", &new_key).fails(3, "not proved");
    proof("new.tlog-proof", &old).fails(3, "not proved");
    let consistency = desk.run(&["consistency", "--from", "20"]).fine().out;
    assert!(consistency.starts_with("old 20\n"), "{consistency}");
}

fn a_statement_leads_from_the_old_key_to_the_new_one(new: fn() -> Desk) {
    let (desk, old) = begun(new);
    desk.run(&ROTATE).fine();
    desk.run(&ROTATE).fine();
    desk.records(5);
    let statements = desk.run(&["vkey", "--rotations"]).fine().out;
    assert_eq!(statements.matches("indelible/key-rotation/v1\n").count(), 2);
    desk.file("rotations.txt", &statements);
    let new_key = key(&desk);
    desk.run(&["prove", "3", "-o", "new.tlog-proof"]).fine();

    // An auditor with the old key and no state directory.
    let auditor = |rest: &[&str], key: &str| {
        let call = [
            "verify",
            "--trail",
            "default",
            "--state-dir",
            "nowhere",
            "--key",
            key,
        ];
        desk.run(&[&call, rest].concat())
    };
    auditor(&["--rotation", "rotations.txt"], &old).fine();
    auditor(&["--rotation", "rotations.txt"], &new_key).fine();
    auditor(&[], &new_key).fine();
    auditor(&[], &old).fails(3, "default");
    let call = [
        "verify-proof",
        "new.tlog-proof",
        "--rotation",
        "rotations.txt",
        "--key",
    ];
    desk.run(&[&call[..], &[&old]].concat()).fine();
    let call = [
        "verify-proof",
        "old.tlog-proof",
        "--rotation",
        "rotations.txt",
        "--key",
    ];
    desk.run(&[&call[..], &[&new_key]].concat()).fine();

    let one = statements
        .rsplit_once("indelible/key-rotation/v1\n")
        .expect("two")
        .0;
    desk.file("one.txt", one);
    auditor(&["--rotation", "one.txt"], &old).fails(3, "default");
}

fn a_statement_of_somebody_else_is_found(new: fn() -> Desk) {
    let (desk, old) = begun(new);
    let stranger = new();
    stranger.records(20);
    stranger.run(&ROTATE).fine();
    let foreign = stranger.run(&["vkey", "--rotations"]).fine().out;
    let installation = |key: &str| key.split('/').next().expect("a name").to_owned();
    let (own, other) = (installation(&old), installation(&key(&stranger)));
    desk.file("foreign.txt", foreign.replace(&other, &own));
    let call = [
        "verify",
        "--trail",
        "default",
        "--rotation",
        "foreign.txt",
        "--output",
        "json",
    ];
    let report = desk.run(&call).status_is(3).json();
    let kind = &report["trails"][0]["findings"][0]["kind"];
    assert_eq!(kind, "checkpoint_bad_signature");
    desk.run(&["verify"]).fine();

    // The head under another key, which the owner of the database alone can write there.
    let parsed = |key: &str| key.parse::<VerifierKey>().expect("a key");
    let (own, theirs) = (parsed(&old), parsed(&key(&stranger)));
    let theirs = VerifierKey::new(own.name(), theirs.kind(), theirs.public_key());
    let theirs = theirs.expect("a key");
    desk.tamper(&format!("UPDATE head SET key = '{theirs}'"));
    let report = desk.run(&call[..3]).status_is(3);
    assert!(report.out.contains("head_altered"), "{report:?}");
    desk.run(&["record", "a", "t"]).fails(1, "");
}

fn who_has_only_the_old_key_writes_nothing(new: fn() -> Desk) {
    let (desk, _) = begun(new);
    let seed = || fs::read_to_string(desk.state().join("signing.key")).expect("a key");
    let old = seed();
    let given = |seed: &str, words: &[&str]| {
        let mut call = desk.call(words);
        let output = call
            .env("INDELIBLE__IDENTITY__SIGNING_KEY", seed.trim_end())
            .output();
        output.expect("the binary runs")
    };
    // A key that is kept elsewhere is changed elsewhere.
    let answer = given(&old, &ROTATE);
    let said = String::from_utf8_lossy(&answer.stderr).into_owned();
    assert_eq!(answer.status.code(), Some(1), "{said}");
    assert!(said.contains("is given by the settings"), "{said}");
    desk.run(&ROTATE).fine();
    assert_ne!(seed(), old);
    for trail in ["default", "pay", "fresh"] {
        let answer = given(&old, &["record", "a", "t", "--trail", trail]);
        assert_eq!(answer.status.code(), Some(1), "{trail}");
        let said = String::from_utf8_lossy(&answer.stderr).into_owned();
        assert!(said.contains("accepts no writes"), "{said}");
    }
    assert!(given(&seed(), &["record", "a", "t"]).status.success());
    desk.run(&["verify"]).fine();
}

fn a_rotation_that_was_cut_short_is_finished_by_the_next_call_that_writes(new: fn() -> Desk) {
    // After the new seed was kept; after all trails went over and before anything was signed;
    // before the seeds changed places.
    for (is_committed, is_signed) in [(false, false), (true, false), (true, true)] {
        let (desk, old) = begun(new);
        let state = desk.state();
        let seed = fs::read(state.join("signing.key")).expect("a key");
        let marks = ["default", "pay"].map(|trail| state.join("marks").join(trail));
        let before = marks.each_ref().map(|mark| fs::read(mark).expect("a mark"));
        if is_committed {
            desk.run(&ROTATE).fine();
            fs::rename(state.join("signing.key"), state.join("signing.key.next")).expect("moved");
            fs::write(state.join("signing.key"), &seed).expect("written");
            fs::remove_dir_all(state.join("retired")).expect("removed");
            if !is_signed {
                fs::remove_dir_all(state.join("rotations")).expect("removed");
                for (mark, before) in marks.iter().zip(&before) {
                    fs::write(mark, before).expect("written");
                }
            }
        } else {
            fs::write(state.join("signing.key.next"), "5a".repeat(32)).expect("written");
        }
        desk.tamper(UNDER_WAY);
        // Who only reads finds all in order, and is told what is to be done.
        desk.run(&["verify"]).fine();
        desk.run(&["doctor"]).status_is(1).says("rotate-key");
        assert!(state.join("signing.key.next").exists());
        desk.run(&["record", "a", "t"]).fine();
        assert!(!state.join("signing.key.next").exists());
        assert_ne!(key(&desk), old);
        let report = desk.json(&["verify"]);
        let sizes = report["trails"].as_array().expect("a list").iter();
        assert_eq!(
            sizes.map(|trail| &trail["size"]).collect::<Vec<_>>(),
            [22, 2]
        );
        let statements = desk.run(&["vkey", "--rotations"]).fine().out;
        desk.file("rotations.txt", statements);
        let call = [
            "verify",
            "--trail",
            "default",
            "--state-dir",
            "nowhere",
            "--key",
            &old,
        ];
        desk.run(&[&call[..], &["--rotation", "rotations.txt"]].concat())
            .fine();
    }
}

fn a_backup_from_before_is_refused_and_succeeded(new: fn() -> Desk) {
    let (desk, _) = begun(new);
    desk.keep();
    desk.run(&ROTATE).fine();
    desk.records(3);
    desk.restore();
    desk.run(&["record", "a", "t"])
        .fails(1, "indelible trail succeed --reason");
    for trail in ["default", "pay"] {
        desk.run(&["trail", "succeed", "--trail", trail, "--reason", "restored"])
            .fine();
        desk.run(&["record", "a", "t", "--trail", trail]).fine();
    }
    desk.run(&["verify"]).fine();
}

#[test]
fn a_call_that_means_something_else_is_refused() {
    let desk = Desk::new();
    desk.run(&["trail", "rotate-key"]).fails(2, "--reason");
    desk.run(&["trail", "rotate-key", "--reason", " "])
        .fails(2, "says nothing");
    let call = ["trail", "rotate-key", "--reason", "x", "--trail", "pay"];
    desk.run(&call).fails(2, "leave --trail out");
    desk.run(&["trail", "rotate-key", "--reason", "x"])
        .fails(4, "");
    assert!(!desk.database().exists());
}

#[test]
fn a_rotation_that_was_cut_short_is_finished_by_the_command_itself_and_not_begun_again() {
    let (desk, _) = begun(Desk::new);
    fs::write(desk.state().join("signing.key.next"), "5a".repeat(32)).expect("written");
    desk.tamper(UNDER_WAY);
    let changed = desk.json(&ROTATE);
    assert_eq!(changed["trails"][0]["size"], 21);
    assert_eq!(desk.json(&["trail", "list"])["trails"][0]["size"], 21);
}
