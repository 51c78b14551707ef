//! Reports, as auditors ask for them.

mod packs;

use std::collections::BTreeMap;

use indelible_evidence::Framework;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::desk::{Desk, on_each_store};

on_each_store!(
    all_six_frameworks_in_all_four_forms,
    the_same_question_gives_the_same_bytes,
    that_a_report_was_made_is_on_record,
    what_is_wrong_with_a_call_is_said,
    an_altered_entry_is_in_no_report,
);

const MARCH: [&str; 4] = ["--from", "2026-03-01", "--to", "2026-03-31"];

/// A few days of a shop.
fn shop(desk: &Desk) {
    let line = |action: &str, day: u32, more: &str| {
        format!(
            "{{\"action\":\"{action}\",\"resource_type\":\"session\",\"user_id\":\"u-{day}\",\
             \"ip_address\":\"10.0.0.1\",\"resource_id\":\"s-{day}\",\
             \"occurred_at\":\"2026-03-{day:02}T09:00:00Z\"{more}}}\n"
        )
    };
    let mut lines = String::new();
    for day in 1..=9 {
        lines += &line(
            "user_login_success",
            day,
            ",\"tags\":[\"actor.privileged\"]",
        );
        lines += &line("data_viewed", day, "");
        lines += &line("page_viewed", day, "");
    }
    lines += &line(
        "access_denied",
        3,
        ",\"context\":{\"reason\":\"no_permission\"}",
    );
    lines += &line("access_denied", 20, "");
    lines += &line("data_viewed", 21, ",\"tags\":[\"data.personal\"]");
    desk.fed(&["import", "ndjson", "-"], lines).fine();
}

fn run(desk: &Desk, framework: &str, more: &[&str]) -> crate::desk::Answered {
    desk.run(&[&["report", framework], &MARCH[..], more].concat())
}

fn all_six_frameworks_in_all_four_forms(desk: fn() -> Desk) {
    let desk = desk();
    shop(&desk);
    for framework in Framework::ALL.map(Framework::id) {
        let answered = run(&desk, framework, &["--format", "json"]).fine();
        let json = answered.json();
        assert_eq!(json["format"], "indelible-report/1");
        assert_eq!(json["framework"]["id"], framework);
        assert_eq!(json["completeness"]["entries"], 30);
        let states: BTreeMap<_, _> = json["states"]
            .as_array()
            .expect("eight")
            .iter()
            .map(|it| {
                (
                    it["state"].as_str().expect("a word"),
                    it["controls"].as_u64(),
                )
            })
            .collect();
        assert_eq!(states.len(), 8);
        let controls = json["controls"].as_array().expect("a list");
        assert_eq!(
            states
                .values()
                .copied()
                .map(Option::unwrap_or_default)
                .sum::<u64>(),
            controls.len() as u64
        );
        assert!(states["operating"] > Some(0), "{framework}");
        for control in controls {
            let name = control["control"].as_str().expect("a name");
            assert!(
                name.starts_with(json["framework"]["name"].as_str().expect("a name")),
                "{name}"
            );
        }
        let page = run(&desk, framework, &["-o", "report.html"]).fine();
        assert!(page.out.contains("written to report.html"), "{page:?}");
        let page = desk.read("report.html");
        assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
        assert!(!page.contains("<script"));
        let csv = run(&desk, framework, &["--format", "csv"]).fine();
        assert_eq!(csv.out.lines().count(), controls.len() + 1);
        assert!(csv.err.contains("recorded as entry"), "{csv:?}");
        let text = run(&desk, framework, &["--format", "md"]).fine();
        assert!(
            text.out.starts_with("# ") && text.out.contains("## What this report does not show")
        );
    }
    desk.run(&["verify"]).fine();
}

fn counts(desk: &Desk, action: &str, tag: Option<&str>) -> usize {
    let mut words = vec!["query", "--action", action, "--limit", "1000"];
    words.extend(["--start-date", "2026-03-01", "--end-date", "2026-03-31"]);
    words.extend(tag.into_iter().flat_map(|tag| ["--tag", tag]));
    desk.json(&words)["entries"]
        .as_array()
        .expect("a list")
        .len()
}

fn the_same_question_gives_the_same_bytes(desk: fn() -> Desk) {
    let desk = desk();
    shop(&desk);
    let pinned = [
        "--as-of",
        "30",
        "--created",
        "2026-04-01T00:00:00Z",
        "--asked-by",
        "q. sa",
    ];
    let seed = ["--seed", "K. Okafor", "--sample", "3"];
    for format in ["html", "md", "json", "csv"] {
        let more = [&pinned[..], &seed, &["--format", format]].concat();
        let first = run(&desk, "pci-dss-4.0.1", &more).fine();
        let again = run(&desk, "pci-dss-4.0.1", &more).fine();
        assert_eq!(first.out, again.out, "{format}");
        let other = [&more[..], &["--no-record"]].concat();
        // A sheet has no place to say that nothing is on record.
        let differs = run(&desk, "pci-dss-4.0.1", &other).fine().out != first.out;
        assert_eq!(differs, format != "csv", "{format}");
    }
    let more = [&pinned[..], &seed, &["--format", "json"]].concat();
    let json = run(&desk, "pci-dss-4.0.1", &more).fine().json();
    let control = |id: &str| -> Value {
        let name = format!("PCI-DSS-4.0.1:{id}");
        let mut controls = json["controls"].as_array().expect("a list").iter();
        controls.find(|it| it["control"] == name).expect(id).clone()
    };
    assert_eq!(
        control("10.2.1.4")["direct"],
        counts(&desk, "access_denied", None)
    );
    let logins = counts(&desk, "user_login_success", Some("actor.privileged"));
    assert_eq!(control("10.2.1.2")["direct"], logins);
    assert_eq!(control("10.2.1.1")["state"], "cannot_tell");
    let mut drawn: Vec<u64> = (0..30).collect();
    drawn.sort_by_key(|seq| Sha256::digest(format!("K. Okafor{seq}")).to_vec());
    let sample = control("10.2.2")["sample"].clone();
    let sample: Vec<_> = sample
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| it["seq"].as_u64())
        .collect();
    assert_eq!(
        sample,
        drawn[..3].iter().map(|seq| Some(*seq)).collect::<Vec<_>>()
    );
    let id = control("10.2.2")["sample"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    desk.run(&["prove", &id, "-o", "entry.proof"]).fine();
}

fn that_a_report_was_made_is_on_record(desk: fn() -> Desk) {
    let desk = desk();
    shop(&desk);
    run(
        &desk,
        "gdpr-2016-679",
        &["-o", "it.html", "--asked-by", "q. sa"],
    )
    .fine();
    let found = desk.json(&["query", "--action", "audit_report_generated"]);
    let entry = &found["entries"][0];
    assert_eq!(entry["user_id"], "q. sa");
    assert_eq!(entry["context"]["framework"], "GDPR-2016/679");
    assert_eq!(
        entry["context"]["period_end"],
        "2026-03-31T23:59:59.999999Z"
    );
    let digest = Sha256::digest(desk.read("it.html").as_bytes());
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(entry["context"]["digest"], digest);
    let answered = run(&desk, "gdpr-2016-679", &["-o", "it.html", "--no-record"]).fine();
    assert!(answered.out.contains("; not recorded"), "{answered:?}");
    assert!(desk.read("it.html").contains("not on record in the trail"));
    let found = desk.json(&["query", "--action", "audit_report_generated"]);
    assert_eq!(found["entries"].as_array().map(Vec::len), Some(1));
}

fn what_is_wrong_with_a_call_is_said(desk: fn() -> Desk) {
    let desk = desk();
    if !desk.is_on_postgres() {
        // Nothing to report on makes no database.
        run(&desk, "pci-dss-4.0.1", &[]).status_is(4);
        assert!(!desk.database().exists());
    }
    shop(&desk);
    run(&desk, "pci-dss", &[]).status_is(2);
    desk.run(&["report", "gdpr-2016-679", "--from", "2026-03-01"])
        .status_is(2);
    let late = [
        "report",
        "gdpr-2016-679",
        "--from",
        "2026-03-02",
        "--to",
        "2026-03-01",
    ];
    desk.run(&late)
        .fails(2, "the end lies before the beginning");
    run(&desk, "gdpr-2016-679", &["--as-of", "99"]).fails(2, "as_of");
    run(&desk, "gdpr-2016-679", &["--sample", "3"]).status_is(2);
    // The size is fixed before the seed is known.
    run(&desk, "gdpr-2016-679", &["--seed", "x"]).fails(2, "--as-of");
    let none = ["--as-of", "30", "--seed", "x", "--sample", "0"];
    run(&desk, "gdpr-2016-679", &none).fails(2, "sample");
    run(&desk, "gdpr-2016-679", &["--trail", "empty"]).fails(4, "no entry");
    run(&desk, "gdpr-2016-679", &["--scope", "none.toml"]).fails(4, "no such file");
    desk.file(
        "scope.toml",
        "[declared]\nby = \"m\"\non = \"2026-01-01\"\nwhy = \"w\"\nwho = \"x\"\n",
    );
    run(&desk, "gdpr-2016-679", &["--scope", "scope.toml"])
        .fails(2, "scope.toml, line 5: unknown field `who`");
    // A wrong call leaves no record.
    let found = desk.json(&["query", "--action", "audit_report_generated"]);
    assert_eq!(found["entries"].as_array().map(Vec::len), Some(0));
}

fn an_altered_entry_is_in_no_report(desk: fn() -> Desk) {
    let desk = desk();
    shop(&desk);
    desk.tamper("UPDATE entry SET outcome = 'succeeded' WHERE seq = 27");
    let refused = run(&desk, "pci-dss-4.0.1", &["-o", "it.html"]).status_is(1);
    assert!(
        refused.err.contains("not as it was recorded"),
        "{refused:?}"
    );
    assert!(!desk.path("here/it.html").exists());
}

#[test]
fn a_scope_says_what_applies() {
    let desk = Desk::new();
    shop(&desk);
    desk.file(
        "scope.toml",
        "[declared]\nby = \"m. muster\"\non = \"2026-02-01\"\nwhy = \"the audit of May\"\n\
         [scope.cde]\npresent = true\n[tags]\ncomplete = [\"data.chd\"]\n\
         [[not_applicable]]\ncontrol = \"PCI-DSS-4.0.1:8.2.6\"\nby = \"q. sa\"\n\
         on = \"2026-02-02\"\nwhy = \"no accounts sleep\"\n",
    );
    let answered = run(&desk, "pci-dss-4.0.1", &["--format", "json"]).fine();
    assert!(answered.err.contains("nobody declared"), "{answered:?}");
    let answered = run(
        &desk,
        "pci-dss-4.0.1",
        &["--format", "json", "--scope", "scope.toml"],
    )
    .fine();
    assert!(!answered.err.contains("nobody declared"), "{answered:?}");
    let json = answered.json();
    let state = |id: &str| {
        let name = format!("PCI-DSS-4.0.1:{id}");
        let mut controls = json["controls"].as_array().expect("a list").iter();
        controls.find(|it| it["control"] == name).expect(id)["state"].clone()
    };
    assert_eq!(state("8.2.6"), "not_applicable");
    // Of two days nobody knows what the other ones were like.
    assert_eq!(state("10.2.1.1"), "stale");
    assert_eq!(json["scope"]["declared"]["by"], "m. muster");
}

#[test]
fn a_mapping_is_looked_through() {
    let desk = Desk::new();
    desk.file(
        "mapping.csv",
        "action,framework,control_id\nUSER_LOGIN,PCI-DSS-4.0.1,10.2.5\nUSER_LOGIN,SOC2,CC6.1\n\
         ADMIN_USER_CREATED,PCI-DSS-4.0.1,10.2.2\nUSER_LOGIN_FAILED,PCI-DSS-4.0.1,10.2.1.4\n",
    );
    let found = desk
        .run(&["report", "lint", "mapping.csv", "--output", "json"])
        .status_is(1);
    let found = found.json();
    let kinds: Vec<_> = found["findings"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| {
            (
                it["line"].as_u64().expect("a line"),
                it["kind"].as_str().expect("a word").to_owned(),
            )
        })
        .collect();
    let expected = [(2, "stale"), (3, "unversioned"), (4, "collision")];
    assert_eq!(kinds, expected.map(|(line, kind)| (line, kind.to_owned())));
    desk.run(&["report", "lint", "mapping.csv"])
        .status_is(1)
        .says("stale");
    let shipped = indelible::core::catalogue::ACTION_CONTROLS;
    desk.fed(&["report", "lint", "-"], shipped)
        .fine()
        .says("nothing found");
    desk.run(&["report", "lint", "none.csv"])
        .fails(4, "no such file");
    desk.fed(&["report", "lint", "-"], "a,b\n")
        .fails(2, "no column `control`");
}
