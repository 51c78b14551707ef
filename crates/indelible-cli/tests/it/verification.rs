//! `verify`: what it answers, and that its exit status is to be trusted.

use serde_json::{Value, json};

use crate::desk::{Desk, files, on_each_store};

on_each_store! {
    a_trail_as_it_was_recorded_is_fine,
    an_altered_entry_is_named_and_the_exit_status_is_three,
    a_restored_copy_is_found_refused_and_succeeded,
    a_checkpoint_that_was_kept_is_held_against_the_trail,
    a_trail_that_is_gone_with_all_its_rows_is_missed,
    without_the_state_directory_it_is_said_what_was_not_compared,
    an_unreadable_head_is_a_finding_like_any_other,
    a_state_directory_of_another_installation_is_refused,
    keys_of_several_trails_are_each_held_against_their_own,
    a_verdict_stands_when_nobody_reads_the_answer,
}

fn kinds(report: &Value) -> Vec<&str> {
    let trails = report["trails"].as_array().expect("a list").iter();
    let findings = trails.flat_map(|trail| trail["findings"].as_array().expect("a list"));
    findings
        .map(|finding| finding["kind"].as_str().expect("a kind"))
        .collect()
}

fn a_trail_as_it_was_recorded_is_fine(new: fn() -> Desk) {
    let desk = new();
    desk.records(20);
    desk.run(&["record", "a", "t", "--trail", "other"]).fine();
    let report = desk.json(&["verify"]);
    assert_eq!(report["ok"], true);
    let names: Vec<_> = report["trails"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|trail| &trail["trail"])
        .collect();
    assert_eq!(names, [&json!("default"), &json!("other")]);
    for field in [
        "trail",
        "size",
        "root",
        "entries_checked",
        "erased",
        "findings",
    ] {
        assert!(!report["trails"][0][field].is_null(), "{field}");
    }
    assert_eq!(report["trails"][0]["entries_checked"], 20);
    assert_eq!(kinds(&report), [""; 0], "key and mark are at hand");
    let one = desk.json(&["verify", "--trail", "other"]);
    assert_eq!(one["trails"].as_array().map(Vec::len), Some(1));
}

fn an_altered_entry_is_named_and_the_exit_status_is_three(new: fn() -> Desk) {
    let desk = new();
    desk.records(5);
    desk.tamper("UPDATE entry SET action = 'page_hidden' WHERE seq = 3");
    let answered = desk
        .run(&["verify", "--output", "json"])
        .fails(3, "verification failed");
    let report = answered.json();
    assert_eq!(
        (&report["ok"], &report["trails"][0]["ok"]),
        (&json!(false), &json!(false))
    );
    assert!(kinds(&report).contains(&"column_differs"), "{report}");
    let shown = desk.run(&["verify"]).fails(3, "in default").out;
    assert!(
        shown.contains("FAILED") && shown.contains("default #3 column_differs"),
        "{shown}"
    );
    let sheet = desk.run(&["verify", "--output", "csv"]).fails(3, "").out;
    assert!(
        sheet.contains("default,false,5,") && sheet.contains(",3,column_differs,"),
        "{sheet}"
    );
}

fn a_restored_copy_is_found_refused_and_succeeded(new: fn() -> Desk) {
    let desk = new();
    desk.records(3);
    desk.keep();
    let old = desk.run(&["checkpoint"]).fine().out;
    desk.run(&["record", "a", "t", "--user-id", "lost"]).fine();
    desk.restore();
    let report = desk
        .run(&["verify", "--output", "json"])
        .fails(3, "")
        .json();
    assert!(kinds(&report).contains(&"rolled_back"), "{report}");
    desk.run(&["record", "a", "t"])
        .fails(1, "indelible trail succeed --reason");
    desk.run(&["doctor"])
        .status_is(1)
        .says("indelible trail succeed");
    desk.run(&["trail", "succeed"]).fails(2, "--reason");
    desk.run(&["trail", "succeed", "--reason", " "])
        .fails(2, "--reason");
    let succession = desk.json(&["trail", "succeed", "--reason", "restored on Sunday"]);
    assert_eq!(
        (&succession["incarnation"], &succession["size"]),
        (&json!(2), &json!(3))
    );
    let first = desk.json(&["show", "3"]);
    assert_eq!(first["context"]["reason"], "restored on Sunday");
    desk.run(&["record", "a", "t"]).fine();
    // What was lost is no finding any more, and is told all the same.
    let verified = desk.run(&["verify"]).fine();
    let told = verified.err.contains("default goes on since #3 under ");
    assert!(told, "{}", verified.err);
    desk.run(&["doctor"]).says("goes on since #3 under ");
    desk.file("old", old);
    desk.run(&["verify", "--since", "old"]).fine();
}

fn a_checkpoint_that_was_kept_is_held_against_the_trail(new: fn() -> Desk) {
    let desk = new();
    desk.records(4);
    desk.run(&["checkpoint", "-o", "kept"]).fine();
    desk.records(8);
    let report = desk.json(&["verify", "--since", "kept"]);
    assert_eq!(report["trails"][0]["checked_from"], 4);
    assert_eq!(report["trails"][0]["entries_checked"], 4);
    desk.fed(&["verify", "--since", "-"], desk.read("kept"))
        .fine();
    let forged = desk.read("kept").replacen("\n4\n", "\n5\n", 1);
    desk.fed(&["verify", "--since", "-"], forged)
        .fails(3, "bad signature");
    desk.fed(&["verify", "--since", "-"], "nonsense")
        .fails(3, "-");
    desk.run(&["verify", "--since", "missing"])
        .fails(4, "missing");
    let other = new();
    other.records(4);
    other.file("foreign", desk.read("kept"));
    other
        .run(&["verify", "--since", "foreign"])
        .fails(3, "no known key");
}

#[test]
fn nothing_to_verify_is_not_verified() {
    let desk = Desk::new();
    desk.run(&["verify"]).fails(3, "sqlite:indelible.db");
    assert_eq!(
        desk.run(&["verify", "--output", "json"]).json()["ok"],
        false
    );
    desk.records(2);
    desk.run(&["verify", "--trail", "other"])
        .fails(3, "nothing could be verified");
    desk.tamper("DELETE FROM head");
    let report = desk
        .run(&["verify", "--output", "json"])
        .fails(3, "verification failed")
        .json();
    assert!(kinds(&report).contains(&"head_missing"), "{report}");
    std::fs::write(desk.database(), "this is no database").expect("written");
    desk.run(&["verify"]).fails(3, "");
}

fn a_trail_that_is_gone_with_all_its_rows_is_missed(new: fn() -> Desk) {
    let desk = new();
    desk.records(2);
    desk.run(&["record", "a", "t", "--trail", "other"]).fine();
    desk.keep();
    desk.run(&["record", "a", "t", "--trail", "payments"])
        .fine();
    desk.restore();
    let report = desk
        .run(&["verify", "--output", "json"])
        .fails(3, "payments")
        .json();
    assert_eq!(kinds(&report), ["head_missing"], "{report}");
}

fn without_the_state_directory_it_is_said_what_was_not_compared(new: fn() -> Desk) {
    let desk = new();
    desk.records(2);
    let key = desk.run(&["vkey"]).fine().out;
    std::fs::remove_dir_all(desk.path("state")).expect("there");
    let unconfirmed = desk.run(&["verify", "--output", "json"]);
    let report = unconfirmed.fails(3, "in default").json();
    assert_eq!(kinds(&report), ["mark_missing", "key_unconfirmed"]);
    let shown = desk.run(&["verify"]).status_is(3);
    let shown = shown.says("finding: default key_unconfirmed").out;
    assert!(shown.contains("warning: default mark_missing"), "{shown}");
    let report = desk.json(&["verify", "--key", key.trim_end()]);
    assert_eq!(kinds(&report), ["mark_missing"]);
    desk.run(&["record", "a", "t"]).fails(1, "--state-dir");
    desk.run(&["doctor"]).status_is(1).says("--state-dir");
    let is_key = |path: &std::path::PathBuf| path.ends_with("signing.key");
    assert!(
        !files(&desk.path("state")).iter().any(is_key),
        "none is made"
    );
}

fn an_unreadable_head_is_a_finding_like_any_other(new: fn() -> Desk) {
    let desk = new();
    desk.records(3);
    desk.run(&["record", "a", "t", "--trail", "other"]).fine();
    desk.tamper("UPDATE head SET key = 'nonsense' WHERE size = 3");
    let answered = desk.run(&["verify", "--output", "json"]);
    let report = answered.fails(3, "1 finding in default").json();
    assert_eq!(kinds(&report), ["head_unreadable"], "{report}");
    assert_eq!(report["ok"], false);
    assert_eq!(report["trails"][1]["ok"], true, "the other one is fine");
    let one = desk.run(&["verify", "--trail", "default", "--output", "json"]);
    assert_eq!(
        kinds(&one.fails(3, "in default").json()),
        ["head_unreadable"]
    );
    desk.run(&["verify", "--trail", "other"]).fine();
    // Without marks nobody knows which trails there are.
    std::fs::remove_dir_all(desk.state().join("marks")).expect("there");
    let report = desk
        .run(&["verify", "--output", "json"])
        .fails(3, "")
        .json();
    assert_eq!(kinds(&report), ["head_unreadable"], "{report}");
    let all = "UPDATE head SET key = 'nonsense'";
    desk.tamper(&format!("DELETE FROM head WHERE size = 3; {all}"));
    let answered = desk.run(&["verify", "--output", "json"]).status_is(3);
    assert_eq!(answered.json()["ok"], false);
}

#[test]
fn a_database_that_was_removed_is_missed() {
    let desk = Desk::new();
    desk.records(3);
    desk.run(&["record", "a", "t", "--trail", "other"]).fine();
    std::fs::remove_file(desk.database()).expect("there");
    desk.run(&["query"]).fails(4, "sqlite:indelible.db");
    desk.run(&["verify"]).fails(3, "sqlite:indelible.db");
    let refused = desk.run(&["record", "a", "t"]);
    refused.fails(4, "indelible trail succeed --reason");
    assert!(!desk.database().exists(), "nothing takes its place unasked");
    let verified = desk.run(&["verify", "--output", "json"]);
    assert_eq!(verified.status_is(3).json()["ok"], false);
    let ill = desk.run(&["doctor"]).status_is(1);
    ill.says("the trails of installation");
    let call = ["trail", "succeed", "--reason", "the disk is lost"];
    assert_eq!(desk.json(&call)["size"], 0);
    desk.run(&["record", "a", "t"]).fine();
    desk.run(&["verify", "--trail", "default"]).fine();
    let verified = desk.run(&["verify", "--output", "json"]);
    let report = verified.fails(3, "other").json();
    assert_eq!(kinds(&report), ["head_missing"], "{report}");
    let ill = desk.run(&["doctor"]).status_is(1);
    ill.says("other is not in the database, its mark has 1 entries")
        .says("indelible trail succeed --trail other");
}

#[test]
fn a_database_of_another_installation_is_refused() {
    let (desk, other) = (Desk::new(), Desk::new());
    desk.records(2);
    other.records(3);
    std::fs::copy(other.database(), desk.database()).expect("replaced");
    for call in [&["record", "a", "t"][..], &["query"], &["trail", "list"]] {
        let refused = desk.run(call).fails(1, "--state-dir");
        assert!(
            refused.err.contains("belongs to the installation"),
            "{refused:?}"
        );
    }
    let answered = desk.run(&["verify", "--output", "json"]);
    assert_eq!(answered.fails(3, "--state-dir").json()["ok"], false);
    desk.run(&["doctor"])
        .status_is(1)
        .says("belongs to the installation")
        .says("put the installation's own database back");
    // Where it is meant, its own state directory says so.
    let dir = other.state().into_os_string().into_string().expect("UTF-8");
    desk.run(&["record", "a", "t", "--state-dir", &dir]).fine();
    desk.run(&["verify", "--state-dir", &dir]).fine();
    let report = desk.json(&["doctor", "--state-dir", &dir]);
    assert_eq!(report["ok"], true, "{report}");
}

fn a_state_directory_of_another_installation_is_refused(new: fn() -> Desk) {
    let (desk, other) = (new(), new());
    desk.records(2);
    other.records(3);
    let dir = other.state().into_os_string().into_string().expect("UTF-8");
    for call in [&["record", "a", "t"][..], &["query"], &["checkpoint"]] {
        let call = [call, &["--state-dir", &dir]].concat();
        desk.run(&call).fails(1, "is the state directory of");
    }
    desk.run(&["verify", "--state-dir", &dir])
        .fails(3, "--state-dir");
    desk.run(&["doctor", "--state-dir", &dir])
        .status_is(1)
        .says("is the state directory of");
    // Nothing was tied to it on the way.
    desk.run(&["record", "a", "t"]).fine();
    desk.run(&["verify"]).fine();
    other.run(&["verify"]).fine();
}

fn keys_of_several_trails_are_each_held_against_their_own(new: fn() -> Desk) {
    let desk = new();
    desk.records(3);
    desk.run(&["record", "a", "t", "--trail", "pay"]).fine();
    desk.run(&["checkpoint", "--trail", "pay", "-o", "kept"])
        .fine();
    let key = |trail: &str| desk.run(&["vkey", "--trail", trail]).fine().out;
    let (default, pay) = (key("default"), key("pay"));
    let (default, pay) = (default.trim_end(), pay.trim_end());
    for keys in [
        &["--key", default][..],
        &["--key", pay],
        &["--key", default, "--key", pay],
        &["--key", pay, "--key", default],
    ] {
        let report = desk.json(&[&["verify"], keys].concat());
        assert_eq!(kinds(&report), [""; 0], "{report}");
        let since = ["verify", "--since", "kept"];
        desk.run(&[&since[..], keys].concat()).fine();
    }
    // Without the installation's own key, only the trail whose key was given is confirmed.
    std::fs::remove_dir_all(desk.path("state")).expect("there");
    let both = desk.json(&["verify", "--key", default, "--key", pay]);
    assert_eq!(kinds(&both), ["mark_missing"; 2], "{both}");
    let one = desk.run(&["verify", "--key", pay, "--output", "json"]);
    let one = one.fails(3, "in default").json();
    assert_eq!(
        kinds(&one),
        ["mark_missing", "key_unconfirmed", "mark_missing"],
        "{one}"
    );
    let other = new();
    other.records(1);
    let foreign = other.run(&["vkey"]).fine().out;
    let report = desk.run(&["verify", "--key", foreign.trim_end(), "--output", "json"]);
    let report = report.fails(3, "default").json();
    assert!(kinds(&report).contains(&"head_altered"), "{report}");
}

fn a_verdict_stands_when_nobody_reads_the_answer(new: fn() -> Desk) {
    let desk = new();
    desk.records(3);
    desk.run(&["prove", "1", "-o", "proof"]).fine();
    let key = desk.run(&["vkey"]).fine().out;
    let proof = desk.read("proof");
    let line = proof.lines().rfind(|line| !line.is_empty());
    let line = line.expect("a line");
    desk.file("forged", proof.replacen(line, &line.to_lowercase(), 1));
    let said = desk.unread(&["verify"]);
    assert_eq!((said.status, said.err.as_str()), (0, ""), "{said:?}");
    desk.tamper("UPDATE entry SET action = 'hidden' WHERE seq = 1");
    let import = ["import", "ndjson", "lines"];
    desk.file("lines", "no event\n");
    let forged = ["verify-proof", "forged", "--key", key.trim_end()];
    let forged = [&forged[..], &["--output", "json"]].concat();
    for (call, status, said) in [
        (&["verify"][..], 3, "verification failed"),
        (&["verify", "--output", "json"], 3, "verification failed"),
        (&["verify", "--database", "sqlite:no.db"], 3, "no.db"),
        (&forged, 3, "not proved"),
        (&import, 1, "lines"),
    ] {
        desk.unread(call).fails(status, said);
    }
    std::fs::remove_dir_all(desk.path("state")).expect("there");
    desk.unread(&["doctor"]).status_is(1);
}
