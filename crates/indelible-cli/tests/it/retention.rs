//! `retention` and `hold`: what may go, what stays, and who says so.

use serde_json::json;

use crate::desk::Desk;

fn recorded() -> Desk {
    let desk = Desk::new();
    for user in ["u-1", "u-2", "u-3"] {
        desk.run(&["record", "document_read", "document", "--user-id", user])
            .fine();
    }
    desk
}

const SET: [&str; 8] = [
    "retention",
    "set",
    "--maximum-days",
    "730",
    "--legal-basis",
    "PCI DSS 10.5.1",
    "--by",
    "c. iso",
];

#[test]
fn sys_34_a_policy_is_set_shown_and_done() {
    let desk = recorded();
    let shown = desk.json(&["retention", "show"]);
    assert_eq!(
        (&shown["policy"], &shown["first_kept"]),
        (&json!(null), &json!(0))
    );
    let more = [
        "--minimum-days",
        "365",
        "--class",
        "user_*,document_read=400:actor,details",
    ];
    let set = desk.json(&[&SET[..], &more].concat());
    assert_eq!(
        set["policy"]["classes"][0]["parts"],
        json!(["actor", "details"])
    );
    assert_eq!(desk.json(&["retention", "show"]), set);
    for form in ["table", "json", "ndjson", "csv"] {
        let out = desk
            .run(&["retention", "show", "--output", form])
            .fine()
            .out;
        assert!(out.contains("PCI DSS 10.5.1"), "{form}: {out}");
    }
    let plan = desk.json(&["retention", "plan"]);
    assert_eq!(
        (&plan["dry_run"], &plan["expired"]),
        (&json!(true), &json!(null))
    );
    let dry = desk.run(&["retention", "run", "--by", "c. iso"]).fine();
    assert!(dry.err.contains("--yes removes"), "{}", dry.err);
    let done = desk.json(&["retention", "run", "--by", "c. iso", "--yes"]);
    assert_eq!(
        (&done["dry_run"], &done["removed"]),
        (&json!(false), &json!(0))
    );
    desk.run(&["verify"]).fine();
    let says = desk.json(&["query", "--action", "audit_retention_policy_changed"]);
    assert_eq!(says["entries"][0]["context"]["new_days"], 730);
    assert_eq!(says["entries"][0]["user_id"], "c. iso");
}

#[test]
fn sys_34_a_policy_that_contradicts_itself_is_refused_by_field() {
    let desk = recorded();
    desk.run(&[&SET[..], &["--minimum-days", "731"]].concat())
        .fails(2, "maximum_days");
    desk.run(&[&SET[..], &["--class", "x=730:actor"]].concat())
        .fails(2, "classes[0].after_days");
    desk.run(&[&SET[..], &["--class", "x=actor"]].concat())
        .fails(2, "ACTION[,ACTION…]=DAYS:PART[,PART…]");
    desk.file("policy.json", r#"{"maximum": 3, "legal_basis": "x"}"#);
    desk.run(&["retention", "set", "--policy", "policy.json", "--by", "x"])
        .fails(2, "unknown field");
    assert_eq!(desk.json(&["retention", "show"])["policy"], json!(null));
}

#[test]
fn an_order_to_a_misspelt_trail_begins_none() {
    let desk = recorded();
    let place = ["hold", "place", "--everything", "--reason", "letter"];
    let place = [&place[..], &["--by", "alice"]].concat();
    for order in [&SET[..], &place] {
        desk.run(&[order, &["--trail", "defualt"]].concat())
            .fails(4, "there is no trail defualt");
    }
    let trails = desk.run(&["trail", "list"]).fine().out;
    assert!(!trails.contains("defualt"), "{trails}");
    desk.run(&["trail", "create", "later"]).fine();
    for order in [&SET[..], &place] {
        desk.run(&[order, &["--trail", "later"]].concat()).fine();
    }
}

#[test]
fn t91_sys_36_a_hold_keeps_from_erasure_until_two_let_go() {
    let desk = recorded();
    let place = ["hold", "place", "--reason", "letter", "--by", "alice"];
    desk.run(&place).fails(2, "--everything");
    let hold = desk.json(&[&place[..], &["--user-id", "u-2", "--matter", "C-12"]].concat());
    assert_eq!(
        (&hold["in_force"], &hold["filter"]),
        (&json!(true), &json!(["user_id=u-2"]))
    );
    let id = hold["id"].as_str().expect("an id").to_owned();
    let erase = ["subject", "erase", "u-2", "--reason", "Art. 17", "--yes"];
    desk.run(&erase).fails(1, "held");
    let dry = desk.run(&erase[..5]).fine();
    let said = format!("is held by {id}); `indelible hold list`");
    assert!(dry.err.contains(&said), "{}", dry.err);
    assert!(!dry.err.contains("--yes"), "{}", dry.err);
    let release = [
        "hold", "release", &id, "--reason", "closed", "--by", "alice",
    ];
    desk.run(&["hold", "approve", &id, "--by", "bob"])
        .fails(2, "nobody has asked");
    let asked = desk.json(&release);
    assert_eq!(asked["release_requested_by"], "alice");
    desk.run(&["hold", "approve", &id, "--by", "alice"])
        .fails(1, "second person");
    desk.run(&erase).fails(1, "held");
    let over = desk.json(&["hold", "approve", &id, "--by", "bob"]);
    assert_eq!(
        (&over["in_force"], &over["approved_by"]),
        (&json!(false), &json!("bob"))
    );
    desk.run(&erase).fine();
    for form in ["table", "json", "ndjson", "csv"] {
        let out = desk.run(&["hold", "list", "--output", form]).fine().out;
        assert!(out.contains(&id), "{form}: {out}");
    }
    let nobody = "00000000-0000-0000-0000-000000000000";
    desk.run(&["hold", "approve", nobody, "--by", "bob"])
        .fails(4, "no hold");
    let doctor = desk.run(&["doctor"]);
    assert!(!doctor.out.contains("1 holds in force"), "{}", doctor.out);
    desk.run(&["verify"]).fine();
}

#[test]
fn rows_that_were_altered_make_nothing_go() {
    let desk = Desk::new();
    desk.records(5);
    let set = [&SET[..2], &["--maximum-days", "30"], &SET[4..]].concat();
    desk.run(&set).fine();
    // Young entries whose rows claim to be old.
    desk.tamper("UPDATE entry SET created_at = created_at - 3456000000000 WHERE seq < 3");
    let plan = desk.run(&["retention", "plan"]);
    plan.fails(1, "not as it was recorded");
    assert_eq!(desk.json(&["query"])["as_of"], 6);
}

#[test]
fn t91_what_somebody_else_recorded_holds_nothing_and_closes_nothing() {
    let desk = recorded();
    let forged = r#"{"scope_filter": [], "reason": "r", "placed_by": "m", "own_code": "0"}"#;
    desk.run(&[
        "record",
        "audit_legal_hold_placed",
        "legal_hold",
        "--context",
        forged,
    ])
    .fine();
    let holds = desk.json(&["hold", "list"]);
    assert_eq!(holds[0]["in_force"], json!(false));
    let problem = holds[0]["problem"].as_str().expect("it is told");
    assert!(problem.contains("somebody else recorded it"), "{problem}");
    let doctor = desk.run(&["doctor"]).fine();
    assert!(
        doctor
            .out
            .contains("1 holds were recorded by somebody else"),
        "{}",
        doctor.out
    );
    let id = holds[0]["id"].as_str().expect("an id");
    desk.run(&["hold", "release", id, "--reason", "closed", "--by", "alice"])
        .fails(2, "recorded by somebody else");
    let erase = ["subject", "erase", "u-2", "--reason", "Art. 17", "--yes"];
    desk.run(&erase).fine();
    // Nor does anybody who records begin reviews, or end them.
    let context = r#"{"day": "2026-01-01", "why": "none before"}"#;
    desk.run(&[
        "record",
        "audit_review_started",
        "audit_review",
        "--context",
        context,
    ])
    .fine();
    let listed = desk.json(&["review", "list"]);
    assert_eq!(listed["started"], json!(null));
    let problem = listed["invalid"][0]["problem"].as_str().expect("told");
    assert!(problem.contains("somebody else recorded it"), "{problem}");
}
