//! What is asked of the audit system itself, answered for an installation.

use serde_json::Value;

use crate::desk::{Desk, on_each_store};

on_each_store!(
    a_young_installation_is_answered_with_what_was_measured,
    a_guard_that_is_gone_is_not_met_and_the_report_is_made,
);

/// The answer and the fact of one requirement.
#[track_caller]
fn found(report: &Value, id: &str) -> (String, String) {
    let all = report["requirements"].as_array().expect("a list");
    let it = all.iter().find(|it| it["id"] == id).expect("one of 48");
    let text = |name: &str| it[name].as_str().expect("a text").to_owned();
    (text("answer"), text("fact"))
}

/// What it answers to one requirement.
#[track_caller]
pub fn answer_to(desk: &Desk, id: &str) -> String {
    found(&measured(desk, &[]), id).0
}

fn measured(desk: &Desk, more: &[&str]) -> Value {
    let words = [&["report", "system", "--format", "json"], more].concat();
    desk.run(&words).fine().json()
}

fn a_young_installation_is_answered_with_what_was_measured(desk: fn() -> Desk) {
    let desk = desk();
    let login = ["user_login_success", "session", "--resource-id", "s-1"];
    let known = ["--user-id", "u-1", "--ip-address", "10.0.0.1"];
    desk.run(&[&["record"], &login[..], &known[..]].concat())
        .fine();
    let report = measured(&desk, &[]);
    assert_eq!(report["format"], "indelible-system/1");
    assert_eq!(report["requirements"].as_array().map(Vec::len), Some(48));
    for (id, answer, fact) in [
        ("SYS-01", "met", "default: 0 of 1"),
        ("SYS-05", "met", "0 of logins"),
        ("SYS-08", "met", "redaction is mask"),
        // Who owns the store is found, and nobody has looked yet.
        (
            "SYS-19",
            "needs_evidence_elsewhere",
            "guards missing or altered: none",
        ),
        (
            "SYS-21",
            "needs_evidence_elsewhere",
            "default (mark at 1 of 1",
        ),
        ("SYS-24", "met", "the signing key is at hand"),
        // A day shows nothing of twelve months.
        ("SYS-33", "needs_evidence_elsewhere", "default since"),
        ("SYS-28", "not_met", "default: 0 sign-offs"),
        ("SYS-31", "not_met", "default: 0 sign-offs"),
        ("SYS-40", "met", "settings that weaken durability: none"),
        ("SYS-48", "not_met", "--policy"),
    ] {
        let (told, measured) = found(&report, id);
        assert_eq!(told, answer, "{id}: {measured}");
        assert!(measured.contains(fact), "{id}: {measured}");
    }
    // Reading it made no entry.
    let (_, order) = found(&measured(&desk, &[]), "SYS-27");
    assert!(order.contains("(default 1 entries)"), "{order}");

    desk.run(&["record", "user_login_success", "session"])
        .fine();
    let report = measured(&desk, &["--policy", "Logging policy, 3.1, M. Muster"]);
    assert_eq!(found(&report, "SYS-01").0, "not_met");
    assert!(found(&report, "SYS-01").1.contains("default: 1 of 2"));
    assert_eq!(found(&report, "SYS-05").0, "not_met");
    assert_eq!(found(&report, "SYS-48").0, "met");
    let clock = found(&report, "SYS-25");
    match desk.is_on_postgres() {
        true => assert_eq!(clock.0, "met", "{}", clock.1),
        false => assert_eq!(clock.0, "needs_evidence_elsewhere", "{}", clock.1),
    }
    for (form, start) in [
        ("html", "<!doctype html>"),
        ("md", "# "),
        ("csv", "requirement,"),
    ] {
        let told = desk.run(&["report", "system", "--format", form]).fine();
        assert!(told.out.starts_with(start), "{form}");
        assert!(told.err.contains(" met, "), "{told:?}");
    }
    let written = desk.run(&["report", "system", "-o", "system.html"]).fine();
    assert!(
        written.out.contains("written to system.html"),
        "{written:?}"
    );
    assert!(desk.read("system.html").contains("SYS-48"));
}

fn a_guard_that_is_gone_is_not_met_and_the_report_is_made(desk: fn() -> Desk) {
    let desk = desk();
    desk.run(&["record", "a", "t"]).fine();
    match desk.is_on_postgres() {
        true => {
            let server = desk.server();
            server.execute("ALTER TABLE indelible.entry DISABLE TRIGGER ALL");
        }
        false => {
            let db = rusqlite::Connection::open(desk.database()).expect("opens");
            db.execute_batch("DROP TRIGGER entry_update")
                .expect("drops");
        }
    }
    let (told, fact) = found(&measured(&desk, &[]), "SYS-19");
    assert_eq!(told, "not_met", "{fact}");
    assert!(fact.contains("entry"), "{fact}");
}

#[test]
fn a_database_in_memory_is_answered_too() {
    let desk = Desk::new();
    let report = measured(&desk, &["--database", "memory:"]);
    assert_eq!(found(&report, "SYS-40").0, "not_met");
    assert_eq!(found(&report, "SYS-19").0, "not_met");
}

#[cfg(unix)]
#[test]
fn a_state_directory_that_others_may_read_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::new();
    desk.run(&["record", "a", "t"]).fine();
    let dir = desk.state();
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&dir, open).expect("its own");
    let (told, fact) = found(&measured(&desk, &[]), "SYS-23");
    assert_eq!(told, "not_met", "{fact}");
    assert!(fact.contains("has mode 755"), "{fact}");
}
