//! `drill`: whether a backup comes back, on record.

use serde_json::{Value, json};
use testbed::{Cluster, TestDatabase};

use crate::desk::{Desk, on_each_store};
use crate::reports_system::answer_to;

on_each_store! {
    sys_35_a_drill_is_on_record_with_its_duration,
    a_copy_from_before_a_rotation_comes_back,
    a_copy_that_was_altered_does_not_come_back,
    a_copy_of_another_trail_is_none,
    a_copy_that_lacks_a_trail_does_not_come_back,
}

/// A backup that was brought back beside the database in use.
struct Restored {
    url: String,
    _server: Option<TestDatabase>,
}

fn restored(desk: &Desk) -> Restored {
    desk.keep();
    let copy = desk.path("copy");
    if !desk.is_on_postgres() {
        let url = format!("sqlite:{}", copy.display());
        return Restored { url, _server: None };
    }
    let server = Cluster::shared().database();
    server.restore_into(&copy);
    Restored {
        url: server.superuser_url(),
        _server: Some(server),
    }
}

fn drill<'a>(copy: &'a Restored, more: &[&'a str]) -> Vec<&'a str> {
    [&["drill", &copy.url, "--by", "c. iso"], more].concat()
}

/// The newest record of a drill in a trail.
fn on_record(desk: &Desk, trail: &str) -> Value {
    let asked = [
        "query",
        "--action",
        "audit_archive_restored",
        "--trail",
        trail,
    ];
    desk.json(&asked)["entries"][0].clone()
}

fn sys_35_a_drill_is_on_record_with_its_duration(new: fn() -> Desk) {
    let desk = new();
    desk.records(7);
    let copy = restored(&desk);
    for _ in 0..2 {
        desk.run(&["record", "document_read", "document"]).fine();
    }
    assert_eq!(answer_to(&desk, "SYS-35"), "not_met");
    let more = ["--backup", "nightly of 3 May", "--restored-in", "90"];
    let drilled = desk.json(&drill(&copy, &more));
    assert_eq!(
        (&drilled["ok"], &drilled["trails"][0]["trail"]),
        (&json!(true), &json!("default"))
    );
    let own = &drilled["trails"][0];
    for (field, value) in [
        ("restored", json!(true)),
        ("compared", json!("same")),
        ("recorded_since", json!(2)),
        ("size", json!(7)),
        ("entries_checked", json!(7)),
        ("findings_total", json!(0)),
        ("seq", json!(9)),
    ] {
        assert_eq!(own[field], value, "{field}: {own}");
    }
    let said = on_record(&desk, "default");
    assert_eq!(
        (&said["user_id"], &said["outcome"]),
        (&json!("c. iso"), &json!("completed"))
    );
    let context = &said["context"];
    assert_eq!(context["backup"], "nightly of 3 May");
    assert_eq!(context["segment"], json!([0, 7]));
    assert_eq!(context["digest"], own["root"]);
    assert_eq!(
        (&context["verified"], &context["recorded_since"]),
        (&json!(true), &json!(2))
    );
    assert!(context["duration_ms"].as_u64() >= Some(90_000), "{context}");
    for form in ["table", "json", "ndjson", "csv"] {
        let words = drill(&copy, &["--output", form]);
        let out = desk.run(&words).fine().out;
        assert!(out.contains("default"), "{form}: {out}");
    }
    assert_eq!(answer_to(&desk, "SYS-35"), "met");
    desk.run(&["verify"]).fine();
    // The last one counts, and that it failed is no contradiction of what happened.
    let outcomes = answer_to(&desk, "SYS-04");
    desk.file("none.db", "not a database");
    desk.run(&["drill", "sqlite:none.db", "--by", "c. iso"])
        .fails(3, "");
    assert_eq!(answer_to(&desk, "SYS-35"), "not_met");
    assert_eq!(answer_to(&desk, "SYS-04"), outcomes);
    let url = desk.url();
    desk.run(&["drill", &url, "--by", "c. iso"])
        .fails(2, "another place");
}

fn a_copy_from_before_a_rotation_comes_back(new: fn() -> Desk) {
    let desk = new();
    desk.records(3);
    let copy = restored(&desk);
    desk.run(&["trail", "rotate-key", "--reason", "a laptop was lost"])
        .fine();
    let drilled = desk.json(&drill(&copy, &[]));
    assert_eq!(
        (&drilled["ok"], &drilled["trails"][0]["compared"]),
        (&json!(true), &json!("same"))
    );
}

fn a_copy_that_was_altered_does_not_come_back(new: fn() -> Desk) {
    let desk = new();
    desk.records(5);
    desk.tamper("UPDATE entry SET action = 'user_deleted' WHERE seq = 2");
    let copy = restored(&desk);
    let out = desk.run(&drill(&copy, &[]));
    assert!(out.out.contains("column_differs"), "{out:?}");
    out.fails(3, "the drill failed: default");
    let said = on_record(&desk, "default");
    assert_eq!(
        (&said["outcome"], &said["context"]["verified"]),
        (&json!("failed"), &json!(false))
    );
    // What is no database at all is on record too.
    desk.file("none.db", "not a database");
    desk.run(&["drill", "sqlite:none.db", "--by", "c. iso"])
        .fails(3, "");
    let said = on_record(&desk, "default");
    assert_eq!(said["outcome"], "failed");
    assert!(
        said["context"]["problem"]
            .as_str()
            .is_some_and(|text| !text.is_empty()),
        "{said}"
    );
}

fn a_copy_of_another_trail_is_none(new: fn() -> Desk) {
    let (desk, other) = (new(), new());
    desk.records(5);
    other.records(4);
    let copy = restored(&other);
    let out = desk.run(&drill(&copy, &["--output", "json"]));
    let own = &out.json()["trails"][0];
    assert_eq!(
        (&own["restored"], &own["compared"]),
        (&json!(false), &json!("differs"))
    );
    out.fails(3, "the drill failed: default");
    // One that is longer than the trail is no backup of it.
    other.records(20);
    let copy = restored(&other);
    let out = desk.run(&drill(&copy, &["--output", "json"]));
    assert_eq!(out.json()["trails"][0]["compared"], "ahead");
    out.fails(3, "the drill failed: default");
    assert_eq!(on_record(&desk, "default")["outcome"], "failed");
}

fn a_copy_that_lacks_a_trail_does_not_come_back(new: fn() -> Desk) {
    let (desk, other) = (new(), new());
    desk.run(&["record", "paid", "invoice", "--trail", "pay"])
        .fine();
    other.records(1);
    // Nothing at all came back; an empty file has no schema.
    if desk.is_on_postgres() {
        let copy = restored(&new());
        desk.run(&drill(&copy, &[])).fails(3, "");
        assert_eq!(on_record(&desk, "pay")["context"]["compared"], "missing");
    }
    // Nothing of this trail did.
    let copy = restored(&other);
    let out = desk.run(&drill(&copy, &["--output", "json"]));
    let told = out.json();
    let of = |name: &str| {
        let trails = told["trails"].as_array().expect("a list");
        let found = trails.iter().find(|it| it["trail"] == name);
        found.expect(name).clone()
    };
    assert_eq!(of("pay")["compared"], "missing");
    out.fails(3, "pay");
    assert_eq!(on_record(&desk, "pay")["outcome"], "failed");
    assert_eq!(answer_to(&desk, "SYS-35"), "not_met");
    // A trail that is younger than the copy is not missed.
    let copy = restored(&desk);
    desk.run(&["record", "paid", "invoice", "--trail", "later"])
        .fine();
    let told = desk.json(&drill(&copy, &[]));
    assert_eq!(told["ok"], true);
    assert_eq!(answer_to(&desk, "SYS-35"), "not_met");
    desk.json(&drill(&restored(&desk), &[]));
    assert_eq!(answer_to(&desk, "SYS-35"), "met");
}
